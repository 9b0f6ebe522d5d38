import { padToWidth, widest } from '../../base/fit-width.ts'
import { transactionSql } from '../../engine/transaction-sql.ts'
import { nameInId } from '../../manifest/node.ts'
import type { Plan, Step } from '../../plan/plan.ts'
import { transactionsOf } from '../../plan/plan.ts'
import { plural } from './format.ts'
import type { Style } from './style.ts'

/** What `--dry-run` prints: each step with its reason, and with its SQL when it is asked for. */
export function renderPlan(plan: Plan, withSql: boolean, style: Style): string {
  if (plan.steps.length === 0) return 'Nothing would be done.\n'
  const names = plan.steps.map(stepName)
  const actionWidth = Math.max(...plan.steps.map((step) => step.action.length))
  const nameWidth = widest(names)
  const numberWidth = String(plan.steps.length).length
  const rows = plan.steps.flatMap((step, i) => {
    const number = String(i + 1).padStart(numberWidth)
    const what = `${step.action.padEnd(actionWidth)}  ${padToWidth(names[i] ?? '', nameWidth)}`
    const line = `${number}  ${what}  ${style.dim(step.reason)}`.trimEnd()
    return withSql ? ['', `-- ${line}`, ...transactionsOf(step).map(transactionSql)] : [line]
  })
  const end = `${plural(plan.steps.length, 'step')}; nothing was changed.`
  return `${[...rows, '', withSql ? `-- ${end}` : end].join('\n')}\n`
}

/** The plan as NDJSON, one step a line, for scripts. */
export function jsonPlan(plan: Plan): string {
  return plan.steps
    .map((step) => {
      const { batches, ...shown } = step
      const rest = { ...shown, transactions: undefined, after: undefined }
      const sql = transactionsOf(step).map(transactionSql)
      const names = batches?.map(({ name }) => name)
      return `${JSON.stringify({ type: 'step', name: stepName(step), ...rest, ...(names && { batches: names }), sql })}\n`
    })
    .join('')
}

function stepName(step: Step): string {
  if (step.relation !== undefined) return `${step.relation.schema}.${step.relation.identifier}`
  return nameInId(step.id)
}
