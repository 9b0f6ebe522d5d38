import type { CheckingNode, Manifest, Node, NodeId, UnitTestNode } from '../manifest/node.ts'
import { isChecking, macroId } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { BUILT_IN_PACKAGE } from '../parse/built-in-tests.ts'
import type { ColumnId, ColumnLineage } from '../sql/column-lineage.ts'
import { copiedFrom } from '../sql/copied-from.ts'
import { inheritedDescription } from '../sql/inherited-description.ts'
import type { PersonalColumns } from '../sql/personal-columns.ts'
import { personalColumns } from '../sql/personal-columns.ts'
import type { PastStep } from '../state/history.ts'
import type { KnownFreshness } from './artifacts/read-freshness.ts'
import type { NodeEdges } from './column-edges.ts'
import { columnEdges } from './column-edges.ts'
import { describeColumns } from './describe-columns.ts'
import { describeMacro } from './describe-macro.ts'
import { describeNode, describeTest } from './describe-node.ts'
import type { FoundPage } from './found-page.ts'
import { plainText } from './plain-text.ts'
import type { RelationFacts } from './relation-facts.ts'
import { summarize } from './render-markdown.ts'
import type {
  ColumnPlace,
  ColumnStatistics,
  InheritedTests,
  TestCounts,
  TestPage,
} from './site-data.ts'

/** What pages are made from. */
export interface PageInput {
  readonly manifest: Manifest
  /** By quoted name; undefined when the database was not asked. */
  readonly relations: ReadonlyMap<string, RelationFacts> | undefined
  /** By quoted name and column, of those relations that were sampled. */
  readonly statistics: ReadonlyMap<string, ReadonlyMap<string, ColumnStatistics>>
  readonly lineage: ColumnLineage | undefined
  /** A node's SQL as the database gets it; a note says why there is none. */
  readonly compile: (node: Node) => { readonly sql?: string; readonly note?: string }
  /** The text of a file of the project, by its path from the root. */
  readonly readText: (file: string) => string | undefined
  /** By id of the source. */
  readonly freshness: ReadonlyMap<string, KnownFreshness>
  /** Topics and the source each lands in. */
  readonly topics: readonly Topic[]
}

export interface Topic {
  readonly name: string
  readonly description: string
  readonly schema: string
  readonly table: string
}

/**
 * The pages of all nodes, topics and macros, one by one.
 * @param steps of a node, newest first.
 */
export function* listPages(
  given: PageInput,
  steps: (id: string) => readonly PastStep[],
): Generator<FoundPage> {
  // Unit tests stand on the pages of their models.
  const paged = [...given.manifest.nodes.values()].filter((node) => node.kind !== 'unit_test')
  const nodes = new Map<NodeId, Node>(paged.map((node) => [node.id, node]))
  const input = { ...given, manifest: { ...given.manifest, nodes } }
  const { manifest, topics } = input
  const topicOf = new Map(
    topics.map((topic) => [quoted({ schema: topic.schema, identifier: topic.table }), topic]),
  )
  const positions = positionsOf(manifest, topicOf)
  const context: Context = {
    input,
    steps,
    positions,
    testsOf: groupTests(given.manifest, steps),
    personal: personalColumns(manifest, input.lineage ?? { nodes: new Map() }),
    edges:
      input.lineage === undefined
        ? new Map<NodeId, NodeEdges>()
        : columnEdges(input.lineage, positions, (id) => manifest.nodes.get(id)?.kind === 'test'),
  }
  for (const node of paged) {
    const topic = topicInto(node, topicOf)
    yield nodePage(node, topic, context)
    if (topic !== undefined) yield topicPage(topic, node)
  }
  const usedBy = usersOfMacros(manifest, positions)
  for (const macro of ownMacros(manifest)) {
    yield describeMacro(macro, input.readText, usedBy.get(macroId(macro.package, macro.name)) ?? [])
  }
}

/** What has a page of its own. */
type PagedNode = Exclude<Node, UnitTestNode>

interface Context {
  readonly input: PageInput
  readonly steps: (id: string) => readonly PastStep[]
  readonly positions: ReadonlyMap<string, number>
  readonly testsOf: ReadonlyMap<NodeId, readonly TestPage[]>
  readonly edges: ReadonlyMap<NodeId, NodeEdges>
  readonly personal: PersonalColumns
}

