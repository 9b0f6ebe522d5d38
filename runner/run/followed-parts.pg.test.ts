import pg from 'pg'
import { expect } from 'vitest'
import { plainProject } from '../testing/plain-project.ts'
import { randomBelow, SEED } from '../testing/random.ts'
import { test } from '../testing/run-fixture.ts'
import { openClient } from '../testing/sql-fixture.ts'

const COLUMNS = 'id int, shop text, amount int, _gm_xid xid8 not null default pg_current_xact_id()'

const PARTITIONED = `create schema raw;
create table raw.sales (${COLUMNS}) partition by range (id);
create table raw.sales_0 partition of raw.sales for values from (0) to (10);
create table raw.sales_1 partition of raw.sales for values from (10) to (20) partition by range (id);
create table raw.sales_10 partition of raw.sales_1 for values from (10) to (15);
insert into raw.sales values (1, 'a', 1), (2, 'a', 2), (11, 'a', 4), (12, 'b', 8)`

const INHERITED = `create schema raw;
create table raw.sales (${COLUMNS});
create table raw.sales_0 () inherits (raw.sales);
create table raw.sales_10 () inherits (raw.sales_0);
insert into raw.sales_0 values (1, 'a', 1), (2, 'a', 2);
insert into raw.sales_10 values (11, 'a', 4), (12, 'b', 8);
alter table raw.sales_0 alter _gm_xid set default pg_current_xact_id();
alter table raw.sales_10 alter _gm_xid set default pg_current_xact_id()`

/** Sums by shop, of the table `sales` or a part of it. */
function sums(of = 'sales', shop = 'shop'): ReturnType<typeof plainProject> {
  return plainProject({
    [of]: { kind: 'source', schema: 'raw', config: { log_keys: true } },
    sums: {
      config: { materialized: 'incremental', unique_key: [shop] },
      changes: [of],
      keys: { [of]: [[shop]] },
      sql: ({ ref, changedKeys, recompute, isIncremental }) =>
        `select ${shop}, sum(amount)::int as total from ${ref(of)}
         ${isIncremental ? `where ${shop} in (${recompute([shop], `select ${shop} from ${changedKeys(of, [shop])} as k`)})` : ''} group by ${shop}`,
    },
  })
}

const TOTALS = 'select shop, total from shop.sums order by shop'
const TRUTH = 'select shop, sum(amount)::int as total from raw.sales group by shop order by shop'

for (const [kind, table] of [
  ['partitions', PARTITIONED],
  ['children', INHERITED],
] as const) {
  test(`keys that ${kind} lose by their own names are logged as those of the whole`, async ({
    run,
    sql,
  }) => {
    await sql(table)
    await run(sums())
    for (const change of [
      'delete from raw.sales_0 where id = 1',
      `update raw.sales_10 set shop = 'c' where id = 12`,
      'delete from raw.sales where id = 11',
      `update raw.sales set shop = 'd' where id = 2`,
    ]) {
      await sql(change)
      const { steps } = await run(sums())
      expect(steps['sums'], change).toMatch(/^add rows: success/)
      expect(await sql(TOTALS), change).toEqual(await sql(TRUTH))
    }
    await sql('truncate raw.sales_10')
    expect((await run(sums())).steps['sums']).toMatch(/^build incremental: success/)
    expect(await sql(TOTALS)).toEqual(await sql(TRUTH))
  })
}

test('a partition that came between two runs is followed from then on, without a rebuild', async ({
  run,
  sql,
}) => {
  await sql(PARTITIONED)
  await run(sums())
  await sql(`create table raw.sales_15 partition of raw.sales_1 for values from (15) to (20);
    insert into raw.sales values (15, 'b', 16), (16, 'e', 32)`)
  expect((await run(sums())).steps['sums']).toMatch(/^add rows: success/)
  expect(await sql(TOTALS)).toEqual(await sql(TRUTH))
  await sql('delete from raw.sales_15 where id = 16')
  expect((await run(sums())).steps['sums']).toMatch(/^add rows: success/)
  expect(await sql(TOTALS)).toEqual(await sql(TRUTH))
})

