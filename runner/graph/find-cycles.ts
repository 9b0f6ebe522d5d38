import type { NodeId } from '../manifest/node.ts'
import type { Graph } from './graph.ts'

/** Who has more cycles than this mends these first. */
const MOST = 10

/**
 * Cycles that have no node in common, the first ten. In each a node depends on the next and the last on the first;
 * it begins with its smallest id, and no shorter cycle leads through the node by which it was found.
 * Empty for a graph without cycles.
 */
export function findCycles(graph: Graph, ids: Iterable<NodeId>): NodeId[][] {
  const ordered = new Set(graph.order)
  const left = new Set([...ids].filter((id) => !ordered.has(id)))
  const cycles: NodeId[][] = []
  while (cycles.length < MOST) {
    dropThoseWithoutParents(left, graph)
    const [start] = left
    if (start === undefined) break
    const cycle = shortestCycle(walkIntoCycle(start, left, graph), left, graph)
    cycles.push(beginWithSmallest(cycle))
    for (const id of cycle) left.delete(id)
  }
  return cycles
}

/** What stays has a parent that stays: it is on a cycle or below one. */
function dropThoseWithoutParents(left: Set<NodeId>, graph: Graph): void {
  const queue = [...left]
  for (const id of queue) {
    if (!left.has(id) || graph.parents(id).some((parent) => left.has(parent))) continue
    left.delete(id)
    queue.push(...graph.children(id))
  }
}

/** Goes from parent to parent until one comes up again: that one is on a cycle. */
function walkIntoCycle(start: NodeId, left: ReadonlySet<NodeId>, graph: Graph): NodeId {
  const seen = new Set<NodeId>()
  let here = start
  while (!seen.has(here)) {
    seen.add(here)
    here = graph.parents(here).find((parent) => left.has(parent)) ?? here
  }
  return here
}

/** Breadth first over parents from a node on a cycle back to itself. */
function shortestCycle(start: NodeId, left: ReadonlySet<NodeId>, graph: Graph): NodeId[] {
  const reachedFrom = new Map<NodeId, NodeId>()
  const queue: NodeId[] = [start]
  for (const id of queue) {
    for (const parent of graph.parents(id)) {
      if (parent === start) return pathTo(id, start, reachedFrom)
      if (!left.has(parent) || reachedFrom.has(parent)) continue
      reachedFrom.set(parent, id)
      queue.push(parent)
    }
  }
  return [start]
}

function pathTo(last: NodeId, start: NodeId, reachedFrom: ReadonlyMap<NodeId, NodeId>): NodeId[] {
  const path = [last]
  for (let id = last; id !== start; ) {
    id = reachedFrom.get(id) ?? start
    path.push(id)
  }
  return path.reverse()
}

function beginWithSmallest(cycle: readonly NodeId[]): NodeId[] {
  const smallest = cycle.reduce((a, b) => (b < a ? b : a))
  const at = cycle.indexOf(smallest)
  return [...cycle.slice(at), ...cycle.slice(0, at)]
}
