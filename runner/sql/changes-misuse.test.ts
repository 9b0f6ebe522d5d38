import { describe, expect, test } from 'vitest'
import type { Judged, Written } from './changes-misuse.ts'
import { judgeChanges } from './changes-misuse.ts'
import { isSyntaxError, loadSqlParser } from './parse-sql.ts'

const parse = await loadSqlParser()

const orders = { schema: 'shop', identifier: 'orders_seen', uniqueKey: ['id'] }

function judged(sql: string, written: Written): Judged {
  const parsed = parse(
    sql.replaceAll('NEW', '"gm.changes"."orders"').replaceAll('KEYS', '"gm.keys"."orders"'),
  )
  if (isSyntaxError(parsed)) throw new Error(parsed.message)
  return judgeChanges(parsed, written)
}

function misuses(sql: string, written: Written = orders): string[] {
  return judged(sql, written).misuses.map(({ kind, input }) => `${kind} ${input}`)
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
    ['select * from NEW o where o.user_id in (select id from shop.users)', 'lookup'],
    ['select * from NEW o where not exists (select from shop.done d where d.id = o.id)', 'lookup'],
    ['select o.*, (select rate from shop.rates r where r.day = o.day) from NEW o', 'lookup'],
    ['select o.*, amount * (select max(rate) from shop.rates) from NEW o', 'lookup'],
    ['select * from NEW o order by (select max(rate) from shop.rates)', 'lookup'],
    [
      'with d as (select id from shop.done) select * from NEW o where id in (select id from d)',
      'lookup',
    ],
    [
      'select * from (select * from NEW n) o where exists (select from generate_series(1, 3) g where g in (select id from shop.users))',
      'lookup',
    ],
    ['select * from NEW o cross join lateral unnest(array(select id from shop.users)) u', 'lookup'],
    ['select id from NEW o where amount = (select max(amount) from NEW p)', 'lookup'],
    ['select id from NEW o intersect select id from shop.done', 'lookup'],
    ['select id from NEW o except select id from shop.done', 'lookup'],
    ['select id, sum(amount) over () from NEW o', 'window'],
    ['select id, rank() over (order by amount) from NEW o', 'window'],
    ['select id, lag(amount) over (partition by user_id order by at) from NEW o', 'window'],
    ['select id, lag(amount) over w from NEW o window w as (partition by user_id)', 'window'],
    ['select id from NEW o order by row_number() over (order by at) desc', 'window'],
    [
      'select * from (select *, row_number() over (partition by user_id order by at) as nth from NEW o) r where nth = 1',
      'window',
    ],
    ['select lower(code) as id, row_number() over (partition by id) from NEW o', 'window'],
    ['select distinct on (user_id) * from NEW o order by user_id, at', 'distinct'],
    // Of one key, and still of rows that were read before.
    ...[
      'lag(amount)',
      'lead(amount)',
      'sum(amount)',
      'count(*)',
      'avg(amount)',
      'ntile(4)',
      'percent_rank()',
      'cume_dist()',
    ].map((call) => [`select id, ${call} over (partition by id order by at) from NEW o`, 'window']),
    ['select id, sum(amount) over w from NEW o window w as (partition by id)', 'window'],
    ['select u.id, (select max(at) from NEW o where o.user_id = u.id) from shop.users u', 'value'],
    ['select id, exists (select from NEW o where o.user_id = u.id) from shop.users u', 'value'],
    ['select id, case when id in (select id from NEW o) then 1 end from shop.users u', 'value'],
    [
      'with recursive r as (select id from NEW n union all select c.id from r join shop.parts c on c.part_of = r.id) select * from r',
      'join',
    ],
    ['select * from NEW o join shop.users tablesample system (10) on true', 'join'],
    ['select * from shop.users u where exists (select from NEW o) is not true', 'negation'],
    ['select * from shop.users u where (u.id in (select user_id from NEW o)) is false', 'negation'],
    [
      'select * from shop.users u where case when exists (select from NEW o) then false else true end',
      'negation',
    ],
    [
      'select * from shop.users u where (select count(*) from NEW o where o.user_id = u.id) = 0',
      'negation',
    ],
    ['select * from shop.users u where 1 > (select count(*) from NEW o)', 'negation'],
    [
      'select * from shop.users where id not in (select user_id from shop.orders where id in (select id from NEW o))',
      'negation',
    ],
    ['select covar_pop(a, b) from NEW o', 'aggregate'],
    ['select user_id, my_first(amount order by at) from NEW o group by user_id', 'aggregate'],
    ['select json_arrayagg(amount) from NEW o', 'aggregate'],
  ])('%s', (sql, kind) => {
    expect(misuses(sql)).toEqual([`${kind} orders`])
  })
})

