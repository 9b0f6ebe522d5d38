import type { Catalog } from './catalog.ts'
import { isNode, nodesIn, parseNodeTree } from './node-tree.ts'
import type { ParseSql } from './parse-sql.ts'
import { isSyntaxError } from './parse-sql.ts'
import type { StatementLineage } from './resolve-statement.ts'
import { resolveStatement } from './resolve-statement.ts'
import type { Attributes, TreeResult } from './tree-lineage.ts'
import { treeLineage } from './tree-lineage.ts'

/** One column of a relation of the database. */
export interface DatabaseColumn {
  readonly oid: string
  readonly schema: string
  readonly relation: string
  readonly column: string
  /** pg_attribute.attnum. */
  readonly position: number
  readonly type: string
}

/** The relations of a database, as both sides of the comparison see them. */
export interface DatabaseCatalog {
  readonly catalog: Catalog
  readonly attributes: Attributes
}

export function databaseCatalog(
  columns: readonly DatabaseColumn[],
  aggregates: readonly string[] = [],
): DatabaseCatalog {
  const relations = new Map<string, { key: string; columns: { name: string; type: string }[] }>()
  const attributes = new Map<string, { name: string; columns: Map<string, string> }>()
  for (const { oid, schema, relation, column, position, type } of columns) {
    const key = `${schema}.${relation}`
    const known = relations.get(key) ?? { key, columns: [] }
    known.columns.push({ name: column, type })
    relations.set(key, known)
    const of = attributes.get(oid) ?? { name: key, columns: new Map<string, string>() }
    of.columns.set(String(position), column)
    attributes.set(oid, of)
  }
  const own = new Set(aggregates)
  return {
    attributes,
    catalog: {
      relation: (schema, name) => {
        const found = schema === undefined ? undefined : relations.get(`${schema}.${name}`)
        return found === undefined ? undefined : { ...found, isComplete: true }
      },
      isAggregate: (_schema, name) => own.has(name),
    },
  }
}

/** In what gm and PostgreSQL disagree about a statement. */
export interface LineageDifference {
  readonly message: string
  /** Code points from 0, where the text says it; absent for the rows as a whole. */
  readonly offset?: number
}

/**
 * Where the resolver and PostgreSQL disagree about a statement; nothing where they agree. A cast that changes no type
 * leaves no trace in the server's tree, so copied and computed count as one.
 * @param tree the server's analysed tree of the same SQL: pg_proc.prosqlbody or pg_rewrite.ev_action
 */
export function checkLineage(
  sql: string,
  tree: string,
  parse: ParseSql,
  { catalog, attributes }: DatabaseCatalog,
): readonly LineageDifference[] {
  const query = nodesIn(parseNodeTree(tree)).find((one) => isNode(one))
  const parsed = parse(sql)
  if (isSyntaxError(parsed)) return [{ message: parsed.message }]
  if (query === undefined) return [{ message: 'PostgreSQL gives no tree' }]
  const found = resolveStatement(parsed, catalog)
  const expected = treeLineage(query, attributes)
  return [
    ...[...found.problems, ...found.openStars].map(({ message, offset }) => ({
      message: `not resolved: ${message}`,
      ...(offset !== undefined && { offset }),
    })),
    ...columnDifferences(found, expected, (location) => parsed.offsetOf(location)),
    ...feedDifferences('its rows', found.conditions.map(written), [...expected.conditions]),
  ]
}

/** By position: a name may stand there twice. */
function columnDifferences(
  found: StatementLineage,
  expected: TreeResult,
  offsetOf: (location: number) => number,
): readonly LineageDifference[] {
  const count = Math.max(found.columns.length, expected.columns.length)
  return Array.from({ length: count }, (_, i) => i).flatMap((i) => {
    const [own, server] = [found.columns[i], expected.columns[i]]
    if (own === undefined) return [{ message: `only PostgreSQL has column ${server?.name ?? ''}` }]
    const at = own.location === undefined ? {} : { offset: offsetOf(own.location) }
    if (server === undefined) return [{ message: `only gm has column ${own.name}`, ...at }]
    const name =
      own.name === server.name
        ? []
        : [{ message: `PostgreSQL names column ${i + 1} ${server.name}, gm ${own.name}`, ...at }]
    const feeds = feedDifferences(own.name, own.from.map(written), [...server.from])
    return [...name, ...feeds.map((one) => ({ ...one, ...at }))]
  })
}

function feedDifferences(
  what: string,
  ours: readonly string[],
  theirs: readonly string[],
): readonly LineageDifference[] {
  const [own, server] = [alike(ours), alike(theirs)]
  const missing = [...server].filter((one) => !own.has(one))
  const extra = [...own].filter((one) => !server.has(one))
  return [
    ...missing.map((one) => ({ message: `${what}: only PostgreSQL has ${one}` })),
    ...extra.map((one) => ({ message: `${what}: only gm has ${one}` })),
  ]
}

function written(one: {
  readonly relation: string
  readonly column: string
  readonly kind: string
  readonly via?: string
}): string {
  return `${one.relation}.${one.column} ${one.kind}${one.via === undefined ? '' : ` ${one.via}`}`
}

function alike(feeds: readonly string[]): ReadonlySet<string> {
  return new Set(feeds.map((one) => one.replace(/ (copied|computed)$/, ' value')))
}
