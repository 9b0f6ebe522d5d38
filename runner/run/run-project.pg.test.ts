import pg from 'pg'
import { expect } from 'vitest'
import { createPostgresAdapter } from '../engine/postgres/postgres-adapter.ts'
import type { PlainProject, RunOptions } from '../testing/plain-project.ts'
import { plainProject, planPlain, runPlain } from '../testing/plain-project.ts'
import { createLedger, test as withDatabase } from '../testing/sql-fixture.ts'
import type { RunResult } from './event.ts'

interface Fixture {
  /** Runs a project on the test's database with an adapter of its own; fails on a failed node unless told. */
  run: (project: PlainProject, options?: RunOptions) => Promise<RunResult>
}

const test = withDatabase.extend<Fixture>({
  run: async ({ connection, sql }, use) => {
    await createLedger(sql)
    await use(async (project, options) => {
      const adapter = createPostgresAdapter(connection)
      try {
        return await runPlain(project, adapter, options)
      } finally {
        await adapter.close()
      }
    })
  },
})

const LANDED = `create schema raw;
create table raw.events (id int, k text, v int, _gm_xid xid8 not null default pg_current_xact_id());
create index on raw.events (_gm_xid)`

const COPY_EVENTS = {
  events: { kind: 'source', schema: 'raw' },
  copied: {
    config: { materialized: 'incremental', unique_key: ['id'] },
    changes: ['events'],
    sql: ({ changes }: { changes: (name: string) => string }) =>
      `select id, k, v from ${changes('events')} e`,
  },
} as const

function statuses(result: RunResult): Record<string, string> {
  return Object.fromEntries(
    result.steps.map((step) => [
      step.id.split('.')[2] ?? step.id,
      step.error === undefined ? `${step.action}: ${step.status}` : String(step.error),
    ]),
  )
}

test('a table, a view on it and a table on that are built, and built again without a moment in which one is missing', async ({
  run,
  sql,
}) => {
  const project = plainProject({
    numbers: { config: { materialized: 'table' }, sql: () => 'select generate_series(1, 3) as n' },
    doubled: {
      config: { materialized: 'view' },
      inputs: ['numbers'],
      sql: ({ ref }) => `select n * 2 as d from ${ref('numbers')}`,
    },
    summed: {
      config: { materialized: 'table' },
      inputs: ['doubled'],
      sql: ({ ref }) => `select sum(d) as total from ${ref('doubled')}`,
    },
  })
  expect(statuses(await run(project))).toEqual({
    numbers: 'build table: success',
    doubled: 'create view: success',
    summed: 'build table: success',
  })
  expect(await sql('select total::int as total from shop.summed')).toEqual([{ total: 12 }])
  expect((await run(project)).status).toBe('success')
  expect(await sql('select total::int as total from shop.summed')).toEqual([{ total: 12 }])
  const leavings = await sql(`select relname from pg_class where relname like '%gm_new%'`)
  expect(leavings).toEqual([])
})

test('a rebuilt table that is not selected with its view takes the view along, with its grants and comment', async ({
  run,
  sql,
}) => {
  const project = plainProject({
    numbers: { config: { materialized: 'table' }, sql: () => 'select 1 as n' },
    shown: {
      config: { materialized: 'view' },
      inputs: ['numbers'],
      sql: ({ ref }) => `select n from ${ref('numbers')}`,
    },
    shown_again: {
      config: { materialized: 'view' },
      inputs: ['shown'],
      sql: ({ ref }) => `select n from ${ref('shown')}`,
    },
  })
  await run(project)
  await sql(
    `grant select on shop.shown_again to public; comment on view shop.shown is 'for people'`,
  )
  const result = await run(project, { select: ['numbers'] })
  expect(statuses(result)).toEqual({ numbers: 'build table: success' })
  expect(await sql('select n from shop.shown_again')).toEqual([{ n: 1 }])
  const [facts] = await sql(`select obj_description('shop.shown'::regclass) as comment,
    has_table_privilege('public', 'shop.shown_again', 'select') as granted`)
  expect(facts).toEqual({ comment: 'for people', granted: true })
})

