import { hash } from 'node:crypto'
import { gmErrorsOf } from '../base/error.ts'
import type { Manifest, Node, NodeId } from '../manifest/node.ts'
import type { TextStore } from '../parse/text-store.ts'
import type { LineMap } from '../template/template.ts'
import type { CatalogColumn } from './catalog.ts'
import type { ColumnInput, ColumnLineage, LineageProblem, NodeLineage } from './column-lineage.ts'
import { distinctInputs } from './distinct-inputs.ts'
import { historyLineage } from './history-lineage.ts'
import { openLineageCache } from './lineage-cache.ts'
import type { ParseSql } from './parse-sql.ts'
import type { ProjectCatalog } from './project-catalog.ts'
import { projectCatalog } from './project-catalog.ts'
import type { StatementColumns } from './statement-columns.ts'
import { statementColumns } from './statement-columns.ts'

export interface LineageRequest {
  readonly manifest: Manifest
  /** Every node, parents first. */
  readonly order: readonly NodeId[]
  /** A model's, snapshot's or test's SQL as on a first build. Its GmErrors become problems of the node. */
  readonly compile: (node: Node) => { readonly sql: string; readonly lines?: LineMap }
  /** Called when there is SQL that the cache does not know. */
  readonly loadParser: () => Promise<ParseSql>
  /** Columns that gm itself adds to a node's table. */
  readonly addedColumns: (node: Node) => readonly string[]
  /** The name under which an ephemeral model is inlined; undefined for every other node. */
  readonly inlinedAs: (node: Node) => string | undefined
  /** The columns of a relation in the database, where it has been asked. */
  readonly known?: (node: Node) => readonly CatalogColumn[] | undefined
  readonly cache?: TextStore
}

/**
 * Follows every column of the project one step back: to columns of the nodes that its own node reads. Needs no
 * database; a source's columns are then known as far as its YAML lists them. What cannot be resolved stands among the
 * problems of its node, and the rest goes on.
 */
export async function buildLineage(request: LineageRequest): Promise<ColumnLineage> {
  const { manifest, order } = request
  const nodes = new Map<NodeId, NodeLineage>()
  const catalog = projectCatalog(manifest, request.inlinedAs)
  const cache = openLineageCache(request.cache)
  let parse: ParseSql | undefined
  for (const id of order) {
    const node = manifest.nodes.get(id)
    if (node === undefined) continue
    let lineage: NodeLineage
    if ('rawCode' in node) {
      lineage = await withoutThrowing(node, async () => {
        const { sql, lines } = request.compile(node)
        const key = cacheKey(sql, node, catalog)
        let found = cache.get(key)
        if (found === undefined) {
          parse ??= await request.loadParser()
          found = statementColumns(parse(sql), catalog)
          cache.set(key, found)
        }
        return placed(node, found, lines, request.addedColumns(node))
      })
    } else lineage = declared(node, request.known?.(node))
    nodes.set(id, lineage)
    catalog.add(node, lineage)
  }
  cache.close()
  return { nodes: withMentioned(nodes) }
}

/** Everything that decides a statement's lineage: its text, and what is known of what it reads. */
function cacheKey(sql: string, node: Node, catalog: ProjectCatalog): string {
  const inputs = node.dependsOn.map((id) => catalog.of(id) ?? null)
  return hash('sha256', JSON.stringify([sql, inputs]))
}

/** A node that does not compile has columns as far as its YAML says, and says why no more is known. */
async function withoutThrowing(node: Node, work: () => Promise<NodeLineage>): Promise<NodeLineage> {
  try {
    return await work()
  } catch (thrown) {
    const errors = gmErrorsOf(thrown)
    if (errors === undefined) throw thrown
    return {
      ...declared(node, undefined),
      problems: errors.map(({ message, at }) => ({ message, ...(at !== undefined && { at }) })),
      reads: node.dependsOn,
    }
  }
}

/** Seeds have the columns of their file; sources those of the database, else those that are written down. */
function declared(node: Node, known: readonly CatalogColumn[] | undefined): NodeLineage {
  const columns =
    known ??
    (node.kind === 'seed'
      ? node.fields
      : [...node.columns.values()].map(({ name, data_type }) => ({ name, type: data_type })))
  const isComplete = known !== undefined || node.kind === 'seed'
  return {
    columns: columns.map(({ name, type }) => ({
      name,
      ...(type !== undefined && { type }),
      inputs: [],
    })),
    conditions: [],
    isComplete,
    problems: [],
  }
}

/** A statement's lineage as that of its node, with the places of its problems. */
function placed(
  node: Node,
  found: StatementColumns,
  lines: LineMap | undefined,
  added: readonly string[],
): NodeLineage {
  const isTest = node.kind === 'test'
  const noted = isTest ? found.problems : [...found.problems, ...found.openStars]
  const problems = noted.map(({ message, offset }): LineageProblem => {
    const at = offset === undefined ? undefined : lines?.locate(offset)
    return { message, at: at ?? node.at }
  })
  const { columns, conditions } = shapeOf(node, found)
  return {
    columns: [...columns, ...added.map((name) => ({ name, inputs: [] }))],
    conditions,
    isComplete: problems.length === 0 && (isTest || found.hasAllColumns),
    problems,
    reads: node.dependsOn,
  }
}

type Shape = Pick<NodeLineage, 'columns' | 'conditions'>

/** What a node makes of its query. */
function shapeOf(node: Node, query: Shape): Shape {
  if (node.kind === 'snapshot') return historyLineage(node, query)
  if (node.kind !== 'test') return query
  // A test is judged by its rows. Its columns count only where it computes its verdict from them.
  const counts = node.config.fail_calc === undefined || node.config.fail_calc === 'count(*)'
  const computed = counts ? [] : query.columns.flatMap(({ inputs }) => inputs)
  const decides = computed.map(
    (input): ColumnInput => ({ ...input, kind: 'condition', via: 'filter' }),
  )
  return { columns: [], conditions: distinctInputs([...query.conditions, ...decides]) }
}

/** Columns that queries name and nobody listed are columns all the same. */
function withMentioned(nodes: ReadonlyMap<NodeId, NodeLineage>): ReadonlyMap<NodeId, NodeLineage> {
  const missing = new Map<NodeId, Set<string>>()
  for (const { columns, conditions } of nodes.values()) {
    for (const { node, column } of [...columns.flatMap(({ inputs }) => inputs), ...conditions]) {
      const of = nodes.get(node)
      if (of === undefined || of.isComplete) continue
      if (of.columns.some(({ name }) => name === column)) continue
      missing.set(node, (missing.get(node) ?? new Set()).add(column))
    }
  }
  if (missing.size === 0) return nodes
  return new Map(
    [...nodes].map(([id, lineage]) => {
      const names = missing.get(id)
      if (names === undefined) return [id, lineage]
      const more = [...names].map((name) => ({ name, inputs: [] }))
      return [id, { ...lineage, columns: [...lineage.columns, ...more] }]
    }),
  )
}
