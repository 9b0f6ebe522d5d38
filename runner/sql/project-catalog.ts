import type { Manifest, Node, NodeId } from '../manifest/node.ts'
import type { Catalog, CatalogColumn, CatalogRelation } from './catalog.ts'
import type { NodeLineage } from './column-lineage.ts'

/** The relations of a project, as far as they are known; filled node by node, parents first. */
export interface ProjectCatalog extends Catalog {
  of(id: NodeId): CatalogRelation | undefined
  add(node: Node, lineage: NodeLineage): void
}

/**
 * Keys are node ids. A relation whose own lineage has not been added yet has the columns of its YAML: a model that
 * reads itself by `this`.
 */
export function projectCatalog(
  manifest: Manifest,
  inlinedAs: (node: Node) => string | undefined,
): ProjectCatalog {
  const byName = new Map<string, NodeId>()
  const bySchema = new Map<string, NodeId>()
  const standIns = new Map<string, NodeId>()
  const known = new Map<NodeId, CatalogRelation>()
  for (const node of manifest.nodes.values()) {
    const cte = inlinedAs(node)
    if (cte !== undefined) standIns.set(cte, node.id)
    if (!('relation' in node) || cte !== undefined) continue
    const { schema, identifier } = node.relation
    bySchema.set(`${schema}\u0000${identifier}`, node.id)
    // Where several have the name, the search path decides, which is not known here.
    byName.set(identifier, byName.has(identifier) ? ('' as NodeId) : node.id)
  }
  const of = (id: NodeId | undefined): CatalogRelation | undefined => {
    if (id === undefined) return undefined
    const found = known.get(id)
    const node = manifest.nodes.get(id)
    return found ?? (node === undefined ? undefined : declared(node))
  }
  return {
    of,
    relation: (schema, name) =>
      of(schema === undefined ? byName.get(name) : bySchema.get(`${schema}\u0000${name}`)),
    standIn: (name) => of(standIns.get(name)),
    add: (node, { columns, isComplete }) => {
      known.set(node.id, {
        key: node.id,
        columns: columns.map(
          ({ name, type }): CatalogColumn => ({ name, ...(type !== undefined && { type }) }),
        ),
        isComplete,
      })
    },
  }
}

function declared(node: Node): CatalogRelation {
  const columns = [...node.columns.values()].map(
    ({ name, data_type: type }): CatalogColumn => ({ name, ...(type !== undefined && { type }) }),
  )
  return { key: node.id, columns, isComplete: false }
}
