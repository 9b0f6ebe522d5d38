import { expect } from 'vitest'
import type { NodeConfig } from '../manifest/node.ts'
import type { PlainProject } from '../testing/plain-project.ts'
import { plainProject } from '../testing/plain-project.ts'
import { test } from '../testing/run-fixture.ts'

function prices(config: Partial<NodeConfig>, query?: string): PlainProject {
  return plainProject({
    goods: { kind: 'source', schema: 'raw' },
    prices: {
      kind: 'snapshot',
      config: { unique_key: ['id'], ...config },
      inputs: ['goods'],
      sql: ({ ref }) => query ?? `select * from ${ref('goods')}`,
    },
  })
}

const BY_TIME = { strategy: 'timestamp', updated_at: 'at' } as const
const BY_VALUE = { strategy: 'check', check_cols: ['price'] } as const

const GOODS = `create schema raw;
create table raw.goods (id int, name text, price int, at timestamp);
insert into raw.goods values (1, 'mug', 5, '2026-01-01'), (2, 'cup', 6, '2026-01-01')`

const READ = `select id, name, price, dbt_valid_from::text as from, dbt_valid_to::text as to
from shop.prices order by id, dbt_valid_from`

test('timestamp: a row with a later time gets a version from that time on, and an unchanged one none', async ({
  run,
  sql,
}) => {
  await sql(GOODS)
  expect((await run(prices(BY_TIME))).steps).toEqual({ prices: 'build history: success +2' })
  await sql(`update raw.goods set price = 7, at = '2026-02-01' where id = 1`)
  expect((await run(prices(BY_TIME))).steps).toEqual({ prices: 'update history: success +1 ~1' })
  expect((await run(prices(BY_TIME))).steps).toEqual({ prices: 'update history: success +0 ~0' })
  expect(await sql(READ)).toEqual([
    { id: 1, name: 'mug', price: 5, from: '2026-01-01 00:00:00', to: '2026-02-01 00:00:00' },
    { id: 1, name: 'mug', price: 7, from: '2026-02-01 00:00:00', to: null },
    { id: 2, name: 'cup', price: 6, from: '2026-01-01 00:00:00', to: null },
  ])
})

test('the ids of versions are the ones that dbt gives, so that its history can be gone on with', async ({
  run,
  sql,
}) => {
  await sql(GOODS)
  // As dbt-postgres makes it.
  await sql(`create schema shop; create table shop.prices as
    select *, md5(coalesce(cast(id as varchar), '') || '|' || coalesce(cast(at as varchar), '')) as dbt_scd_id,
      at as dbt_updated_at, at as dbt_valid_from, nullif(at, at) as dbt_valid_to
    from raw.goods`)
  await sql(`update raw.goods set price = 7, at = '2026-02-01' where id = 1`)
  const { steps, notes } = await run(prices(BY_TIME))
  expect(steps).toEqual({ prices: 'update history: success +1 ~1' })
  expect(notes).toEqual(['prices goes on with the history that is in its table'])
  expect(
    await sql(`select dbt_scd_id = md5(id || '|' || dbt_valid_from) as is_same from shop.prices`),
  ).toEqual([{ is_same: true }, { is_same: true }, { is_same: true }])
})

test('check: a change in a watched column opens a version, and one elsewhere does not', async ({
  run,
  sql,
}) => {
  await sql(GOODS)
  await run(prices(BY_VALUE))
  await sql(
    `update raw.goods set price = null where id = 1; update raw.goods set name = 'CUP' where id = 2`,
  )
  expect((await run(prices(BY_VALUE))).steps).toEqual({ prices: 'update history: success +1 ~1' })
  expect(
    await sql(
      `select id, name, price, dbt_valid_to is null as holds from shop.prices order by id, dbt_valid_from`,
    ),
  ).toEqual([
    { id: 1, name: 'mug', price: 5, holds: false },
    { id: 1, name: 'mug', price: null, holds: true },
    { id: 2, name: 'cup', price: 6, holds: true },
  ])
})

