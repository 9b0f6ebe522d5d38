import type { BuiltNode, NodeId } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { hooksAfter } from '../materialize/complete-build.ts'
import { compileState } from './compile-state.ts'
import type { Step } from './plan.ts'
import type { PlanRequest, Warehouse } from './plan-request.ts'
import { renderHooks } from './step-hooks.ts'
import { reusedStep } from './whether-to-run.ts'

/** Of a node whose rows an earlier run has committed: the last `left` of the hooks after them, and nothing else of it. */
export function planHooksLeft(
  node: BuiltNode,
  needs: readonly NodeId[],
  left: number,
  request: PlanRequest,
  warehouse: Warehouse,
): Step {
  const relation = quoted(node.relation)
  const { post } = renderHooks(node, compileState(node, true, request, warehouse), request)
  const transactions = hooksAfter(post, { runId: request.runId, nodeId: node.id, relation })
  if (transactions.length === 0) return reusedStep(node, needs, node.relation)
  return {
    id: node.id,
    kind: node.kind,
    action: 'run hooks',
    reason: 'its rows are committed, and not all hooks after them have run',
    needs,
    lock: relation,
    relation: node.relation,
    // Each with its record.
    transactions: transactions.slice(-2 * left),
    severity: undefined,
  }
}
