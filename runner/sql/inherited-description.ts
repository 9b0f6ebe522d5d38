import type { ColumnInfo, Manifest } from '../manifest/node.ts'
import type { ColumnId, ColumnLineage } from './column-lineage.ts'

export interface InheritedDescription {
  readonly from: ColumnId
  readonly info: ColumnInfo
}

/**
 * The description of the column that a column is a plain copy of, step by step until one is described. Undefined where
 * the values come from several columns or through any expression: what they mean there is not for gm to guess.
 */
export function inheritedDescription(
  column: ColumnId,
  manifest: Manifest,
  lineage: ColumnLineage,
): InheritedDescription | undefined {
  const seen = new Set<string>()
  for (let at = column; ; ) {
    const key = `${at.node}\u0000${at.column}`
    if (seen.has(key)) return undefined
    seen.add(key)
    const inputs = lineage.nodes
      .get(at.node)
      ?.columns.find(({ name }) => name === at.column)?.inputs
    const [input, another] = inputs ?? []
    if (input?.kind !== 'copied' || another !== undefined) return undefined
    at = { node: input.node, column: input.column }
    const info = manifest.nodes.get(at.node)?.columns.get(at.column)
    if (info !== undefined && info.description.trim() !== '') return { from: at, info }
  }
}
