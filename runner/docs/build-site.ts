import MiniSearch from 'minisearch'
import type { Manifest, Node, NodeId, TestNode } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import type { History, PastStep } from '../state/history.ts'
import { describeMacro } from './describe-macro.ts'
import { describeNode, describeTest, plain } from './describe-node.ts'
import { describeRun, summarizeRun } from './describe-run.ts'
import { layerGraph } from './layer-graph.ts'
import type { RelationFacts } from './relation-facts.ts'
import { summarize } from './render-markdown.ts'
import type { SearchDocument } from './search-index.ts'
import { SEARCH_OPTIONS } from './search-index.ts'
import type {
  IndexNode,
  LineagePage,
  NodePage,
  RunSummary,
  SiteIndex,
  TestCounts,
  TestPage,
  TestRow,
} from './site-data.ts'

export interface SiteInput {
  readonly manifest: Manifest
  readonly version: string
  readonly target: string
  readonly generatedAt: Date
  /** By quoted name; undefined when the database was not asked. */
  readonly relations: ReadonlyMap<string, RelationFacts> | undefined
  readonly history: History | undefined
  /** A node's SQL as the database gets it; a note says why there is none. */
  readonly compile: (node: Node) => { readonly sql?: string; readonly note?: string }
  /** The text of a file of the project, by its path from the root. */
  readonly readText: (file: string) => string | undefined
  /** Topics and the source each lands in. */
  readonly topics: readonly Topic[]
}

export interface Topic {
  readonly name: string
  readonly description: string
  readonly schema: string
  readonly table: string
}

/** One script of the site's data. */
export interface Chunk {
  readonly name: string
  readonly value: unknown
}

/** Characters of JSON after which the next script begins: a page waits for no more than it needs. */
const CHUNK_SIZE = 96_000

/**
 * The data of the whole site, script by script: those of pages first, so that only one of them is held at a time, and
 * the index last. A project without nodes gives a site that says so.
 */
export function* buildSite(input: SiteInput): Generator<Chunk, SiteIndex> {
  const { manifest, history } = input
  const stepsOf = groupSteps(history?.steps ?? [])
  const steps = (id: string): readonly PastStep[] => stepsOf.get(id) ?? []
  const testsOf = new Map<NodeId, { readonly node: TestNode; readonly page: TestPage }[]>()
  for (const node of manifest.nodes.values()) {
    if (node.kind !== 'test') continue
    const entry = { node, page: describeTest(node, steps(node.id)) }
    for (const on of node.generic === undefined ? node.dependsOn : [node.generic.on]) {
      const list = testsOf.get(on)
      if (list === undefined) testsOf.set(on, [entry])
      else list.push(entry)
    }
  }

  const search = new MiniSearch(SEARCH_OPTIONS)
  const drafts: Draft[] = []
  const testRows: { readonly page: TestPage; readonly on: NodeId | undefined; chunk: number }[] = []
  let chunk = 0
  let size = 0
  let pages: NodePage[] = []
  for (const page of pagesOf(input, testsOf, steps)) {
    const { draft } = page
    drafts.push({ ...draft, chunk })
    if (page.test !== undefined) testRows.push({ ...page.test, chunk })
    else search.add(searchDocument(drafts.length - 1, page))
    pages.push(page.page)
    size += sizeOf(page.page)
    if (size > CHUNK_SIZE) {
      yield { name: `nodes-${chunk}`, value: pages }
      pages = []
      size = 0
      chunk += 1
    }
  }
  if (pages.length > 0) yield { name: `nodes-${chunk}`, value: pages }

  const positions = new Map(drafts.map((draft, i) => [draft.id, i]))
  const nodes = drafts.map((draft): IndexNode => {
    const { reads, ...node } = draft
    return { ...node, parents: reads.flatMap((id) => positions.get(id) ?? []) }
  })
  yield {
    name: 'tests',
    value: testRows.map(({ page, on, chunk: at }): TestRow => {
      const node = on === undefined ? undefined : positions.get(on)
      return { ...page, ...(node === undefined ? {} : { node }), chunk: at }
    }),
  }
  yield { name: 'lineage', value: lineageOf(nodes) }
  yield { name: 'search', value: search.toJSON() }
  const runs = yield* runChunks(history, manifest)
  return {
    project: manifest.project,
    version: input.version,
    target: input.target,
    generatedAt: input.generatedAt.toISOString(),
    hasCatalog: input.relations !== undefined,
    hasColumnLineage: false,
    nodes,
    ...(runs[0] === undefined ? {} : { lastRun: runs[0] }),
  }
}

/** A node of the index whose parents are still names. */
type Draft = Omit<IndexNode, 'parents'> & { readonly reads: readonly string[] }

interface FoundPage {
  readonly draft: Omit<Draft, 'chunk'>
  readonly page: NodePage
  readonly description: string
  readonly test?: { readonly page: TestPage; readonly on: NodeId | undefined }
}

