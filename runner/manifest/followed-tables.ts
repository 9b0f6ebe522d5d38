import type { Manifest, Node, NodeId } from './node.ts'

/** Views and ephemeral models hold no rows: who follows one follows the table that it reads. */
export function isLookedThrough(node: Node): boolean {
  return node.kind === 'model' && ['view', 'ephemeral'].includes(node.config.materialized ?? 'view')
}

/**
 * The table whose rows an input gives, through views that read one relation each; the first that does not where there is
 * no such table.
 */
export function followedTable(manifest: Manifest, input: NodeId): NodeId {
  const node = manifest.nodes.get(input)
  const [read, ...others] = node?.dependsOn ?? []
  if (node === undefined || !isLookedThrough(node) || read === undefined || others.length > 0)
    return input
  return followedTable(manifest, read)
}