test('rows that were written long before their table was attached are read', async ({
  run,
  sql,
}) => {
  await sql(
    `${PARTITIONED}; create table raw.more (${COLUMNS}); insert into raw.more values (21, 'f', 64)`,
  )
  await run(sums())
  await sql('alter table raw.sales attach partition raw.more for values from (20) to (30)')
  expect((await run(sums())).steps['sums']).toMatch(/^add rows: success/)
  expect(await sql(TOTALS)).toEqual(await sql(TRUTH))
  await sql('delete from raw.more')
  await run(sums())
  expect(await sql(TOTALS)).toEqual(await sql(TRUTH))
})

test('a partition whose triggers are off makes its reader build anew', async ({ run, sql }) => {
  await sql(PARTITIONED)
  await run(sums())
  await sql('alter table raw.sales_0 disable trigger user; delete from raw.sales_0 where id = 1')
  expect((await run(sums())).steps['sums']).toMatch(/^build incremental: success/)
  expect(await sql(TOTALS)).toEqual(await sql(TRUTH))
})

const AWAY = 'alter table raw.sales detach partition raw.sales_1'
const BACK = 'alter table raw.sales attach partition raw.sales_1 for values from (10) to (20)'

test.for([
  ['delete from raw.sales_10 where id = 12', 'no run'],
  ["update raw.sales_10 set shop = 'c' where id = 12", 'no run'],
  ['truncate raw.sales_10', 'no run'],
  ["insert into raw.sales_10 values (13, 'c', 16)", 'a run'],
  ['delete from raw.sales_10 where id = 12', 'a run'],
] as const)(
  'what a partition went through while it was detached is not lost when it is back: %s, with %s between',
  async ([change, between], { run, sql }) => {
    await sql(PARTITIONED)
    await run(sums())
    await sql(`${AWAY}; ${change}; insert into raw.sales values (3, 'a', 32)`)
    if (between === 'a run') await run(sums())
    await sql(BACK)
    expect((await run(sums())).steps['sums']).toMatch(/^build incremental: success/)
    expect(await sql(TOTALS)).toEqual(await sql(TRUTH))
    expect((await run(sums())).steps['sums']).toMatch(/^add rows: success/)
  },
)

test('a partition that is detached and attached as it was makes nobody build anew', async ({
  run,
  sql,
}) => {
  await sql(PARTITIONED)
  await run(sums())
  await sql(`${AWAY}; ${BACK}; delete from raw.sales_10 where id = 12`)
  expect((await run(sums())).steps['sums']).toMatch(/^add rows: success/)
  expect(await sql(TOTALS)).toEqual(await sql(TRUTH))
})

test('a row that moves to another partition is no other key', async ({ run, sql }) => {
  await sql(PARTITIONED)
  await run(sums())
  await sql(`update raw.sales set id = 13 where id = 1;
    update raw.sales set id = 3, shop = 'c' where id = 11`)
  expect((await run(sums())).steps['sums']).toMatch(/^add rows: success/)
  expect(await sql(TOTALS)).toEqual(await sql(TRUTH))
})

test('a writer whose pg_snapshot is older than its readers logs the keys that it takes away', async ({
  run,
  sql,
  connection: { host, port, user, password, database },
}) => {
  await sql(PARTITIONED)
  await run(
    plainProject({ first: { config: { materialized: 'table' }, sql: () => 'select 1 as id' } }),
  )
  const writer = new pg.Client({ host, port, user, password, database })
  await writer.connect()
  try {
    await writer.query('begin isolation level repeatable read')
    await writer.query('select count(*) from gm.runs')
    await run(sums())
    await writer.query('delete from raw.sales where id = 1')
    await writer.query('commit')
  } finally {
    await writer.end()
  }
  await run(sums())
  expect(await sql(TOTALS)).toEqual(await sql(TRUTH))
})