describe('a group of which changed rows choose a part is not whole', () => {
  test.each([
    'select user_id, sum(amount) from shop.orders where id in (select id from NEW c) group by user_id',
    'select user_id, sum(amount) from shop.orders where id in (select id from KEYS k) group by user_id',
    'select user_id, sum(amount) from shop.orders o where exists (select from NEW c where c.id = o.id) group by user_id',
    'select user_id, sum(amount) from shop.orders where id = any (array(select id from NEW c)) group by user_id',
    'select user_id, sum(amount) from shop.orders where day = (select max(day) from NEW c) group by user_id',
    'select count(*) from shop.orders where user_id in (select user_id from NEW c)',
    'select user_id, sum(amount) from shop.orders where (user_id, day) in (select user_id, day from NEW c) group by user_id',
    'select user_id, sum(amount) from shop.orders where id in (select id from NEW c) or user_id in (select user_id from KEYS k) group by user_id',
    'select u.country, count(*) from shop.users u join shop.orders o on o.user_id = u.id where o.user_id in (select user_id from NEW c) group by u.country',
    'select u.id, sum(o.amount) from shop.orders o join shop.users u on u.id = o.user_id where o.id in (select id from NEW c) group by u.id',
    'select u.id, count(*) from shop.orders o join shop.users u on u.id = o.user_id where o.id in (select id from NEW c) group by u.id',
    'select o.user_id, sum(o.amount) from KEYS k join shop.orders o on o.id = k.id group by o.user_id',
    'select o.user_id, sum(o.amount) from KEYS k join shop.orders o using (user_id, day) group by o.user_id',
    'select sum(amount) over (partition by user_id) from shop.orders where id in (select id from NEW c)',
    'select id, rank() over (order by amount) from shop.orders where user_id in (select user_id from NEW n)',
    'select distinct on (user_id) user_id, at from shop.orders where day in (select day from NEW c) order by user_id, at',
    'select user_id, day, sum(amount) from shop.orders where user_id in (select user_id from NEW c) group by rollup (user_id, day)',
    'select user_id, day, sum(amount) from shop.orders where user_id in (select user_id from NEW c) group by grouping sets ((user_id, day), day)',
    'select a.u, sum(a.n) from (select user_id, amount from shop.orders where user_id in (select user_id from NEW c) union all select uid, n from shop.old where uid in (select user_id from KEYS k)) a (u, n) group by a.u',
    'select id, row_number() over (partition by id order by at) from shop.orders where day in (select day from NEW c)',
    "select date_trunc('day', at), sum(amount) from shop.orders where at::date in (select day from NEW c) group by 1",
    // By something of what chooses them, in either direction.
    "select date_trunc('month', day), sum(amount) from shop.orders where day in (select day from NEW c) group by 1",
    "select date_trunc('month', day), sum(amount) from shop.orders where day >= (select min(day) from NEW c) group by 1",
    "select sum(amount) over (partition by date_trunc('month', day)) from shop.orders where day in (select day from NEW c)",
    "with t as (select date_trunc('month', day) as m, amount from shop.orders where day in (select day from NEW c)) select m, sum(amount) from t group by m",
    'select user_id, sum(amount) from shop.orders where user_id in (select user_id from NEW c) or amount > 100 group by user_id',
    'select user_id, sum(amount) from shop.orders where (user_id in (select user_id from NEW c) and amount > 1) or user_id in (select user_id from KEYS k) group by user_id',
    'select o.user_id, sum(o.amount) from shop.orders o where exists (select from KEYS k where k.at < o.at) group by o.user_id',
    'select user_id, sum(amount) from shop.orders o join lateral (select price from shop.prices p where p.day = o.day) p on true where o.day in (select day from NEW c) group by user_id',
    'select p.id, sum(o.amount) from shop.orders o join shop.prices p on o.at between p.valid_from and p.valid_to where o.id in (select id from NEW c) group by p.id',
    'select u.country, sum(amount) from shop.orders o natural join shop.users u where user_id in (select user_id from NEW c) group by u.country',
    'select distinct on (user_id) user_id as id, at from shop.orders where day in (select day from NEW c) order by user_id, at',
    'select user_id, sum(n) from (select user_id, 1 as n from shop.orders where user_id in (select user_id from NEW c) union all select user_id, 0 from shop.old) a group by user_id',
    // An outer join leaves it empty where the other is not.
    'select o.user_id, count(*) from shop.users u left join shop.orders o on o.user_id = u.id where u.id in (select user_id from NEW c) group by o.user_id',
    'select day, count(*) from (select distinct user_id, day from shop.orders where user_id in (select user_id from KEYS k)) t group by day',
    // Through what is read on the way.
    'with t as (select * from shop.orders where id in (select id from NEW c)) select user_id, sum(amount) from t group by user_id',
    'with t as (select user_id, amount from shop.orders where id in (select id from NEW c)) select user_id, sum(amount) from t group by user_id',
    'with c as (select id from NEW n), t as (select o.* from shop.orders o where o.id in (select id from c)) select u.country, sum(t.amount) from t join shop.users u on u.id = t.user_id group by u.country',
    'with t as (select o.id, o.user_id, u.country, o.amount from shop.orders o join shop.users u on u.id = o.user_id where o.id in (select id from NEW c)) select user_id, sum(amount) from t group by user_id',
    'select user_id, sum(amount) from (select user_id, amount from shop.orders where id in (select id from NEW c) union all select user_id, amount from shop.old) a group by user_id',
    'with s as (select user_id, country, sum(amount) as n from shop.orders where user_id in (select user_id from NEW c) group by user_id, country) select country, sum(n) from s group by country',
  ])('%s', (sql) => {
    expect([...new Set(misuses(sql))]).toEqual(['part of a group orders'])
  })
})

