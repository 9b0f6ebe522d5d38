/** Where the nodes of a graph stand: a column and a row each, from 0. Rows are fractional. */
export interface Layout {
  readonly layer: readonly number[]
  readonly row: readonly number[]
  /** Rows at which a long edge crosses the layers between its ends, by `from * nodes + to`. */
  readonly bends: ReadonlyMap<number, readonly number[]>
  readonly layerCount: number
  readonly rowCount: number
}

const SWEEPS = 6
/** Beyond, long edges are drawn straight: routing them would cost more than it shows. */
const MOST_BENDS = 6_000

/**
 * A layered drawing: each node right of all it reads, as near to its neighbours as the order allows. Longest-path
 * layers, then sweeps that sort each layer by the mean place of its neighbours. Every step is a loop, since recursion
 * overflows on a chain of 20,000 nodes. An edge on a cycle counts as if it were not there. No nodes give no rows.
 * @param parents positions of what each node reads; others than nodes of the list must not occur.
 */
export function layerGraph(parents: readonly (readonly number[])[]): Layout {
  const size = parents.length
  const { layer, edges } = toLayers(parents)
  const layerCount = layer.reduce((most, one) => Math.max(most, one + 1), 0)

  // Nodes first, then one stand-in for each layer that a long edge crosses.
  const layerOf = [...layer]
  const links: (readonly [number, number])[] = []
  const chains: (readonly [key: number, standIns: readonly number[]])[] = []
  const crossed = edges.reduce((sum, [a, b]) => sum + at(layer, b) - at(layer, a) - 1, 0)
  for (const [from, to] of edges) {
    const standIns: number[] = []
    if (crossed <= MOST_BENDS) {
      for (let between = at(layer, from) + 1; between < at(layer, to); between++) {
        standIns.push(layerOf.length)
        layerOf.push(between)
      }
    }
    const chain = [from, ...standIns, to]
    for (let i = 1; i < chain.length; i++) links.push([at(chain, i - 1), at(chain, i)])
    if (standIns.length > 0) chains.push([from * size + to, standIns])
  }

  const row = toRows(layerOf, links, layerCount)
  const top = row.reduce((least, one) => Math.min(least, one), 0)
  const placed = row.map((one) => one - top)
  return {
    layer,
    row: placed.slice(0, size),
    bends: new Map(chains.map(([key, standIns]) => [key, standIns.map((one) => at(placed, one))])),
    layerCount,
    rowCount: placed.reduce((most, one) => Math.max(most, one + 1), 0),
  }
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
  for (const nodes of layers) nodes.forEach((node, i) => (row[node] = i - (nodes.length - 1) / 2))
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isRightward = sweep % 2 === 0
    const near = isRightward ? left : right
    for (let i = 0; i < layerCount; i++) {
      const nodes = at(layers, isRightward ? i : layerCount - 1 - i)
      const wanted = new Map(
        nodes.map((node) => [node, mean(near[node] ?? [], row, at(row, node))]),
      )
      nodes.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0) || at(row, a) - at(row, b))
      settle(nodes, wanted, row)
    }
  }
  return row
}

/**
 * Rows as near to the wanted ones as a distance of 1 between neighbours allows: the middle of the two ways to push
 * them apart, downwards and upwards.
 */
function settle(
  nodes: readonly number[],
  wanted: ReadonlyMap<number, number>,
  row: number[],
): void {
  const down: number[] = []
  nodes.forEach((node, i) => {
    const want = wanted.get(node) ?? 0
    down.push(i === 0 ? want : Math.max(want, at(down, i - 1) + 1))
  })
  let above = Number.POSITIVE_INFINITY
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = at(nodes, i)
    above = Math.min(wanted.get(node) ?? 0, above - 1)
    row[node] = (at(down, i) + above) / 2
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