test.for(['f', 'gone', 'touched', 'attached', 'log'])(
  'a key may be named %s',
  async (shop, { run, sql }) => {
    await sql(PARTITIONED.replace('shop text', `${shop} text`))
    await run(sums('sales', shop))
    await sql(`delete from raw.sales where id = 1; update raw.sales set ${shop} = 'c' where id = 2`)
    await run(sums('sales', shop))
    expect(await sql(`select ${shop}, total from shop.sums order by 1`)).toEqual(
      await sql(`select ${shop}, sum(amount)::int as total from raw.sales group by 1 order by 1`),
    )
  },
)

test('a key that cannot be compared and a foreign partition stop the run, not those who write', async ({
  run,
  sql,
}) => {
  await sql(PARTITIONED)
  await sql(
    `alter table raw.sales add column facts json; create extension file_fdw; create server files foreign data wrapper file_fdw`,
  )
  expect((await run(sums('sales', 'facts'))).steps['sums']).toContain(
    'could not identify an equality operator for type json',
  )
  await sql(`delete from raw.sales where id = 1;
    create foreign table raw.sales_9 partition of raw.sales for values from (90) to (99) server files options (filename '/dev/null')`)
  expect((await run(sums())).steps['sums']).toContain(
    'changed_keys() cannot follow "raw"."sales": rows of raw.sales_9, a foreign table, are changed elsewhere',
  )
})

test('a key that is computed when it is read is refused, as no trigger sees it; a stored one is followed', async ({
  run,
  sql,
}) => {
  const [server] = await sql<{ version: number }>(
    `select current_setting('server_version_num')::int as version`,
  )
  const computed = (how: string): string =>
    PARTITIONED.replace(
      'shop text',
      `name text, shop text generated always as (name || '!') ${how}`,
    ).replace('raw.sales values', 'raw.sales (id, name, amount) values')
  await sql(computed('stored'))
  await run(sums())
  await sql(`delete from raw.sales where id = 12; update raw.sales_0 set name = 'c' where id = 1`)
  expect((await run(sums())).steps['sums']).toMatch(/^add rows: success/)
  expect(await sql(TOTALS)).toEqual(await sql(TRUTH))
  if ((server?.version ?? 0) < 180_000) return
  await sql(`drop schema raw cascade; ${computed('virtual')}`)
  expect((await run(sums())).steps['sums']).toContain(
    'changed_keys() cannot follow the virtual column "shop" of "raw"."sales"',
  )
})

test('a source that is itself a partition is refused, with the table to follow', async ({
  run,
  sql,
}) => {
  await sql(PARTITIONED)
  expect((await run(sums('sales_0'))).steps['sums']).toContain(
    'changed_keys() cannot follow "raw"."sales_0": its rows are written through raw.sales as well, whose part it is. Follow that table',
  )
})

test('keys are logged no more for a model that the project has no more, and go on for others', async ({
  run,
  sql,
}) => {
  await sql(PARTITIONED)
  await run(sums())
  // The same project on another target, and another project beside it.
  await sql(`create schema elsewhere;
    insert into gm.key_readers select 'elsewhere.sums', input, columns, generation, since, followed, parts from gm.key_readers;
    insert into gm.key_readers select '"shop"."theirs"', input, columns, generation, since, followed, parts
    from gm.key_readers where relation = '"shop"."sums"';
    insert into gm.relations select (jsonb_populate_record(r, v)).* from gm.relations r, unnest(array[
      '{"relation": "\\"elsewhere\\".\\"sums\\""}'::jsonb, '{"relation": "\\"shop\\".\\"theirs\\"", "project": "other"}'
    ]) v where r.relation = '"shop"."sums"';
    update gm.key_readers set relation = '"elsewhere"."sums"' where relation = 'elsewhere.sums'`)
  const readers = 'select relation from gm.key_readers order by relation'
  const others = [{ relation: '"elsewhere"."sums"' }, { relation: '"shop"."theirs"' }]
  await run(sums())
  expect(await sql(readers)).toEqual([others[0], { relation: '"shop"."sums"' }, others[1]])
  await run(
    plainProject({ kept: { config: { materialized: 'table' }, sql: () => 'select 1 as id' } }),
  )
  expect(await sql(readers)).toEqual(others)
  // It comes back, and what was lost in between is not missed.
  await sql('delete from raw.sales where id = 12')
  expect((await run(sums())).steps['sums']).toMatch(/^build incremental: success/)
  expect(await sql(TOTALS)).toEqual(await sql(TRUTH))
})

