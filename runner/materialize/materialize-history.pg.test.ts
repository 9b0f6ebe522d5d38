import { expect } from 'vitest'
import type { NodeConfig } from '../manifest/node.ts'
import type { PlainProject } from '../testing/plain-project.ts'
import { plainProject } from '../testing/plain-project.ts'
import { test } from '../testing/run-fixture.ts'

/** Prices from a log of events; what else the events say is kept with the version. */
function prices(config: Partial<NodeConfig> = {}): PlainProject {
  return plainProject({
    log: { kind: 'source', schema: 'raw' },
    prices: {
      kind: 'snapshot',
      config: {
        strategy: 'events',
        unique_key: ['id'],
        updated_at: 'at',
        check_cols: ['price'],
        surrogate_key: 'sk',
        ...config,
      },
      changes: ['log'],
      sql: ({ ref, changes, isIncremental }) =>
        `select * from ${ref('log')} e ${isIncremental ? `where e.id in (select c.id from ${changes('log')} c)` : ''}`,
    },
  })
}

const log = (type: string): string => `create schema raw;
create table raw.log (id int, price int, at timestamptz, extra ${type}, _gm_xid xid8 not null default pg_current_xact_id())`

const READ = `select id, price, extra::text as extra, effective_from, effective_to from shop.prices order by id, effective_from`

test.for([
  ['json', '{"a": 1}', '{"a": 2}'],
  ['box', '(0,0),(1,4)', '(0,0),(2,2)'],
  ['numeric', '1.0', '1.00'],
] as const)(
  'a column of type %s is updated as a rebuild has it, also where the server finds no difference, or cannot compare',
  async ([type, before, after], { run, sql }) => {
    await sql(`${log(type)}; insert into raw.log values (1, 5, '2026-01-01', '${before}')`)
    await run(prices())
    await sql(`insert into raw.log values (1, 5, '2026-01-02', '${after}')`)
    expect((await run(prices())).steps).toEqual({ prices: 'update history: success +0 ~1 -0' })
    expect((await run(prices())).steps).toEqual({ prices: 'update history: success +0 ~0 -0' })
    const updated = await sql(READ)
    await run(prices(), { fullRefresh: true })
    expect(await sql(READ)).toEqual(updated)
  },
)

test.for([
  ['alter table raw.log alter column extra type bigint', '99999999999'],
  ['alter table raw.log drop column extra; alter table raw.log add column extra text', 'x'],
  ['alter table raw.log alter column at type timestamp', '1'],
  ['alter table raw.log alter column at type date', '1'],
] as const)(
  'where the query gives other columns the history is rebuilt: %s',
  async ([alter, extra], { run, sql }) => {
    await sql(`${log('int')}; insert into raw.log values (1, 5, '2026-01-01', 1)`)
    await run(prices())
    await sql(
      `${alter}; insert into raw.log (id, price, at, extra) values (1, 6, '2026-01-02', '${extra}')`,
    )
    expect((await run(prices())).steps).toEqual({ prices: 'build history: success +2' })
    expect((await run(prices())).steps).toEqual({ prices: 'update history: success +0 ~0 -0' })
    expect(await sql(READ)).toMatchObject([{ price: 5 }, { price: 6, extra }])
  },
)

test.for([
  ['null', 'null'],
  [`'infinity'`, 'infinity'],
  [`'-infinity'`, '-infinity'],
  [`'9999-12-31 00:00+00'`, '9999-12-31 00:00:00+00'],
  [`'10001-01-01 00:00+00'`, '10001-01-01 00:00:00+00'],
] as const)(
  'an event at %s is refused with its key, on the first run and later, and nothing is written',
  async ([at, shown], { run, sql }) => {
    await sql(`${log('int')}; insert into raw.log values (1, 5, '2026-01-01', 1)`)
    await run(prices())
    const before = await sql(READ)
    await sql(`insert into raw.log values (1, 6, ${at}, 1)`)
    const refused = `models/prices.sql:1:1  GM4009  updated_at (at) of the events of prices must be a time before 9999-12-31, and is not for (1): ${shown}`
    expect((await run(prices())).steps['prices']).toBe(refused)
    expect((await run(prices(), { fullRefresh: true })).steps['prices']).toBe(refused)
    expect(await sql(READ)).toEqual(before)
  },
)

test.for(['json', 'box', 'raw.document', 'raw.pair[]'])(
  'a column of check_cols of type %s, of which no change can be seen, is refused on the first run and later',
  async (type, { run, sql }) => {
    await sql(log('int'))
    await sql('create domain raw.document as json; create type raw.pair as (a int, b json)')
    await run(prices())
    await sql(`alter table raw.log alter column price type ${type} using null`)
    const refused = `models/prices.sql:1:1  GM3009  check_cols of prices must be of types whose values can be compared, and "price" is ${type}`
    expect((await run(prices())).steps['prices']).toBe(refused)
    expect((await run(prices(), { fullRefresh: true })).steps['prices']).toBe(refused)
  },
)

test.for(['date', 'timestamp', 'timestamptz'])(
  'a version ends when the next begins, also under a header that sets a time zone: %s',
  async (type, { run, sql }) => {
    const header = { sql_header: `set local time zone 'America/New_York'` }
    await sql(`${log('int')}; alter table raw.log alter column at type ${type};
      insert into raw.log values (1, 5, '2026-01-01', 1), (1, 6, '2026-01-02', 1)`)
    await run(prices(header))
    await sql(`insert into raw.log values (1, 7, '2026-01-03', 1)`)
    expect((await run(prices(header))).steps).toEqual({
      prices: 'update history: success +1 ~1 -0',
    })
    const ends = `select (effective_to at time zone 'UTC')::text as at from shop.prices where not is_current order by 1`
    expect(await sql(ends)).toEqual([{ at: '2026-01-02 00:00:00' }, { at: '2026-01-03 00:00:00' }])
  },
)

test('times of less digits than microseconds are no other columns', async ({ run, sql }) => {
  await sql(
    `${log('int')}; alter table raw.log alter column at type timestamptz(3), alter column extra type numeric(4,1);
     insert into raw.log values (1, 5, '2026-01-01', 1)`,
  )
  await run(prices())
  await sql(`insert into raw.log values (1, 6, '2026-01-02', 1)`)
  expect((await run(prices())).steps).toEqual({ prices: 'update history: success +1 ~1 -0' })
})

test.for([true, false])(
  'times that are text are refused: first run %s',
  async (isFirst, { run, sql }) => {
    await sql(log('int'))
    if (!isFirst) await run(prices())
    await sql(`alter table raw.log alter column at type text`)
    expect((await run(prices())).steps['prices']).toBe(
      'models/prices.sql:1:1  GM3009  updated_at of prices must be a date or a timestamp. "at" is text',
    )
  },
)