describe('a group of which changed rows choose all is whole', () => {
  test.each([
    'select user_id, day, sum(amount) from shop.orders where user_id in (select user_id from NEW c) group by user_id, day',
    'select user_id, sum(amount) from shop.orders where user_id in (select user_id from NEW c) group by 1',
    'select lower(name) as n, sum(amount) from shop.orders where lower(name) in (select lower(name) from NEW c) group by n',
    'select o.user_id, sum(amount) from KEYS k join shop.orders o on o.user_id = k.user_id group by o.user_id',
    'select k.user_id, sum(amount) from KEYS k, shop.orders o where o.user_id = k.user_id group by k.user_id',
    'select u.id, sum(o.amount) from shop.orders o join shop.users u on u.id = o.user_id where o.user_id in (select user_id from NEW c) group by u.id',
    'select u.id, count(*) from shop.users u join shop.orders o on o.user_id = u.id where u.id in (select user_id from NEW c) group by u.id',
    "select user_id, sum(amount) from shop.orders o where shop = 'a' and (shop, user_id) in (select shop, user_id from NEW c) group by user_id",
    'select user_id, sum(amount) from shop.orders where user_id in (select user_id from NEW c) or user_id in (select user_id from shop.users where country in (select country from KEYS k)) group by user_id',
    'with t as (select user_id from KEYS k union select id from shop.users where country in (select country from KEYS c)) select o.user_id, sum(o.amount), count(*) from shop.orders o join t on t.user_id = o.user_id group by o.user_id',
    'select o.user_id, sum(o.amount) from (select distinct user_id from shop.orders where id in (select id from NEW c)) t join shop.orders o on o.user_id = t.user_id group by o.user_id',
    'select user_id, sum(amount) from shop.orders where user_id in (select user_id from shop.orders where id in (select id from NEW c)) group by user_id',
    'with t as (select o.* from shop.orders o join KEYS k on k.user_id = o.user_id) select user_id, sum(amount) from t group by user_id',
    'with t as (select * from shop.orders where user_id in (select user_id from KEYS k)) select t.user_id, sum(t.amount * p.price) from t join shop.products p on p.id = t.product_id group by t.user_id',
    'with t (u, a) as (select user_id, amount from shop.orders where user_id in (select user_id from NEW c)) select u, sum(a) from t group by u',
    'select k.order_id, sum(o.amount), max(u.name) from KEYS k join shop.orders o on o.id = k.order_id join shop.users u on u.id = k.user_id group by k.order_id',
    'select u.id, (select sum(o.amount) from shop.orders o where o.user_id = u.id) from shop.users u where u.id in (select user_id from NEW c)',
    'select user_id, day, sum(amount) from shop.orders where user_id in (select user_id from NEW c) group by user_id, rollup (day)',
    'select o.user_id, sum(o.amount), count(k.id) as touched from shop.orders o left join KEYS k on k.id = o.id group by o.user_id',
    "select date_trunc('month', day), sum(amount) from shop.orders where date_trunc('month', day) in (select date_trunc('month', day) from NEW c) group by 1",
    "select date_trunc('month', day), day, sum(amount) from shop.orders where day in (select day from NEW c) group by 1, 2",
    'select u.id, count(o.id) from shop.users u left join shop.orders o on o.user_id = u.id where u.id in (select user_id from NEW c) group by u.id, o.user_id',
    'select a.u, sum(a.n) from (select user_id, amount from shop.orders union all select uid, n from shop.old) a (u, n) where a.u in (select user_id from KEYS k) group by a.u',
    'select a.u, sum(a.n) from (select user_id, amount from shop.orders where user_id in (select user_id from KEYS k) union all select uid, n from shop.old where uid in (select user_id from KEYS k)) a (u, n) group by a.u',
    'with k as (select user_id from KEYS n) select a.user_id, sum(a.n) from (select o.user_id, o.amount as n from shop.orders o join k on k.user_id = o.user_id union all select p.user_id, p.n from shop.old p join k t on t.user_id = p.user_id) a group by a.user_id',
    // What cannot be told.
    'select day, sum(amount) from shop.orders where day >= (select min(day) from NEW c) group by day',
    'select day, sum(amount) from shop.orders where day in (select day from NEW c) or day > now() group by day',
    'select k.hour, sum(o.amount) from KEYS k join shop.orders o on o.at >= k.hour and o.at < k.hour + 1 group by k.hour',
    'select user_id, sum(amount) from shop.orders where id in (select id from "gm.unchecked"."orders" c) group by user_id',
  ])('%s', (sql) => {
    expect(misuses(sql)).toEqual([])
  })
})