const copied = plainProject({
  sales: { kind: 'source', schema: 'raw' },
  copied: {
    config: { materialized: 'incremental', incremental_strategy: 'append' },
    changes: ['sales'],
    sql: ({ changes }) => `select id, amount from ${changes('sales')} s`,
  },
})
const COPIED = 'select id, amount from shop.copied order by id, amount'
const SALES = 'select id, amount from raw.sales order by id, amount'

for (const [kind, table, attach, detach] of [
  [
    'partitions',
    PARTITIONED,
    'alter table raw.sales attach partition raw.more for values from (20) to (30)',
    'alter table raw.sales detach partition raw.more',
  ],
  [
    'children',
    INHERITED,
    'alter table raw.more inherit raw.sales',
    'alter table raw.more no inherit raw.sales',
  ],
] as const) {
  test(`changes() gives the rows of ${kind} that were loaded before they were attached, each once`, async ({
    run,
    sql,
  }) => {
    await sql(
      `${table}; create table raw.more (${COLUMNS}); insert into raw.more values (21, 'f', 64)`,
    )
    await run(copied)
    await sql(`insert into raw.more values (22, 'f', 128)`)
    await run(copied)
    await sql(`${attach}; insert into raw.more values (23, 'f', 256)`)
    expect((await run(copied)).steps['copied']).toBe('add rows: success +3')
    expect(await sql(COPIED)).toEqual(await sql(SALES))
    await sql(`${detach}; insert into raw.more values (24, 'f', 512)`)
    await run(copied)
    await sql(`insert into raw.more values (25, 'f', 1024)`)
    await run(copied)
    await sql(attach)
    expect((await run(copied)).steps['copied'], 'those that it got while it was away').toBe(
      'add rows: success +2',
    )
    expect(await sql(COPIED)).toEqual(await sql(SALES))
    await sql(`insert into raw.more values (26, 'f', 2048)`)
    expect((await run(copied)).steps['copied']).toBe('add rows: success +1')
    expect(await sql(COPIED)).toEqual(await sql(SALES))
  })
}

test('a table that is attached while a step reads is read by it or by the next, and never by both', async ({
  run,
  sql,
}) => {
  const slowly = plainProject({
    sales: { kind: 'source', schema: 'raw' },
    copied: {
      config: {
        materialized: 'incremental',
        incremental_strategy: 'append',
        // What the transaction sees is settled before it, and how the query is run after it.
        pre_hook: [{ sql: 'select pg_sleep(0.4)', transaction: true }],
      },
      changes: ['sales'],
      sql: ({ changes }) => `select id, amount from ${changes('sales')} s`,
    },
  })
  await sql(PARTITIONED)
  for (let id = 20; id < 24; id++) {
    await sql(
      `create table raw.more_${id} (${COLUMNS}); insert into raw.more_${id} values (${id}, 'f', 1)`,
    )
    // The first of them builds the table.
    const running = run(slowly)
    await sql(`select pg_sleep(${0.25 + (id % 2) * 0.15});
      alter table raw.sales attach partition raw.more_${id} for values from (${id}) to (${id + 1})`)
    expect((await running).steps['copied']).toContain('success')
  }
  await run(slowly)
  expect(await sql(COPIED)).toEqual(await sql(SALES))
})

