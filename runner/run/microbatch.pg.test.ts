import { expect } from 'vitest'
import type { NodeConfig } from '../manifest/node.ts'
import type { Inputs, PlainProject } from '../testing/plain-project.ts'
import { plainProject } from '../testing/plain-project.ts'
import type { Ran } from '../testing/run-fixture.ts'
import { test } from '../testing/run-fixture.ts'

const DAILY: Partial<NodeConfig> = {
  materialized: 'incremental',
  incremental_strategy: 'microbatch',
  event_time: 'at',
  batch_size: 'day',
  begin: '2026-01-01',
}

/** Orders that land in a table which gm tracks, and a model made of them day by day. */
function orders(model: Partial<NodeConfig> = {}, sql?: (inputs: Inputs) => string): PlainProject {
  return plainProject({
    orders: { kind: 'source', schema: 'raw', config: { event_time: 'at' } },
    daily: {
      config: { ...DAILY, ...model },
      inputs: ['orders'],
      sql: sql ?? (({ ref }) => `select id, at, 100 / amount as share from ${ref('orders')} o`),
    },
  })
}

const RAW = `create schema raw;
create table raw.orders (
  id int, at timestamptz, amount int default 10, _gm_xid xid8 not null default pg_current_xact_id()
);
insert into raw.orders (id, at)
select n, '2026-01-01 12:00+00'::timestamptz + n * interval '1 day' from generate_series(0, 4) n`

const NOW = new Date('2026-01-05T15:00:00Z')
const LATER = new Date('2026-01-06T15:00:00Z')

/** By batch: its rows that were inserted and deleted, or its error's code. */
function batchesOf({ result }: Ran, name = 'daily'): Record<string, string> {
  const step = result.steps.find(({ id }) => id.endsWith(`.${name}`))
  return Object.fromEntries(
    (step?.batches ?? []).map(({ name: batch, counts, error }) => [
      batch,
      error === undefined ? `+${counts.inserted ?? 0} -${counts.deleted ?? 0}` : error.code,
    ]),
  )
}

test('the first run does every batch from begin to now, the next one only the newest and the one before', async ({
  run,
  sql,
}) => {
  await sql(RAW)
  const first = await run(orders(), { now: NOW })
  expect(first.steps).toEqual({ daily: 'build incremental: success +5 -0' })
  expect(Object.keys(batchesOf(first))).toEqual([
    '2026-01-01',
    '2026-01-02',
    '2026-01-03',
    '2026-01-04',
    '2026-01-05',
  ])
  const second = await run(orders(), { now: LATER })
  expect(batchesOf(second)).toEqual({ '2026-01-05': '+1 -1', '2026-01-06': '+0 -0' })
})

test('a row that comes late has its batch done again, however old it is, and no other row is touched', async ({
  run,
  sql,
}) => {
  await sql(RAW)
  await run(orders(), { now: NOW })
  const before = await sql('select ctid, xmin, id from shop.daily order by id')
  await sql(`insert into raw.orders (id, at) values (100, '2026-01-02 23:59:59.999999+00')`)
  const late = await run(orders({ lookback: 0 }), { now: NOW })
  expect(batchesOf(late)).toEqual({ '2026-01-02': '+2 -1', '2026-01-05': '+1 -1' })
  const after = await sql('select ctid, xmin, id from shop.daily where id <> 100 order by id')
  const isReplaced = (id: unknown): boolean => id === 1 || id === 4
  expect(after.filter(({ id }) => !isReplaced(id))).toEqual(
    before.filter(({ id }) => !isReplaced(id)),
  )
})

test('a batch that fails leaves the others; the run is a partial success, and the next does what is missing', async ({
  run,
  sql,
}) => {
  await sql(RAW)
  await sql('update raw.orders set amount = 0 where id = 1')
  const first = await run(orders(), { now: NOW })
  expect(first.steps['daily']).toMatch(
    /division by zero.*in 1 of 5 batches \(2026-01-02\); the next run does them again/s,
  )
  expect(first.result.steps[0]?.status).toBe('partial success')
  expect(first.result.status).toBe('failed')
  expect(await sql('select count(*)::int as n from shop.daily')).toEqual([{ n: 4 }])

  await sql('update raw.orders set amount = 5 where id = 1')
  const second = await run(orders(), { now: NOW })
  expect(batchesOf(second)).toEqual({
    '2026-01-02': '+1 -0',
    '2026-01-04': '+1 -1',
    '2026-01-05': '+1 -1',
  })
})