test.for([
  [
    'null',
    `insert into raw.goods values (null, 'jar', 1, '2026-01-01')`,
    'rows of prices need a value in id, which is null for (null)',
  ],
  [
    'duplicate',
    `insert into raw.goods select id, name, price + id, '2026-03-01' from raw.goods`,
    'unique_key (id) of prices must name one row, and gives (1) 2 times, (2) 2 times',
  ],
] as const)(
  'a %s key is refused with the keys, on the first run and later, and nothing is written',
  async ([, spoil, message], { run, sql }) => {
    await sql(GOODS)
    await run(prices(BY_VALUE))
    await sql(spoil)
    expect((await run(prices(BY_VALUE))).steps['prices']).toContain(message)
    expect(await sql('select count(*)::int as n from shop.prices')).toEqual([{ n: 2 }])
    await sql('drop table shop.prices; delete from gm.relations')
    expect((await run(prices(BY_VALUE))).steps['prices']).toContain(message)
  },
)

test('a duplicate of a row that did not change is found as soon as one of the two differs', async ({
  run,
  sql,
}) => {
  await sql(GOODS)
  await run(prices(BY_VALUE))
  await sql(`insert into raw.goods values (1, 'mug', 99, '2026-01-01')`)
  expect((await run(prices(BY_VALUE))).steps['prices']).toContain('gives (1) 2 times')
})

test('hard_deletes: ignore leaves a row that is gone, invalidate ends its version, new_record begins a deleted one', async ({
  run,
  sql,
}) => {
  await sql(GOODS)
  await run(prices({ ...BY_TIME, hard_deletes: 'ignore' }))
  await sql('delete from raw.goods where id = 1')
  await run(prices({ ...BY_TIME, hard_deletes: 'ignore' }))
  const holding = `select id from shop.prices where dbt_valid_to is null order by id`
  expect(await sql(holding)).toEqual([{ id: 1 }, { id: 2 }])
  await run(prices({ ...BY_TIME, hard_deletes: 'invalidate' }))
  expect(await sql(holding)).toEqual([{ id: 2 }])
  await sql('delete from raw.goods')
  await run(prices({ ...BY_TIME, hard_deletes: 'new_record' }))
  await run(prices({ ...BY_TIME, hard_deletes: 'new_record' }))
  expect(
    await sql(
      `select id, dbt_is_deleted, dbt_valid_to is null as holds from shop.prices order by id, dbt_valid_from`,
    ),
  ).toEqual([
    { id: 1, dbt_is_deleted: 'False', holds: false },
    { id: 1, dbt_is_deleted: 'True', holds: true },
    { id: 2, dbt_is_deleted: 'False', holds: false },
    { id: 2, dbt_is_deleted: 'True', holds: true },
  ])
})

test.for([{}, { dbt_valid_to_current: `timestamp '9999-12-31'` }])(
  'what was invalidated before hard_deletes became new_record has its deleted versions, with %j',
  async (given, { run, sql }) => {
    await sql(`${GOODS}; insert into raw.goods values (3, 'jug', 7, '2026-01-01')`)
    const by = (hard_deletes: 'invalidate' | 'new_record'): PlainProject =>
      prices({ ...BY_TIME, ...given, hard_deletes, no_overlaps: true })
    await run(by('invalidate'))
    await sql('delete from raw.goods where id in (1, 2)')
    await run(by('invalidate'))
    await sql(`insert into raw.goods values (1, 'mug', 9, localtimestamp)`)
    await run(by('invalidate'))
    expect((await run(by('new_record'))).result.status).toBe('success')
    await sql(`insert into raw.goods values (2, 'cup', 8, localtimestamp)`)
    await run(by('new_record'))
    const versions = await sql(`select id, price, dbt_is_deleted = 'True' as gone,
        lead(dbt_valid_from) over w is not distinct from
          nullif(dbt_valid_to, ${'dbt_valid_to_current' in given ? given.dbt_valid_to_current : 'null'}) as joins
      from shop.prices window w as (partition by id order by dbt_valid_from) order by id, dbt_valid_from`)
    expect(versions).toEqual(
      [
        { id: 1, price: 5, gone: false },
        { id: 1, price: 5, gone: true },
        { id: 1, price: 9, gone: false },
        { id: 2, price: 6, gone: false },
        { id: 2, price: 6, gone: true },
        { id: 2, price: 8, gone: false },
        { id: 3, price: 7, gone: false },
      ].map((version) => ({ ...version, joins: true })),
    )
  },
)

