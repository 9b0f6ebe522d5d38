import type { ColumnInfo, Manifest } from '../manifest/node.ts'
import type { ColumnId, ColumnLineage } from './column-lineage.ts'
import { copiedFrom } from './copied-from.ts'

export interface InheritedDescription {
  readonly from: ColumnId
  readonly info: ColumnInfo
}

/** The description of the nearest column with one that a column is a plain copy of; undefined where there is none. */
export function inheritedDescription(
  column: ColumnId,
  manifest: Manifest,
  lineage: ColumnLineage,
): InheritedDescription | undefined {
  for (const from of copiedFrom(column, lineage)) {
    const info = manifest.nodes.get(from.node)?.columns.get(from.column)
    if (info !== undefined && info.description.trim() !== '') return { from, info }
  }
  return undefined
}
