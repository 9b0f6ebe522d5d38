import type { Manifest, NodeId } from '../manifest/node.ts'
import { isPersonal } from '../manifest/personal-data.ts'
import type { ColumnLineage } from '../sql/column-lineage.ts'
import { traceUpstream } from '../sql/trace-column.ts'

/**
 * Whether a column holds data about persons: it is marked so, or its values come from a column that is, however many
 * models lie between.
 */
export function isPersonalColumn(
  node: NodeId,
  column: string,
  manifest: Manifest,
  lineage: ColumnLineage,
): boolean {
  const isMarked = (id: NodeId, name: string): boolean => {
    const of = manifest.nodes.get(id)
    if (of === undefined) return false
    return isPersonal(of.config.meta) || isPersonal(of.columns.get(name)?.meta ?? {})
  }
  if (isMarked(node, column)) return true
  return traceUpstream(lineage, { node, column }).steps.some(
    ({ from, kind }) => kind !== 'condition' && isMarked(from.node, from.column),
  )
}
