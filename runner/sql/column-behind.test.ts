import { expect, test } from 'vitest'
import { columnBehind } from './column-behind.ts'
import { isSyntaxError, loadSqlParser } from './parse-sql.ts'

const parse = await loadSqlParser()

function behind(sql: string): string | undefined {
  const parsed = parse(sql)
  if (isSyntaxError(parsed)) throw new Error(parsed.message)
  return columnBehind(parsed, 'day')
}

test.each([
  ['select id, at as day from raw.orders', 'at'],
  ['select o.day from raw.orders as o where amount > 0 order by id', 'day'],
  ['select *, upper(name) as name from raw.orders', 'day'],
  [
    'with o as (select * from raw.orders), n as (select o.at as day from o) select n.* from n',
    'at',
  ],
  ['select * from (with o as (select at from raw.orders) select at as day from o) as s', 'at'],
])('a column that a query hands on is found behind it: %s', (sql, column) => {
  expect(behind(sql)).toBe(column)
})

test.each([
  'select at::date as day from raw.orders',
  'select id from raw.orders',
  'select *, day(at) from raw.orders',
  'select *, (facts).day from raw.orders',
  'select at as day, count(*) from raw.orders group by at',
  'select distinct on (id) at as day from raw.orders order by id, at desc',
  'select at as day from raw.orders limit 5',
  'with n as (select *, row_number() over (partition by id order by day desc) as n from raw.orders) select * from n where n = 1',
  'select at as day from raw.orders as o where at = (select max(at) from raw.orders)',
  'select o.at as day from raw.orders as o join raw.orders as p using (id)',
  'select o.at as day from raw.orders as o, raw.rates',
  'select at as day from raw.orders union all select day from raw.orders',
  'with recursive o as (select day from raw.orders) select day from o',
  'with o (day) as (select at from raw.orders) select day from o',
  'select day from raw.orders as o (id, day)',
  'select day from (select id, at from raw.orders) as o (id, day)',
  'values (1)',
  'delete from raw.orders',
])('no column is behind one that is computed or made of several rows: %s', (sql) => {
  expect(behind(sql)).toBeUndefined()
})
