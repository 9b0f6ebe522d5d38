import { GmError } from '../base/error.ts'
import type { BuiltNode, CheckingNode, NodeId } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { decide } from './decide.ts'
import type { Step } from './plan.ts'
import type { Foreseen, PlanRequest, Warehouse } from './plan-request.ts'
import { planStep } from './plan-step.ts'

/**
 * A step that runs after others. When its template asks the database (`run_query`, `adapter.get_columns_in_relation`)
 * and steps before it change what it reads, the answers of now are not those of then: the step is marked, and `run/`
 * plans it again when its turn comes. What it asks for may not even be there yet; such a step has no transactions so far.
 * @throws GmError as `planStep` does, but for errors that come after a question whose answer will be another.
 */
export function planAhead(
  node: BuiltNode | CheckingNode,
  needs: readonly NodeId[],
  request: PlanRequest,
  warehouse: Warehouse,
  foreseen: Foreseen,
): Step {
  const { runQuery } = request
  const isFirst = !node.dependsOn.some((id) => foreseen.changing.has(id))
  if (isFirst || runQuery === undefined || node.kind === 'unit_test') {
    return planStep(node, needs, request, warehouse, foreseen)
  }
  const asked = { was: false }
  const watched: PlanRequest = {
    ...request,
    runQuery: (sql) => {
      asked.was = true
      return runQuery(sql)
    },
  }
  try {
    const step = planStep(node, needs, watched, warehouse, foreseen)
    return asked.was && step.action !== 'reuse' ? { ...step, isPlannedLate: true } : step
  } catch (error) {
    if (!asked.was || !(error instanceof GmError)) throw error
  }
  const { id, kind } = node
  const common = { id, kind, needs, transactions: [], isPlannedLate: true } as const
  if (node.kind === 'test') {
    const severity = node.config.severity ?? 'error'
    const reason = 'selected'
    return { ...common, action: 'run test', reason, lock: undefined, relation: undefined, severity }
  }
  const { action, reason } = decide(node, request, warehouse, foreseen)
  const { relation } = node
  return { ...common, action, reason, lock: quoted(relation), relation, severity: undefined }
}
