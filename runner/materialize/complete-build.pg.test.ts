import { expect } from 'vitest'
import type { NodeConfig } from '../manifest/node.ts'
import type { PlainProject } from '../testing/plain-project.ts'
import { plainProject } from '../testing/plain-project.ts'
import { test } from '../testing/run-fixture.ts'

const LOG = `create schema audit;
create table audit.log (id int generated always as identity, what text, xid xid8 default pg_current_xact_id())`

function inside(sql: string): { readonly sql: string; readonly transaction: boolean } {
  return { sql, transaction: true }
}

function one(config: Partial<NodeConfig>, sql = 'select 1 as id'): PlainProject {
  return plainProject({ made: { config, sql: () => sql } })
}

test.for(['view', 'table', 'incremental', 'materialized_view'] as const)(
  'hooks of a %s run around its build: the first in its transaction, the last in that which publishes it',
  async (materialized, { run, sql }) => {
    await sql(LOG)
    const project = one({
      materialized,
      pre_hook: [
        inside(
          `insert into audit.log (what) values ('first'); insert into audit.log (what) values ('second')`,
        ),
        { sql: 'vacuum audit.log', transaction: false },
      ],
      post_hook: [
        inside(`insert into audit.log (what) select 'rows ' || count(*) from {{ this }}`),
      ],
    })
    for (const look of [1, 2]) {
      const { steps } = await run(project)
      expect(steps['made'], `run ${look}`).toContain('success')
    }
    const rows = await sql<{ what: string }>('select what from audit.log order by id')
    const grown = materialized === 'incremental' ? 'rows 2' : 'rows 1'
    expect(rows.map(({ what }) => what)).toEqual([
      'first',
      'second',
      'rows 1',
      'first',
      'second',
      grown,
    ])
  },
)

test('a hook that names what is not there fails its step at once, and nothing is tried again', async ({
  run,
  sql,
}) => {
  await sql('create sequence tries')
  const broken = one({
    materialized: 'table',
    post_hook: [inside(`select nextval('tries')`), inside('select nothing from nowhere')],
  })
  expect((await run(broken)).steps['made']).toContain('relation "nowhere" does not exist')
  expect(await sql('select last_value::int as n from tries')).toEqual([{ n: 1 }])
})

test('a hook that fails leaves what was there, and the error says which', async ({ run, sql }) => {
  await run(one({ materialized: 'table' }))
  const broken = one(
    { materialized: 'table', post_hook: [inside('select nothing from nowhere')] },
    'select 2 as id',
  )
  expect((await run(broken)).steps['made']).toContain('relation "nowhere" does not exist')
  expect(await sql('select * from shop.made')).toEqual([{ id: 1 }])
})

test.for(['model', 'atomic'] as const)(
  'a view of the project reads a column that a post-hook adds, however often the table is built: publish %s',
  async (publish, { run, sql }) => {
    const project = plainProject({
      made: {
        config: {
          materialized: 'table',
          post_hook: [
            inside(
              'alter table {{ this }} add column twice int; update {{ this }} set twice = id * 2',
            ),
          ],
        },
        sql: () => 'select 1 as id',
      },
      read: { inputs: ['made'], sql: ({ ref }) => `select twice from ${ref('made')}` },
    })
    for (const select of [['made', 'read'], ['made', 'read'], ['made']]) {
      const { steps } = await run(project, { publish, select })
      expect(Object.values(steps).filter((step) => !step.includes('success'))).toEqual([])
      expect(await sql('select twice from shop.read')).toEqual([{ twice: 2 }])
    }
  },
)

test('sql_header is sent in front of the build, in its transaction', async ({ run, sql }) => {
  const project = one(
    { materialized: 'table', sql_header: `set local timezone = 'Asia/Tokyo'` },
    `select current_setting('timezone') as zone`,
  )
  await run(project)
  expect(await sql('select zone from shop.made')).toEqual([{ zone: 'Asia/Tokyo' }])
})

test.for(['view', 'table', 'incremental'] as const)(
  'grants are the privileges of a %s, no more and no less; without the key they stay as they are',
  async (materialized, { run, sql }) => {
    const [reader, writer] = [`reader_${process.pid}`, `writer_${process.pid}`]
    await sql(`create role ${reader}; create role ${writer}`)
    const held = async (): Promise<string[]> => {
      const rows = await sql<{ held: string }>(
        `select x.privilege_type || ' ' || case when x.grantee = 0 then 'public' else pg_get_userbyid(x.grantee)::text end as held
         from pg_class c, aclexplode(c.relacl) x where c.oid = 'shop.made'::regclass and x.grantee <> c.relowner order by 1`,
      )
      return rows.map((row) => row.held)
    }
    try {
      await run(one({ materialized, grants: { select: [reader, 'public'], insert: [writer] } }))
      expect(await held()).toEqual([`INSERT ${writer}`, 'SELECT public', `SELECT ${reader}`])
      await sql(`grant delete on shop.made to ${writer}`)
      await run(one({ materialized, grants: { select: [writer] } }))
      expect(await held()).toEqual([`SELECT ${writer}`])
      await run(one({ materialized }))
      expect(await held()).toEqual([`SELECT ${writer}`])
      await run(one({ materialized, grants: { select: [] } }))
      expect(await held()).toEqual([])
    } finally {
      await sql(`drop owned by ${reader}, ${writer}; drop role ${reader}, ${writer}`)
    }
  },
)

