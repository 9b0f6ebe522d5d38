import type { IndexNode, SiteIndex } from '../site-data.ts'

export interface SiteNode extends IndexNode {
  readonly position: number
  readonly children: readonly number[]
}

export interface Site {
  readonly index: SiteIndex
  readonly nodes: readonly SiteNode[]
  readonly byId: ReadonlyMap<string, SiteNode>
}

/** The index, with what follows from it. */
export function openSite(index: SiteIndex): Site {
  const children: number[][] = index.nodes.map(() => [])
  index.nodes.forEach((node, position) => {
    for (const parent of node.parents) children[parent]?.push(position)
  })
  const nodes = index.nodes.map((node, position) => ({
    ...node,
    position,
    children: children[position] ?? [],
  }))
  return { index, nodes, byId: new Map(nodes.map((node) => [node.id, node])) }
}

/** Nodes of the graph as people think of it: without tests and macros, and without those that docs hide. */
export function isShown(node: IndexNode): boolean {
  return node.kind !== 'test' && node.kind !== 'macro' && node.isHidden !== true
}
