import { relative } from 'node:path'
import type { NodeId, NodeKind } from '../../manifest/node.ts'
import type { Project } from '../../project/project.ts'
import type { RunResult } from '../../run/event.ts'
import type { Resumed } from '../../state/last-run.ts'
import { artifactsOf } from '../artifacts.ts'
import type { CommandAction } from '../command-spec.ts'
import type { OpenWarehouse } from '../connect.ts'
import { deferred } from '../defer.ts'
import type { ExitCode } from '../exit-code.ts'
import { EXIT } from '../exit-code.ts'
import { parseFlags, RunFlags } from '../flags.ts'
import type { Io } from '../io.ts'
import { loadMaterializations } from '../load-materializations.ts'
import type { OpenProject } from '../open-project.ts'
import { openProject } from '../open-project.ts'
import { readProjectFile } from '../read-project-file.ts'
import { refuseLostChanges } from '../refuse-lost-changes.ts'
import { showsAt } from '../render/json-event.ts'
import { renderReport } from '../render/report.ts'
import { styleFor } from '../render/style.ts'
import { runNodes } from '../run-nodes.ts'
import type { ScreenOptions } from '../run-screen.ts'
import { RunScreen } from '../run-screen.ts'
import { selectFor } from '../select-for.ts'
import { tell } from '../tell.ts'
import type { LineageTeller } from '../tell-lineage.ts'
import { withColumns } from '../with-columns.ts'
import { withInheritedDescriptions } from '../with-inherited-descriptions.ts'
import { withTimesBehindViews } from '../with-times-behind-views.ts'
import { withWarehouse } from '../with-warehouse.ts'

/** What a command runs when no `--resource-type` narrows it further. A job is run with its seeds and snapshots. */
const KINDS = {
  build: ['model', 'seed', 'snapshot', 'test', 'unit_test'],
  run: ['model'],
  seed: ['seed'],
  snapshot: ['snapshot'],
  test: ['test', 'unit_test'],
} as const satisfies Readonly<Record<string, readonly NodeKind[]>>

const JOB_KINDS: readonly NodeKind[] = ['model', 'seed', 'snapshot']

export type RunCommandName = keyof typeof KINDS

export function isRunCommand(name: string): name is RunCommandName {
  return Object.hasOwn(KINDS, name)
}

export const buildCommand: CommandAction = (_args, raw, io) => execute('build', raw, io)
export const runCommand: CommandAction = (_args, raw, io) => execute('run', raw, io)
export const seedCommand: CommandAction = (_args, raw, io) => execute('seed', raw, io)
export const snapshotCommand: CommandAction = (_args, raw, io) => execute('snapshot', raw, io)
export const testCommand: CommandAction = (_args, raw, io) => execute('test', raw, io)

async function execute(command: RunCommandName, raw: unknown, io: Io): Promise<ExitCode> {
  return await runWith(command, parseFlags(RunFlags, raw), io)
}

/** Nodes to run in place of what flags select, those that the same runs have done, and which runs those are. */
export interface GoesOn {
  readonly left: readonly NodeId[]
  /** Those of them whose rows are committed, and how many hooks after them are still to run. */
  readonly hooksLeft: ReadonlyMap<NodeId, number>
  readonly done: readonly NodeId[]
  readonly resumed: Resumed
}

/** @param goesOn what is not in the project any more is left out, and named. */
export async function runWith(
  command: RunCommandName,
  flags: RunFlags,
  io: Io,
  goesOn?: GoesOn,
): Promise<ExitCode> {
  const opened = await withColumns(openProject(flags, io), flags)
  const { project } = opened
  const kinds = command === 'run' && flags.job.length > 0 ? JOB_KINDS : KINDS[command]
  const isThere = (id: NodeId): boolean => opened.manifest.nodes.has(id)
  const selected =
    goesOn === undefined
      ? selectFor(opened, flags, io, kinds)
      : new Set(goesOn.left.filter(isThere))
  const hooksLeft = new Map([...(goesOn?.hooksLeft ?? [])].filter(([id]) => isThere(id)))
  const done = new Set([...(goesOn?.done.filter(isThere) ?? []), ...hooksLeft.keys()])
  const mayRun = new Set([...selected, ...done])
  const gone = goesOn?.left.filter((id) => !isThere(id)) ?? []
  if (gone.length > 0)
    tell(
      'left-out',
      { nodes: gone },
      `Not in the project any more: ${gone.join(', ')}\n`,
      flags,
      io,
    )
  const materializers = await loadMaterializations(opened, mayRun)
  const inherited = await withInheritedDescriptions(opened, mayRun)
  const documented = await withTimesBehindViews(inherited, mayRun, flags, io)
  const needUniqueKey = command === 'test' ? undefined : await refuseLostChanges(opened, mayRun)
  const options = screenOptions(flags, project)
  const screen = new RunScreen(io, options)
  return await withWarehouse(
    project,
    io,
    async (warehouse, signal) => {
      const seen = await deferred(documented, mayRun, flags, io, (relations) =>
        warehouse.adapter.describe(relations),
      )
      const resumed = goesOn?.resumed
      const asked = {
        ...{ command, flags, opened: seen, selected, warehouse, signal, materializers },
        needUniqueKey,
        ...(resumed !== undefined && { resumed, done, hooksLeft }),
      }
      if (flags.dryRun) {
        const { showDryRun } = await import('../show-dry-run.ts')
        return await showDryRun(asked, options, io)
      }
      await warehouse.prepare(opened.manifest)
      if (flags.follow) {
        const { followNodes } = await import('../follow-nodes.ts')
        await followNodes(asked, options, io)
        return EXIT.ok
      }
      const teller = await tellerFor(flags.openlineage, seen, warehouse, io)
      const { result, logPath, compiledCode } = await runNodes({ ...asked, teller }, screen, io)
      showReport(result, options, project.root, logPath, io)
      await artifactsOf(command, opened, flags, io).run(result, compiledCode)
      return exitCodeOf(result)
    },
    () => screen.cancelling(),
  )
}

/** Loaded only where somebody listens: it compiles all and follows every column. */
async function tellerFor(
  flag: string | undefined,
  opened: OpenProject,
  { connection }: OpenWarehouse,
  io: Io,
): Promise<LineageTeller | undefined> {
  if (flag === undefined && opened.project.openlineage.to === undefined) return undefined
  const { tellLineage } = await import('../tell-lineage.ts')
  return await tellLineage(flag, opened, connection, io)
}

function screenOptions(flags: RunFlags, { logLevel }: Project): ScreenOptions {
  const level = flags.quiet ? 'error' : (flags.logLevel ?? logLevel ?? 'info')
  return { format: flags.logFormat, level, explain: flags.explain }
}

function showReport(
  result: RunResult,
  options: ScreenOptions,
  root: string,
  logPath: string | undefined,
  io: Io,
): void {
  const level = result.status === 'failed' ? 'error' : result.status === 'success' ? 'info' : 'warn'
  if (options.format === 'json' || !showsAt(level, options.level)) return
  const report = renderReport(result, {
    style: styleFor(io.colour),
    readText: (file) => readProjectFile(root, file),
    logFile: logPath === undefined ? undefined : relative(io.cwd, logPath),
  })
  io.out(io.safe(report))
}

function exitCodeOf(result: RunResult): ExitCode {
  if (result.status === 'cancelled') return EXIT.interrupted
  return result.status === 'failed' ? EXIT.failed : EXIT.ok
}
