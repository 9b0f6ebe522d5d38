import { expect } from 'vitest'
import { createPostgresAdapter } from '../engine/postgres/postgres-adapter.ts'
import type { NodeConfig } from '../manifest/node.ts'
import type { PlainProject } from '../testing/plain-project.ts'
import { plainProject, requestOf } from '../testing/plain-project.ts'
import { test } from '../testing/run-fixture.ts'
import { runProject } from './run-project.ts'

/** Nobody reads before where such a function ends, and with it whether a commit comes behind it. */
const UNREAD = `create or replace function shop.one() returns int begin atomic select 1; end; commit; insert into shop.said values ('behind')`

const LEFT = `select relname from pg_class where relnamespace = 'shop'::regnamespace and relname <> 'said'
  union all select relation from gm.pending union all select what from shop.said`

function one(config: Partial<NodeConfig>): PlainProject {
  return plainProject({
    made: { config: { materialized: 'table', ...config }, sql: () => 'select 1 as id' },
  })
}

test.for<readonly [string, Partial<NodeConfig>]>([
  [
    'a pre_hook',
    { pre_hook: [{ sql: `insert into shop.said values ('a'); commit`, transaction: true }] },
  ],
  ['a post_hook', { post_hook: [{ sql: 'rollback; select 1', transaction: true }] }],
  ['sql_header', { sql_header: 'begin; select 1' }],
])(
  '%s that begins or ends a transaction is refused before anything is written',
  async ([what, config], { run, sql }) => {
    await sql('create schema shop; create table shop.said (what text)')
    await expect(run(one(config))).rejects.toThrow(
      new RegExp(`^${what} of "made" says "(commit|rollback|begin)"`),
    )
    expect(await sql(LEFT)).toEqual([])
  },
)

test('of hooks of a run, one that commits is refused, and nothing is built', async ({
  connection,
  run,
  sql,
}) => {
  await sql('create schema shop; create table shop.said (what text)')
  await run(plainProject({}))
  const hook = {
    name: 'on-run-start',
    at: { file: 'project.yml', line: 3, column: 5 },
    render: () => `insert into shop.said values ('a'); commit; select 1`,
  }
  const adapter = createPostgresAdapter(connection)
  try {
    const request = { ...requestOf(one({}), adapter, {}), onRunStart: [hook] }
    await expect(runProject(request)).rejects.toThrow(/^on-run-start says "commit"/)
  } finally {
    await adapter.close()
  }
  expect(await sql(LEFT)).toEqual([])
})

test('a commit that cannot be read before fails its step where it ends the transaction, and leaves no table half made', async ({
  run,
  sql,
}) => {
  await sql('create schema shop; create table shop.said (what text)')
  const { steps } = await run(one({ pre_hook: [{ sql: UNREAD, transaction: true }] }))
  expect(steps['made']).toMatch(/the pre-hook has ended the transaction that it was sent in/)
  expect((await run(one({}))).steps['made']).toBe('build table: success +1')
})

test('a hook outside of transactions that leaves one open fails, and what it began is rolled back', async ({
  run,
  sql,
}) => {
  await sql('create schema shop; create table shop.said (what text)')
  const open = [{ sql: `begin; insert into shop.said values ('a')`, transaction: false }]
  const { steps } = await run(one({ pre_hook: open }))
  expect(steps['made']).toMatch(/the pre-hook leaves a transaction open/)
  expect(await sql(LEFT)).toEqual([])
  const closed = [{ sql: `begin; insert into shop.said values ('a'); commit`, transaction: false }]
  expect((await run(one({ pre_hook: closed }))).steps['made']).toBe('build table: success +1')
  expect(await sql('select what from shop.said')).toEqual([{ what: 'a' }])
})
