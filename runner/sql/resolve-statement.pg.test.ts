import { describe, expect } from 'vitest'
import { BODY_QUERIES, HARD_QUERIES, TABLES } from '../testing/hard-queries.ts'
import { test } from '../testing/sql-fixture.ts'
import { AGGREGATES, FUNCTION_COLUMNS, ROWS_OF_ONE_VALUE } from './built-in-functions.ts'
import type { DatabaseCatalog, DatabaseColumn } from './check-lineage.ts'
import { checkLineage, databaseCatalog } from './check-lineage.ts'
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
async function readCatalog(sql: Sql): Promise<DatabaseCatalog> {
  return databaseCatalog(
    await sql<DatabaseColumn>(`
      select c.oid::text, n.nspname as schema, c.relname as relation, a.attname as column, a.attnum::int as position,
        format_type(a.atttypid, null) as type
      from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
      where n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema' and a.attnum > 0 and not a.attisdropped
        and c.relkind in ('r', 'p', 'v', 'c')
      order by c.oid, a.attnum`),
  )
}

/** What PostgreSQL says of a query: a view, or the body of a function where a view is not allowed, rolled back. */
async function askPostgres(
  sql: Sql,
  text: string,
  attributes: Attributes,
  inBody = false,
): Promise<TreeResult> {
  const query = nodesIn(parseNodeTree(await treeOf(sql, text, inBody))).find((one) => isNode(one))
  if (query === undefined) throw new Error('no query in the tree')
  return treeLineage(query, attributes)
}

async function treeOf(sql: Sql, text: string, inBody: boolean): Promise<string> {
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
    return row?.tree ?? ''
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

describe('checkLineage', () => {
  test('says nothing of what both sides see alike, and names column and place where they do not', async ({
    sql,
  }) => {
    await sql('create schema s; create table s.t (a int, gone int, b text, c text)')
    await sql('alter table s.t drop column gone')
    const known = await readCatalog(sql)
    const parse = await loadSqlParser()
    const text = 'select a, upper(b) as "say b" from s.t where c is not null'
    const tree = await treeOf(sql, text, true)
    expect(checkLineage(text, tree, parse, known)).toEqual([])

    const other = 'select a, upper(c) as "say b", 1 as more from s.t'
    expect(checkLineage(other, tree, parse, known)).toEqual([
      { message: 'say b: only PostgreSQL has s.t.b value', offset: 10 },
      { message: 'say b: only gm has s.t.c value', offset: 10 },
      { message: 'only gm has column more', offset: 31 },
      { message: 'its rows: only PostgreSQL has s.t.c condition filter' },
    ])
  })

  test('reads a tree of joins of joins and of queries that are used twice in no time', async ({
    sql,
  }) => {
    await sql('create schema s; create table s.t (id int, a int, b int, c int)')
    const known = await readCatalog(sql)
    const parse = await loadSqlParser()
    const joins = Array.from({ length: 12 }, (_, i) => `left join s.t as t${i} using (id)`)
    const ctes = Array.from(
      { length: 18 },
      (_, i) =>
        `q${i + 1} as (select l.id, l.n + r.n as n from q${i} as l join q${i} as r using (id))`,
    )
    const text = `with q0 as (select id, t3.a as n from s.t ${joins.join(' ')}), ${ctes.join(', ')}
      select n from q18`
    const tree = await treeOf(sql, text, true)
    expect(checkLineage(text, tree, parse, known)).toEqual([])
  })
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
