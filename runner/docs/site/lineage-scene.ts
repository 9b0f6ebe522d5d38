import type { Layout } from '../layer-graph.ts'
import { layerGraph } from '../layer-graph.ts'
import type { ColumnGraph } from './column-walk.ts'
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
  readonly height: number
  /** Shown below its name, each in a line. */
  readonly columns: readonly string[]
}

export interface SceneEdge {
  readonly from: SceneNode
  readonly to: SceneNode
  readonly fromY: number
  readonly toY: number
  /** Points that the edge goes through between its ends. */
  readonly bends: readonly (readonly [x: number, y: number])[]
  /** Between columns: how the one becomes the other. */
  readonly how?: string
}

export const BOX = { width: 200, height: 32, line: 22 } as const
const PITCH = { x: 252, y: 48 } as const
const GAP = PITCH.y - BOX.height
const MARGIN = 12

/** The drawing of some nodes with the edges among them. */
export function layOut(site: Site, positions: readonly number[]): Scene {
  const parents = parentsAmong(site, positions)
  const layout = layerGraph(parents)
  return toScene(site, positions, parents, layout)
}

/** The drawing of a layout that was made when the site was written. */
export function fromLayout(
  site: Site,
  positions: readonly number[],
  layout: Pick<Layout, 'layer' | 'row'>,
): Scene {
  return toScene(site, positions, parentsAmong(site, positions), { ...layout, bends: new Map() })
}

/** The drawing of columns within their nodes, with an edge for each column that feeds another. */
export function layOutColumns(site: Site, found: ColumnGraph): Scene {
  const positions = [...found.columns.keys()]
  const places = new Map(positions.map((position, i) => [position, i]))
  const parents = positions.map((): Set<number> => new Set())
  for (const { from, to } of found.edges) {
    const [parent, child] = [places.get(from.node), places.get(to.node)]
    if (parent !== undefined && child !== undefined && parent !== child) parents[child]?.add(parent)
  }
  const columns = positions.map((position) => found.columns.get(position) ?? [])
  const lists = parents.map((own) => [...own])
  const heights = columns.map((names) => (heightOf(names.length) + GAP) / PITCH.y)
  const scene = toScene(site, positions, lists, layerGraph(lists, heights), columns)
  const lineOf = (placed: SceneNode, column: string): number =>
    placed.y + BOX.height + (placed.columns.indexOf(column) + 0.5) * BOX.line
  const edges = found.edges.flatMap(({ from, to, how }): SceneEdge[] => {
    const start = scene.nodes[places.get(from.node) ?? -1]
    const end = scene.nodes[places.get(to.node) ?? -1]
    if (start === undefined || end === undefined) return []
    const fromY = lineOf(start, from.column)
    return [{ from: start, to: end, fromY, toY: lineOf(end, to.column), bends: [], how }]
  })
  return { ...scene, edges }
}

function parentsAmong(site: Site, positions: readonly number[]): readonly (readonly number[])[] {
  const places = new Map(positions.map((position, i) => [position, i]))
  return positions.map((position) =>
    (site.nodes[position]?.parents ?? []).flatMap((parent) => places.get(parent) ?? []),
  )
}

function heightOf(columnCount: number): number {
  return BOX.height + (columnCount === 0 ? 0 : columnCount * BOX.line + 6)
}

function toScene(
  site: Site,
  positions: readonly number[],
  parents: readonly (readonly number[])[],
  layout: Layout,
  columns: readonly (readonly string[])[] = [],
): Scene {
  const nodes = positions.flatMap((position, i): SceneNode[] => {
    const node = site.nodes[position]
    if (node === undefined) return []
    const names = columns[i] ?? []
    const height = heightOf(names.length)
    const x = MARGIN + (layout.layer[i] ?? 0) * PITCH.x
    const y = MARGIN + (layout.row[i] ?? 0) * PITCH.y - height / 2
    return [{ node, x, y, height, columns: names }]
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
        MARGIN + row * PITCH.y,
      ])
      edges.push({
        from,
        to,
        fromY: from.y + BOX.height / 2,
        toY: to.y + BOX.height / 2,
        bends,
      })
    }
  })
  const most = (figures: readonly number[]): number =>
    figures.reduce((greatest, figure) => Math.max(greatest, figure), 0)
  return {
    nodes,
    edges,
    width: most(nodes.map(({ x }) => x)) + BOX.width + MARGIN,
    height: most(nodes.map(({ y, height }) => y + height)) + MARGIN,
  }
}

/** Curves from the right side of one box to the left side of the other, level at every point. */
export function edgePath({ from, to, fromY, toY, bends }: SceneEdge): string {
  let [x, y] = [from.x + BOX.width, fromY]
  let path = `M${x},${y}`
  const curve = (nextX: number, nextY: number): void => {
    const middle = (x + nextX) / 2
    path += `C${middle},${y} ${middle},${nextY} ${nextX},${nextY}`
    ;[x, y] = [nextX, nextY]
  }
  for (const [bendX, bendY] of bends) {
    // Level past the boxes of the layer, so that it does not cut their corners.
    curve(bendX - BOX.width / 2, bendY)
    path += `H${bendX + BOX.width / 2}`
    x = bendX + BOX.width / 2
  }
  curve(to.x, toY)
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