test.for(['invalidate', 'new_record'] as const)(
  'a row that returns unchanged after %s begins a version that overlaps none before it',
  async (hard_deletes, { run, sql }) => {
    await sql(GOODS)
    const project = prices({ ...BY_TIME, hard_deletes, no_overlaps: true })
    await run(project)
    await sql('create table raw.kept as select * from raw.goods; delete from raw.goods')
    await run(project)
    await sql('insert into raw.goods select * from raw.kept')
    expect((await run(project)).steps['prices']).toContain('update history: success +2')
    expect((await run(project)).steps['prices']).toBe('update history: success +0 ~0')
    expect(
      await sql(`select count(*)::int as versions, count(distinct dbt_scd_id)::int as ids,
        count(*) filter (where dbt_valid_to is null)::int as holding from shop.prices`),
    ).toEqual([
      {
        versions: hard_deletes === 'invalidate' ? 4 : 6,
        ids: hard_deletes === 'invalidate' ? 4 : 6,
        holding: 2,
      },
    ])
    // A change whose time lies before the return is a change all the same.
    await sql(`update raw.goods set price = 8, at = '2026-01-02' where id = 1`)
    expect((await run(project)).steps['prices']).toContain('update history: success +1 ~1')
  },
)

test('the server itself refuses an overlapping version where no_overlaps is set', async ({
  run,
  sql,
}) => {
  await sql(GOODS)
  await run(prices({ ...BY_TIME, no_overlaps: true }))
  await expect(
    sql(`insert into shop.prices (id, dbt_scd_id, dbt_updated_at, dbt_valid_from, dbt_valid_to)
      values (1, 'x', '2026-05-01', '2026-05-01', '2026-06-01')`),
  ).rejects.toThrow('prices_no_overlaps')
})

test('a column that is added is filled in the versions that hold and opens none; one that is dropped stays', async ({
  run,
  sql,
}) => {
  const all = { strategy: 'check', check_cols: 'all' } as const
  await sql(GOODS)
  await run(prices(all))
  await sql(
    `alter table raw.goods add column brand text default 'x'; alter table raw.goods drop column at`,
  )
  expect((await run(prices(all))).steps).toEqual({ prices: 'update history: success +0 ~2' })
  expect((await run(prices(all))).steps).toEqual({ prices: 'update history: success +0 ~0' })
  await sql(`update raw.goods set brand = 'y' where id = 2`)
  expect((await run(prices(all))).steps).toEqual({ prices: 'update history: success +1 ~1' })
  expect(
    await sql(`select id, brand, at::text from shop.prices order by id, dbt_valid_from`),
  ).toEqual([
    { id: 1, brand: 'x', at: '2026-01-01 00:00:00' },
    { id: 2, brand: 'x', at: '2026-01-01 00:00:00' },
    { id: 2, brand: 'y', at: null },
  ])
})

test('a type that gets wider follows; one that does not fit is refused with both types', async ({
  run,
  sql,
}) => {
  await sql(GOODS)
  await run(prices(BY_VALUE))
  await sql('alter table raw.goods alter column price type bigint')
  expect((await run(prices(BY_VALUE))).steps).toEqual({ prices: 'update history: success +0 ~0' })
  await sql(
    `alter table raw.goods alter column price type text; update raw.goods set price = 'six' where id = 2`,
  )
  expect((await run(prices(BY_VALUE))).steps).toEqual({ prices: 'update history: success +1 ~1' })
  await sql(`alter table raw.goods alter column at type int using 1`)
  expect((await run(prices(BY_VALUE))).steps['prices']).toContain(
    'GM4012  the query "at" becomes integer (was timestamp without time zone), which loses data',
  )
})

