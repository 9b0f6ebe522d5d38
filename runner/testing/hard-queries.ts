/** Tables for the queries below. */
export const TABLES = `
create schema s;
create type s.address as (street text, city text);
create table s.customers (id int primary key, name text, country text, parent_id int, doc jsonb, home s.address);
create table s.orders (id int primary key, customer_id int, amount numeric, placed_at timestamptz, tags text[], doc jsonb);
create table s.lines (order_id int, line int, sku text, qty int, price numeric);
create table s.edges (id int, parent_id int, weight int);
create table s."Odd Name" ("Sum" int, "a.b" text, "ключ" text);
create function s.twice(x int) returns int language sql as 'select x * 2';
create function s.pairs(n int, out a int, out b text) returns setof record language sql as 'select 1, ''x''';
`

/** Queries by what is hard about each; every one of them makes a view. */
export const HARD_QUERIES: Readonly<Record<string, string>> = {
  'a plain copy': 'select id, amount as total from s.orders',
  'names beyond letters':
    'select "Sum", "a.b" || "ключ" as "é🎉", "Odd Name"."ключ" from s."Odd Name" where "Sum" > 0',
  'a name with its schema': 'select s.orders.id, orders.amount from s.orders',
  'system columns': 'select ctid, tableoid, xmin::text as x from s.orders',
  star: 'select * from s.orders',
  'two stars': `select o.*, c.id as cid, c.name from s.orders o, s.customers c where o.customer_id = c.id`,
  'star over a join': 'select * from s.orders join s.lines on order_id = id',
  'using merges a column':
    'select id, a.parent_id, b.parent_id as other from s.edges a join s.edges b using (id)',
  'using in a left join':
    'select id, b.id as right_id, weight from s.edges a left join (select id from s.orders) b using (id)',
  'using in a right join':
    'select id, a.id as left_id from s.edges a right join (select id from s.orders) b using (id)',
  'using in a full join':
    'select id, a.id as left_id, b.id as right_id from s.edges a full join (select id from s.orders) b using (id)',
  'star over a full join with using':
    'select * from (select id, weight from s.edges) a full join (select id, amount from s.orders) b using (id)',
  'a using alias': 'select u.id, a.weight from s.edges a join s.orders b using (id) as u',
  'a natural join':
    'select * from (select id, weight from s.edges) a natural join (select id, amount from s.orders) b',
  'a natural full join of three':
    'select * from (select id, weight from s.edges) a natural full join (select id, amount from s.orders) b natural left join (select id, name from s.customers) c',
  'an aliased join': 'select j.x, j.y from (s.edges a cross join s.lines b) as j (x, y)',
  'nested joins':
    'select a.weight, d.sku from s.edges a left join (s.orders b join s.lines d on d.order_id = b.id) on b.id = a.id',
  'an alias with columns': 'select a, c from s.orders as t (a, b, c)',
  'an alias with some columns': 'select a, amount from s.orders as t (a)',
  'subqueries in from':
    'select q.t + 1 as n from (select sum(amount) as t, customer_id from s.orders where placed_at > now() group by 2) q where q.customer_id > 1',
  'a subquery without alias': 'select amount from (select amount from s.orders)',
  'a whole row': 'select o from s.orders o',
  'a whole row in functions':
    'select to_jsonb(o) as j, count(o) over () as n, row_to_json(o.*) as r from s.orders o',
  'whole rows of subqueries':
    'select q::text as t, q is null as none from (select id, amount from s.orders) q',
  'a field of a whole row': 'select (o).amount, (o).doc -> 1 as d from s.orders o',
  'all fields of a whole row': 'select (o).* from s.orders o',
  'whole rows passed on': 'select (q.r).amount from (select o as r, o.id from s.orders o) q',
  'composite columns': 'select (home).city, (c.home).street as st from s.customers c',
  'all fields of a composite column': 'select (home).* from s.customers',
  'a row constructor': "select row(id, name) = row(1, 'x') as same from s.customers",
  'rows compared':
    'select id from s.customers where (id, name) in (select order_id, sku from s.lines)',
  arrays:
    'select tags[1], tags[id:2] as part, array[id, customer_id] as both, tags || name as more from s.orders, (select name from s.customers) c',
  'jsonb operators': `select doc -> 'a' ->> 'b' as ab, doc #>> '{x,y}' as xy, doc @> '{"k": 1}' as has, doc ? 'k' as key, doc - 'k' as less, doc['a']['b'] as sub from s.orders`,
  'jsonb functions in from': `select o.id, e.key, e.value from s.orders o, jsonb_each(o.doc) e where e.key <> 'x'`,
  'jsonb elements by their own name': 'select value from s.orders, jsonb_array_elements(doc)',
  'jsonb elements with an alias': `select e.value ->> 'a' as a, e as whole from s.orders o cross join lateral jsonb_array_elements(o.doc -> 'items') as e`,
  'elements with ordinality':
    'select x.v, x.n from s.orders o, jsonb_array_elements_text(o.doc) with ordinality as x (v, n) order by x.n',
  jsonb_to_recordset:
    'select r.a, r.b from s.orders o, jsonb_to_recordset(o.doc) as r (a int, b text)',
  jsonb_populate_record:
    'select p.sku, p.qty from s.orders o, jsonb_populate_record(null::s.lines, o.doc) p',
  'all columns of jsonb_populate_record':
    'select p.* from s.orders o, jsonb_populate_record(null::s.lines, o.doc) p',
  json_table: `select t.* from s.orders o, json_table(o.doc, '$[*]' columns (n for ordinality, a int path '$.a', nested path '$.b[*]' columns (c text path '$.c'), d text path '$.d')) t`,
  'sql/json functions': `select json_value(doc, '$.a') as v, json_query(doc, '$.b') as q, json_exists(doc, '$.c') as e, json_object('k': name, 'i': id) as o, json_array(id, name) as l from s.customers`,
  'sql/json aggregates':
    'select json_arrayagg(name order by id) as names, json_objectagg(name: country) filter (where parent_id is null) as map from s.customers',
  xmltable: `select x.* from s.customers c, xmltable('/r' passing (c.name::xml) columns a text path c.country, b int path 'b' default c.id) x`,
  unnest: 'select t from s.orders, unnest(tags) t',
  'unnest of two': 'select u.a, u.b from s.orders o, unnest(o.tags, array[o.id]) as u (a, b)',
  'rows from':
    'select r.* from s.orders o, rows from (unnest(o.tags), generate_series(1, o.id)) with ordinality as r (a, b, n)',
  generate_series: 'select g, o.id from s.orders o, generate_series(1, o.id) g',
  'generate_series by its name':
    'select generate_series from generate_series(1, (select max(id) from s.orders))',
  'a function of one value in from': "select d, id from s.customers, date_trunc('day', now()) d",
  'a function with out arguments': 'select p.a, p.b from s.orders o, s.pairs(o.id) p',
  'a set-returning function in the select list':
    'select id, unnest(tags) as tag, jsonb_object_keys(doc) from s.orders',
  regexp_matches: `select m[1] as first from s.customers c, regexp_matches(c.name, '(a)') m`,
  'a lateral subquery':
    'select c.id, l.total from s.customers c, lateral (select sum(o.amount) as total from s.orders o where o.customer_id = c.id) l',
  'a lateral left join':
    'select c.name, l.amount from s.customers c left join lateral (select amount, c.country as k from s.orders o where o.customer_id = c.id order by placed_at desc limit 1) l on l.k = c.name',
  'a lateral over two':
    'select v.x from s.orders o, s.customers c, lateral (values (o.id), (c.id)) v (x)',
  values: `select v.a, v.b, c.id from (values (1, 'x'), (2, 'y')) v (a, b) join s.customers c on c.id = v.a`,
  'values alone': 'values (1, 2), (3, 4)',
  'values with subqueries':
    'select column1, column2 from (values ((select max(id) from s.orders), 1), (2, (select min(id) from s.edges))) v',
  'a scalar subquery':
    'select c.id, (select sum(o.amount) from s.orders o where o.customer_id = c.id and o.placed_at > now()) as total from s.customers c',
  'scalar subqueries inside one another':
    'select (select (select max(l.price) from s.lines l where l.order_id = o.id) from s.orders o where o.customer_id = c.id limit 1) as m from s.customers c',
  exists:
    'select id from s.customers c where exists (select amount from s.orders o where o.customer_id = c.id)',
  'not in':
    'select id from s.customers where id not in (select customer_id from s.orders where amount > 10)',
  'any and all':
    'select id, amount > all (select price from s.lines) as above, id = any (select order_id from s.lines where qty > 1) as has from s.orders',
  'an array subquery':
    'select array(select sku from s.lines l where l.order_id = o.id order by line) as skus from s.orders o',
  'subqueries that shadow names':
    'select id, (select id from s.edges where parent_id = s.customers.id limit 1) as e from s.customers',
  aggregates: `select customer_id, count(*) as n, count(distinct placed_at::date) as days, sum(amount) filter (where amount > 0) as plus,
    string_agg(tags[1], ',' order by placed_at, id) as tags, array_agg(id order by id desc) as ids from s.orders group by customer_id having max(amount) > 5`,
  'ordered sets':
    'select percentile_cont(0.5) within group (order by amount) as median, mode() within group (order by customer_id) as often, rank(5) within group (order by id) as r from s.orders',
  'expressions over aggregates':
    'select sum(price * qty) / nullif(sum(qty), 0) as mean, max(price) - min(price) as spread from s.lines',
  'group by a number':
    "select date_trunc('day', placed_at) as day, sum(amount) from s.orders group by 1 order by 2",
  'group by an output': 'select upper(country) as land, count(*) from s.customers group by land',
  'group by a column that is an output too':
    'select lower(name) as country, count(*) from s.customers group by country, name',
  'an order by that means the output':
    'select lower(name) as id, country from s.customers order by id',
  'an order by of an expression': 'select name from s.customers order by id + parent_id',
  'grouping sets':
    'select country, name, grouping(country, name) as g, count(id) from s.customers group by grouping sets ((country), (name), ())',
  'rollup and cube':
    'select country, name, parent_id, sum(id) from s.customers group by rollup (country, name), cube (parent_id)',
  distinct: 'select distinct country, upper(name) as n from s.customers',
  'distinct on':
    'select distinct on (customer_id) customer_id, amount from s.orders order by customer_id, placed_at desc',
  'distinct on a number':
    'select distinct on (1) lower(country) as l, name from s.customers order by 1, id',
  windows: `select id, sum(amount) over (partition by customer_id order by placed_at rows between 1 preceding and current row) as running,
    row_number() over (order by placed_at desc) as n, lag(amount, 1, 0) over (partition by customer_id order by id) as before from s.orders`,
  'named windows':
    'select rank() over w as r, first_value(amount) over (w rows unbounded preceding) as f, count(*) over () as n from s.orders window w as (partition by customer_id order by placed_at)',
  'windows over windows':
    'select sum(amount) over b as t from s.orders window a as (partition by customer_id), b as (a order by placed_at)',
  'windows over aggregates':
    'select customer_id, sum(sum(amount)) over (order by customer_id) as running, rank() over (order by max(placed_at)) from s.orders group by customer_id',
  'a filter on a window aggregate':
    'select sum(amount) filter (where id > 1) over (partition by customer_id) as t from s.orders',
  'a frame with an expression':
    'select sum(amount) over (order by id rows (select min(weight) from s.edges) preceding) as t from s.orders',
  unions: 'select id, name from s.customers union all select order_id, sku from s.lines',
  'a union without all': 'select id, name from s.customers union select order_id, sku from s.lines',
  'unions with stars':
    'select * from (select id, parent_id from s.edges) a union all select id, parent_id from s.customers order by 1',
  'a union ordered by name':
    'select id as k from s.customers union all select order_id from s.lines order by k limit 5',
  'except and intersect':
    'select id from s.customers except select customer_id from s.orders intersect all select id from s.edges',
  'nested unions':
    '(select id from s.customers union all select id from s.orders) union (select order_id from s.lines order by qty limit 1)',
  ctes: 'with a as (select id, amount from s.orders where amount > 0), b as (select id, sum(amount) as t from a group by id) select b.t, a.amount from b join a using (id)',
  'a cte with column names':
    'with a (x, y) as (select id, amount from s.orders) select y, x from a',
  'a cte that shadows a table':
    'with orders as (select id, name as amount from s.customers) select amount from orders',
  'ctes of the same name':
    'with a as (select id from s.orders) select (with a as (select name from s.customers where customers.id = a.id) select name from a) as n from a',
  'a cte that nobody reads':
    'with a as (select * from s.orders), b as (select id from s.edges) select id from b',
  'a recursive cte':
    'with recursive t as (select id, parent_id, 0 as depth, array[id] as path from s.edges where parent_id is null union all select e.id, e.parent_id, t.depth + 1, t.path || e.id from s.edges e join t on e.parent_id = t.id) select id, depth, path from t',
  'a recursive cte whose columns change places':
    'with recursive t (a, b, c) as (select id, parent_id, weight from s.edges union all select t.b, t.c, o.customer_id from t join s.orders o on o.id = t.a) select a, b, c from t',
  'a recursive cte without all':
    'with recursive t (n) as (select id from s.edges union select parent_id from s.edges, t where s.edges.id = t.n) select n from t',
  search:
    'with recursive t (id, up) as (select id, parent_id from s.edges union all select e.id, e.parent_id from s.edges e join t on t.id = e.parent_id) search depth first by id set seq select id, seq::text as seq from t',
  cycle:
    'with recursive t (id, up) as (select id, parent_id from s.edges union all select e.id, e.parent_id from s.edges e join t on t.id = e.parent_id) cycle id set looped using way select id, looped, way::text as way from t',
  'forward references under recursive':
    'with recursive a as (select x + 1 as y from b), b as (select id as x from s.edges) select y from a',
  'a materialized cte in a subquery':
    'select q.n from (with a as materialized (select name as n from s.customers) select n from a) q',
  case: `select case country when name then id else parent_id end as a, case when id > 1 then case when parent_id > 2 then name end else country end as b from s.customers`,
  'a case in an aggregate':
    'select sum(case when qty > 1 then price end) as p, count(*) filter (where sku is null) as n from s.lines',
  'a case around an aggregate':
    'select case when sum(qty) > 1 then max(price) end as p from s.lines',
  casts:
    "select cast(id as numeric(10, 2)) as a, amount::text::int as b, placed_at at time zone 'UTC' as c from s.orders",
  predicates: `select name like 'a%' as l, id between 1 and parent_id as b, name is distinct from country as d, home is null as n, id in (1, parent_id) as i, name similar to 'x' as s from s.customers`,
  'user functions': 'select s.twice(id) as t, s.twice(s.twice(weight)) as q from s.edges',
  'functions with named arguments':
    'select make_interval(days => id, hours => parent_id) as i, s.twice(x => weight) as t from s.edges',
  'a variadic call':
    "select concat_ws('-', variadic tags) as c, format('%s', id) as f from s.orders",
  tablesample: 'select id from s.orders tablesample bernoulli (10) repeatable (1)',
  only: 'select id from only s.orders',
  'a limit by a subquery':
    'select id from s.orders order by amount limit (select max(qty) from s.lines)',
  'fetch with ties': 'select id from s.orders order by amount fetch first 2 rows with ties',
  'a locking clause': 'select id from s.orders for update',
  'quoted keywords': 'select "user"."order" from (select id as "order" from s.orders) as "user"',
  'unused columns of subqueries':
    'select a from (select id as a, amount as b, (select max(price) from s.lines) as c from s.orders) q',
  'a comma join and a join':
    'select a.id, c.name from s.edges a, s.orders b join s.customers c on c.id = b.customer_id where a.id = b.id',
  'lateral in a join tree':
    'select l.v from s.edges e join s.orders o on o.id = e.id cross join lateral (select e.weight + o.amount as v) l',
  'aggregates of an outer query':
    'select (select sum(o.amount * c.id) from s.orders o where o.id = 1) as m from s.customers c',
  'a collation': 'select name collate "C" as n from s.customers order by name collate "C"',
  'a cast of a whole row': 'select o::text as t from s.orders o',
  'count of a star': 'select count(o.*) as a, count(*) as b from s.orders o',
  'coalesce over a left join':
    'select coalesce(o.amount, e.weight, 0) as v from s.edges e left join s.orders o on o.id = e.id',
  'a correlated subquery in from':
    'select c.id, q.most from s.customers c, lateral (select max(o.amount) as most from s.orders o where o.customer_id = c.id) q where q.most > c.parent_id',
  'three tables by using':
    'select id, weight, amount, name from s.edges join s.orders using (id) left join s.customers using (id)',
  'a natural join of a cte with what it reads':
    'with e as (select id, parent_id as up from s.edges) select * from e natural join s.edges',
  'a cte inside a cte of the same name':
    'with c as (with c as (select id, name from s.customers) select id as n, name from c) select c.n, c.name from c',
  'a cte in a subquery that shadows one outside':
    'with c as (select id from s.orders) select (with c as (select name from s.customers) select max(name) from c) as n, id from c',
  'values with an alias in a join': `select v.label, o.amount from s.orders o join (values (1, 'a'), (2, 'b')) as v (id, label) using (id)`,
  'distinct on with a star':
    'select distinct on (customer_id) * from s.orders order by customer_id, placed_at desc',
  'two functions with ordinality':
    'select r.a, r.b, r.n from s.orders o, rows from (unnest(o.tags), generate_series(1, o.customer_id)) with ordinality as r (a, b, n)',
  'rows compared to a subquery':
    'select id from s.orders where (customer_id, id) in (select parent_id, id from s.customers where country is not null)',
  'a row compared to a row': 'select id, (id, amount) < (customer_id, 5) as is_less from s.orders',
  'an ordered set with a filter':
    'select customer_id, percentile_cont(0.5) within group (order by amount) filter (where placed_at > now()) as mid from s.orders group by customer_id',
  'a slice and an element of an array':
    'select tags[2:3] as some, tags[id] as one, (array[amount, id])[1] as first from s.orders',
  'a field of a field':
    'select ((c).home).city as city, (select (x.home).street from s.customers x where x.id = c.parent_id) as street from s.customers c',
  'a field of what a function returns': 'select (s.pairs(id)).b as b, id from s.orders',
  'json_table with a nested path': `select o.id, j.sku, j.n from s.orders o, json_table(o.doc, '$.lines[*]' columns (n for ordinality, sku text path '$.sku', nested path '$.parts[*]' columns (part int path '$'))) as j`,
  'a window over a grouping set':
    'select country, parent_id, rank() over (partition by grouping(country) order by count(*) desc) as place from s.customers group by cube (country, parent_id)',
  'a window that copies another':
    'select sum(amount) over (w rows between 1 preceding and current row) as s, lag(id) over w as before from s.orders window p as (partition by customer_id), w as (p order by placed_at)',
  'a lateral inside a lateral':
    'select c.id, a.x, b.y from s.customers c, lateral (select c.parent_id + 1 as x) a, lateral (select a.x * o.amount as y from s.orders o where o.id = a.x) b',
  'a union under a recursion with whole rows':
    'with recursive t as (select e, 1 as depth from s.edges e union all select e, t.depth + 1 from t join s.edges e on e.parent_id = (t.e).id) select (e).weight as weight, depth from t',
}

