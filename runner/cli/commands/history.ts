import * as z from 'zod'
import { GmError } from '../../base/error.ts'
import type { Session } from '../../engine/adapter.ts'
import type { Rows } from '../../engine/statement.ts'
import type { Project } from '../../project/project.ts'
import type { PastRun } from '../../state/history.ts'
import { readPastRuns } from '../../state/history.ts'
import { pruneOlderThan } from '../../state/prune-runs.ts'
import type { RecordedRun, RecordedStep } from '../../state/read-run.ts'
import { readRuns } from '../../state/read-run.ts'
import type { CommandAction } from '../command-spec.ts'
import { connect } from '../connect.ts'
import { EXIT } from '../exit-code.ts'
import type { GlobalFlags } from '../flags.ts'
import { HistoryFlags, PruneRunsFlags, parseFlags, StateFlags } from '../flags.ts'
import type { Io } from '../io.ts'
import { loadSettings } from '../load-settings.ts'
import { describeChanges } from '../render/event-lines.ts'
import { formatDuration, plural } from '../render/format.ts'
import type { Style } from '../render/style.ts'
import { styleFor } from '../render/style.ts'
import { renderTable } from '../render/table.ts'
import { jsonAnswer, tell } from '../tell.ts'

const RunPrefix = z.string().regex(/^[0-9a-f-]+$/i)

/** Lists past runs, the newest first. */
export const historyCommand: CommandAction = async (_args, raw, io) => {
  const flags = parseFlags(HistoryFlags, raw)
  const runs = await withLedger(flags, io, (session, project) =>
    readPastRuns(session, project.name, flags.limit),
  )
  if (flags.output === 'json') io.out(jsonAnswer(runs.map(runJson), flags))
  else io.out(runs.length === 0 ? 'gm has run nothing here.\n' : runTable(runs, io))
  return EXIT.ok
}

/** Shows one run with its steps. */
export const historyShowCommand: CommandAction = async ([prefix], raw, io) => {
  const flags = parseFlags(StateFlags, raw)
  const wanted = prefix === undefined ? undefined : String(prefix)
  if (wanted !== undefined && !RunPrefix.safeParse(wanted).success) throw noRun(wanted)
  const found = await withLedger(flags, io, (session, project) =>
    readRuns(session, project.name, wanted),
  )
  const [one, other] = found
  if (one === undefined) throw noRun(wanted)
  if (other !== undefined && one.run.id !== wanted) {
    throw new GmError('GM4018', `the ids of several runs begin with ${String(wanted)}`, {
      hint: `Give more of it: ${found.map(({ run }) => run.id).join(', ')}, …`,
    })
  }
  const text =
    flags.output === 'json'
      ? jsonAnswer({ ...runJson(one.run), steps: one.steps.map(stepJson) }, flags)
      : runScreen(one, io)
  io.out(io.safe(text))
  return EXIT.ok
}

/** Forgets old runs. */
export const historyPruneCommand: CommandAction = async (_args, raw, io) => {
  const flags = parseFlags(PruneRunsFlags, raw)
  const count = await withLedger(flags, io, (session, project) =>
    pruneOlderThan(session, project.name, flags.olderThan),
  )
  const text = `${plural(count, 'run')} forgotten. Tables and marks are as they were.\n`
  tell('pruned', { runs: count }, text, { ...flags, quiet: false }, io)
  return EXIT.ok
}

async function withLedger<T>(
  flags: GlobalFlags,
  io: Io,
  work: (session: Session, project: Project) => Promise<T>,
): Promise<T> {
  const project = loadSettings({ ...flags, allowsMissingPackages: true }, io)
  const warehouse = await connect(project, io)
  try {
    const session = await warehouse.adapter.open()
    return await work(session, project).finally(() => session.close())
  } finally {
    await warehouse.close()
  }
}

function noRun(wanted: string | undefined): GmError {
  return new GmError(
    'GM4018',
    wanted === undefined ? 'gm has run nothing here' : `there is no run ${wanted}`,
    { hint: wanted === undefined ? 'Begin with gm build.' : '`gm history` lists the runs.' },
  )
}

