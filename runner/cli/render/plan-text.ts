import { padToWidth, widest } from '../../base/fit-width.ts'
import type { Manifest } from '../../manifest/node.ts'
import { isCheckingKind } from '../../manifest/node.ts'
import type { PlannedStep, PlanReport } from '../../operate/plan-report.ts'
import { sqlOf } from '../../operate/plan-report.ts'
import type { ErrorContext } from './error.ts'
import { renderGmError } from './error.ts'
import { plural } from './format.ts'
import {
  affectedName,
  affectedWords,
  fullRefreshWords,
  planHeadline,
  problemsHeadline,
  problemWords,
  shapeWords,
} from './plan-words.ts'

export interface PlanTextContext extends ErrorContext {
  /** With the statements of each step. */
  readonly sql: boolean
  /** With each test, and with what is reused. */
  readonly explain: boolean
}

/** A plan as one calm screen: what runs and why, what it changes, who notices. */
export function planText(report: PlanReport, manifest: Manifest, context: PlanTextContext): string {
  const { style } = context
  const shown = report.steps.filter(
    ({ step }) => context.explain || (step.action !== 'reuse' && !isCheckingKind(step.kind)),
  )
  const tests = report.steps.filter(
    ({ step }) => isCheckingKind(step.kind) && step.action !== 'reuse',
  )
  const rows = [style.bold(planHeadline(report))]
  if (shown.length > 0) rows.push('', ...stepRows(shown, context))
  if (!context.explain && tests.length > 0) {
    rows.push(shown.length === 0 ? '' : `  and ${plural(tests.length, 'test')}`)
    if (shown.length === 0) rows.push(`  ${plural(tests.length, 'test')}`)
  }
  if (report.affected.length > 0) {
    const names = report.affected.map((one) => affectedName(one, manifest))
    const width = widest(names)
    rows.push(
      '',
      style.bold('Below what changes'),
      ...report.affected.map(
        (one, i) => `  ${padToWidth(names[i] ?? '', width)}  ${affectedWords(one, manifest)}`,
      ),
    )
  }
  if (report.problems.length > 0) {
    rows.push('', style.red(`${problemsHeadline(report)}:`))
    for (const { error } of report.problems) rows.push('', renderGmError(error, context))
  }
  const refresh = fullRefreshWords(report, manifest)
  if (refresh.length > 0) rows.push('', ...refresh.map((line) => style.dim(line)))
  return `${rows.join('\n')}\n`
}

function stepRows(
  steps: readonly PlannedStep[],
  { sql, style }: PlanTextContext,
): readonly string[] {
  const actionWidth = Math.max(...steps.map(({ step }) => step.action.length))
  const nameWidth = widest(steps.map(({ name }) => name))
  return steps.flatMap((planned) => {
    const { step, name, estimatedRows, problem } = planned
    const rows = estimatedRows === undefined ? '' : `, about ${plural(estimatedRows, 'row')}`
    const line = `  ${step.action.padEnd(actionWidth)}  ${padToWidth(name, nameWidth)}  ${style.dim(step.reason + rows)}`
    const shape = shapeWords(planned)
    const indent = ' '.repeat(actionWidth + 4)
    return [
      line,
      ...(shape === undefined ? [] : [`${indent}${style.yellow(shape)}`]),
      ...(problem === undefined ? [] : [`${indent}${style.red(problemWords(problem))}`]),
      ...(step.warning === undefined ? [] : [`${indent}${style.yellow(step.warning)}`]),
      ...(sql ? ['', ...sqlOf(step), ''] : []),
    ]
  })
}
