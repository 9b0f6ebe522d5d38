/** Where the nodes of a graph stand. */
export interface Layout {
  /** From 0, left to right. */
  readonly layer: readonly number[]
  /** Of the middle of each node; the topmost edge of the drawing is 0. */
  readonly row: readonly number[]
  /** Rows at which a long edge crosses the layers between its ends, by `from * nodes + to`. */
  readonly bends: ReadonlyMap<number, readonly number[]>
}

const SWEEPS = 8
/** Rows that a passing edge takes. */
const BEND_HEIGHT = 0.45
/** Beyond, long edges are drawn straight: routing them would cost more than it shows. */
const MOST_BENDS = 3_000

/**
 * A layered drawing: each node right of all it reads, as near to its neighbours as the order allows. Longest-path
 * layers, then sweeps that sort each layer by the mean place of its neighbours. Every step is a loop, since recursion
 * overflows on a chain of 20,000 nodes. An edge on a cycle counts as if it were not there.
 * @param parents positions of what each node reads; others than those of the list must not occur.
 * @param heights rows that each node takes; 1 when not given.
 */
export function layerGraph(
  parents: readonly (readonly number[])[],
  heights: readonly number[] = parents.map(() => 1),
): Layout {
  const size = parents.length
  const { layer, edges } = toLayers(parents)
  const layerCount = layer.reduce((most, one) => Math.max(most, one + 1), 0)

  // Nodes first, then stand-ins for the edges that cross a layer. Edges of one node share them as far as they go.
  const layerOf = [...layer]
  const trunks = new Map<number, number[]>()
  const reachOf = new Map<number, number>()
  for (const [from, to] of edges) {
    reachOf.set(from, Math.max(reachOf.get(from) ?? 0, at(layer, to) - at(layer, from) - 1))
  }
  const crossed = [...reachOf.values()].reduce((sum, count) => sum + count, 0)
  const links: (readonly [number, number])[] = []
  for (const [from, count] of reachOf) {
    const trunk: number[] = []
    for (let i = 1; crossed <= MOST_BENDS && i <= count; i++) {
      trunk.push(layerOf.length)
      links.push([trunk.at(-2) ?? from, layerOf.length])
      layerOf.push(at(layer, from) + i)
    }
    trunks.set(from, trunk)
  }
  const standIns = (from: number, to: number): readonly number[] =>
    (trunks.get(from) ?? []).slice(0, at(layer, to) - at(layer, from) - 1)
  for (const [from, to] of edges) links.push([standIns(from, to).at(-1) ?? from, to])

  const heightOf = layerOf.map((_, i) => heights[i] ?? BEND_HEIGHT)
  const row = toRows(layerOf, links, layerCount, heightOf)
  const top = row.reduce((least, one, i) => Math.min(least, one - at(heightOf, i) / 2), Infinity)
  const bends = new Map<number, readonly number[]>()
  for (const [from, to] of edges) {
    const through = standIns(from, to)
    if (through.length > 0)
      bends.set(
        from * size + to,
        through.map((one) => at(row, one) - top),
      )
  }
  return { layer, row: row.slice(0, size).map((one) => one - top), bends }
}

/** Longest path from the left; then what nothing feeds moves right, next to what reads it first. */
function toLayers(parents: readonly (readonly number[])[]): {
  readonly layer: readonly number[]
  readonly edges: readonly (readonly [from: number, to: number])[]
} {
  const size = parents.length
  const layer = new Array<number>(size).fill(0)
  const children = neighbours(size)
  const missing = parents.map((own) => new Set(own).size)
  parents.forEach((own, child) => {
    for (const parent of new Set(own)) children[parent]?.push(child)
  })
  const done = new Array<boolean>(size).fill(false)
  const ready = missing.flatMap((count, node) => (count === 0 ? [node] : []))
  const edges: [number, number][] = []
  let next = 0
  let unseen = 0
  for (let finished = 0; finished < size; finished++) {
    // Only nodes of a cycle are left: break it at the first of them.
    if (next === ready.length) {
      while (done[unseen] === true) unseen += 1
      ready.push(unseen)
    }
    const node = at(ready, next++)
    done[node] = true
    for (const child of children[node] ?? []) {
      if (done[child] === true) continue
      edges.push([node, child])
      layer[child] = Math.max(at(layer, child), at(layer, node) + 1)
      missing[child] = at(missing, child) - 1
      if (missing[child] === 0) ready.push(child)
    }
  }
  parents.forEach((own, node) => {
    const below = children[node] ?? []
    if (own.length > 0 || below.length === 0) return
    layer[node] = Math.max(0, Math.min(...below.map((child) => at(layer, child))) - 1)
  })
  return { layer, edges: edges.filter(([from, to]) => at(layer, from) < at(layer, to)) }
}

function toRows(
  layerOf: readonly number[],
  links: readonly (readonly [number, number])[],
  layerCount: number,
  heightOf: readonly number[],
): number[] {
  const left = neighbours(layerOf.length)
  const right = neighbours(layerOf.length)
  for (const [from, to] of links) {
    right[from]?.push(to)
    left[to]?.push(from)
  }
  const layers: number[][] = Array.from({ length: layerCount }, () => [])
  layerOf.forEach((layer, node) => layers[layer]?.push(node))
  const row = new Array<number>(layerOf.length).fill(0)
  for (const nodes of layers) settle(nodes, new Map(), row, heightOf)
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isRightward = sweep % 2 === 0
    const near = isRightward ? left : right
    for (let i = 0; i < layerCount; i++) {
      const nodes = at(layers, isRightward ? i : layerCount - 1 - i)
      const wanted = new Map(
        nodes.map((node) => [node, mean(near[node] ?? [], row, at(row, node))]),
      )
      nodes.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0) || at(row, a) - at(row, b))
      settle(nodes, wanted, row, heightOf)
    }
  }
  return row
}

/**
 * Rows as near to the wanted ones as the heights allow: the middle of the two ways to push nodes apart, downwards and
 * upwards.
 */
function settle(
  nodes: readonly number[],
  wanted: ReadonlyMap<number, number>,
  row: number[],
  heightOf: readonly number[],
): void {
  const distance = (a: number, b: number): number => (at(heightOf, a) + at(heightOf, b)) / 2
  const down: number[] = []
  nodes.forEach((node, i) => {
    const want = wanted.get(node) ?? 0
    const above = nodes[i - 1]
    down.push(above === undefined ? want : Math.max(want, at(down, i - 1) + distance(above, node)))
  })
  let limit = Number.POSITIVE_INFINITY
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = at(nodes, i)
    const up = Math.min(wanted.get(node) ?? 0, limit)
    const next = nodes[i - 1]
    limit = next === undefined ? limit : up - distance(next, node)
    row[node] = (at(down, i) + up) / 2
  }
}

function mean(nodes: readonly number[], row: readonly number[], otherwise: number): number {
  if (nodes.length === 0) return otherwise
  return nodes.reduce((sum, node) => sum + at(row, node), 0) / nodes.length
}

function neighbours(size: number): number[][] {
  return Array.from({ length: size }, () => [])
}

function at<T>(list: readonly T[], index: number): T {
  return list[index] as T
}