function nodePage(node: PagedNode, topic: Topic | undefined, context: Context): FoundPage {
  const { input, positions } = context
  const relation = 'relation' in node ? node.relation : undefined
  const name = relation === undefined ? undefined : quoted(relation)
  const facts = name === undefined ? undefined : input.relations?.get(name)
  const tests = context.testsOf.get(node.id) ?? []
  const steps = context.steps(node.id)
  const lineage = input.lineage?.nodes.get(node.id)
  const macros = 'macros' in node ? node.macros.flatMap((id) => positions.get(id) ?? []) : []
  const page = describeNode(node, {
    facts,
    columns: describeColumns(node, {
      facts,
      lineage: lineage?.columns ?? [],
      edges: context.edges.get(node.id),
      tests,
      statistics: name === undefined ? undefined : input.statistics.get(name),
      inherited: (column) => inheritedBy(node, column, context),
      inheritedTests: (column) => inheritedTests(node, column, context),
      personal: (column) => {
        const marked = context.personal.get(node.id)?.get(column)
        return marked === undefined ? undefined : placeOf(marked, positions)
      },
    }),
    tests,
    steps,
    compiled: input.compile(node),
    related: macros.length === 0 ? [] : [['Macros', macros]],
    lineageNotes:
      node.kind === 'test' ? [] : (lineage?.problems ?? []).map(({ message }) => message),
  })
  const summary = summarize(node.description)
  const owner = ownerOf(node, input.manifest)
  const colour = node.config.docs?.node_color
  const [last] = steps
  const freshness = input.freshness.get(node.id)
  return {
    draft: {
      id: node.id,
      kind: node.kind,
      name: displayName(node),
      path: node.at.file,
      ...(relation === undefined ? {} : { relation: `${relation.schema}.${relation.identifier}` }),
      ...(node.config.materialized === undefined
        ? {}
        : { materialized: node.config.materialization?.name ?? node.config.materialized }),
      ...(node.config.tags.length === 0 ? {} : { tags: node.config.tags }),
      ...(owner === undefined ? {} : { owner }),
      ...(summary === undefined ? {} : { summary }),
      ...(tests.length === 0 ? {} : { tests: countTests(tests) }),
      ...(last === undefined ? {} : { status: last.status }),
      ...(freshness === undefined ? {} : { freshness }),
      columnCount: page.columns.length,
      describedColumns: page.columns.filter(({ descriptionHtml }) => descriptionHtml !== undefined)
        .length,
      ...(colour === undefined ? {} : { colour }),
      ...(node.config.docs?.show === false ? { isHidden: true as const } : {}),
      reads: topic === undefined ? node.dependsOn : [topicId(topic), ...node.dependsOn],
    },
    page,
    description: node.description,
    isIndexed: isIndexed(node),
    ...(node.kind === 'test'
      ? { test: { page: describeTest(node, steps), on: testedBy(node)[0] } }
      : {}),
  }
}

function inheritedBy(node: Node, column: string, { input, positions }: Context) {
  const { lineage, manifest } = input
  if (lineage === undefined || node.config.docs?.inherit_columns !== true) return undefined
  const found = inheritedDescription({ node: node.id, column }, manifest, lineage)
  const at = found === undefined ? undefined : placeOf(found.from, positions)
  return found === undefined || at === undefined ? undefined : { info: found.info, at }
}

/** The tests of the nearest column with any that a column is a plain copy of. */
function inheritedTests(
  node: Node,
  column: string,
  { input, positions, testsOf }: Context,
): InheritedTests | undefined {
  if (input.lineage === undefined || node.config.docs?.inherit_columns !== true) return undefined
  for (const from of copiedFrom({ node: node.id, column }, input.lineage)) {
    const tests = (testsOf.get(from.node) ?? []).filter((test) => test.column === from.column)
    const at = placeOf(from, positions)
    if (tests.length > 0 && at !== undefined) {
      const shown = tests.map(({ id, name, last }) => ({
        id,
        name,
        ...(last === undefined ? {} : { status: last.status }),
      }))
      return { at, tests: shown }
    }
  }
  return undefined
}

function placeOf(
  { node, column }: ColumnId,
  positions: ReadonlyMap<string, number>,
): ColumnPlace | undefined {
  const position = positions.get(node)
  return position === undefined ? undefined : { node: position, column }
}

