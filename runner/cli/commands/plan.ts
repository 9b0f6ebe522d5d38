import { GmError } from '../../base/error.ts'
import type { Session } from '../../engine/adapter.ts'
import type { NodeKind } from '../../manifest/node.ts'
import { isDifferent } from '../../operate/diff-node.ts'
import type { DiffReport } from '../../operate/diff-project.ts'
import type { PlanReport } from '../../operate/plan-report.ts'
import { planReport } from '../../operate/plan-report.ts'
import type { CommandAction } from '../command-spec.ts'
import { deferred } from '../defer.ts'
import { diffAgainst } from '../diff-against.ts'
import type { ExitCode } from '../exit-code.ts'
import { EXIT } from '../exit-code.ts'
import type { PlanFlags as Flags } from '../flags.ts'
import { PlanFlags, parseFlags } from '../flags.ts'
import type { Io } from '../io.ts'
import { loadMaterializations } from '../load-materializations.ts'
import type { OpenProject } from '../open-project.ts'
import { openProject } from '../open-project.ts'
import { projectLineage } from '../project-lineage.ts'
import { readProjectFile } from '../read-project-file.ts'
import { refuseLostChanges } from '../refuse-lost-changes.ts'
import { diffMarkdown } from '../render/diff-markdown.ts'
import { diffText } from '../render/diff-text.ts'
import { planDocument } from '../render/plan-document.ts'
import { planMarkdown } from '../render/plan-markdown.ts'
import { planText } from '../render/plan-text.ts'
import { styleFor } from '../render/style.ts'
import { runRequest } from '../run-nodes.ts'
import { selectFor } from '../select-for.ts'
import { jsonAnswer } from '../tell.ts'
import { withColumns } from '../with-columns.ts'
import { withInheritedDescriptions } from '../with-inherited-descriptions.ts'
import { withTimesBehindViews } from '../with-times-behind-views.ts'
import { withWarehouse } from '../with-warehouse.ts'

const KINDS: readonly NodeKind[] = ['model', 'seed', 'snapshot', 'test', 'unit_test']

interface Found {
  readonly report: PlanReport
  readonly diff: DiffReport | undefined
}

/**
 * Shows what `gm build` would do as the warehouse stands now, and with `--diff` which rows it would change. What is published
 * stays as it is.
 */
export const planCommand: CommandAction = async (_args, raw, io) => {
  const flags = parseFlags(PlanFlags, raw)
  refuseLonelyFlags(flags)
  const opened = await withColumns(openProject(flags, io), flags)
  const selected = selectFor(opened, flags, io, KINDS)
  const materializers = await loadMaterializations(opened, selected)
  const inherited = await withInheritedDescriptions(opened, selected)
  const documented = await withTimesBehindViews(inherited, selected, flags, io)
  const needUniqueKey = await refuseLostChanges(opened, selected)
  return await withWarehouse(opened.project, io, async (warehouse, signal) => {
    const seen = await deferred(documented, selected, flags, io, (relations) =>
      warehouse.adapter.describe(relations),
    )
    // Tables are about to be made that a run after a kill must know of.
    if (flags.diff) await warehouse.prepare(seen.manifest)
    const request = runRequest(
      {
        command: 'build',
        flags,
        opened: seen,
        selected,
        warehouse,
        signal,
        materializers,
        needUniqueKey,
      },
      () => undefined,
    )
    const session = await warehouse.adapter.open(signal)
    try {
      const found = await look(request, seen, flags, session, io)
      show(found, seen, flags, io)
      return exitCodeOf(found, flags)
    } finally {
      await session.close()
    }
  })
}

/** @throws GmError GM1010 for options that say something about a comparison nobody asked for. */
function refuseLonelyFlags({ diff, downstream, against, keep, ignoreColumns, limit }: Flags): void {
  if (diff) return
  const given = [
    ...(downstream ? ['--downstream'] : []),
    ...(against === undefined ? [] : ['--against']),
    ...(keep ? ['--keep'] : []),
    ...(ignoreColumns.length > 0 ? ['--ignore-columns'] : []),
    ...(limit === undefined ? [] : ['--limit']),
  ]
  if (given.length === 0) return
  throw new GmError('GM1010', `${given.join(' and ')} needs --diff`, {
    hint: 'Without it, gm plan compares no rows.',
  })
}

async function look(
  request: ReturnType<typeof runRequest>,
  opened: OpenProject,
  flags: Flags,
  session: Session,
  io: Io,
): Promise<Found> {
  const { graph } = opened
  const lineage = () => projectLineage(opened)
  const against = await diffAgainst(opened, flags, io, session)
  const { report, planned } = await planReport(request, graph, lineage, session)
  if (!flags.diff) return { report, diff: undefined }
  const { diffProject } = await import('../../operate/diff-project.ts')
  const options = { ...flags, limit: flags.limit, against }
  const diff = await diffProject({ request, planned, graph, lineage, session, options })
  return { report, diff }
}

function show({ report, diff }: Found, opened: OpenProject, flags: Flags, io: Io): void {
  const { manifest, project } = opened
  if (flags.output === 'json') {
    io.out(io.safe(jsonAnswer(planDocument(report, diff, flags.sql), flags)))
    return
  }
  if (flags.output === 'markdown') {
    io.out(io.safe(planMarkdown(report, manifest, flags)))
    if (diff !== undefined) io.out(io.safe(`\n${diffMarkdown(diff, manifest)}`))
    return
  }
  const context = {
    ...flags,
    style: styleFor(io.colour),
    readText: (file: string) => readProjectFile(project.root, file),
  }
  io.out(io.safe(planText(report, manifest, context)))
  io.out(
    io.safe(
      diff === undefined ? '\nNothing was changed.\n' : `\n${diffText(diff, manifest, context)}`,
    ),
  )
}

function exitCodeOf({ report, diff }: Found, flags: Flags): ExitCode {
  if (report.problems.length > 0 || (diff?.problems.length ?? 0) > 0) return EXIT.failed
  if (!flags.detailedExitcode) return EXIT.ok
  const hasChanges =
    diff === undefined
      ? report.steps.some(({ step }) => step.action !== 'reuse')
      : diff.nodes.some(isDifferent)
  return hasChanges ? EXIT.changes : EXIT.ok
}