/** What no view may hold, but the body of a function: columns of the same name, and statements that write. */
export const BODY_QUERIES: Readonly<Record<string, string>> = {
  'names that PostgreSQL makes up': `select 1, 'x'::text, true, null::int, id + 1, id::bigint, upper(name),
    coalesce(name, 'x'), case when id > 1 then name end, case when id > 1 then 2 else parent_id end, array[id],
    row(id, name), greatest(id, 2), least(id, 3), nullif(id, 1), current_date, exists (select 1), array(select 1),
    (select 2 as two), extract(year from now()), (home).city, doc -> 'a', name collate "C", doc['a'],
    interval '1 day', id in (1), not true, localtimestamp(2), (select max(id) from s.edges), (values (1)),
    json_value(doc, '$'), json_array(1), xmlelement(name a), id::text::varchar, 'x' || name, -id from s.customers`,
  'insert … values returning': `with w as (insert into s.lines (order_id, sku, qty) values (1, 'x', 2) returning order_id, qty + 1 as q, price) select order_id, q, price from w`,
  'insert … select returning':
    'with w as (insert into s.lines (order_id, sku, qty) select o.id, c.name, 1 from s.orders o join s.customers c on c.id = o.customer_id where o.amount > 0 returning *) select * from w',
  'insert in the order of the table':
    'with w as (insert into s.edges select id, customer_id from s.orders returning id, parent_id, weight) select * from w',
  'insert … on conflict':
    'with w as (insert into s.customers (id, name) select id, tags[1] from s.orders on conflict (id) do update set name = excluded.name || s.customers.country where s.customers.parent_id > 0 returning id, name) select * from w',
  'update returning':
    'with w as (update s.lines l set price = o.amount * 2, qty = l.qty + 1 from s.orders o where o.id = l.order_id returning l.price, l.sku, o.placed_at, l.qty) select * from w',
  'update with old and new':
    'with w as (update s.lines set line = qty returning old.line as before, new.line as after, line) select * from w',
  'delete returning':
    'with w as (delete from s.lines l using s.orders o where o.id = l.order_id and o.amount < 0 returning l.sku, o.customer_id) select sku, customer_id from w',
  'merge returning': `with w as (merge into s.customers t using s.orders o on t.id = o.customer_id
    when matched and o.amount > 5 then update set name = o.tags[1] when not matched then insert (id, country) values (o.id, 'x')
    returning merge_action() as action, t.id, t.name, t.country, o.amount) select * from w`,
  'two writes that read one another':
    'with a as (insert into s.edges (id, weight) select id, customer_id from s.orders returning id, weight), b as (update s.lines l set qty = a.weight from a where a.id = l.order_id returning l.sku, a.weight as w) select b.sku, b.w, a.id from a, b',
}
