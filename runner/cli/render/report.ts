import { isCheckingKind, nameInId } from '../../manifest/node.ts'
import type { Action } from '../../plan/plan.ts'
import type { RunResult, StepResult, StepStatus } from '../../run/event.ts'
import type { ErrorContext } from './error.ts'
import { renderGmError } from './error.ts'
import { describeChanges } from './event-lines.ts'
import { formatDuration, plural } from './format.ts'
import { foundLine } from './found-line.ts'

export interface ReportContext extends ErrorContext {
  /** Where the whole log is, relative to the project; undefined when there is none. */
  readonly logFile: string | undefined
}

/**
 * The report at the end of a run: what failed and why, what was executed, the rows by what happened to them, the slowest
 * steps, the overall status, and dbt's line of totals.
 */
export function renderReport(result: RunResult, context: ReportContext): string {
  const { style } = context
  const rows: string[] = ['']
  const failed = result.steps.filter((step) => isFailure(step.status))
  const warned = result.steps.filter((step) => step.status === 'warn')
  const cancelled = result.steps.filter((step) => step.status === 'cancelled' && step.index > 0)

  if (failed.length > 0) {
    rows.push(style.red(`${plural(failed.length, 'failure')}:`), '')
    for (const step of failed) rows.push(failure(step, context), '')
  }
  if (warned.length > 0) {
    rows.push(style.yellow(`${plural(warned.length, 'warning')}:`), '')
    for (const step of warned) rows.push(failure(step, context), '')
  }
  if (cancelled.length > 0) {
    rows.push(style.yellow('Cancelled in the server and rolled back:'))
    for (const step of cancelled) rows.push(`  ${step.name}`)
    rows.push('')
  }

  rows.push(...figures(result))
  if (context.logFile !== undefined) rows.push(row('log', context.logFile))
  rows.push('', verdict(result, context), totalsLine(result.steps), '')
  return rows.join('\n')
}

function figures(result: RunResult): readonly string[] {
  const executed = result.steps.filter((step) => step.index > 0 && step.status !== 'reused')
  const totals: Partial<Record<StepResult['kind'], number>> = {}
  for (const step of executed) totals[step.kind] = (totals[step.kind] ?? 0) + 1
  const sum = (kind: keyof StepResult['counts']): number =>
    executed.reduce((total, step) => total + (step.counts[kind] ?? 0), 0)
  const rows = [
    row('jobs executed', `${executed.length} of ${result.steps.length} (${foundLine(totals)})`),
    row('rows extracted', String(sum('extracted'))),
    row('rows inserted', String(sum('inserted'))),
    row('rows updated', String(sum('updated'))),
    row('rows deleted', String(sum('deleted'))),
    ...(executed.some((step) => step.counts.skipped !== undefined)
      ? [row('rows skipped', plural(sum('skipped'), 'duplicate'))]
      : []),
    row('errors', String(result.steps.filter((step) => isFailure(step.status)).length)),
    ...(executed.some((step) => step.retries !== undefined)
      ? [row('tried again', triedAgain(executed))]
      : []),
    row('duration', formatDuration(result.durationMs)),
  ]
  const slowest = executed
    .filter((step) => step.durationMs >= 100)
    .sort((a, b) => b.durationMs - a.durationMs)
    .slice(0, 3)
    .map((step) => `${step.name} ${formatDuration(step.durationMs)}`)
  if (slowest.length > 0 && executed.length > 1) rows.push(row('slowest', slowest.join(', ')))
  return rows
}

/** `3 times: warehouse.fact_sales (2), warehouse.dim_users (1)`: after deadlocks and lost connections. */
function triedAgain(steps: readonly StepResult[]): string {
  const again = steps.filter((step) => step.retries !== undefined)
  const total = again.reduce((sum, { retries = 0 }) => sum + retries, 0)
  const which = again.map(({ name, retries }) => `${name} (${String(retries)})`).join(', ')
  return `${plural(total, 'time')}: ${which}`
}

function verdict(result: RunResult, { style }: ReportContext): string {
  switch (result.status) {
    case 'cancelled':
      return style.yellow('Interrupted. What had finished is kept, nothing is half done.')
    case 'failed':
      return style.red('Completed with failures.')
    case 'warn':
      return style.yellow('Completed with warnings.')
    case 'success':
      if (result.steps.length === 0)
        return style.green('Completed successfully. There was nothing to do.')
      return style.green(`Completed successfully. ${whatChanged(result.steps)}`.trimEnd())
  }
}

/**
 * What running again on the same input must lead to: no row read as new, none written but by relations that are built
 * whole each time. Empty when something changed, and for runs that keep nothing from one time to the next.
 */
export function whatChanged(steps: readonly StepResult[]): string {
  const kept = steps.filter((step) => KEEPS.has(step.action))
  if (kept.length === 0 || kept.some((step) => describeChanges(step.counts) !== undefined))
    return ''
  const built = steps.filter((step) => !isCheckingKind(step.kind) && !KEEPS.has(step.action))
  if (built.some((step) => step.action !== 'build table' && step.action !== 'create view'))
    return ''
  if (built.length === 0) return 'Nothing changed.'
  return `Nothing changed: no new rows; ${plural(built.length, 'view or table', 'views and tables')} built from the same ones.`
}

/** Actions that leave a relation as it is when there is nothing new. */
const KEEPS: ReadonlySet<Action> = new Set(['reuse', 'add rows', 'run batches', 'update history'])

/** dbt's last line. Tests and built nodes count together. */
export function totalsLine(steps: readonly StepResult[]): string {
  const count = (...statuses: readonly StepStatus[]): number =>
    steps.filter((step) => statuses.includes(step.status)).length
  const cancelled = count('cancelled')
  const reused = count('reused')
  return [
    `Done. PASS=${count('success', 'pass')}`,
    `WARN=${count('warn')}`,
    `ERROR=${count('error', 'fail', 'partial success')}`,
    `SKIP=${count('skipped')}`,
    ...(reused > 0 ? [`REUSED=${reused}`] : []),
    ...(cancelled > 0 ? [`CANCEL=${cancelled}`] : []),
    `TOTAL=${steps.length}`,
  ].join(' ')
}

function failure(step: StepResult, context: ReportContext): string {
  const { style } = context
  // The place may be in a macro that many use, so the node is named as well.
  const head = `${style.bold(step.kind.replace('_', ' '))} ${style.bold(step.name)}`
  if (step.error !== undefined) return `${head}\n${renderGmError(step.error, context)}`
  const count = plural(step.failures ?? 0, 'row')
  const hint = `${style.cyan('hint:')} gm show --select ${nameInId(step.id)}`
  return `${head}: ${count}\n  ${hint}`
}

function isFailure(status: StepStatus): boolean {
  return ['error', 'fail', 'partial success'].includes(status)
}

function row(label: string, value: string): string {
  return `  ${label.padEnd(16)}${value}`
}