test('a view of somebody else makes the rebuild refuse with its name, and both stay as they were', async ({
  run,
  sql,
}) => {
  const project = plainProject({
    numbers: { config: { materialized: 'table' }, sql: () => 'select 1 as n' },
  })
  await run(project)
  await sql('create schema bi; create view bi.report as select n from shop.numbers')
  await expect(run(project)).rejects.toMatchObject({
    code: 'GM4008',
    message: expect.stringContaining('"bi"."report"') as string,
  })
  expect(await sql('select n from bi.report')).toEqual([{ n: 1 }])
})

test('a view whose column changes its type is made again together with the view that reads it', async ({
  run,
  sql,
}) => {
  const project = (type: string): PlainProject =>
    plainProject({
      base: { config: { materialized: 'view' }, sql: () => `select 1::${type} as n` },
      top: {
        config: { materialized: 'view' },
        inputs: ['base'],
        sql: ({ ref }) => `select n from ${ref('base')}`,
      },
    })
  await run(project('int'))
  const result = await run(project('text'))
  expect(statuses(result)).toEqual({ base: 'create view: success', top: 'create view: success' })
  expect(await sql('select pg_typeof(n)::text as type from shop.top')).toEqual([{ type: 'text' }])
})

test('an incremental model reads new and changed rows only, and running again writes nothing', async ({
  run,
  sql,
}) => {
  await sql(LANDED)
  await sql(`insert into raw.events values (1, 'a', 10), (2, 'b', 20)`)
  const project = plainProject(COPY_EVENTS)
  const first = await run(project)
  expect(first.steps[0]).toMatchObject({
    action: 'build incremental',
    counts: { extracted: 2, inserted: 2 },
  })
  await sql(`insert into raw.events values (3, 'c', 30)`)
  await sql(`insert into raw.events values (1, 'a', 11)`)
  const second = await run(project)
  expect(second.steps[0]).toMatchObject({
    action: 'add rows',
    counts: { extracted: 2, inserted: 1, updated: 1 },
  })
  expect(await sql('select id, v from shop.copied order by id')).toEqual([
    { id: 1, v: 11 },
    { id: 2, v: 20 },
    { id: 3, v: 30 },
  ])
  const third = await run(project)
  expect(third.steps[0]).toMatchObject({ counts: { extracted: 0, inserted: 0, updated: 0 } })
})

test('a row whose transaction commits after a later one was read is read by the next run', async ({
  run,
  sql,
  connection,
}) => {
  await sql(LANDED)
  const project = plainProject(COPY_EVENTS)
  await run(project)
  const { host, port, user, password, database } = connection
  const late = new pg.Client({ host, port, user, password, database })
  await late.connect()
  await late.query(`begin`)
  await late.query(`insert into raw.events values (1, 'late', 1)`)
  await sql(`insert into raw.events values (2, 'early', 2)`)
  await run(project)
  expect(await sql('select id from shop.copied order by id')).toEqual([{ id: 2 }])
  await late.query('commit')
  await late.end()
  await run(project)
  expect(await sql('select id from shop.copied order by id')).toEqual([{ id: 1 }, { id: 2 }])
})

test('a consumer rebuilds when another table stands behind the name of its input', async ({
  run,
  sql,
}) => {
  await sql(LANDED)
  await sql(`insert into raw.events values (1, 'a', 10)`)
  const project = plainProject(COPY_EVENTS)
  await run(project)
  await sql('drop table raw.events')
  await sql(LANDED.replace('create schema raw;', ''))
  await sql(`insert into raw.events values (7, 'g', 70)`)
  const result = await run(project)
  expect(result.steps[0]).toMatchObject({
    action: 'build incremental',
    reason: 'its input events was rebuilt',
  })
  expect(await sql('select id from shop.copied')).toEqual([{ id: 7 }])
})