test('dbt_valid_to_current, other column names and composite keys do all that the defaults do', async ({
  run,
  sql,
}) => {
  const project = prices({
    ...BY_TIME,
    unique_key: ['id', 'name'],
    hard_deletes: 'new_record',
    no_overlaps: true,
    dbt_valid_to_current: `to_date('9999-12-31', 'YYYY-MM-DD')`,
    snapshot_meta_column_names: {
      dbt_scd_id: 'version_id',
      dbt_updated_at: 'changed_at',
      dbt_valid_from: 'Valid From',
      dbt_valid_to: 'valid_to',
      dbt_is_deleted: 'is_gone',
    },
  })
  await sql(GOODS)
  await run(project)
  await sql(
    `update raw.goods set price = 7, at = '2026-02-01' where id = 1; delete from raw.goods where id = 2`,
  )
  expect((await run(project)).steps).toEqual({ prices: 'update history: success +2 ~2' })
  expect((await run(project)).steps).toEqual({ prices: 'update history: success +0 ~0' })
  expect(
    await sql(`select id, name, price, is_gone, valid_to = '9999-12-31' as holds
      from shop.prices order by id, "Valid From"`),
  ).toEqual([
    { id: 1, name: 'mug', price: 5, is_gone: 'False', holds: false },
    { id: 1, name: 'mug', price: 7, is_gone: 'False', holds: true },
    { id: 2, name: 'cup', price: 6, is_gone: 'False', holds: false },
    { id: 2, name: 'cup', price: 6, is_gone: 'True', holds: true },
  ])
})

test('keys of several columns whose values hold the bar that joins them have ids of their own, and all others those of dbt', async ({
  run,
  sql,
}) => {
  const project = prices({ ...BY_TIME, unique_key: ['name', 'size'] })
  await sql(`create schema raw;
    create table raw.goods (name text, size text, price int, at timestamp);
    insert into raw.goods select name, size, 1, '2026-01-01' from (values
      ('a|b', 'c'), ('a', 'b|c'), ('a', 'b'), ('a|', '|b'), ('a', '||b'), ('', ''), ('a|b|c', '3,1')) as g (name, size)`)
  expect((await run(project)).steps).toEqual({ prices: 'build history: success +7' })
  await sql(`update raw.goods set price = 2, at = '2026-02-01'`)
  expect((await run(project)).steps).toEqual({ prices: 'update history: success +7 ~7' })
  expect(
    await sql(`select count(*)::int as versions, count(distinct dbt_scd_id)::int as ids,
      bool_and(name || size like '%|%' or dbt_scd_id = md5(name || '|' || size || '|' || dbt_valid_from)) as is_as_dbt
      from shop.prices`),
  ).toEqual([{ versions: 14, ids: 14, is_as_dbt: true }])
})

test('--full-refresh keeps the history of a snapshot that polls, and says so', async ({
  run,
  sql,
}) => {
  await sql(GOODS)
  await run(prices(BY_TIME))
  await sql(`update raw.goods set price = 7, at = '2026-02-01'`)
  const { steps, notes } = await run(prices(BY_TIME), { fullRefresh: true })
  expect(steps).toEqual({ prices: 'update history: success +2 ~2' })
  expect(notes).toEqual(['prices was not rebuilt: what its rows were before cannot be asked again'])
})

test.for([
  ["timestamp '2999-12-31'", 'set to another value'],
  [undefined, 'removed'],
])(
  'dbt_valid_to_current that is %s is refused with the ends that are there, and goes on once they are brought to it',
  async ([next], { run, sql }) => {
    const config = (end: string | undefined): Partial<NodeConfig> =>
      end === undefined ? BY_TIME : { ...BY_TIME, dbt_valid_to_current: end }
    await sql(GOODS)
    await run(prices(config("timestamp '9999-12-31'")))
    await sql(`update raw.goods set price = 7, at = '2026-02-01' where id = 1`)
    expect((await run(prices(config(next)))).steps['prices']).toContain(
      `GM4012  the versions of prices that hold end otherwise than dbt_valid_to_current says, at '9999-12-31 00:00:00' (2 of them)`,
    )
    expect(await sql('select count(*)::int as n from shop.prices')).toEqual([{ n: 2 }])
    await sql(`update shop.prices set dbt_valid_to = ${next ?? 'null'}`)
    expect((await run(prices(config(next)))).steps).toEqual({
      prices: 'update history: success +1 ~1',
    })
  },
)

test('a row that was deleted before its time had come is no version of another configuration', async ({
  run,
  sql,
}) => {
  await sql(GOODS)
  await sql(`update raw.goods set at = '2999-01-01' where id = 1`)
  await run(prices({ ...BY_TIME, hard_deletes: 'invalidate' }))
  await sql('delete from raw.goods where id = 1')
  await run(prices({ ...BY_TIME, hard_deletes: 'invalidate' }))
  expect((await run(prices(BY_TIME))).steps).toEqual({ prices: 'update history: success +0 ~0' })
})

