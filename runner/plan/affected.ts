import type { Graph } from '../graph/graph.ts'
import { reach } from '../graph/reach.ts'
import type { Manifest, NodeId } from '../manifest/node.ts'
import { isCheckingKind } from '../manifest/node.ts'
import type { ColumnLineage } from '../sql/column-lineage.ts'
import { nodesOfTrace, traceDownstream } from '../sql/trace-column.ts'

/** What lies below a node or a column that changes; tests and analyses are left out. */
export interface Affected {
  readonly node: NodeId
  /** Absent: the node as a whole. */
  readonly column?: string
  /** In the order of the graph. */
  readonly models: readonly NodeId[]
  readonly exposures: readonly NodeId[]
  /** Nodes below whose columns are not all known: the list of a column may be too short. */
  readonly uncertain: readonly NodeId[]
}

/** Everything that depends on a node. */
export function affectedByNode(node: NodeId, manifest: Manifest, graph: Graph): Affected {
  return { node, ...sorted(reach(graph, [node], 'down'), node, manifest, graph), uncertain: [] }
}

/**
 * What a column feeds, at any distance. An exposure names no columns: it counts where the column reaches a node that it names.
 */
export function affectedByColumn(
  node: NodeId,
  column: string,
  lineage: ColumnLineage,
  manifest: Manifest,
  graph: Graph,
): Affected {
  const trace = traceDownstream(lineage, { node, column })
  const reached = new Set([...nodesOfTrace(trace)])
  for (const id of trace.uncertain) reached.delete(id)
  for (const id of [...reached])
    for (const child of graph.children(id))
      if (manifest.nodes.get(child)?.kind === 'exposure') reached.add(child)
  return {
    node,
    column,
    ...sorted(reached, node, manifest, graph),
    uncertain: trace.uncertain.filter(
      (id) => !isCheckingKind(manifest.nodes.get(id)?.kind ?? 'model'),
    ),
  }
}

function sorted(
  reached: ReadonlySet<NodeId>,
  node: NodeId,
  manifest: Manifest,
  graph: Graph,
): Pick<Affected, 'models' | 'exposures'> {
  const below = graph.order.filter((id) => id !== node && reached.has(id))
  const of = (...kinds: readonly string[]): NodeId[] =>
    below.filter((id) => kinds.includes(manifest.nodes.get(id)?.kind ?? ''))
  return { models: of('model', 'snapshot'), exposures: of('exposure') }
}
