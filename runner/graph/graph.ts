import { Graph as Graphlib } from '@dagrejs/graphlib'
import type { NodeId } from '../manifest/node.ts'

/** Who depends on whom. Immutable. */
export interface Graph {
  /**
   * Every node after its parents; the same for the same input. Nodes on a cycle and below one are left out, so it
   * is shorter than `size` exactly when there is a cycle.
   */
  readonly order: readonly NodeId[]
  /** Count of nodes. */
  readonly size: number
  readonly has: (id: NodeId) => boolean
  /** What a node reads; empty for an unknown id. */
  readonly parents: (id: NodeId) => readonly NodeId[]
  /** What reads a node; empty for an unknown id. */
  readonly children: (id: NodeId) => readonly NodeId[]
}

/**
 * The graph of nodes with what each depends on. Dependencies that are not nodes themselves (disabled ones) are left
 * out. No nodes give an empty graph.
 *
 * graphlib holds it, made when a neighbour is first asked for: 30,000 nodes cost it half a second, which a run of
 * everything does not need. Order and cycles are ours, by loops: graphlib's are recursive and overflow the stack on a
 * chain of 20,000 nodes.
 */
export function makeGraph(dependencies: ReadonlyMap<NodeId, readonly NodeId[]>): Graph {
  let held: Graphlib | undefined
  const hold = (): Graphlib => (held ??= toGraphlib(dependencies))
  return {
    order: orderByParents(dependencies),
    size: dependencies.size,
    has: (id) => dependencies.has(id),
    parents: (id) => (hold().predecessors(id) ?? []) as NodeId[],
    children: (id) => (hold().successors(id) ?? []) as NodeId[],
  }
}

function toGraphlib(dependencies: ReadonlyMap<NodeId, readonly NodeId[]>): Graphlib {
  const graph = new Graphlib({ directed: true })
  for (const id of dependencies.keys()) graph.setNode(id)
  for (const [id, parents] of dependencies) {
    for (const parent of parents) if (dependencies.has(parent)) graph.setEdge(parent, id)
  }
  return graph
}

/** Kahn's algorithm. The list is the queue as well: it grows while the loop goes over it. */
function orderByParents(dependencies: ReadonlyMap<NodeId, readonly NodeId[]>): NodeId[] {
  interface Waiting {
    readonly id: NodeId
    readonly children: Waiting[]
    missing: number
  }
  const all = new Map<NodeId, Waiting>()
  for (const id of dependencies.keys()) all.set(id, { id, children: [], missing: 0 })
  for (const child of all.values()) {
    for (const parent of dependencies.get(child.id) ?? []) {
      const known = all.get(parent)
      if (known === undefined) continue
      known.children.push(child)
      child.missing += 1
    }
  }
  const ready = [...all.values()].filter(({ missing }) => missing === 0)
  for (const { children } of ready) {
    for (const child of children) {
      child.missing -= 1
      if (child.missing === 0) ready.push(child)
    }
  }
  return ready.map(({ id }) => id)
}
