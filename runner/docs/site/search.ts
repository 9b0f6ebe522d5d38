import MiniSearch from 'minisearch'
import { SEARCH_OPTIONS } from '../search-index.ts'
import { loadChunk } from './chunks.ts'
import type { Site, SiteNode } from './site.ts'

export interface Found {
  readonly node: SiteNode
  /** Where the words were found, beside the name: `column customer_id`. */
  readonly where: () => string
}

let held: Promise<MiniSearch> | undefined

/** Loads the index of all words, once. */
export function prepareSearch(): Promise<MiniSearch> {
  held ??= loadChunk<Parameters<typeof MiniSearch.loadJS>[0]>('search').then((index) =>
    MiniSearch.loadJS(index, SEARCH_OPTIONS),
  )
  return held
}

/** What is found by a text, best first: exact names, then names that begin so, then by where the words stand. */
export async function search(site: Site, text: string): Promise<readonly Found[]> {
  const wanted = text.trim().toLowerCase()
  if (wanted === '') return []
  const index = await prepareSearch()
  // Slips are looked for where nothing fits as it is typed: looking for them costs several times as much.
  const exact = index.search(wanted, { fuzzy: false })
  const found = exact.length > 0 ? exact : index.search(wanted)
  const ranked = found.flatMap((result) => {
    const node = site.nodes[result.id as number]
    if (node === undefined || node.isHidden === true) return []
    const name = node.name.toLowerCase()
    const rank = name === wanted ? 3 : name.startsWith(wanted) ? 2 : name.includes(wanted) ? 1 : 0
    return [{ node, rank, score: result.score, where: () => whereOf(result.match) }]
  })
  ranked.sort((a, b) => b.rank - a.rank || b.score - a.score)
  return ranked
}

const FIELDS: Readonly<Record<string, string>> = {
  columns: 'column',
  tags: 'tag',
  description: 'description',
  sql: 'SQL',
}

function whereOf(match: Readonly<Record<string, readonly string[]>>): string {
  const terms = new Map<string, string[]>()
  for (const [term, fields] of Object.entries(match)) {
    if (fields.includes('name')) continue
    const field = ['columns', 'tags', 'description', 'sql'].find((one) => fields.includes(one))
    if (field === undefined) continue
    terms.set(field, [...(terms.get(field) ?? []), term])
  }
  return [...terms]
    .slice(0, 2)
    .map(([field, words]) => `${FIELDS[field] ?? field}: ${words.slice(0, 3).join(', ')}`)
    .join(' · ')
}