test('a given range is done again and nothing else is', async ({ run, sql }) => {
  await sql(RAW)
  await run(orders(), { now: NOW })
  const eventTime = {
    start: new Date('2026-01-02T00:00:00Z'),
    end: new Date('2026-01-03T00:00:00Z'),
  }
  const before = await sql('select ctid, xmin, id from shop.daily where id <> 1 order by id')
  const ran = await run(orders(), { now: NOW, eventTime })
  expect(batchesOf(ran)).toEqual({ '2026-01-02': '+1 -1' })
  expect(await sql('select ctid, xmin, id from shop.daily where id <> 1 order by id')).toEqual(
    before,
  )
})

test('a full refresh of a given range does its batches again and keeps all others, also published all or nothing', async ({
  run,
  sql,
}) => {
  await sql(RAW)
  const eventTime = {
    start: new Date('2026-01-02T00:00:00Z'),
    end: new Date('2026-01-04T00:00:00Z'),
  }
  // Where there is no table yet, it has those alone, and the next run the others.
  await run(orders(), { now: NOW, eventTime, fullRefresh: true })
  expect(await sql('select id from shop.daily order by id')).toEqual([{ id: 1 }, { id: 2 }])
  await run(orders(), { now: NOW })
  await sql('update shop.daily set share = 1')
  const options = { now: NOW, eventTime, fullRefresh: true }
  const ran = await run(orders(), options)
  expect(batchesOf(ran)).toEqual({ '2026-01-02': '+1 -1', '2026-01-03': '+1 -1' })
  expect(ran.notes).toEqual([
    'daily was not rebuilt: the batches from --event-time-start to --event-time-end are done again, and the others stay',
  ])
  const shares = [1, 10, 10, 1, 1].map((share) => ({ share }))
  expect(await sql('select share from shop.daily order by id')).toEqual(shares)
  const always = await run(orders({ full_refresh: true }), { ...options, publish: 'atomic' })
  expect(batchesOf(always)).toEqual({ '2026-01-02': '+1 -1', '2026-01-03': '+1 -1' })
  expect(await sql('select share from shop.daily order by id')).toEqual(shares)
})

test('what must be rebuilt for another reason has all batches, whatever range was given', async ({
  run,
  sql,
}) => {
  await sql(RAW)
  await run(orders(), { now: NOW })
  await sql('alter table shop.daily drop column _gm_xid')
  const eventTime = {
    start: new Date('2026-01-02T00:00:00Z'),
    end: new Date('2026-01-03T00:00:00Z'),
  }
  const ran = await run(orders(), { now: NOW, eventTime })
  expect(ran.result.steps[0]?.reason).toMatch(
    /^a table stands behind its name, 5 batches from 2026-01-01 to 2026-01-05/,
  )
  expect(await sql('select count(*)::int as n from shop.daily')).toEqual([{ n: 5 }])
})

test('a full refresh builds all batches out of sight and swaps once, or leaves what stands there', async ({
  run,
  sql,
}) => {
  await sql(RAW)
  await run(orders(), { now: NOW })
  await sql('update raw.orders set amount = 0 where id = 3')
  const failed = await run(orders(), { now: NOW, fullRefresh: true })
  expect(failed.steps['daily']).toContain('division by zero')
  expect(await sql('select share from shop.daily where id = 3')).toEqual([{ share: 10 }])
  await sql('update raw.orders set amount = 50 where id = 3')
  const done = await run(orders(), { now: NOW, fullRefresh: true })
  expect(done.steps['daily']).toBe('build incremental: success +5')
  expect(await sql('select share from shop.daily where id = 3')).toEqual([{ share: 2 }])
  expect(batchesOf(await run(orders(), { now: NOW }))).toEqual({
    '2026-01-04': '+1 -1',
    '2026-01-05': '+1 -1',
  })
})

