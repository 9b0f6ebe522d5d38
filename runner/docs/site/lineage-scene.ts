import type { Layout } from '../layer-graph.ts'
import { layerGraph } from '../layer-graph.ts'
import type { Site, SiteNode } from './site.ts'

/** A drawing of nodes and edges, in pixels at full size. */
export interface Scene {
  readonly nodes: readonly SceneNode[]
  readonly edges: readonly SceneEdge[]
  readonly width: number
  readonly height: number
}

export interface SceneNode {
  readonly node: SiteNode
  readonly x: number
  readonly y: number
}

export interface SceneEdge {
  readonly from: SceneNode
  readonly to: SceneNode
  /** Points that the edge goes through between its ends. */
  readonly bends: readonly (readonly [x: number, y: number])[]
}

export const BOX = { width: 200, height: 32 } as const
const PITCH = { x: 264, y: 46 } as const
const MARGIN = 16

/** The drawing of some nodes with the edges among them. */
export function layOut(site: Site, positions: readonly number[]): Scene {
  const places = new Map(positions.map((position, i) => [position, i]))
  const parents = positions.map((position) =>
    (site.nodes[position]?.parents ?? []).flatMap((parent) => places.get(parent) ?? []),
  )
  return toScene(site, positions, parents, layerGraph(parents))
}

/** The drawing of a layout that was made when the site was written. */
export function fromLayout(
  site: Site,
  positions: readonly number[],
  layout: Pick<Layout, 'layer' | 'row'>,
): Scene {
  const places = new Map(positions.map((position, i) => [position, i]))
  const parents = positions.map((position) =>
    (site.nodes[position]?.parents ?? []).flatMap((parent) => places.get(parent) ?? []),
  )
  return toScene(site, positions, parents, { ...layout, bends: new Map() })
}

function toScene(
  site: Site,
  positions: readonly number[],
  parents: readonly (readonly number[])[],
  layout: Pick<Layout, 'layer' | 'row' | 'bends'>,
): Scene {
  const nodes = positions.flatMap((position, i): SceneNode[] => {
    const node = site.nodes[position]
    if (node === undefined) return []
    const x = MARGIN + (layout.layer[i] ?? 0) * PITCH.x
    return [{ node, x, y: MARGIN + (layout.row[i] ?? 0) * PITCH.y }]
  })
  const edges: SceneEdge[] = []
  parents.forEach((own, child) => {
    for (const parent of own) {
      const from = nodes[parent]
      const to = nodes[child]
      if (from === undefined || to === undefined) continue
      const rows = layout.bends.get(parent * positions.length + child) ?? []
      const bends = rows.map((row, i): readonly [number, number] => [
        from.x + (i + 1) * PITCH.x + BOX.width / 2,
        MARGIN + row * PITCH.y + BOX.height / 2,
      ])
      edges.push({ from, to, bends })
    }
  })
  const most = (figures: readonly number[]): number =>
    figures.reduce((greatest, figure) => Math.max(greatest, figure), 0)
  return {
    nodes,
    edges,
    width: most(nodes.map(({ x }) => x)) + BOX.width + MARGIN,
    height: most(nodes.map(({ y }) => y)) + BOX.height + MARGIN,
  }
}

/** Curves from the right side of one box to the left side of the other, level at every point. */
export function edgePath({ from, to, bends }: SceneEdge): string {
  let [x, y] = [from.x + BOX.width, from.y + BOX.height / 2]
  let path = `M${x},${y}`
  const curve = (toX: number, toY: number): void => {
    const middle = (x + toX) / 2
    path += `C${middle},${y} ${middle},${toY} ${toX},${toY}`
    ;[x, y] = [toX, toY]
  }
  for (const [bendX, bendY] of bends) {
    // Level past the boxes of the layer, so that it does not cut their corners.
    curve(bendX - BOX.width / 2, bendY)
    path += `H${bendX + BOX.width / 2}`
    x = bendX + BOX.width / 2
  }
  curve(to.x, to.y + BOX.height / 2)
  return path
}

/** The nodes that are reached from one in at most so many steps, itself included. */
export function reach(site: Site, from: number, up: number, down: number): readonly number[] {
  const found = new Set([from])
  const walk = (side: 'parents' | 'children', steps: number): void => {
    let edge = [from]
    const seen = new Set(edge)
    for (let step = 0; step < steps && edge.length > 0; step++) {
      edge = edge
        .flatMap((position) => site.nodes[position]?.[side] ?? [])
        .filter((position) => {
          const node = site.nodes[position]
          if (node === undefined || seen.has(position)) return false
          if (node.kind === 'test' || node.kind === 'macro') return false
          return seen.add(position)
        })
    }
    for (const position of seen) found.add(position)
  }
  walk('parents', up)
  walk('children', down)
  return [...found].sort((a, b) => a - b)
}
