import MiniSearch from 'minisearch'
import type { Manifest, NodeId } from '../manifest/node.ts'
import type { History, PastStep } from '../state/history.ts'
import { describeRun, summarizeRun } from './describe-run.ts'
import type { FoundPage } from './found-page.ts'
import { layerGraph } from './layer-graph.ts'
import type { PageInput } from './list-pages.ts'
import { countTests, listPages } from './list-pages.ts'
import { renderMarkdown } from './render-markdown.ts'
import type { SearchDocument } from './search-index.ts'
import { SEARCH_OPTIONS } from './search-index.ts'
import type {
  IndexNode,
  LineagePage,
  NodePage,
  RunSummary,
  SiteIndex,
  TestRow,
} from './site-data.ts'

export interface SiteInput extends PageInput {
  readonly version: string
  readonly target: string
  readonly generatedAt: Date
  readonly history: History | undefined
}

/** One script of the site's data. */
export interface Chunk {
  readonly name: string
  readonly value: unknown
}

/** Characters after which the next script begins: a page waits for no more than it needs. */
const CHUNK_SIZE = 96_000

/**
 * The data of the whole site, script by script: those of pages first, so that only one of them is held at a time, and
 * the index as the result. A project without nodes gives a site that says so.
 */
export function* buildSite(input: SiteInput): Generator<Chunk, SiteIndex> {
  const { manifest, history } = input
  const stepsOf = groupBy(history?.steps ?? [], ({ nodeId }) => nodeId)
  const search = new MiniSearch(SEARCH_OPTIONS)
  const drafts: (FoundPage['draft'] & { readonly chunk: number })[] = []
  const tests: Omit<TestRow, 'node'>[] = []
  const tested: (NodeId | undefined)[] = []
  let chunk = 0
  let size = 0
  let pages: NodePage[] = []
  for (const found of listPages(input, (id) => stepsOf.get(id) ?? [])) {
    const { draft, test } = found
    if (found.isIndexed) drafts.push({ ...draft, chunk })
    if (test === undefined) search.add(searchDocument(drafts.length - 1, found))
    else {
      tests.push({ ...test.page, title: draft.name, path: draft.path, chunk })
      tested.push(test.on)
    }
    pages.push(found.page)
    size += sizeOf(found.page)
    if (size > CHUNK_SIZE) {
      yield { name: `nodes-${chunk}`, value: pages }
      pages = []
      size = 0
      chunk += 1
    }
  }
  if (pages.length > 0) yield { name: `nodes-${chunk}`, value: pages }

  const positions = new Map(drafts.map(({ id }, i) => [id, i]))
  const nodes = drafts.map(({ reads, ...node }): IndexNode => {
    return { ...node, parents: reads.flatMap((id) => positions.get(id) ?? []) }
  })
  yield {
    name: 'tests',
    value: tests.map((test, i): TestRow => {
      const node = positions.get(tested[i] ?? '')
      return { ...test, ...(node === undefined ? {} : { node }) }
    }),
  }
  yield { name: 'lineage', value: lineageOf(nodes) }
  yield { name: 'search', value: search.toJSON() }
  const runs = yield* runChunks(history, manifest)
  const written = manifest.docs.find(
    ({ name, package: of }) => name === '__overview__' && of === manifest.project,
  )
  const overview = written === undefined ? undefined : renderMarkdown(written.text)
  return {
    project: manifest.project,
    version: input.version,
    target: input.target,
    generatedAt: input.generatedAt.toISOString(),
    ...(overview === undefined ? {} : { overviewHtml: overview }),
    hasCatalog: input.relations !== undefined,
    hasColumnLineage: input.lineage !== undefined,
    nodes,
    tests: countTests(tests),
    ...(runs[0] === undefined ? {} : { lastRun: runs[0] }),
  }
}

function searchDocument(id: number, { draft, page, description }: FoundPage): SearchDocument {
  const columnTexts = page.columns.map(({ descriptionHtml }) =>
    (descriptionHtml ?? '').replace(/<[^>]*>/g, ' '),
  )
  return {
    id,
    name: `${draft.name} ${draft.relation ?? ''}`,
    columns: page.columns.map(({ name }) => name).join(' '),
    tags: (draft.tags ?? []).join(' '),
    description: [description, ...columnTexts].join(' '),
    sql: page.source ?? '',
  }
}

/** Tests and macros have no place in it: they would hide what flows. */
function lineageOf(nodes: readonly IndexNode[]): LineagePage {
  const shown = nodes.flatMap(({ kind, isHidden }, i) =>
    kind === 'test' || kind === 'macro' || isHidden === true ? [] : [i],
  )
  const places = new Map(shown.map((position, i) => [position, i]))
  const layout = layerGraph(
    shown.map((i) => (nodes[i]?.parents ?? []).flatMap((parent) => places.get(parent) ?? [])),
  )
  const round = (row: number): number => Math.round(row * 100) / 100
  return { nodes: shown, layer: layout.layer, row: layout.row.map(round) }
}

function* runChunks(
  history: History | undefined,
  manifest: Manifest,
): Generator<Chunk, readonly RunSummary[]> {
  const stepsOf = groupBy(history?.steps ?? [], ({ runId }) => runId)
  const runs: RunSummary[] = []
  for (const run of history?.runs ?? []) {
    const steps: readonly PastStep[] = stepsOf.get(run.id) ?? []
    const total = Object.values(run.steps).reduce((sum, count) => sum + count, 0)
    // Of older runs only some steps were read.
    const isWhole = total > 0 && steps.length === total
    runs.push(summarizeRun(run, isWhole))
    if (!isWhole) continue
    const parentsOf = (id: string): readonly string[] =>
      manifest.nodes.get(id as NodeId)?.dependsOn ?? []
    yield { name: `run-${run.id}`, value: describeRun(run, steps, parentsOf) }
  }
  yield { name: 'runs', value: runs }
  return runs
}

function groupBy<T>(
  list: readonly T[],
  keyOf: (one: T) => string,
): ReadonlyMap<string, readonly T[]> {
  const grouped = new Map<string, T[]>()
  for (const one of list) {
    const key = keyOf(one)
    const group = grouped.get(key)
    if (group === undefined) grouped.set(key, [one])
    else group.push(one)
  }
  return grouped
}

/** Near enough to choose where a script ends, and much cheaper than writing it twice. */
function sizeOf(page: NodePage): number {
  return (
    500 +
    (page.source?.length ?? 0) +
    (page.compiled?.length ?? 0) +
    page.columns.length * 200 +
    page.tests.length * 250 +
    page.history.length * 150
  )
}