test.for([
  [{ strategy: 'check', check_cols: ['price', 'brnd'] }, '"brnd", which check_cols names'],
  [{ strategy: 'timestamp', updated_at: 'changed' }, '"changed", which updated_at names'],
  [{ ...BY_VALUE, unique_key: ['sku'] }, '"sku", which unique_key names'],
] as const)(
  'a column of the configuration that the query does not give is refused with its key, on the first run and later: %j',
  async ([config, message], { run, sql }) => {
    await sql(GOODS)
    const refused = `models/prices.sql:1:1  GM3013  the query gives no column ${message}`
    expect((await run(prices(config))).steps['prices']).toBe(refused)
    await run(prices(BY_VALUE))
    expect((await run(prices(config))).steps['prices']).toBe(refused)
  },
)

test('a time that is null is refused with its key, on the first run and later', async ({
  run,
  sql,
}) => {
  await sql(GOODS)
  await run(prices(BY_TIME))
  await sql('update raw.goods set price = 9, at = null where id = 1')
  const message = 'the rows of prices need a value in id, at, which is null for (1)'
  expect((await run(prices(BY_TIME))).steps['prices']).toContain(message)
  await sql('drop table shop.prices; delete from gm.relations')
  expect((await run(prices(BY_TIME))).steps['prices']).toContain(message)
})

test.for(['integer', 'text'])('a time of type %s is refused', async (type, { run, sql }) => {
  await sql(`${GOODS}; alter table raw.goods alter column at type ${type} using 1`)
  expect((await run(prices(BY_TIME))).steps['prices']).toBe(
    `models/prices.sql:1:1  GM3009  updated_at of prices must be a date or a timestamp. "at" is ${type}`,
  )
})

test.for([
  { strategy: 'check', check_cols: ['price'] },
  { strategy: 'timestamp', hard_deletes: 'invalidate' },
  { strategy: 'timestamp', hard_deletes: 'new_record' },
] as const)(
  'with times that are dates what changes, goes and returns within a day has a version each, without overlap: %j',
  async (given, { run, sql }) => {
    const project = prices({ ...given, updated_at: 'at', no_overlaps: true })
    await sql(`${GOODS}; alter table raw.goods alter column at type date using current_date`)
    await run(project)
    for (const change of [
      'update raw.goods set price = 7 where id = 1',
      'delete from raw.goods where id = 1',
      `insert into raw.goods values (1, 'mug', 8, current_date)`,
      'delete from raw.goods where id = 1',
      `insert into raw.goods values (1, 'mug', 9, current_date)`,
    ]) {
      await sql(change)
      expect((await run(project)).result.status).toBe('success')
    }
    const [last] = await sql(
      `select price, bool_and(dbt_valid_to is null) as holds from shop.prices where id = 1
       group by price, dbt_valid_from order by dbt_valid_from desc limit 1`,
    )
    expect(last).toEqual({ price: 9, holds: true })
    expect(await sql('select 1 from shop.prices where dbt_valid_to <= dbt_valid_from')).toEqual([])
  },
)

test.for([
  ['timestamp', 'duplicate', `insert into raw.goods values (1, 'mug', 99, '2027-01-01', 'z')`],
  ['check', 'duplicate', `insert into raw.goods values (1, 'mug', 99, '2026-01-01', 'z')`],
  ['check', 'null', `insert into raw.goods values (null, 'mug', 99, '2026-01-01', 'z')`],
] as const)(
  'a column that is added in a look which fails is filled by the next one: %s, %s key',
  async ([strategy, , spoil], { run, sql }) => {
    const project = prices(
      strategy === 'check' ? { strategy, check_cols: 'all' } : { strategy, updated_at: 'at' },
    )
    await sql(GOODS)
    await run(project)
    await sql(`alter table raw.goods add column brand text default 'x'; ${spoil}`)
    expect((await run(project)).steps['prices']).toContain('GM4009')
    await sql(`delete from raw.goods where brand = 'z'`)
    expect((await run(project)).steps).toEqual({ prices: 'update history: success +0 ~2' })
    expect((await run(project)).steps).toEqual({ prices: 'update history: success +0 ~0' })
    expect(await sql('select id, brand from shop.prices order by id')).toEqual([
      { id: 1, brand: 'x' },
      { id: 2, brand: 'x' },
    ])
    await sql(`update raw.goods set brand = 'y', at = '2026-03-01' where id = 2`)
    expect((await run(project)).steps).toEqual({ prices: 'update history: success +1 ~1' })
  },
)

