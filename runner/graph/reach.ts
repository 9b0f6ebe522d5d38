import type { NodeId } from '../manifest/node.ts'
import type { Graph } from './graph.ts'

/**
 * The nodes to be reached from some nodes, those included: `up` to what they read, `down` to what reads them.
 * Breadth first; nothing to start from reaches nothing.
 *
 * @param depth most steps from the nearest start; 0 gives the start alone.
 */
export function reach(
  graph: Graph,
  from: Iterable<NodeId>,
  direction: 'up' | 'down',
  depth = Number.POSITIVE_INFINITY,
): Set<NodeId> {
  const next = direction === 'up' ? graph.parents : graph.children
  const reached = new Set<NodeId>(from)
  let edge = [...reached]
  for (let step = 0; step < depth && edge.length > 0; step++) {
    const beyond: NodeId[] = []
    for (const id of edge) {
      for (const neighbour of next(id)) {
        if (reached.has(neighbour)) continue
        reached.add(neighbour)
        beyond.push(neighbour)
      }
    }
    edge = beyond
  }
  return reached
}
