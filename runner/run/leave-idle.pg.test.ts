import { expect } from 'vitest'
import type { NodeConfig } from '../manifest/node.ts'
import type { PlainProject } from '../testing/plain-project.ts'
import { plainProject } from '../testing/plain-project.ts'
import { test } from '../testing/run-fixture.ts'

const LANDED = `create schema raw;
create table raw.events (id int, v int, _gm_xid xid8 not null default pg_current_xact_id());
create index on raw.events (_gm_xid);
insert into raw.events values (1, 1), (2, 2)`

const ATOMIC = { publish: 'atomic', reuse: 'all' } as const

function increment(
  config: Partial<NodeConfig>,
  select: (events: string) => string = (events) => `select * from ${events} e`,
): PlainProject {
  return plainProject({
    events: { kind: 'source', schema: 'raw' },
    kept: {
      config: { materialized: 'incremental', unique_key: ['id'], ...config },
      changes: ['events'],
      sql: ({ changes }) => select(changes('events')),
    },
  })
}

test.for(['append_new_columns', 'sync_all_columns'] as const)(
  'a row that differs in a column that the table is yet to get is something new: on_schema_change %s',
  async (mode, { run, sql }) => {
    await sql(LANDED)
    const project = increment({ on_schema_change: mode })
    await run(project, ATOMIC)
    await sql(`alter table raw.events add column w int;
      update raw.events set w = 7, _gm_xid = default where id = 1`)
    expect((await run(project, ATOMIC)).steps).toEqual({ kept: 'add rows: success +0 ~1' })
    expect(await sql('select id, v, w from shop.kept order by id')).toEqual([
      { id: 1, v: 1, w: 7 },
      { id: 2, v: 2, w: null },
    ])
  },
)

test('what would fail without a row as well is not passed over: columns that on_schema_change forbids', async ({
  run,
  sql,
}) => {
  await sql(LANDED)
  const project = increment({ on_schema_change: 'fail' })
  await run(project, ATOMIC)
  await sql('alter table raw.events add column w int')
  const touched = `update raw.events set v = v, _gm_xid = default where id = 1`
  await sql(touched)
  expect((await run(project, ATOMIC)).steps['kept']).toContain('the query gains "w" integer')
})

test('an index that the configuration has no more goes, though the code is that of the full build again', async ({
  run,
  sql,
}) => {
  await sql(LANDED)
  const indexed = `select indexname from pg_indexes where schemaname = 'shop' and indexdef like '%(v)'`
  await run(increment({}), ATOMIC)
  await run(increment({ indexes: [{ columns: ['v'] }] }), ATOMIC)
  expect(await sql(indexed)).toHaveLength(1)
  await run(increment({}), ATOMIC)
  expect(await sql(indexed)).toEqual([])
})

test('a function that writes is called once for each row, and not to find out whether there are any', async ({
  run,
  sql,
}) => {
  await sql(`${LANDED}; create table public.calls (id int);
    create function public.note(id int) returns int language sql volatile
    as 'insert into public.calls values (id) returning id'`)
  const project = increment(
    {},
    (events) =>
      `select * from (select public.note(id) as id, v from ${events} e offset 0) n where id > 0`,
  )
  await run(project, ATOMIC)
  await sql('insert into raw.events values (3, 3)')
  await run(project, ATOMIC)
  expect(await sql('select id from public.calls order by id')).toEqual([
    { id: 1 },
    { id: 2 },
    { id: 3 },
  ])
})

test('an input that was rebuilt under a table with full_refresh: false is read again once, also where it has nothing new', async ({
  run,
  sql,
}) => {
  await sql(LANDED)
  const project = plainProject({
    events: { kind: 'source', schema: 'raw' },
    added: {
      config: { materialized: 'incremental', unique_key: ['id'] },
      changes: ['events'],
      sql: ({ changes }) => `select id, v from ${changes('events')} e`,
    },
    kept: {
      config: { materialized: 'incremental', unique_key: ['id'], full_refresh: false },
      changes: ['added'],
      sql: ({ changes }) => `select id, v from ${changes('added')} a`,
    },
  })
  await run(project, ATOMIC)
  await run(project, { select: ['added'], fullRefresh: true })
  expect((await run(project, ATOMIC)).steps['kept']).toBe('add rows: success +0 ~0')
  const again = await run(project, ATOMIC)
  expect(again.result.steps.map(({ reason }) => reason)).toEqual([
    'nothing that it depends on has changed',
    'nothing that it depends on has changed',
  ])
})

test('what was found to change nothing is read, and not looked at again', async ({ run, sql }) => {
  await sql(LANDED)
  const project = increment({}, (events) => `select * from ${events} e where v < 10`)
  await run(project, ATOMIC)
  const backlog = `select count(*)::int as rows from raw.events e, gm.marks m
    where m.relation = '"shop"."kept"' and not pg_visible_in_snapshot(e._gm_xid, m.mark)`
  await sql('insert into raw.events values (3, 30)')
  expect(await sql(backlog)).toEqual([{ rows: 1 }])
  expect((await run(project, ATOMIC)).steps).toEqual({ kept: 'reuse: reused' })
  expect(await sql(backlog)).toEqual([{ rows: 0 }])
  await sql('insert into raw.events values (4, 4)')
  expect((await run(project, ATOMIC)).steps).toEqual({ kept: 'add rows: success +1 ~0' })
})

test('rows that come while a step is found to be idle are its next ones', async ({ run, sql }) => {
  await sql(`${LANDED}; create table public.other (id int)`)
  const project = increment(
    {},
    (events) => `select * from ${events} e where v < 10 and (select pg_sleep(0.4)) is not null`,
  )
  await run(project, ATOMIC)
  await sql('insert into raw.events values (3, 30)')
  const running = run(project, ATOMIC)
  await sql(`select pg_sleep(0.3); insert into raw.events values (4, 4)`)
  await running
  await run(project, ATOMIC)
  expect(await sql('select id from shop.kept order by id')).toEqual([
    { id: 1 },
    { id: 2 },
    { id: 4 },
  ])
})