const text = (name: string): Rows['columns'][number] => ({ name, type: 'text' })

function runTable(runs: readonly PastRun[], io: Io): string {
  const rows: Rows = {
    columns: [...['run', 'began', 'took', 'command', 'target', 'ended', 'steps'].map(text)],
    rows: runs.map((run) => ({
      run: run.id,
      began: moment(run.startedAt),
      took: took(run),
      command: run.command,
      target: run.target,
      ended: run.status,
      steps: counts(run.steps),
    })),
  }
  return io.safe(renderTable(rows, { style: styleFor(io.colour), width: widthOf(io) }))
}

function runScreen({ run, steps }: RecordedRun, io: Io): string {
  const style = styleFor(io.colour)
  const head = [
    `${style.bold(`run ${run.id}`)}  ${paint(run.status, style)}`,
    `command  gm ${run.command}, target ${run.target}, gm ${run.version}`,
    `began    ${moment(run.startedAt)}`,
    `took     ${took(run) || 'unknown'}`,
    `steps    ${counts(run.steps) || 'none'}`,
    '',
  ]
  const rows: Rows = {
    columns: ['node', 'status', 'took', 'rows', 'action', 'why'].map(text),
    rows: steps.map((step) => ({
      node: step.nodeId,
      status: step.status,
      took:
        step.durationMs === null || step.startedAt === null ? '' : formatDuration(step.durationMs),
      rows: rowsOf(step),
      action: step.action,
      why: step.reason,
    })),
  }
  const table = steps.length === 0 ? '' : renderTable(rows, { style, width: widthOf(io) })
  const messages = steps.flatMap(({ nodeId, message }) =>
    message === null ? [] : [`\n${style.bold(nodeId)}\n  ${message.replaceAll('\n', '\n  ')}\n`],
  )
  return `${head.join('\n')}\n${table}${messages.join('')}`
}

/** `12 inserted, 1 retry`, `3 rows fail`; empty where nothing was counted. */
function rowsOf(step: RecordedStep): string {
  const changes = describeChanges({
    inserted: step.inserted ?? 0,
    updated: step.updated ?? 0,
    deleted: step.deleted ?? 0,
  })
  const failing =
    step.failures !== null && step.failures > 0 ? `${plural(step.failures, 'row')} fail` : undefined
  const retries = step.retries > 0 ? plural(step.retries, 'retry', 'retries') : undefined
  return [changes, failing, retries].filter((part) => part !== undefined).join(', ')
}

function paint(status: string, style: Style): string {
  if (status === 'success') return style.green(status)
  return status === 'failed' || status === 'interrupted' ? style.red(status) : style.yellow(status)
}

/** `2026-11-21 16:20:03Z`. */
function moment(iso: string): string {
  return `${iso.slice(0, 19).replace('T', ' ')}Z`
}

function took({ startedAt, finishedAt }: PastRun): string {
  return finishedAt === null ? '' : formatDuration(Date.parse(finishedAt) - Date.parse(startedAt))
}

function counts(steps: PastRun['steps']): string {
  return Object.entries(steps)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([status, count]) => `${count} ${status}`)
    .join(', ')
}

function widthOf(io: Io): number | undefined {
  return io.isTerminal ? io.width() : undefined
}

function runJson(run: PastRun): object {
  return {
    run_id: run.id,
    command: run.command,
    target: run.target,
    gm_version: run.version,
    status: run.status,
    started_at: run.startedAt,
    finished_at: run.finishedAt,
    steps_by_status: run.steps,
  }
}

function stepJson(step: RecordedStep): object {
  return {
    node_id: step.nodeId,
    relation: step.relation,
    action: step.action,
    reason: step.reason,
    status: step.status,
    started_at: step.startedAt,
    duration_ms: step.durationMs,
    inserted: step.inserted,
    updated: step.updated,
    deleted: step.deleted,
    failures: step.failures,
    retries: step.retries,
    message: step.message,
  }
}
