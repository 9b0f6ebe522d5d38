import { describe, expect } from 'vitest'
import { BODY_QUERIES, HARD_QUERIES, TABLES } from '../testing/hard-queries.ts'
import { test } from '../testing/sql-fixture.ts'
import { AGGREGATES, FUNCTION_COLUMNS, ROWS_OF_ONE_VALUE } from './built-in-functions.ts'
import type { Catalog } from './catalog.ts'
import type { Contributions } from './contribution.ts'
import { isNode, nodesIn, parseNodeTree } from './node-tree.ts'
import { isSyntaxError, loadSqlParser } from './parse-sql.ts'
import { resolveStatement } from './resolve-statement.ts'
import type { Attributes, TreeResult } from './tree-lineage.ts'
import { treeLineage } from './tree-lineage.ts'

type Sql = <Row extends object = Record<string, unknown>>(
  text: string,
  binds?: readonly unknown[],
) => Promise<Row[]>

/** The relations of a database as both sides see them. */
async function readCatalog(sql: Sql): Promise<{ catalog: Catalog; attributes: Attributes }> {
  const rows = await sql<{
    oid: string
    schema: string
    name: string
    column: string
    n: number
    type: string
    kind: string
  }>(`
    select c.oid::text, n.nspname as schema, c.relname as name, a.attname as column, a.attnum::int as n,
      format_type(a.atttypid, null) as type, c.relkind as kind
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
    where n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema' and a.attnum > 0 and not a.attisdropped
      and c.relkind in ('r', 'p', 'v', 'c')
    order by c.oid, a.attnum`)
  const relations = new Map<
    string,
    { key: string; columns: { name: string; type: string }[]; isComplete: true }
  >()
  const attributes = new Map<string, { name: string; columns: Map<string, string> }>()
  for (const { oid, schema, name, column, n, type } of rows) {
    const key = `${schema}.${name}`
    const relation = relations.get(key) ?? { key, columns: [], isComplete: true }
    relation.columns.push({ name: column, type })
    relations.set(key, relation)
    const of = attributes.get(oid) ?? { name: key, columns: new Map<string, string>() }
    of.columns.set(String(n), column)
    attributes.set(oid, of)
  }
  const relation: Catalog['relation'] = (schema, name) =>
    schema === undefined ? undefined : relations.get(`${schema}.${name}`)
  return { catalog: { relation }, attributes }
}

/** What PostgreSQL says of a query: a view, or the body of a function where a view is not allowed, rolled back. */
async function askPostgres(
  sql: Sql,
  text: string,
  attributes: Attributes,
  inBody = false,
): Promise<TreeResult> {
  await sql('begin')
  try {
    if (inBody) {
      await sql(`create function s.asked() returns setof record begin atomic ${text}; end`)
    } else await sql(`create view s.asked as ${text}`)
    const [row] = await sql<{ tree: string }>(
      inBody
        ? `select prosqlbody::text as tree from pg_proc where proname = 'asked'`
        : `select ev_action::text as tree from pg_rewrite where ev_class = 's.asked'::regclass`,
    )
    const query = nodesIn(parseNodeTree(row?.tree ?? '')).find((one) => isNode(one))
    if (query === undefined) throw new Error('no query in the tree')
    return treeLineage(query, attributes)
  } finally {
    await sql('rollback')
  }
}

const sorted = (from: Contributions): string[] =>
  from
    .map(
      ({ relation, column, kind, via }) =>
        `${relation}.${column} ${kind}${via === undefined ? '' : ` ${via}`}`,
    )
    .sort()

describe('resolveStatement', () => {
  for (const [queries, inBody] of [
    [HARD_QUERIES, false],
    [BODY_QUERIES, true],
  ] as const) {
    test(`what feeds each column of ${inBody ? "a function's body" : 'a view'} equals what PostgreSQL's own tree says`, async ({
      sql,
    }) => {
      await sql(TABLES)
      const { catalog, attributes } = await readCatalog(sql)
      const parse = await loadSqlParser()
      for (const [what, text] of Object.entries(queries)) {
        const expected = await askPostgres(sql, text, attributes, inBody)
        const parsed = parse(text)
        if (isSyntaxError(parsed)) throw new Error(`${what}: ${parsed.message}`)
        const found = resolveStatement(parsed, catalog)
        expect
          .soft(
            {
              columns: found.columns.map(({ name, from }) => [name, ...sorted(from)]),
              conditions: sorted(found.conditions),
              problems: [...found.problems, ...found.openStars],
            },
            `${what}: ${text}`,
          )
          .toEqual({
            columns: expected.columns.map(({ name, from }) => [name, ...[...from].sort()]),
            conditions: [...expected.conditions].sort(),
            problems: [],
          })
      }
    })
  }
})

describe("what is known of PostgreSQL's functions", () => {
  test('equals pg_proc', async ({ sql }) => {
    const aggregates = await sql<{ name: string }>(
      `select distinct proname as name from pg_proc where prokind = 'a'`,
    )
    expect([...AGGREGATES].sort()).toEqual(aggregates.map(({ name }) => name).sort())

    const columns = await sql<{ name: string; columns: string[] }>(
      `select distinct proname as name, proargnames[array_length(proargnames, 1) - (select count(*) from unnest(proargmodes) m where m in ('o', 't')) + 1:] as columns
       from pg_proc where proargmodes is not null and proname = any ($1)`,
      [[...FUNCTION_COLUMNS.keys()]],
    )
    expect(new Map(columns.map(({ name, columns: of }) => [name, of]))).toEqual(
      new Map(FUNCTION_COLUMNS),
    )

    const values = await sql<{ name: string }>(
      `select distinct proname as name from pg_proc where proretset and proargmodes is null and proname = any ($1)`,
      [[...ROWS_OF_ONE_VALUE]],
    )
    expect(values.map(({ name }) => name).sort()).toEqual([...ROWS_OF_ONE_VALUE].sort())
  })
})