test('with nothing changed it is reused, until there is a new batch', async ({ run, sql }) => {
  await sql(RAW)
  await run(orders(), { now: NOW, reuse: 'all' })
  await run(orders(), { now: NOW, reuse: 'all' })
  const again = await run(orders(), { now: NOW, reuse: 'all' })
  expect(again.steps).toEqual({ daily: 'reuse: reused' })
  const later = await run(orders(), { now: LATER, reuse: 'all' })
  expect(batchesOf(later)).toEqual({ '2026-01-05': '+1 -1', '2026-01-06': '+0 -0' })
})

test('rows outside of the batch that gives them are refused, where it is built and where it is added to', async ({
  run,
  sql,
}) => {
  await sql(RAW)
  const shifted = orders(
    {},
    ({ ref }) => `select id, at + interval '1 day' as at from ${ref('orders')} o`,
  )
  const first = await run(shifted, { now: NOW })
  expect(first.result.steps[0]?.error?.code).toBe('GM4030')
  expect(first.steps['daily']).toContain('1 of the batch 20260101, such as one of 2026-01-02')
  const rebuilt = await run(shifted, { now: NOW, fullRefresh: true })
  expect(rebuilt.result.steps[0]?.error?.code).toBe('GM4030')
})

test('an event_time that the query does not give is refused, with the columns that it gives', async ({
  run,
  sql,
}) => {
  await sql(RAW)
  const ran = await run(orders({ event_time: 'At' }), { now: NOW })
  expect(ran.steps['daily']).toContain(
    'the query gives no date or timestamp "At", which is its event_time. It gives id integer, at timestamp with time zone, share integer',
  )
})

test('a source whose rows nobody marks is read by its event_time alone, and the plan says what that misses', async ({
  run,
  sql,
}) => {
  await sql(RAW.replace(', _gm_xid xid8 not null default pg_current_xact_id()', ''))
  await run(orders(), { now: NOW })
  await sql(`insert into raw.orders (id, at) values (5, '2026-01-05 13:00+00')`)
  const second = await run(orders(), { now: NOW })
  expect(batchesOf(second)).toEqual({ '2026-01-04': '+1 -1', '2026-01-05': '+2 -1' })
  expect(second.result.steps[0]?.reason).toContain('rows of orders that come late are missed')
})

test('whatever makes it run, the plan names the batches that are due and says what nothing tells of', async ({
  run,
  sql,
}) => {
  await sql(RAW)
  await run(orders(), { now: NOW, reuse: 'all' })
  await sql(`insert into raw.orders (id, at) values (9, '2026-01-01 13:00+00')`)
  const ran = await run(orders(), { now: NOW, reuse: 'all' })
  expect(ran.result.steps[0]?.reason).toBe(
    'its input "raw"."orders" has changed, 2 batches from 2026-01-04 to 2026-01-05 and those whose rows have changed; rows of orders that are deleted or get another time are missed, as its source has no log_keys: true',
  )
  expect(await sql(`select reason from gm.steps order by finished_at desc limit 1`)).toEqual([
    { reason: ran.result.steps[0]?.reason },
  ])
})

test('rows that are deleted from an incremental input, or get another time, have both batches done again', async ({
  run,
  sql,
}) => {
  await sql(RAW)
  const chain = plainProject({
    orders: { kind: 'source', schema: 'raw' },
    kept: {
      config: { materialized: 'incremental', unique_key: ['id'], event_time: 'at' },
      changes: ['orders'],
      sql: ({ changes }) => `select id, at from ${changes('orders')} o`,
    },
    daily: {
      config: { ...DAILY, lookback: 0 },
      inputs: ['kept'],
      sql: ({ ref }) => `select id, at from ${ref('kept')} k`,
    },
  })
  await run(chain, { now: NOW })
  expect(batchesOf(await run(chain, { now: NOW }))).toEqual({ '2026-01-05': '+1 -1' })
  await sql(`insert into raw.orders (id, at) values (0, '2026-01-03 01:00+00')`)
  expect(batchesOf(await run(chain, { now: NOW }))).toEqual({
    '2026-01-01': '+0 -1',
    '2026-01-03': '+2 -1',
    '2026-01-05': '+1 -1',
  })
  await sql('delete from shop.kept where id = 2')
  expect(batchesOf(await run(chain, { now: NOW }))).toMatchObject({ '2026-01-03': '+1 -2' })
})

