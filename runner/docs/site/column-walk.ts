import type { ColumnEdge, ColumnPage, NodeChunk } from '../site-data.ts'
import { loadChunk } from './chunks.ts'
import type { Site } from './site.ts'

/** Columns of nodes, and which feeds which. */
export interface ColumnGraph {
  /** By position of the node, in the order in which they were found. */
  readonly columns: ReadonlyMap<number, readonly string[]>
  readonly edges: readonly {
    readonly from: ColumnPlace
    readonly to: ColumnPlace
    readonly how: string
  }[]
}

interface ColumnPlace {
  readonly node: number
  readonly column: string
}

/** More would be a drawing that nobody reads. */
const MOST_COLUMNS = 400

/**
 * Everything that a column is made of and everything that is made of it. Pages are loaded as the walk comes to them.
 * @param withConditions whether columns count that only decide which value is taken.
 */
export async function walkColumns(
  site: Site,
  start: ColumnPlace,
  withConditions: boolean,
): Promise<ColumnGraph> {
  const columns = new Map<number, string[]>([[start.node, [start.column]]])
  const edges: { from: ColumnPlace; to: ColumnPlace; how: string }[] = []
  let count = 1
  for (const side of ['from', 'to'] as const) {
    const seen = new Set([keyOf(start)])
    let edge: ColumnPlace[] = [start]
    while (edge.length > 0 && count < MOST_COLUMNS) {
      const next: ColumnPlace[] = []
      for (const place of edge) {
        const page = await columnOf(site, place)
        for (const other of joined(page?.[side] ?? [], withConditions)) {
          const found = { node: other.node, column: other.column }
          const ends = side === 'from' ? { from: found, to: place } : { from: place, to: found }
          edges.push({ ...ends, how: other.how })
          if (seen.has(keyOf(found))) continue
          seen.add(keyOf(found))
          const known = columns.get(found.node)
          if (known === undefined) columns.set(found.node, [found.column])
          else if (!known.includes(found.column)) known.push(found.column)
          count += 1
          next.push(found)
        }
      }
      edge = next
    }
  }
  return { columns, edges }
}

/** One line for each other column, however many ways lead to it. */
function joined(edges: readonly ColumnEdge[], withConditions: boolean): readonly ColumnEdge[] {
  const byPlace = new Map<string, ColumnEdge>()
  for (const edge of edges) {
    if (!withConditions && edge.how.startsWith('condition')) continue
    const known = byPlace.get(keyOf(edge))
    byPlace.set(
      keyOf(edge),
      known === undefined ? edge : { ...edge, how: `${known.how}, ${edge.how}` },
    )
  }
  return [...byPlace.values()]
}

async function columnOf(site: Site, place: ColumnPlace): Promise<ColumnPage | undefined> {
  const node = site.nodes[place.node]
  if (node === undefined) return undefined
  const pages = await loadChunk<NodeChunk>(`nodes-${node.chunk}`)
  const page = pages.find(({ id }) => id === node.id)
  return page?.columns.find(({ name }) => name === place.column)
}

function keyOf({ node, column }: ColumnPlace): string {
  return `${node} ${column}`
}
