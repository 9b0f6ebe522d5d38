import type { NodeId } from '../manifest/node.ts'
import type { ColumnInput, ColumnLineage } from '../sql/column-lineage.ts'
import type { ColumnEdge } from './site-data.ts'

/** Of one node: by column, what it is made of and what is made of it. */
export type NodeEdges = ReadonlyMap<
  string,
  { readonly from?: readonly ColumnEdge[]; readonly to?: readonly ColumnEdge[] }
>

/**
 * The lineage of columns in both directions. What only decides which rows a node has is left out: it would tie every
 * column to every other.
 * @param positions of the nodes that have pages; tests have no columns of their own.
 */
export function columnEdges(
  lineage: ColumnLineage,
  positions: ReadonlyMap<string, number>,
  isTest: (id: NodeId) => boolean,
): ReadonlyMap<NodeId, NodeEdges> {
  const all = new Map<NodeId, Map<string, { from?: ColumnEdge[]; to?: ColumnEdge[] }>>()
  const entry = (node: NodeId, column: string): { from?: ColumnEdge[]; to?: ColumnEdge[] } => {
    const ofNode = all.get(node) ?? new Map<string, { from?: ColumnEdge[]; to?: ColumnEdge[] }>()
    all.set(node, ofNode)
    const known = ofNode.get(column) ?? {}
    ofNode.set(column, known)
    return known
  }
  for (const [id, { columns }] of lineage.nodes) {
    const position = positions.get(id)
    if (position === undefined || isTest(id)) continue
    for (const { name, inputs } of columns) {
      for (const input of inputs) {
        const parent = positions.get(input.node)
        if (parent === undefined) continue
        const how = howOf(input)
        add(entry(id, name), 'from', { node: parent, column: input.column, how })
        add(entry(input.node, input.column), 'to', { node: position, column: name, how })
      }
    }
  }
  return all
}

function howOf({ kind, via }: ColumnInput): string {
  return via === undefined ? kind : `${kind} (${via})`
}

function add(
  entry: { from?: ColumnEdge[]; to?: ColumnEdge[] },
  side: 'from' | 'to',
  edge: ColumnEdge,
): void {
  const list = entry[side]
  if (list === undefined) entry[side] = [edge]
  else list.push(edge)
}