const COMMENTS = `select obj_description('shop.made'::regclass) as made, col_description('shop.made'::regclass, 1) as id`

test.for(['view', 'table', 'incremental', 'materialized_view'] as const)(
  'persist_docs writes the descriptions of a %s and its columns; columns that it lacks are passed over',
  async (materialized, { run, sql }) => {
    const described = (text: string): PlainProject => {
      const { manifest, compile } = one({
        materialized,
        persist_docs: { relation: true, columns: true },
      })
      const nodes = new Map(
        [...manifest.nodes].map(([id, node]) => {
          const column = (name: string) => ({ name, description: text, meta: {}, tags: [] })
          const columns = new Map(['ID', 'other'].map((name) => [name, column(name)]))
          return [id, { ...node, description: text, columns }]
        }),
      )
      return { manifest: { ...manifest, nodes }, compile }
    }
    for (const text of [`It's $$ "one"`, 'Another.']) {
      expect((await run(described(text))).steps['made']).toContain('success')
      expect(await sql(COMMENTS)).toEqual([{ made: text, id: text }])
    }
  },
)

test('a materialized view is refreshed beside its readers when it has a unique index, and made anew when its query changes', async ({
  run,
  sql,
}) => {
  await sql(
    'create schema raw; create table raw.events (id int); insert into raw.events values (1)',
  )
  const made = (query: string, indexes: NodeConfig['indexes'], config: Partial<NodeConfig> = {}) =>
    plainProject({
      made: {
        config: { materialized: 'materialized_view', indexes, ...config },
        sql: () => query,
      },
      read: {
        config: { materialized: 'view' },
        inputs: ['made'],
        sql: ({ ref }) => `select * from ${ref('made')}`,
      },
    })
  const unique = [{ columns: ['id'], unique: true }]
  const query = 'select id from raw.events'
  expect((await run(made(query, []))).steps['made']).toBe('build materialized view: success +1')
  await sql('insert into raw.events values (2)')
  expect((await run(made(query, []))).steps['made']).toBe('build materialized view: success +2')
  expect((await run(made(query, unique))).steps['made']).toBe('build materialized view: success +2')
  await sql('insert into raw.events values (3)')
  expect((await run(made(query, unique))).steps['made']).toBe('refresh materialized view: success')
  expect(await sql('select count(*)::int as n from shop.read')).toEqual([{ n: 3 }])
  const hashed = [...unique, { columns: ['id'], type: 'hash' }]
  expect((await run(made(query, hashed))).steps['made']).toBe('refresh materialized view: success')
  expect(await sql(`select indexname from pg_indexes where tablename = 'made' order by 1`)).toEqual(
    [{ indexname: 'made_id_hash_idx' }, { indexname: 'made_id_key' }],
  )
  await expect(run(made(query, unique, { on_configuration_change: 'fail' }))).rejects.toThrow(
    'the indexes of the materialized view "made" changed',
  )
  await run(made(query, unique, { on_configuration_change: 'continue' }))
  expect(await sql(`select count(*)::int as n from pg_indexes where tablename = 'made'`)).toEqual([
    { n: 2 },
  ])
})

test('a table under a materialized view of the project is swapped, and the view has its rows and indexes at once', async ({
  run,
  sql,
}) => {
  const project = (rows: number): PlainProject =>
    plainProject({
      base: {
        config: { materialized: 'table' },
        sql: () => `select generate_series(1, ${rows}) as id`,
      },
      made: {
        config: { materialized: 'materialized_view', indexes: [{ columns: ['id'], unique: true }] },
        inputs: ['base'],
        sql: ({ ref }) => `select id from ${ref('base')}`,
      },
    })
  await run(project(1))
  expect((await run(project(2), { select: ['base'] })).steps).toEqual({
    base: 'build table: success +2',
  })
  expect(await sql('select count(*)::int as n from shop.made')).toEqual([{ n: 2 }])
  expect(await sql(`select indexname from pg_indexes where tablename = 'made'`)).toEqual([
    { indexname: 'made_id_key' },
  ])
})

test('an index that the configuration has beside the one that gm makes of the key, and two kinds on one column, all come to be', async ({
  run,
  sql,
}) => {
  const project = plainProject({
    kept: {
      config: {
        materialized: 'incremental',
        incremental_strategy: 'merge',
        unique_key: ['id'],
        indexes: [
          { columns: ['id'], unique: true },
          { columns: ['word'] },
          { columns: ['word'], type: 'hash' },
        ],
      },
      sql: () => `select 1 as id, 'a'::text as word`,
    },
  })
  expect((await run(project)).steps['kept']).toBe('build incremental: success +1')
  expect(
    await sql(
      `select indexname from pg_indexes where tablename = 'kept' and indexname !~ 'xid' order by 1`,
    ),
  ).toEqual([
    { indexname: 'kept_id_key' },
    { indexname: 'kept_word_hash_idx' },
    { indexname: 'kept_word_idx' },
  ])
})
