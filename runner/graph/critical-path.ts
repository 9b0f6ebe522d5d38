import type { NodeId } from '../manifest/node.ts'
import type { Graph } from './graph.ts'

/**
 * For each node the weight of the heaviest chain that begins with it and goes down its dependents. Among nodes that
 * could start now, the one with the most to come goes first, because the run cannot end before that chain has.
 *
 * @param weightOf cost of a node, such as its last duration in milliseconds; 1 each unless given.
 */
export function criticalPath(
  graph: Graph,
  weightOf: (id: NodeId) => number = () => 1,
): ReadonlyMap<NodeId, number> {
  const weights = new Map<NodeId, number>()
  for (let i = graph.order.length - 1; i >= 0; i--) {
    const id = graph.order[i] as NodeId
    let heaviest = 0
    for (const child of graph.children(id)) {
      heaviest = Math.max(heaviest, weights.get(child) ?? 0)
    }
    weights.set(id, heaviest + weightOf(id))
  }
  return weights
}
