import { relative } from 'node:path'
import type { NodeKind } from '../../manifest/node.ts'
import type { Plan } from '../../plan/plan.ts'
import type { Project } from '../../project/project.ts'
import type { RunEvent, RunResult } from '../../run/event.ts'
import { planProject, runProject } from '../../run/run-project.ts'
import type { CommandAction } from '../command-spec.ts'
import { connect } from '../connect.ts'
import type { ExitCode } from '../exit-code.ts'
import { EXIT } from '../exit-code.ts'
import { parseFlags, RunFlags } from '../flags.ts'
import type { Io } from '../io.ts'
import { LogFile } from '../log-file.ts'
import type { OpenProject } from '../open-project.ts'
import { openProject } from '../open-project.ts'
import { readProjectFile } from '../read-project-file.ts'
import { showsAt } from '../render/json-event.ts'
import { jsonPlan, renderPlan } from '../render/plan-screen.ts'
import { renderReport } from '../render/report.ts'
import { styleFor } from '../render/style.ts'
import { runRequest } from '../run-request.ts'
import type { ScreenOptions } from '../run-screen.ts'
import { RunScreen } from '../run-screen.ts'
import { watchSignals } from '../watch-signals.ts'

/** What a command runs when no `--resource-type` narrows it further. */
const KINDS = {
  build: ['model', 'seed', 'snapshot', 'test'],
  run: ['model'],
  seed: ['seed'],
  snapshot: ['snapshot'],
  test: ['test'],
} as const satisfies Readonly<Record<string, readonly NodeKind[]>>

export type RunCommandName = keyof typeof KINDS

export const buildCommand: CommandAction = (_args, raw, io) => runNodes('build', raw, io)
export const runCommand: CommandAction = (_args, raw, io) => runNodes('run', raw, io)
export const seedCommand: CommandAction = (_args, raw, io) => runNodes('seed', raw, io)
export const snapshotCommand: CommandAction = (_args, raw, io) => runNodes('snapshot', raw, io)
export const testCommand: CommandAction = (_args, raw, io) => runNodes('test', raw, io)

async function runNodes(command: RunCommandName, raw: unknown, io: Io): Promise<ExitCode> {
  const flags = parseFlags(RunFlags, raw)
  return runOpened(command, flags, openProject(flags, io), io)
}

/** Runs the selected nodes of an open project, shows and logs what happens, and gives the exit code. */
export async function runOpened(
  command: RunCommandName,
  flags: RunFlags,
  opened: OpenProject,
  io: Io,
): Promise<ExitCode> {
  const { project } = opened
  const options = screenOptions(flags, project)
  const screen = new RunScreen(io, options)
  // From here on an interrupt is an orderly end: connecting may already start a server.
  const signals = watchSignals(() => screen.cancelling())
  const selected = opened.select(flags, KINDS[command])
  const warehouse = await connect(opened.project, io)
  const log = new LogFile(
    `${project.root}/${project.paths.logs}`,
    project.logRetentionDays,
    io.safe,
  )
  try {
    const emit = (event: RunEvent): void => {
      log.write(event, io.now())
      screen.show(event)
    }
    const request = runRequest({
      command,
      flags,
      opened,
      selected,
      warehouse,
      emit,
      signal: signals.signal,
    })
    if (flags.dryRun) {
      showPlan(await planProject(request), options, io)
      return EXIT.ok
    }
    const result = await runProject(request)
    showReport(result, options, project.root, log.path, io)
    return exitCodeOf(result)
  } catch (error) {
    if (!signals.signal.aborted) throw error
    // Cut off before the first step: there was nothing to roll back.
    return EXIT.interrupted
  } finally {
    signals.stop()
    screen.stop()
    log.close()
    await warehouse.close()
  }
}

function screenOptions(flags: RunFlags, { logLevel }: Project): ScreenOptions {
  const level = flags.quiet ? 'error' : (flags.logLevel ?? logLevel ?? 'info')
  return { format: flags.logFormat, level }
}

function showPlan(plan: Plan, { format, level }: ScreenOptions, io: Io): void {
  const text =
    format === 'json' ? jsonPlan(plan) : renderPlan(plan, level === 'debug', styleFor(io.colour))
  io.out(io.safe(text))
}

function showReport(
  result: RunResult,
  options: ScreenOptions,
  root: string,
  logPath: string | undefined,
  io: Io,
): void {
  const isFailure = result.status === 'failed'
  const level = isFailure ? 'error' : result.status === 'success' ? 'info' : 'warn'
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
