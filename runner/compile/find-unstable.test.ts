import { expect, test } from 'vitest'
import { findUnstable, NO_USER_FUNCTIONS } from './find-unstable.ts'

const NONE = NO_USER_FUNCTIONS

test.each([
  ['select now()', 'now()'],
  ['select NOW ( )', 'now()'],
  ['select pg_catalog."now"()', 'pg_catalog'],
  ['select current_date - 1', 'current_date'],
  [`select timestamp 'now'`, `'now'`],
  [`select ' Today'::date`, `' Today'`],
  ['select random()', 'random()'],
  ['select gen_random_uuid() from t', 'gen_random_uuid()'],
  [`select nextval('s')`, 'nextval()'],
  ['select age(t.born) from t', 'age()'],
  ['select * from t tablesample bernoulli (10)', 'tablesample'],
  ['select * from pg_stat_activity', 'pg_stat_activity'],
  ['select * from information_schema.tables', 'information_schema'],
  [`select current_setting('x')`, 'current_setting()'],
  ['select array_shuffle(t.tags) from t', 'array_shuffle()'],
  [`select E'now'::timestamptz`, `E'now'`],
  ['select $$now$$::timestamptz', '$$now$$'],
  [`select '{today}'::date[]`, `'{today}'`],
  [`select '[today,tomorrow)'::daterange`, `'[today,tomorrow)'`],
  ['select last_value from numbers', 'last_value'],
  [`select has_table_privilege('t', 'select')`, 'has_table_privilege()'],
  [`select to_regclass('t')`, 'to_regclass()'],
  ['select lo_get(t.picture) from t', 'lo_get()'],
  [`select query_to_xml('select 1', true, true, '')`, 'query_to_xml()'],
])('%s may give something else each time', (sql, found) => {
  expect(findUnstable(sql, NONE)).toBe(found)
})

test.each([
  'select 1 -- now()',
  `select 'I live now' as motto`,
  'select t.user, t.now from t',
  'select age(t.died, t.born) from t',
  'select last_value(t.v) over (order by t.at) from t',
  'select $1, $$what is now$$ from t',
  "select date_trunc('day', t.at) from t",
  'select count(*) from t /* random() */',
  `select * from t where ("_gm_xid" >= pg_snapshot_xmax(gm.mark('a', 'b')) or "_gm_xid" = any (gm.under_way('a', 'b')))`,
])('%s gives the same each time', (sql) => {
  expect(findUnstable(sql, NONE)).toBeUndefined()
})

test("a function of the database's users may read anything; a column of its name does not", () => {
  const functions = { ...NONE, names: new Set(['rate', 'mark']) }
  expect(findUnstable('select finance.rate(1)', functions)).toBe('rate()')
  expect(findUnstable('select rate from t', functions)).toBeUndefined()
  expect(findUnstable(`select gm.mark('a', 'b')`, functions)).toBeUndefined()
})

test('a function of the users behind an operator, behind a cast or written like a column is found; what only looks like it is not', () => {
  const users = { ...NONE, attributes: new Set(['total']), operators: ['@+@', '::'] }
  expect(findUnstable('select a @+@ b', users)).toBe('@+@')
  expect(findUnstable('select a operator(finance.@+@) b', users)).toBe('@+@')
  expect(findUnstable('select (o).total, o."total" from orders as o', users)).toBe('.total')
  expect(findUnstable('select a::money', users)).toBe('::')
  expect(findUnstable(`select total, '@+@' || o.amount from orders as o -- a @+@ b`, users)).toBe(
    undefined,
  )
})