/** As its SQL names it: `raw.events`, `orders.v2`. */
function displayName(node: Node): string {
  if (node.kind === 'source') return `${node.sourceName}.${node.name}`
  const isVersion = node.kind === 'model' && node.version !== undefined
  return isVersion ? `${node.name}.v${String(node.version)}` : node.name
}

/** Who answers for it: its own owner, that of its group, or `meta.owner`. */
function ownerOf(node: Node, { groups }: Manifest): string | undefined {
  const group = node.config.group === undefined ? undefined : groups.get(node.config.group)
  const owner = node.kind === 'exposure' ? node.owner : group?.owner
  const named = owner?.name ?? owner?.email ?? node.config.group ?? node.config.meta['owner']
  return named === undefined ? undefined : plainText(named)
}

function topicPage(topic: Topic, lands: Node): FoundPage {
  const id = topicId(topic)
  return {
    draft: {
      id,
      kind: 'topic',
      name: topic.name,
      path: lands.at.file,
      summary: topic.description,
      columnCount: 0,
      describedColumns: 0,
      reads: [],
    },
    page: {
      id,
      descriptionHtml: '',
      line: lands.at.line,
      package: lands.package,
      columns: [],
      tests: [],
      config: [],
      facts: [['Lands in', `${topic.schema}.${topic.table}`]],
      related: [],
      history: [],
    },
    description: topic.description,
    isIndexed: true,
  }
}

/** In the order in which pages come. */
function positionsOf(
  manifest: Manifest,
  topicOf: ReadonlyMap<string, Topic>,
): ReadonlyMap<string, number> {
  const positions = new Map<string, number>()
  for (const node of manifest.nodes.values()) {
    if (!isIndexed(node)) continue
    positions.set(node.id, positions.size)
    const topic = topicInto(node, topicOf)
    if (topic !== undefined) positions.set(topicId(topic), positions.size)
  }
  for (const macro of ownMacros(manifest)) {
    positions.set(macroId(macro.package, macro.name), positions.size)
  }
  return positions
}

/** Tests from YAML belong to the node they stand with: three on each column would make the index their list. */
function isIndexed(node: Node): boolean {
  return node.kind !== 'test' || node.generic === undefined
}

function topicInto(node: Node, topicOf: ReadonlyMap<string, Topic>): Topic | undefined {
  return node.kind === 'source' ? topicOf.get(quoted(node.relation)) : undefined
}

function topicId(topic: Topic): string {
  return `topic.${topic.name}`
}

/** Without those that come with gm: they are part of the tool. */
function ownMacros(manifest: Manifest): Manifest['macros'] {
  return manifest.macros.filter((macro) => macro.package !== BUILT_IN_PACKAGE)
}

function groupTests(
  manifest: Manifest,
  steps: (id: string) => readonly PastStep[],
): ReadonlyMap<NodeId, readonly TestPage[]> {
  const grouped = new Map<NodeId, TestPage[]>()
  for (const node of manifest.nodes.values()) {
    if (!isChecking(node)) continue
    const page = describeTest(node, steps(node.id))
    for (const on of testedBy(node)) {
      const list = grouped.get(on)
      if (list === undefined) grouped.set(on, [page])
      else list.push(page)
    }
  }
  return grouped
}

/** A test from YAML is of the node it stands with; a query of its own tests all that it reads. */
function testedBy(node: CheckingNode): readonly NodeId[] {
  if (node.kind === 'unit_test') return [node.on]
  return node.generic === undefined ? node.dependsOn : [node.generic.on]
}

function usersOfMacros(
  manifest: Manifest,
  positions: ReadonlyMap<string, number>,
): ReadonlyMap<string, readonly number[]> {
  const users = new Map<string, number[]>()
  for (const node of manifest.nodes.values()) {
    const position = positions.get(node.id)
    if (!('macros' in node) || node.kind === 'test' || position === undefined) continue
    for (const macro of node.macros) {
      const list = users.get(macro)
      if (list === undefined) users.set(macro, [position])
      else list.push(position)
    }
  }
  return users
}

/** How many tests ended how, by their last results. */
export function countTests(tests: readonly TestPage[]): TestCounts {
  const counts = { pass: 0, warn: 0, fail: 0, unknown: 0 }
  for (const { last } of tests) {
    if (last?.status === 'pass' || last?.status === 'warn') counts[last.status] += 1
    else if (last?.status === 'fail' || last?.status === 'error') counts.fail += 1
    else counts.unknown += 1
  }
  return counts
}
