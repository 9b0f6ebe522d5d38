import type { RelationState } from '../engine/adapter.ts'
import type { BuiltNode, Manifest } from '../manifest/node.ts'
import { historyOf } from '../materialize/materialize-history.ts'
import { isPolling, metaNames } from '../materialize/polling-history.ts'

/** What identifies a row of a node, and who says so. */
export interface RowKey {
  readonly columns: readonly string[]
  readonly from: 'unique_key' | 'unique test' | 'unique index'
}

/**
 * What may identify a row of a node, the most telling first: its configuration, a test that says so, an index (that of a
 * primary key among them). Whether it does is for the rows to say.
 */
export function possibleKeys(
  node: BuiltNode,
  manifest: Manifest,
  published: RelationState | undefined,
): readonly RowKey[] {
  const keys: RowKey[] = []
  if (node.kind === 'snapshot') {
    const column = isPolling(node) ? metaNames(node).scdId : historyOf(node).surrogateKey
    keys.push({ columns: [column], from: 'unique_key' })
  } else if (node.kind === 'model' && node.config.unique_key.length > 0) {
    keys.push({ columns: node.config.unique_key, from: 'unique_key' })
  }
  for (const test of manifest.nodes.values()) {
    if (test.kind !== 'test' || test.generic?.on !== node.id) continue
    const { name, column, arguments: given } = test.generic
    const several = given['combination_of_columns']
    if (name === 'unique' && column !== undefined)
      keys.push({ columns: [column], from: 'unique test' })
    else if (name.endsWith('unique_combination_of_columns') && Array.isArray(several))
      keys.push({ columns: several.map(String), from: 'unique test' })
  }
  for (const { unique, columns } of published?.indexes ?? [])
    if (unique && columns.length > 0) keys.push({ columns, from: 'unique index' })
  return keys
}
