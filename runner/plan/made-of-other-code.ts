import type { BuiltNode, NodeId } from '../manifest/node.ts'
import { isBuilt, isChecking } from '../manifest/node.ts'
import { strategyOf } from '../materialize/write-rows.ts'
import type { Step } from './plan.ts'
import type { PlanRequest, Warehouse } from './plan-request.ts'
import { planStep } from './plan-step.ts'

/** Nodes that were done by other code than they have now, and what reads them. */
export interface MadeOfOtherCode {
  readonly changed: readonly NodeId[]
  /** Those that would append the same rows a second time: they stay as they are, and what reads only them. */
  readonly kept: readonly NodeId[]
  /** Those to be done again. */
  readonly outdated: ReadonlySet<NodeId>
}

/** @param order every node, parents first. @param done the nodes that are asked about. */
export function madeOfOtherCode(
  order: readonly NodeId[],
  done: ReadonlySet<NodeId>,
  request: PlanRequest,
  warehouse: Warehouse,
): MadeOfOtherCode {
  const changed: NodeId[] = []
  const kept: NodeId[] = []
  const reached = new Set<NodeId>()
  // What a full refresh would do says nothing about the code.
  const asked: PlanRequest = { ...request, fullRefresh: false, reuse: 'none' }
  for (const id of order) {
    const node = request.manifest.nodes.get(id)
    if (node === undefined) continue
    const readsOutdated = node.dependsOn.some((on) => reached.has(on))
    if (done.has(id) && (isBuilt(node) || isChecking(node))) {
      const step = planStep(node, [], asked, warehouse)
      const isOther = isBuilt(node)
        ? step.codeIs !== undefined
        : hasOtherCode(step, warehouse.ledger.passes.get(id)?.code)
      if (!isOther && !readsOutdated) continue
      if (isBuilt(node) && appendsAgain(node, step) && !request.fullRefresh) {
        kept.push(id)
        continue
      }
      if (isOther) changed.push(id)
      reached.add(id)
    } else if (readsOutdated) reached.add(id)
  }
  return { changed, kept, outdated: new Set([...done].filter((id) => reached.has(id))) }
}

function hasOtherCode({ codes }: Step, passed: string | undefined): boolean {
  return codes !== undefined && passed !== undefined && !codes.includes(passed)
}

/** No mark and no key says which of its rows are there already. */
function appendsAgain(node: BuiltNode, { action }: Step): boolean {
  if (node.kind !== 'model' || action !== 'add rows' || node.changesOf.length > 0) return false
  return node.config.materialization !== undefined || strategyOf(node) === 'append'
}