test('a query that gives a key twice fails, names the rule, and leaves rows and mark as they were', async ({
  run,
  sql,
}) => {
  await sql(LANDED)
  await sql(`insert into raw.events values (1, 'a', 10)`)
  const project = plainProject(COPY_EVENTS)
  await run(project)
  await sql(`insert into raw.events values (5, 'x', 1), (5, 'y', 2)`)
  const failed = await run(project)
  expect(failed.status).toBe('failed')
  expect(failed.steps[0]?.error).toMatchObject({ code: 'GM4009' })
  await sql(`delete from raw.events where k = 'y'`)
  expect((await run(project)).steps[0]).toMatchObject({ counts: { inserted: 1 } })
})

test('delete+insert replaces every row of the keys that come anew', async ({ run, sql }) => {
  await sql(LANDED)
  await sql(`insert into raw.events values (1, 'a', 10), (2, 'a', 20), (3, 'b', 30)`)
  const project = plainProject({
    events: { kind: 'source', schema: 'raw' },
    latest: {
      config: {
        materialized: 'incremental',
        unique_key: ['k'],
        incremental_strategy: 'delete+insert',
      },
      changes: ['events'],
      inputs: ['events'],
      sql: ({ ref, changes }) =>
        `select id, k, v from ${ref('events')} where k in (select k from ${changes('events')} e)`,
    },
  })
  await run(project)
  await sql(`insert into raw.events values (9, 'a', 90)`)
  const result = await run(project)
  expect(result.steps[0]).toMatchObject({ counts: { deleted: 2, inserted: 3 } })
  expect(await sql('select id from shop.latest order by id')).toEqual(
    [1, 2, 3, 9].map((id) => ({ id })),
  )
})

test('what depends on a failed node is skipped and names it; what does not is built', async ({
  run,
}) => {
  const project = plainProject({
    broken: { config: { materialized: 'table' }, sql: () => 'select no_such_column' },
    below: {
      config: { materialized: 'table' },
      inputs: ['broken'],
      sql: ({ ref }) => `select * from ${ref('broken')}`,
    },
    aside: { config: { materialized: 'table' }, sql: () => 'select 1 as n' },
  })
  const result = await run(project)
  expect(result.steps.map(({ status, because }) => [status, because])).toEqual([
    ['error', undefined],
    ['skipped', 'model.shop.broken'],
    ['success', undefined],
  ])
})

test('a relation that gm did not make is not replaced unless a full refresh says so', async ({
  run,
  sql,
}) => {
  await sql('create schema shop; create table shop.numbers as select 42 as n')
  const project = plainProject({
    numbers: { config: { materialized: 'table' }, sql: () => 'select 1 as n' },
  })
  await expect(run(project)).rejects.toMatchObject({ code: 'GM4008' })
  expect(await sql('select n from shop.numbers')).toEqual([{ n: 42 }])
  await run(project, { fullRefresh: true })
  expect(await sql('select n from shop.numbers')).toEqual([{ n: 1 }])
})

test('planning shows every statement and changes nothing', async ({ connection, sql }) => {
  const adapter = createPostgresAdapter(connection)
  const project = plainProject({
    numbers: { config: { materialized: 'table' }, sql: () => 'select 1 as n' },
  })
  const plan = await planPlain(project, adapter).finally(() => adapter.close())
  expect(plan.steps.map(({ action, reason }) => ({ action, reason }))).toEqual([
    { action: 'build table', reason: 'first build' },
  ])
  expect(await sql(`select nspname from pg_namespace where nspname in ('gm', 'shop')`)).toEqual([])
})

test('a model that was incremental and becomes a table is refused, because its rows may be nowhere else; with a full refresh it is built', async ({
  run,
  sql,
}) => {
  const project = (materialized: 'incremental' | 'table'): PlainProject =>
    plainProject({ gathered: { config: { materialized }, sql: () => 'select 1 as n' } })
  await run(project('incremental'))
  await run(project('incremental'))
  await expect(run(project('table'))).rejects.toMatchObject({ code: 'GM4019' })
  expect(await sql('select count(*)::int as n from shop.gathered')).toEqual([{ n: 2 }])
  await run(project('table'), { fullRefresh: true })
  expect(await sql('select count(*)::int as n from shop.gathered')).toEqual([{ n: 1 }])
})