describe('a row that loses its partner is not chosen by', () => {
  test.each([
    'select u.id, o.id from shop.users u left join shop.orders o on o.user_id = u.id where o.user_id in (select user_id from KEYS k)',
    'select u.id, o.id from shop.orders o right join shop.users u on o.user_id = u.id where exists (select from KEYS k where k.user_id = o.user_id)',
    'select u.id, o.id from shop.users u left join shop.orders o on o.user_id = u.id join KEYS k on k.id = o.id',
  ])('%s', (sql) => {
    expect(misuses(sql)).toEqual(['choice behind an outer join orders'])
  })
  test('but by the side that is always there', () => {
    expect(
      misuses(
        'select u.id, o.id from shop.users u left join shop.orders o on o.user_id = u.id where u.id in (select user_id from KEYS k)',
      ),
    ).toEqual([])
  })
})

test('rows that are taken from others, or kept because of them, are chosen alike', () => {
  const by = (one: string, how: string, other: string): string[] =>
    misuses(
      `select user_id, day from shop.orders where ${one} ${how} select user_id, day from shop.old where ${other}`,
    )
  const [user, day] = ['user_id', 'day'].map((name) => `${name} in (select ${name} from KEYS k)`)
  for (const how of ['except', 'intersect']) {
    expect(by(user ?? '', how, user ?? '')).toEqual([])
    expect(by(user ?? '', how, 'true')).toEqual([])
    expect(by(user ?? '', how, day ?? '')).toEqual(['choice of two sides orders'])
  }
  expect(by('true', 'except', user ?? '')).toEqual(['except orders'])
})

