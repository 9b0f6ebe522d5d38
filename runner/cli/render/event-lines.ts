import { textWidth } from '../../base/text-width.ts'
import type { RowCounts } from '../../engine/statement.ts'
import { nameInId } from '../../manifest/node.ts'
import type { Action } from '../../plan/plan.ts'
import type { RunEvent, StepResult } from '../../run/event.ts'
import { formatDuration, plural } from './format.ts'
import { foundLine } from './found-line.ts'
import type { Style } from './style.ts'

export interface LineContext {
  /** Columns; the status column follows them up to 100. Below 100 lines go without the clock, to keep their figures. */
  readonly width: number
  readonly style: Style
  /** What stands before each line, such as `10:16:28`. */
  readonly clock: string
  /** Steps of the run; 0 when the run has not begun. */
  readonly stepCount: number
  /** Says of each node why it ran. */
  readonly explain?: boolean
}

/** What an action is called when it is done. */
const DONE: Readonly<Record<Action, string>> = {
  'create view': 'created view',
  'build table': 'created table',
  'build materialized view': 'created materialized view',
  'refresh materialized view': 'refreshed materialized view',
  'build incremental': 'created incremental',
  'add rows': 'added rows to',
  'run batches': 'ran batches of',
  'run hooks': 'ran hooks of',
  'load seed': 'loaded seed',
  reuse: 'reused',
  'build history': 'built history',
  'update history': 'updated history',
  'run test': '',
  'run unit test': '',
}

/** The lines that a terminal shows for an event, in dbt's manner; none for those that only logs keep. */
export function eventLines(event: RunEvent, context: LineContext): readonly string[] {
  const { style } = context
  switch (event.type) {
    case 'run-start':
      return [
        stamp(
          context,
          `Running ${event.command}: ${foundLine(event.totals)}, ${plural(event.threads, 'thread')}`,
        ),
        '',
      ]
    case 'step-start':
      return [
        statusLine(
          context,
          `${position(event.index, context.stepCount)} START ${event.action} ${event.name}`,
          'RUN',
          (text) => text,
        ),
      ]
    case 'batch-end':
      return [batchLine(event, context)]
    case 'step-note':
      return [stamp(context, style.yellow(`${event.id}: ${event.message}`))]
    case 'step-end':
      return [
        stepEndLine(event.result, context),
        ...(context.explain === true ? [stamp(context, `  why: ${event.result.reason}`)] : []),
      ]
    case 'log':
      if (event.isPrinted === true) return event.message.split('\n')
      return event.message
        .split('\n')
        .map((line) => stamp(context, event.level === 'warn' ? style.yellow(line) : line))
    case 'sql':
    case 'run-end':
      return []
  }
}

function stepEndLine(result: StepResult, context: LineContext): string {
  const { style } = context
  const time = formatDuration(result.durationMs)
  const at = position(result.index, context.stepCount)
  switch (result.status) {
    case 'success':
      return statusLine(
        context,
        `${at} OK    ${DONE[result.action]} ${result.name}`,
        `${describeCounts(result)} in ${time}`,
        style.green,
      )
    case 'reused':
      return statusLine(context, `${at} REUSE ${result.name}`, 'REUSED', style.green)
    case 'pass':
      return statusLine(context, `${at} PASS  ${result.name}`, `PASS in ${time}`, style.green)
    case 'warn':
      return statusLine(
        context,
        `${at} WARN  ${failures(result)}${result.name}`,
        `WARN in ${time}`,
        style.yellow,
      )
    case 'fail':
      return statusLine(
        context,
        `${at} FAIL  ${failures(result)}${result.name}`,
        `FAIL in ${time}`,
        style.red,
      )
    case 'error':
      return statusLine(
        context,
        `${at} ERROR ${result.action} ${result.name}`,
        `ERROR in ${time}`,
        style.red,
      )
    case 'partial success':
      return statusLine(
        context,
        `${at} ERROR ${result.action} ${result.name}`,
        `PARTIAL SUCCESS (${succeeded(result)}) in ${time}`,
        style.red,
      )
    case 'skipped': {
      const because =
        result.because !== undefined
          ? ` because of ${nameInId(result.because)}`
          : result.index > 0
            ? `: ${result.reason}`
            : ''
      return statusLine(context, `${at} SKIP  ${result.name}${because}`, 'SKIP', style.yellow)
    }
    case 'cancelled':
      return statusLine(
        context,
        `${at} CANCEL ${result.action} ${result.name}`,
        result.index === 0 ? 'not started' : `rolled back after ${time}`,
        style.yellow,
      )
  }
}

/** Of the batches: `11/12`. */
function succeeded({ batches = [] }: StepResult): string {
  return `${batches.filter(({ status }) => status === 'success').length}/${batches.length}`
}

function batchLine(
  { id, index, total, result }: Extract<RunEvent, { type: 'batch-end' }>,
  context: LineContext,
): string {
  const { style } = context
  const left = `  batch ${index} of ${total} ${result.name} of ${nameInId(id)}`
  const time = formatDuration(result.durationMs)
  return result.status === 'success'
    ? statusLine(
        context,
        left,
        `${describeChanges(result.counts) ?? 'nothing'} in ${time}`,
        style.green,
      )
    : statusLine(context, left, `ERROR in ${time}`, style.red)
}

/** `105335 rows`, `12 inserted, 2 duplicates skipped`, `nothing new`; views and tests count no rows. */
function describeCounts(result: StepResult): string {
  const { action, counts } = result
  if (action === 'create view') return 'OK'
  const changes = isFullBuild(action)
    ? plural(counts.inserted ?? 0, 'row')
    : describeChanges(counts)
  const skipped = counts.skipped ?? 0
  const duplicates = skipped > 0 ? `${plural(skipped, 'duplicate')} skipped` : undefined
  return [changes, duplicates].filter((part) => part !== undefined).join(', ') || 'nothing new'
}

/** `12 inserted, 3 updated, 1 deleted`; undefined when no row changed. */
export function describeChanges(counts: RowCounts): string | undefined {
  const parts = (['inserted', 'updated', 'deleted'] as const)
    .filter((kind) => (counts[kind] ?? 0) > 0)
    .map((kind) => `${counts[kind] ?? 0} ${kind}`)
  return parts.length === 0 ? undefined : parts.join(', ')
}

function isFullBuild(action: Action): boolean {
  return (
    action === 'build table' ||
    action === 'build incremental' ||
    action === 'build history' ||
    action === 'load seed'
  )
}

function failures(result: StepResult): string {
  return result.failures === undefined ? '' : `${plural(result.failures, 'row')} `
}

/** ` 3 of 12`; blanks for a step that never started. */
function position(index: number, total: number): string {
  const width = String(total).length
  return index === 0 ? ' '.repeat(width * 2 + 4) : `${String(index).padStart(width)} of ${total}`
}

/** The left part, dots up to the status column, and the status in brackets. */
function statusLine(
  context: LineContext,
  left: string,
  status: string,
  paint: (text: string) => string,
): string {
  const room = Math.min(context.width, 100) - STATUS_WIDTH - textWidth(stamp(context, '.')) + 1
  const dots = Math.max(2, room - textWidth(left) - 2)
  return stamp(context, `${left} ${context.style.dim('.'.repeat(dots))} [${paint(status)}]`)
}

/** Room for `[12 inserted, 3 updated in 0.84s]`; longer ones run over the edge rather than lose a figure. */
const STATUS_WIDTH = 26

function stamp(context: LineContext, text: string): string {
  if (text === '' || context.clock === '' || context.width < 100) return text
  return `${context.style.dim(context.clock)}  ${text}`
}
