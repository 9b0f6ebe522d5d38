import type { Manifest, Node, NodeId } from '../manifest/node.ts'
import type { ColumnLineage } from './column-lineage.ts'
import { inheritedDescription } from './inherited-description.ts'

/** Whether comments of the node's columns in the database may be descriptions of other columns. */
export function inheritsComments({ config }: Node): boolean {
  return config.persist_docs?.columns === true && config.docs?.inherit_columns === true
}

/**
 * The manifest in which the nodes that ask for it know the descriptions that their columns inherit. The same one where
 * no column does.
 */
export function inheritDescriptions(manifest: Manifest, lineage: ColumnLineage): Manifest {
  const nodes = new Map<NodeId, Node>(manifest.nodes)
  let hasAny = false
  for (const node of manifest.nodes.values()) {
    if (!inheritsComments(node)) continue
    const found = new Map<string, string>()
    for (const { name } of lineage.nodes.get(node.id)?.columns ?? []) {
      if ((node.columns.get(name)?.description ?? '').trim() !== '') continue
      const inherited = inheritedDescription({ node: node.id, column: name }, manifest, lineage)
      if (inherited !== undefined) found.set(name, inherited.info.description)
    }
    if (found.size === 0) continue
    nodes.set(node.id, { ...node, inheritedDescriptions: found })
    hasAny = true
  }
  return hasAny ? { ...manifest, nodes } : manifest
}