test('published all or nothing, batches are done on a copy, which keeps their memory', async ({
  run,
  sql,
}) => {
  await sql(RAW)
  await run(orders(), { now: NOW, publish: 'atomic' })
  await sql(`insert into raw.orders (id, at, amount) values (9, '2026-01-01 01:00+00', 0)`)
  const failed = await run(orders(), { now: NOW, publish: 'atomic' })
  expect(failed.result.status).toBe('failed')
  expect(await sql('select count(*)::int as n from shop.daily')).toEqual([{ n: 5 }])
  await sql('update raw.orders set amount = 1 where id = 9')
  const ran = await run(orders(), { now: NOW, publish: 'atomic' })
  expect(batchesOf(ran)).toEqual({
    '2026-01-01': '+2 -1',
    '2026-01-04': '+1 -1',
    '2026-01-05': '+1 -1',
  })
  expect(await sql('select count(*)::int as n from shop.daily')).toEqual([{ n: 6 }])
  expect(await sql('select count(*)::int as n, bool_or(is_due) as due from gm.batches')).toEqual([
    { n: 5, due: false },
  ])
})

test('of a unique key the table has one row, that of the batch done last, also where batches could run side by side', async ({
  run,
  sql,
}) => {
  await sql(RAW)
  await sql(`truncate raw.orders; insert into raw.orders (id, at, amount)
    select 1, '2026-01-01 12:00+00'::timestamptz + n * interval '1 day', n from generate_series(1, 4) n`)
  // Long enough for batches to meet.
  const slow = orders(
    { unique_key: ['id'] },
    ({ ref }) => `select id, at, amount from ${ref('orders')} o cross join pg_sleep(0.2)`,
  )
  const read = 'select id, amount from shop.daily'
  await run(slow, { now: NOW, threads: 4 })
  expect(await sql(read)).toEqual([{ id: 1, amount: 4 }])
  await run(slow, { now: NOW, threads: 4, fullRefresh: true })
  expect(await sql(read)).toEqual([{ id: 1, amount: 4 }])
})

/** How many rows of a table scans of the whole of it have given, since it was made. */
const ROWS_SCANNED = `select pg_stat_get_tuples_returned('shop.daily'::regclass)::int as n`

test('a rebuild with a unique_key reads its rows a few times, and not once for each batch', async ({
  run,
  sql,
}) => {
  await sql(RAW)
  await sql(`truncate raw.orders;
insert into raw.orders (id, at, amount)
select n % 400, '2026-01-01 00:00+00'::timestamptz + n / 10 * interval '1 day', n from generate_series(0, 999) n`)
  const keyed = orders(
    { unique_key: ['id'] },
    ({ ref }) => `select id, at, amount from ${ref('orders')} o`,
  )
  await run(keyed, { now: NOW })
  await run(keyed, { now: new Date('2026-04-10T15:00:00Z'), fullRefresh: true })
  expect(await sql('select count(*)::int as n, min(amount) as oldest from shop.daily')).toEqual([
    { n: 400, oldest: 600 },
  ])
  const [scanned] = await sql(ROWS_SCANNED)
  expect(scanned?.['n']).toBeGreaterThan(0)
  // The pass itself, an index of each kind, and what constrains them; with a pass for each batch it is fifty times as much.
  expect(scanned?.['n']).toBeLessThan(10 * 1000)
})