test.for([
  ['json', '{"a": 1}', '{"a": 2}'],
  ['raw.documents', '{1}', '{2}'],
  ['raw.pair', '(1,2)', '(1,3)'],
  ['jsonpath', '$.a', '$.b'],
  // Of one area, which is what makes two boxes equal.
  ['box', '(0,0),(1,4)', '(0,0),(2,2)'],
] as const)(
  'a column of type %s, which has no equality of its own, is compared and added like any other',
  async ([type, before, after], { run, sql }) => {
    const all = prices({ strategy: 'check', check_cols: 'all' })
    await sql(GOODS)
    await sql(`create domain raw.documents as json[]; create type raw.pair as (a int, b json)`)
    await run(all)
    await sql(`alter table raw.goods add column extra ${type} default '${before}'`)
    expect((await run(all)).steps).toEqual({ prices: 'update history: success +0 ~2' })
    expect((await run(all)).steps).toEqual({ prices: 'update history: success +0 ~0' })
    await sql(`update raw.goods set extra = '${after}' where id = 1`)
    expect((await run(all)).steps).toEqual({ prices: 'update history: success +1 ~1' })
  },
)

test.for([
  [BY_TIME, 'infinity', 'a time before infinity'],
  [{ ...BY_VALUE, updated_at: 'at' }, 'infinity', 'a time before infinity and after -infinity'],
  [{ ...BY_VALUE, updated_at: 'at' }, '-infinity', 'a time before infinity and after -infinity'],
  [
    { ...BY_TIME, dbt_valid_to_current: `'9999-12-31'` },
    '9999-12-31 00:00:00',
    `a time before '9999-12-31'`,
  ],
] as const)(
  'a row of which no version could end is refused with its key, on the first run and later, and nothing is written: %j at %s',
  async ([config, at, needed], { run, sql }) => {
    await sql(GOODS)
    await run(prices(config))
    const before = await sql(READ)
    await sql(`insert into raw.goods values (3, 'jar', 7, '${at}')`)
    const refused = `models/prices.sql:1:1  GM4009  updated_at (at) of the rows of prices must be ${needed}, and a version would begin otherwise for (3): ${at}`
    expect((await run(prices(config))).steps['prices']).toBe(refused)
    expect(await sql(READ)).toEqual(before)
    await sql('drop table shop.prices')
    expect((await run(prices(config))).steps['prices']).toBe(refused)
  },
)

test.for(['invalidate', 'new_record'] as const)(
  'a row that is gone, of which an older history says that it begins at infinity, is named and its version left as it is: %s',
  async (hard_deletes, { run, sql }) => {
    const project = prices({ ...BY_TIME, hard_deletes })
    await sql(GOODS)
    await run(project)
    await sql(`update shop.prices set dbt_valid_from = 'infinity' where id = 2;
delete from raw.goods where id = 2`)
    const before = await sql(READ)
    expect((await run(project)).steps['prices']).toContain('begin otherwise for (2): infinity')
    expect(await sql(READ)).toEqual(before)
  },
)

test.for(['check', 'timestamp'])(
  'a column that the query lost and gives again is filled where versions began without it, and known values are compared: %s',
  async (strategy, { run, sql }) => {
    const project = prices(strategy === 'check' ? { strategy, check_cols: 'all' } : BY_TIME)
    const give = async (change: string): Promise<unknown> => {
      await sql(change)
      return (await run(project)).steps['prices']
    }
    await give(`create schema raw; create table raw.goods (id int, price int, at timestamp, extra text);
insert into raw.goods select n, 1, '2026-01-01', '7' from generate_series(1, 3) n`)
    const lost = await give(`alter table raw.goods drop extra;
update raw.goods set price = 2, at = '2026-02-01' where id = 2;
insert into raw.goods values (4, 1, '2026-02-01')`)
    expect(lost).toBe('update history: success +2 ~1')
    expect(await give('')).toBe('update history: success +0 ~0')
    // In another type than the table has for it.
    const again = await give(`alter table raw.goods add extra int default 7;
update raw.goods set extra = 8, at = '2026-03-01' where id = 3`)
    expect(again).toBe('update history: success +1 ~3')
    expect(await give('')).toBe('update history: success +0 ~0')
    expect(
      await sql(
        `select string_agg(id || ': ' || coalesce(extra, '-'), ', ' order by id, dbt_valid_from) as versions from shop.prices`,
      ),
    ).toEqual([{ versions: '1: 7, 2: 7, 2: 7, 3: 7, 3: 8, 4: 7' }])
    expect(await give(`update raw.goods set extra = null, at = '2026-04-01' where id = 1`)).toBe(
      'update history: success +1 ~1',
    )
  },
)

