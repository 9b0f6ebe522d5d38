import { expect } from 'vitest'
import type { PlainProject } from '../testing/plain-project.ts'
import { plainProject } from '../testing/plain-project.ts'
import { test } from '../testing/run-fixture.ts'

const TABLE = `create schema raw;
create table raw.sales (id int, shop text, amount int, _gm_xid xid8 not null default pg_current_xact_id());
insert into raw.sales values (1, 'a', 1), (2, 'b', 2)`

/** Sums by shop, computed again for those that are found through the given columns of what was deleted or changed. */
function sums(keys: readonly string[], logged = true): PlainProject {
  return plainProject({
    sales: { kind: 'source', schema: 'raw', config: logged ? { log_keys: true } : {} },
    sums: {
      config: { materialized: 'incremental', unique_key: ['shop'] },
      changes: ['sales'],
      keys: { sales: [keys] },
      sql: ({ ref, changedKeys, recompute, isIncremental }) => {
        const shops = (): string =>
          keys.includes('shop')
            ? `select shop from ${changedKeys('sales', keys)} as k`
            : `select shop from ${ref('sales')} where id in (select id from ${changedKeys('sales', keys)} as k)`
        return `select shop, sum(10 / amount)::int as total from ${ref('sales')}
          ${isIncremental ? `where shop in (${recompute(['shop'], shops())})` : ''} group by shop`
      },
    },
  })
}

test('a key column that is not there is an error of the model, and nobody who writes the table meets it', async ({
  run,
  sql,
}) => {
  await sql(TABLE)
  expect((await run(sums(['idd']))).steps['sums']).toContain(
    'changed_keys() follows what "raw"."sales" does not have: column "idd" does not exist',
  )
  await sql('delete from raw.sales where id = 2')
  expect(
    await sql(
      `select tgname from pg_trigger where tgrelid = 'raw.sales'::regclass and tgname like '\\_gm%'`,
    ),
  ).toEqual([])
})

test('a followed column that is renamed stops nobody who writes the table, and who follows it is built anew', async ({
  run,
  sql,
}) => {
  await sql(TABLE)
  await run(sums(['shop']))
  await sql(`alter table raw.sales rename column shop to store`)
  await sql(`delete from raw.sales where id = 2; update raw.sales set store = 'c' where id = 1`)
  await sql(`alter table raw.sales rename column store to shop`)
  expect((await run(sums(['shop']))).steps['sums']).toMatch(/^build incremental: success/)
  expect(await sql('select shop, total from shop.sums')).toEqual([{ shop: 'c', total: 10 }])
})

test('no trigger is put on a source that does not allow it, also where the first build does not come to the call', async ({
  run,
  sql,
}) => {
  await sql(TABLE)
  await expect(run(sums(['shop'], false))).rejects.toMatchObject({ code: 'GM3009' })
  expect(
    await sql(
      `select tgname from pg_trigger where tgrelid = 'raw.sales'::regclass and tgname like '\\_gm%'`,
    ),
  ).toEqual([])
})

test('after a build with other keys that failed, what was deleted before it is not taken for read', async ({
  run,
  sql,
}) => {
  await sql(TABLE)
  await run(sums(['id']))
  await sql(`delete from raw.sales where shop = 'a'; insert into raw.sales values (3, 'b', 0)`)
  expect((await run(sums(['shop']))).steps['sums']).toContain('division by zero')
  await sql('update raw.sales set amount = 5, _gm_xid = pg_current_xact_id() where id = 3')
  expect((await run(sums(['shop']))).steps['sums']).toMatch(/^build incremental: success/)
  expect(await sql('select shop, total from shop.sums')).toEqual([{ shop: 'b', total: 7 }])
  // Nobody asks for the others any more, so they are not logged.
  expect(await sql('select columns from gm.key_readers')).toEqual([{ columns: '"shop"' }])
})

test('what was published together a hundred times can be published again', async ({ run, sql }) => {
  await sql(TABLE)
  const project = sums(['shop'])
  await run(project, { publish: 'atomic' })
  await sql(`update gm.relations set revision = 4611686018427387904`)
  for (let times = 0; times < 3; times++) {
    expect((await run(project, { publish: 'atomic' })).result.status).toBe('success')
  }
})

test('a write to one part of a landed table is noted of the whole table', async ({ run, sql }) => {
  await sql(`create schema raw;
    create table raw.events (id int, v int, _gm_xid xid8 not null default pg_current_xact_id()) partition by range (id);
    create table raw.events_1 partition of raw.events for values from (0) to (10);
    insert into raw.events values (1, 1), (2, 2);
    select gm.follow_landed(array['"raw"."events"'])`)
  const project = plainProject({
    events: { kind: 'source', schema: 'raw' },
    total: {
      config: { materialized: 'table' },
      inputs: ['events'],
      sql: ({ ref }) => `select sum(v)::int as total from ${ref('events')}`,
    },
  })
  const options = { reuse: 'all' } as const
  await run(project, options)
  expect((await run(project, options)).steps['total']).toBe('reuse: reused')
  for (const [change, total] of [
    ['update raw.events set v = 5 where id = 1', 7],
    ['delete from raw.events_1 where id = 2', 5],
  ] as const) {
    await sql(change)
    await run(project, options)
    expect(await sql('select total from shop.total'), change).toEqual([{ total }])
  }
})

test('a table that is built anew under one that is made batch by batch is published together with it', async ({
  run,
  sql,
}) => {
  await sql(`create schema raw;
    create table raw.sales (id int, at timestamptz, _gm_xid xid8 not null default pg_current_xact_id());
    insert into raw.sales values (1, '2026-01-01 12:00+00'), (2, '2026-01-02 12:00+00')`)
  const project = plainProject({
    sales: { kind: 'source', schema: 'raw', config: { log_keys: true } },
    staged: {
      config: { materialized: 'incremental', unique_key: ['id'], event_time: 'at' },
      changes: ['sales'],
      keys: { sales: [['id']] },
      sql: ({ ref, changedKeys, recompute, isIncremental }) =>
        `select id, at from ${ref('sales')}
         ${isIncremental ? `where id in (${recompute(['id'], `select id from ${changedKeys('sales', ['id'])} as k`)})` : ''}`,
    },
    daily: {
      config: {
        materialized: 'incremental',
        incremental_strategy: 'microbatch',
        event_time: 'at',
        batch_size: 'day',
        begin: '2026-01-01',
      },
      inputs: ['staged'],
      sql: ({ ref }) => `select id, at from ${ref('staged')} as s`,
    },
  })
  const options = { publish: 'atomic', now: new Date('2026-01-03T12:00:00Z') } as const
  expect((await run(project, options)).result.status).toBe('success')
  await sql(`truncate raw.sales; insert into raw.sales values (3, '2026-01-02 12:00+00')`)
  for (let times = 0; times < 2; times++) {
    const { result, steps } = await run(project, options)
    expect(result.status, JSON.stringify(steps)).toBe('success')
  }
  expect(await sql('select id from shop.staged')).toEqual([{ id: 3 }])
  expect(await sql('select id from shop.daily')).toEqual([{ id: 3 }])
})