describe('rows are those of what is new and not all of their key', () => {
  const byDay = { ...orders, uniqueKey: ['day'] }
  const isReplacedByPart = (sql: string): boolean => judged(sql, byDay).isReplacedByPart
  test.each([
    'select day, id from NEW o',
    'with n as (select * from NEW o where amount > 0) select at::date as day, id from n',
    'select distinct day, user_id from NEW o',
    'select day, id from shop.orders where id in (select id from NEW c)',
    'select day, id from NEW o union all select day, id from "gm.changes"."returns" r',
    'select o.day, i.id from shop.orders o join shop.items i on i.order_id = o.id where o.id in (select id from NEW c)',
    "select date_trunc('day', at)::date as day, id from shop.orders where at::date in (select at::date from NEW c)",
  ])('%s', (sql) => {
    expect(isReplacedByPart(sql)).toBe(true)
  })
  test.each([
    'select day, id from shop.orders where day in (select day from NEW c)',
    'select day, id from shop.orders where day >= (select min(day) from NEW c)',
    'select day, item from NEW o cross join lateral unnest(o.items) item',
    'select day, unnest(items) from NEW o',
    'select day, net from NEW o union all select day, gross from NEW p',
    'select day, id from "gm.unchecked"."orders" o',
    'select day, id from shop.orders',
    'select o.day, o.id from KEYS k join shop.orders o using (day)',
  ])('not by %s', (sql) => {
    expect(isReplacedByPart(sql)).toBe(false)
  })
})

test('a history is given all events of the keys that have new ones', () => {
  const history = { ...orders, uniqueKey: ['sku', 'at'], historyOf: ['sku'] }
  for (const part of [
    'select sku, at, price from NEW o',
    'select sku, at, price from shop.prices where id in (select id from NEW c)',
    'with n as (select id from KEYS k) select p.sku, p.at from shop.prices p join n on n.id = p.id',
  ])
    expect(misuses(part, history)).toEqual(['part of a history orders'])
  for (const whole of [
    'select sku, at, price from shop.prices where sku in (select sku from NEW c)',
    'select p.sku, p.at, m.price from shop.prices p join KEYS k on k.sku = p.sku join shop.more m on m.id = p.id',
    'select sku, at, price from "gm.unchecked"."orders" o',
    'select sku, at, price from shop.prices where at > now()',
  ])
    expect(misuses(whole, history)).toEqual([])
})

describe('rows of a table without a unique_key are given again by', () => {
  test.each([
    'select distinct user_id from NEW o',
    'select user_id from NEW o group by user_id',
    'select id from NEW o union select id from NEW p',
    'select distinct on (id) * from NEW o order by id, at',
  ])('%s', (sql) => {
    expect(misuses(sql)).toEqual([])
    expect(misuses(sql, { ...orders, uniqueKey: [] })).toEqual(['distinct orders'])
  })
})

