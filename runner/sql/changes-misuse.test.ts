import { describe, expect, test } from 'vitest'
import { findMisuse } from './changes-misuse.ts'
import { isSyntaxError, loadSqlParser } from './parse-sql.ts'

const parse = await loadSqlParser()

function misuses(sql: string): string[] {
  const parsed = parse(
    sql.replaceAll('NEW', '"gm.changes"."orders"').replaceAll('KEYS', '"gm.keys"."orders"'),
  )
  if (isSyntaxError(parsed)) throw new Error(parsed.message)
  return findMisuse(parsed).map(({ kind, input }) => `${kind} ${input}`)
}

describe('rows are lost by', () => {
  test.each([
    ['select * from NEW o join shop.users u on u.id = o.user_id', 'join'],
    ['select * from NEW o, shop.users u', 'join'],
    ['select * from NEW o left join shop.users u on u.id = o.user_id', 'join'],
    ['with n as (select * from NEW o) select * from n join shop.users u using (id)', 'join'],
    ['select * from NEW o join (select id from shop.users) u using (id)', 'join'],
    ['select * from NEW o join NEW p using (id)', 'join'],
    ['select * from shop.users u left join NEW o on u.id = o.user_id', 'outer join'],
    ['select * from NEW o full join shop.users u using (id)', 'outer join'],
    ['select user_id, sum(amount) from NEW o group by user_id', 'aggregate'],
    ['select count(*) from NEW o', 'aggregate'],
    ['select user_id from NEW o group by user_id having max(amount) > 1', 'aggregate'],
    ['select sum(a) + 1 from (select amount as a from NEW o) p', 'aggregate'],
    [
      'select * from shop.users u where not exists (select from NEW o where o.user_id = u.id)',
      'negation',
    ],
    ['select * from shop.users u where u.id not in (select user_id from NEW o)', 'negation'],
    ['select * from shop.users u where u.id <> all (select user_id from NEW o)', 'negation'],
    ['select id from shop.users except select user_id from NEW o', 'except'],
    ['select * from NEW o order by id limit 10', 'limit'],
    ['select * from shop.orders o where id in (select id from NEW n limit 10)', 'limit'],
  ])('%s', (sql, kind) => {
    expect(misuses(sql)).toEqual([`${kind} orders`])
  })
})

describe('no rows are lost by', () => {
  test.each([
    'select id, lower(name) from NEW o where amount > 0',
    'select id from NEW o union all select id from shop.old',
    'select distinct on (id) * from NEW o order by id, at',
    'select *, row_number() over (partition by id), sum(amount) over () from NEW o',
    'select e.* from NEW o cross join lateral jsonb_array_elements(o.items) e',
    'select o.*, d.day from NEW o cross join (select generate_series(1, 3) as day) d',
    'select * from shop.orders o join shop.users u using (id) where o.id in (select id from NEW n)',
    'select user_id, sum(amount) from shop.orders o where user_id in (select user_id from NEW n) group by user_id',
    'select user_id from shop.orders o where exists (select from NEW n join shop.users u using (id) where n.user_id = o.user_id)',
    'with t as (select user_id, count(*) from NEW n left join shop.x using (id) group by 1) select * from shop.orders where user_id in (select user_id from t)',
    'select * from shop.orders o where o.day >= (select min(day) from NEW n)',
    'select * from NEW o where not exists (select from shop.done d where d.id = o.id)',
    'select * from shop.orders where not (id in (select id from shop.done)) and id in (select id from NEW n)',
    'select o.* from KEYS k join shop.orders o using (user_id)',
    'with recursive r as (select id from NEW n union all select id + 1 from r where id < 9) select * from r',
    'with "orders" as (select * from (select * from NEW n) o) select * from "orders"',
  ])('%s', (sql) => {
    expect(misuses(sql)).toEqual([])
  })
})

test('the place is where the changes are read', () => {
  const parsed = parse('select \'é\' from shop.u join "gm.changes"."orders" o using (id)')
  if (isSyntaxError(parsed)) throw new Error(parsed.message)
  expect(findMisuse(parsed)).toEqual([{ kind: 'join', input: 'orders', offset: 28 }])
})
