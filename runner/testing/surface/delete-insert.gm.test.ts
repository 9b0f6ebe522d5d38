import { expect } from 'vitest'
import { databaseUrl, gm } from '../gm.ts'
import { test } from '../sql-fixture.ts'

const SOURCES = 'sources: [{name: raw, tables: [{name: orders}]}]\n'
const SOURCE = "source('raw', 'orders')"
const ORDERS = `create schema raw;
create table raw.orders (
  id int primary key, day date, items int[], _gm_xid xid8 not null default pg_current_xact_id()
);
insert into raw.orders values (1, '2026-01-01', '{7, 8}'), (2, '2026-01-01', '{9}'), (3, '2026-01-02', '{7}')`

function model(uniqueKey: string, sql: string): string {
  return `{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='${uniqueKey}') }}\n${sql}\n`
}

test('delete+insert of new rows alone is refused where their key has others, before any is deleted', async ({
  connection,
  sql,
  project,
}) => {
  await sql(ORDERS)
  const root = await project({
    'models/sources.yml': SOURCES,
    'models/days.sql': model('day', `select day, id from {{ changes(${SOURCE}) }} as o`),
  })
  const run = (status?: number) => gm(root, ['run'], databaseUrl(connection), status)
  await run()
  await sql(`insert into raw.orders values (4, '2026-01-01', '{}')`)
  expect((await run(1)).stdout).toContain(
    'delete+insert would lose rows of days, which gives only the new rows of a key: it has (2026-01-01) 2 times',
  )
  expect(await sql('select id from public.days order by id')).toEqual(
    [1, 2, 3].map((id) => ({ id })),
  )
  // Of the second day there was one row: that there are more is told by those that are new.
  await sql(`delete from raw.orders where id = 4;
    insert into raw.orders values (5, '2026-01-02', '{}'), (6, '2026-01-02', '{}')`)
  expect((await run(1)).stdout).toContain('(2026-01-02) 2 times')
})

test('delete+insert goes on where a key has one row, where all its rows are given, and where one new row gives them all', async ({
  connection,
  sql,
  project,
}) => {
  await sql(ORDERS)
  const root = await project({
    'models/sources.yml': SOURCES,
    'models/by_id.sql': model('id', `select id, day from {{ changes(${SOURCE}) }} as o`),
    'models/whole_days.sql': model(
      'day',
      `select day, id from {{ ${SOURCE} }} {% if is_incremental() %}where day in (select day from {{ changes(${SOURCE}) }} as o){% endif %}`,
    ),
    'models/items.sql': model(
      'id',
      `select o.id, item from {{ changes(${SOURCE}) }} as o cross join lateral unnest(o.items) as item`,
    ),
    'models/told.sql': model(
      'day',
      `select day, id from {{ changes(${SOURCE}, unchecked=true) }} as o`,
    ),
  })
  const run = () => gm(root, ['run'], databaseUrl(connection))
  await run()
  await sql(
    `update raw.orders set items = '{5, 6}', day = '2026-01-02', _gm_xid = default where id = 1`,
  )
  await run()
  const rows = async (query: string): Promise<readonly unknown[][]> =>
    (await sql(query)).map((row) => Object.values(row))
  expect(await rows('select id, day::text from public.by_id order by id')).toEqual([
    [1, '2026-01-02'],
    [2, '2026-01-01'],
    [3, '2026-01-02'],
  ])
  expect(
    await rows(`select id from public.whole_days where day = '2026-01-02' order by 1`),
  ).toEqual([[1], [3]])
  expect(await rows('select id, item from public.items order by 1, 2')).toEqual([
    [1, 5],
    [1, 6],
    [2, 9],
    [3, 7],
  ])
  expect(await rows(`select id from public.told where day = '2026-01-02' order by 1`)).toEqual([
    [1],
  ])
})