describe('no rows are lost by', () => {
  test.each([
    'select id, lower(name) from NEW o where amount > 0',
    'select id from NEW o union all select id from shop.old',
    'select distinct on (id) * from NEW o order by id, at',
    'select *, row_number() over (partition by id) from NEW o',
    'select id, amount from (select *, row_number() over w as nth from NEW o window v as (partition by id), w as (v order by at)) r where nth = 1',
    "select o.data->>'id' as id, row_number() over (partition by o.data->>'id' order by at) from NEW o",
    'select md5(code || shop) as id, n from (select *, row_number() over (partition by shop, code order by at) as n from NEW o) r where n = 1',
    'select distinct on (1, at) id, at from NEW o',
    'with n as (select distinct on (upper(code)) upper(code) as code, at from NEW o) select code as id, at from n',
    'select id, (select 1), (select sum(e.v) from jsonb_to_recordset(o.items) as e (v int)) from NEW o where id <> all (array[1, 2])',
    'select * from NEW o where not exists (select from shop.orders_seen s where s.id = o.id)',
    'select id, rank() over (partition by user_id order by amount) from shop.orders where user_id in (select user_id from NEW n)',
    'select k.user_id, sum(amount) over (partition by k.user_id) from KEYS k join shop.orders o using (user_id)',
    'select * from KEYS k where user_id in (select id from shop.users)',
    'select id from shop.orders where user_id in (select user_id from (select user_id, row_number() over (order by at) from NEW n) r)',
    'select e.* from NEW o cross join lateral jsonb_array_elements(o.items) e',
    'select o.*, d.day from NEW o cross join (select generate_series(1, 3) as day) d',
    'select * from shop.orders o join shop.users u using (id) where o.id in (select id from NEW n)',
    'select user_id, sum(amount) from shop.orders o where user_id in (select user_id from NEW n) group by user_id',
    'select user_id from shop.orders o where exists (select from NEW n join shop.users u using (id) where n.user_id = o.user_id)',
    'with t as (select user_id, count(*) from NEW n left join shop.x using (id) group by 1) select * from shop.orders where user_id in (select user_id from t)',
    'select * from shop.orders o where o.day >= (select min(day) from NEW n)',
    'select * from shop.orders where not (id in (select id from shop.done)) and id in (select id from NEW n)',
    'select o.* from KEYS k join shop.orders o using (user_id)',
    'with recursive r as (select id from NEW n union all select id + 1 from r where id < 9) select * from r',
    'with "orders" as (select * from (select * from NEW n) o) select * from "orders"',
    'select id, first_value(name) over w, rank() over w from NEW o window w as (partition by id order by at)',
    'select o.id, least(o.at, s.at) as at from NEW o left join shop.orders_seen s on s.id = o.id',
    'select id, at from NEW o except select id, at from shop.orders_seen',
    'select * from shop.orders o where exists (select 1 from NEW n where n.user_id = o.user_id limit 1)',
    'select * from shop.orders o where (select count(*) from NEW n where n.user_id = o.user_id) > 0',
    'select * from shop.orders o where (exists (select from NEW n where n.id = o.id)) is true',
    'select * from shop.orders o where not ((select count(*) from NEW n where n.id = o.id) = 0)',
    'select id, at from NEW o union all select distinct on (code) code, at from NEW p order by code, at',
    'select * from (select distinct on (code) code, at from NEW o) as o (id, at)',
    'with n (id, at) as (select distinct on (code) code, at from NEW o) select * from n',
    'select distinct on (lower(o.code)) lower(code) as id, at from NEW o',
    'with p as (select max(at) as at from shop.orders_seen) select o.id from NEW o cross join p where o.at > p.at',
    'select distinct on (o.id::text) o.id::text, at from NEW o',
    'select o.id, x.most from NEW o cross join lateral (select max(i) as most from unnest(o.items) i) x',
    'select o.id from NEW o where (o.id, o.day) in (values (1, 2))',
  ])('%s', (sql) => {
    expect(misuses(sql)).toEqual([])
  })
})

test('a chain of queries that each read the one before twice is read once each', () => {
  const chain = Array.from(
    { length: 40 },
    (_, i) => `c${i + 1} as (select * from c${i} union all select * from c${i})`,
  )
  expect(
    misuses(`with c0 as (select * from NEW o), ${chain.join(', ')} select * from c40`),
  ).toEqual([])
})

test('the place of a window and a subquery is their own', () => {
  const sql = 'select rank() over () from "gm.changes"."orders" where id in (select id from shop.u)'
  const parsed = parse(sql)
  if (isSyntaxError(parsed)) throw new Error(parsed.message)
  expect(judgeChanges(parsed, orders).misuses).toEqual([
    { kind: 'lookup', input: 'orders', offset: sql.indexOf('in (select') },
    { kind: 'window', input: 'orders', offset: sql.indexOf('rank') },
  ])
})

test('the place is where the changes are read', () => {
  const parsed = parse('select \'é\' from shop.u join "gm.changes"."orders" o using (id)')
  if (isSyntaxError(parsed)) throw new Error(parsed.message)
  expect(judgeChanges(parsed, orders).misuses).toEqual([
    { kind: 'join', input: 'orders', offset: 28 },
  ])
})