test.for(['integer', 'uuid'])(
  'a key that was text and is %s goes on with the versions of its key',
  async (type, { run, sql }) => {
    const id = type === 'uuid' ? '00000000-0000-0000-0000-000000000001' : '1'
    await sql(`create schema raw; create table raw.goods (id text, name text, price int, at timestamp);
      insert into raw.goods values ('${id}', 'mug', 5, '2026-01-01')`)
    await run(prices(BY_VALUE))
    await sql(`alter table raw.goods alter column id type ${type} using id::${type}`)
    expect((await run(prices(BY_VALUE))).steps).toEqual({ prices: 'update history: success +0 ~0' })
    await sql('update raw.goods set price = 6')
    expect((await run(prices(BY_VALUE))).steps).toEqual({ prices: 'update history: success +1 ~1' })
  },
)

test('a numeric type with more room is taken over, and one with less leaves the table as it is', async ({
  run,
  sql,
}) => {
  await sql(GOODS)
  const give = async (type: string): Promise<unknown> => {
    await sql(`alter table raw.goods alter column price type ${type}`)
    return (await run(prices(BY_VALUE))).steps['prices']
  }
  const typeOf = `select format_type(atttypid, atttypmod) as type from pg_attribute where attrelid = 'shop.prices'::regclass and attname = 'price'`
  await run(prices(BY_VALUE))
  expect(await give('numeric(12,2)')).toBe('update history: success +0 ~0')
  expect(await give('numeric(14,4)')).toBe('update history: success +0 ~0')
  expect(await give('numeric(8,2)')).toBe('update history: success +0 ~0')
  expect(await sql(typeOf)).toEqual([{ type: 'numeric(14,4)' }])
  expect(await give('numeric(14,5)')).toContain('which loses data')
})

test('a column that a failed look has added in another type is filled by the next one, and opens no version', async ({
  run,
  sql,
}) => {
  const project = prices({ strategy: 'check', check_cols: 'all' })
  await sql(GOODS)
  await run(project)
  await sql(`alter table raw.goods add column brand int default 7;
    insert into raw.goods values (1, 'mug', 99, '2026-01-01', 8)`)
  expect((await run(project)).steps['prices']).toContain('GM4009')
  await sql(
    `delete from raw.goods where price = 99; alter table raw.goods alter column brand type text`,
  )
  expect((await run(project)).steps).toEqual({ prices: 'update history: success +0 ~2' })
  expect(await sql('select distinct brand from shop.prices')).toEqual([{ brand: '7' }])
})

test('a version that ended a moment ago has ended under a header that sets a time zone', async ({
  run,
  sql,
}) => {
  const config = {
    ...BY_VALUE,
    hard_deletes: 'invalidate',
    sql_header: `set local time zone 'America/New_York'`,
  } as const
  await sql(GOODS)
  await run(prices(config))
  await sql('delete from raw.goods where id = 2')
  await run(prices(config))
  const other = prices(config, 'select * from raw.goods where true')
  expect((await run(other)).steps).toEqual({ prices: 'update history: success +0 ~0' })
})

test('a header that sets a time zone moves no beginning', async ({ run, sql }) => {
  await sql(GOODS)
  await run(prices(BY_VALUE))
  await sql('update raw.goods set price = 7 where id = 1; delete from raw.goods where id = 2')
  const header = {
    sql_header: `set local time zone 'Asia/Tokyo';`,
    hard_deletes: 'new_record',
  } as const
  expect((await run(prices({ ...BY_VALUE, ...header }))).steps).toEqual({
    prices: 'update history: success +2 ~2',
  })
  const late = `select 1 from shop.prices where dbt_valid_from > now() at time zone 'UTC' + interval '1 hour'`
  expect(await sql(late)).toEqual([])
})