function* pagesOf(
  input: SiteInput,
  testsOf: ReadonlyMap<NodeId, readonly { readonly node: TestNode; readonly page: TestPage }[]>,
  steps: (id: string) => readonly PastStep[],
): Generator<FoundPage> {
  const { manifest, relations } = input
  const topicOf = new Map(
    input.topics.map((topic) => [quoted({ schema: topic.schema, identifier: topic.table }), topic]),
  )
  for (const node of manifest.nodes.values()) {
    const relation = 'relation' in node ? node.relation : undefined
    const tests = testsOf.get(node.id) ?? []
    const page = describeNode(node, {
      facts: relation === undefined ? undefined : relations?.get(quoted(relation)),
      tests: tests.map((test) => test.page),
      steps: node.kind === 'test' ? steps(node.id) : steps(node.id),
      compiled: input.compile(node),
    })
    const [last] = steps(node.id)
    const summary = summarize(node.description)
    const owner = node.config.meta['owner']
    const topic = relation === undefined ? undefined : topicOf.get(quoted(relation))
    const isTopicsTable = node.kind === 'source' && topic !== undefined
    const colour = node.config.docs?.node_color
    yield {
      draft: {
        id: node.id,
        kind: node.kind,
        name: node.kind === 'source' ? `${node.sourceName}.${node.name}` : node.name,
        path: node.at.file,
        ...(relation === undefined
          ? {}
          : { relation: `${relation.schema}.${relation.identifier}` }),
        ...(node.config.materialized === undefined
          ? {}
          : { materialized: node.config.materialized }),
        ...(node.config.tags.length === 0 ? {} : { tags: node.config.tags }),
        ...(owner === undefined ? {} : { owner: plain(owner) }),
        ...(summary === undefined ? {} : { summary }),
        ...(tests.length === 0 ? {} : { tests: countTests(tests.map((test) => test.page)) }),
        ...(last === undefined ? {} : { status: last.status }),
        columnCount: page.columns.length,
        describedColumns: page.columns.filter((column) => column.descriptionHtml !== undefined)
          .length,
        ...(colour === undefined ? {} : { colour }),
        ...(node.config.docs?.show === false ? { isHidden: true as const } : {}),
        reads: isTopicsTable ? [`topic.${topic.name}`, ...node.dependsOn] : node.dependsOn,
      },
      page,
      description: node.description,
      ...(node.kind === 'test'
        ? { test: { page: describeTest(node, steps(node.id)), on: node.generic?.on } }
        : {}),
    }
    if (isTopicsTable) yield topicPage(topic, node)
  }
  for (const macro of manifest.macros) {
    // gm's own macros are part of the tool.
    if (macro.package === manifest.project) yield describeMacro(macro, input.readText)
  }
}

function topicPage(topic: Topic, lands: Node): FoundPage {
  return {
    draft: {
      id: `topic.${topic.name}`,
      kind: 'topic',
      name: topic.name,
      path: lands.at.file,
      summary: topic.description,
      columnCount: 0,
      describedColumns: 0,
      reads: [],
    },
    page: {
      id: `topic.${topic.name}`,
      descriptionHtml: '',
      line: lands.at.line,
      package: lands.package,
      columns: [],
      tests: [],
      config: [],
      facts: [['Lands in', `${topic.schema}.${topic.table}`]],
      history: [],
    },
    description: topic.description,
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

function countTests(tests: readonly TestPage[]): TestCounts {
  const counts = { pass: 0, warn: 0, fail: 0, unknown: 0 }
  for (const { last } of tests) {
    if (last?.status === 'pass' || last?.status === 'warn') counts[last.status] += 1
    else if (last?.status === 'fail' || last?.status === 'error') counts.fail += 1
    else counts.unknown += 1
  }
  return counts
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
  const stepsOf = new Map<string, PastStep[]>()
  for (const step of history?.steps ?? []) {
    const list = stepsOf.get(step.runId)
    if (list === undefined) stepsOf.set(step.runId, [step])
    else list.push(step)
  }
  const runs: RunSummary[] = []
  for (const run of history?.runs ?? []) {
    const steps = stepsOf.get(run.id) ?? []
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

function groupSteps(steps: readonly PastStep[]): ReadonlyMap<string, readonly PastStep[]> {
  const grouped = new Map<string, PastStep[]>()
  for (const step of steps) {
    const list = grouped.get(step.nodeId)
    if (list === undefined) grouped.set(step.nodeId, [step])
    else list.push(step)
  }
  return grouped
}

/** Near enough to choose where a script ends, and much cheaper than writing it twice. */
function sizeOf(page: NodePage): number {
  return (
    500 +
    (page.source?.length ?? 0) +
    (page.compiled?.length ?? 0) +
    page.columns.length * 150 +
    page.tests.length * 250 +
    page.history.length * 150
  )
}