test(`whatever is attached, detached and written in between is read once (seed ${SEED})`, async ({
  run,
  sql,
}) => {
  const below = randomBelow(SEED)
  await sql(PARTITIONED)
  const places = [20, 30, 40]
  for (const from of places) await sql(`create table raw.more_${from} (${COLUMNS})`)
  const isPart = new Map(places.map((from) => [from, false]))
  await run(copied)
  for (let round = 0; round < 40; round++) {
    const from = places[below(places.length)] ?? 20
    const name = `raw.more_${from}`
    const turn = below(3)
    if (turn === 0) {
      await sql(
        isPart.get(from) === true
          ? `alter table raw.sales detach partition ${name}`
          : `alter table raw.sales attach partition ${name} for values from (${from}) to (${from + 10})`,
      )
      isPart.set(from, isPart.get(from) !== true)
    } else if (turn === 1) {
      await sql(`insert into ${name} values (${from + below(10)}, 'x', ${round})`)
    } else {
      await run(copied)
    }
  }
  for (const from of places) {
    if (isPart.get(from) === true) continue
    await sql(
      `alter table raw.sales attach partition raw.more_${from} for values from (${from}) to (${from + 10})`,
    )
  }
  await run(copied)
  expect(await sql(COPIED)).toEqual(await sql(SALES))
})

test.for([{ log_keys: true }, {}])(
  'the batches of a table that is attached after it was loaded are done again: %j',
  async (config, { run, sql }) => {
    const columns = 'id int, at date, _gm_xid xid8 not null default pg_current_xact_id()'
    await sql(`create schema raw; create table raw.sales (${columns}) partition by range (id);
      create table raw.sales_0 partition of raw.sales for values from (0) to (10);
      create table raw.more (${columns});
      insert into raw.sales values (1, '2026-01-01'), (2, '2026-01-05'); insert into raw.more values (11, '2026-01-02')`)
    const daily = plainProject({
      sales: { kind: 'source', schema: 'raw', config: { event_time: 'at', ...config } },
      daily: {
        config: {
          materialized: 'incremental',
          incremental_strategy: 'microbatch',
          event_time: 'at',
          batch_size: 'day',
          begin: '2026-01-01',
          lookback: 0,
        },
        inputs: ['sales'],
        sql: ({ ref }) => `select id, at from ${ref('sales')} s`,
      },
    })
    const now = new Date('2026-01-05T12:00:00Z')
    await run(daily, { now })
    await sql('alter table raw.sales attach partition raw.more for values from (10) to (20)')
    await run(daily, { now })
    expect(await sql('select id from shop.daily order by id')).toEqual([
      { id: 1 },
      { id: 2 },
      { id: 11 },
    ])
  },
)

test('a partition whose detachment was interrupted is none any more, as for every query', async ({
  run,
  sql,
  connection,
}) => {
  await sql(PARTITIONED)
  await run(sums())
  const [reader, owner] = [await openClient(connection), await openClient(connection)]
  try {
    await reader.query('begin')
    await reader.query('select from raw.sales')
    await owner.query(`set statement_timeout = '500ms'`)
    const detached = owner.query('alter table raw.sales detach partition raw.sales_0 concurrently')
    await expect(detached).rejects.toThrow('statement timeout')
  } finally {
    await reader.end()
    await owner.end()
  }
  await sql(`insert into raw.sales values (13, 'b', 16)`)
  for (const then of ['', 'alter table raw.sales detach partition raw.sales_0 finalize']) {
    await sql(then)
    expect((await run(sums())).result.status).toBe('success')
    expect(await sql(`${TOTALS} desc limit 1`)).toEqual([{ shop: 'b', total: 24 }])
  }
})
