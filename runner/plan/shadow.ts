import type { Manifest, NodeId, Relation } from '../manifest/node.ts'
import { isBuilt } from '../manifest/node.ts'
import { shadowName } from '../materialize/hidden-name.ts'
import type { Work } from './plan-run.ts'

/**
 * The manifest in which these nodes stand under their shadow names: what is built from it reads and writes relations
 * that nobody else knows, and the published ones of all other nodes.
 */
export function shadowManifest(manifest: Manifest, shadowed: ReadonlySet<NodeId>): Manifest {
  const nodes = new Map(manifest.nodes)
  for (const id of shadowed) {
    const node = nodes.get(id)
    if (node === undefined || !isBuilt(node)) continue
    nodes.set(id, { ...node, relation: shadowName(node.relation) })
  }
  return { ...manifest, nodes }
}

/**
 * The selection with the views that lie between its nodes: out of sight, such a view would show the published rows of
 * what it reads, and what reads it would be a mixture of two versions.
 */
export function withViewsBetween(work: Work, manifest: Manifest): Work {
  const below = new Set<NodeId>()
  for (const id of work.order) {
    const node = manifest.nodes.get(id)
    if (node?.dependsOn.some((on) => work.selected.has(on) || below.has(on)) === true) below.add(id)
  }
  const above = new Set<NodeId>()
  for (const id of [...work.order].reverse()) {
    if (!work.selected.has(id) && !above.has(id)) continue
    for (const on of manifest.nodes.get(id)?.dependsOn ?? []) above.add(on)
  }
  const selected = new Set(work.selected)
  for (const id of below) {
    const node = manifest.nodes.get(id)
    const isView = node?.kind === 'model' && (node.config.materialized ?? 'view') === 'view'
    if (isView && above.has(id)) selected.add(id)
  }
  return { ...work, selected }
}

/** A relation and the one that is built for it out of sight. */
export interface Shadow {
  readonly id: NodeId
  readonly target: Relation
  readonly shadow: Relation
}

export function shadowsOf(manifest: Manifest, shadowed: ReadonlySet<NodeId>): readonly Shadow[] {
  return [...shadowed].flatMap((id) => {
    const node = manifest.nodes.get(id)
    return node !== undefined && isBuilt(node)
      ? [{ id, target: node.relation, shadow: shadowName(node.relation) }]
      : []
  })
}