test.for(['date', 'timestamp', 'timestamptz'])(
  'a rebuild keeps of a key the rows of its last batch, whatever stands in them: of a %s',
  async (type, { run, sql }) => {
    await sql(RAW)
    await sql(`truncate raw.orders; alter table raw.orders add name text collate "C", alter column at type ${type};
set time zone 'UTC';
insert into raw.orders (id, name, at, amount) values
  (1, 'a', '2026-01-01', 1), (1, 'a', '2026-01-05', 2), (1, 'a', '2026-01-03', 3),
  (1, 'b', '2026-01-02', 4), (2, 'a', '2026-01-04', 5), (2, 'a', '2026-01-04', 6), (2, 'a', '2026-01-03', 7)`)
    const keyed = orders(
      { unique_key: ['name', 'id'], sql_header: `set local time zone 'Asia/Tokyo';` },
      ({ ref }) => `select id, name, at, amount from ${ref('orders')} o`,
    )
    const read = 'select amount from shop.daily order by 1'
    await run(keyed, { now: NOW, threads: 1 })
    const kept = [{ amount: 2 }, { amount: 4 }, { amount: 5 }, { amount: 6 }]
    expect(await sql(read)).toEqual(kept)
    expect((await run(keyed, { now: NOW, fullRefresh: true })).result.status).toBe('success')
    expect(await sql(read)).toEqual(kept)
  },
)

test('a batch with a unique_key finds what it replaces by the indexes, whatever the size of the table', async ({
  run,
  sql,
}) => {
  await sql(RAW)
  await sql(`insert into raw.orders (id, at)
select n, '2026-01-01 00:00+00'::timestamptz + n * interval '8.64 s' from generate_series(10, 40000) n`)
  const keyed = orders(
    { unique_key: ['id'], lookback: 0 },
    ({ ref }) => `select id, at, amount from ${ref('orders')} o`,
  )
  await run(keyed, { now: NOW, fullRefresh: true })
  await sql('analyze shop.daily')
  await sql(`insert into raw.orders (id, at) values (20, '2026-01-06 01:00+00')`)
  const [before] = await sql(ROWS_SCANNED)
  const ran = await run(keyed, { now: LATER })
  expect(batchesOf(ran)).toMatchObject({ '2026-01-06': '+1 -1' })
  expect(await sql(ROWS_SCANNED)).toEqual([before])
})

test('batches of hours are refused of a date, which has none', async ({ run, sql }) => {
  await sql(RAW)
  const hourly = orders(
    { batch_size: 'hour', begin: '2026-01-05' },
    ({ ref }) => `select id, at::date as at from ${ref('orders')} o`,
  )
  expect((await run(hourly, { now: NOW })).steps['daily']).toBe(
    'models/daily.sql:1:1  GM3009  the query gives no timestamp "at", which is its event_time. It gives id integer, at date',
  )
})

test('an event_time that the query does not give any more is refused', async ({ run, sql }) => {
  await sql(RAW)
  await run(orders(), { now: NOW })
  const renamed = orders({ event_time: 'moment' })
  expect((await run(renamed, { now: NOW })).steps['daily']).toContain(
    'GM3009  the query gives no date or timestamp "moment", which is its event_time',
  )
})

test('late rows of a timestamp without time zone are found in UTC, whatever zone a header sets', async ({
  run,
  sql,
}) => {
  await sql(RAW)
  await sql(`alter table raw.orders alter column at type timestamp using at at time zone 'UTC'`)
  const inTokyo = orders({ sql_header: `set local time zone 'Asia/Tokyo';` })
  await run(inTokyo, { now: NOW })
  await sql(`insert into raw.orders (id, at) values (9, '2026-01-02 00:30')`)
  expect(batchesOf(await run(inTokyo, { now: NOW }))).toMatchObject({ '2026-01-02': '+2 -1' })
})

test('a header is sent in front of each batch, on whatever connection it runs', async ({
  run,
  sql,
}) => {
  await sql(RAW)
  const headed = orders(
    { sql_header: `set local gm.test = '7';` },
    ({ ref }) => `select id, at, current_setting('gm.test')::int as seven from ${ref('orders')} o`,
  )
  const ran = await run(headed, { now: NOW, threads: 3 })
  expect(ran.steps).toEqual({ daily: 'build incremental: success +5 -0' })
})
