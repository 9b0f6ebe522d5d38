import type { NodeId } from '../manifest/node.ts'
import { isBuilt, isChecking } from '../manifest/node.ts'
import type { PlanRequest, Warehouse } from './plan-request.ts'
import { planStep } from './plan-step.ts'

/** Nodes that were done by other code than they have now. */
interface MadeOfOtherCode {
  readonly changed: readonly NodeId[]
  /** They, and what reads them. */
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
  const reached = new Set<NodeId>()
  // What a full refresh would do says nothing about the code.
  const asked: PlanRequest = { ...request, fullRefresh: false, reuse: 'all' }
  for (const id of order) {
    const node = request.manifest.nodes.get(id)
    if (node === undefined) continue
    const readsOutdated = node.dependsOn.some((on) => reached.has(on))
    if (readsOutdated) reached.add(id)
    if (!done.has(id) || readsOutdated || !(isBuilt(node) || isChecking(node))) continue
    const { codes, codeIs } = planStep(node, [], asked, warehouse)
    const passed = warehouse.ledger.passes.get(id)?.code
    const isOther = isBuilt(node)
      ? codeIs !== undefined
      : codes !== undefined && passed !== undefined && !codes.includes(passed)
    if (!isOther) continue
    changed.push(id)
    reached.add(id)
  }
  return { changed, outdated: new Set([...done].filter((id) => reached.has(id))) }
}
