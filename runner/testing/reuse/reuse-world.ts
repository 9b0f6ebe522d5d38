/** What of the small project, its settings and its environment the random edits change. */
export interface World {
  readonly threshold: number
  /** Whether the threshold is given with `--vars`; else it stands in project.yml. */
  readonly isThresholdFlag: boolean
  /** In a macro that only another macro uses. */
  readonly factor: number
  readonly least: number
  readonly mart: number
  readonly rates: number
  readonly shape: 'table' | 'view' | 'materialized_view'
  readonly index: number
  readonly hook: number
  readonly leaf: number
  readonly report: number
  readonly limit: number
}

export const FIRST_WORLD: World = {
  threshold: 10,
  isThresholdFlag: false,
  factor: 2,
  least: 0,
  mart: 0,
  rates: 1,
  shape: 'table',
  index: 0,
  hook: 0,
  leaf: 0,
  report: 0,
  limit: 1_000_000,
}

const INDEXES = [
  [],
  ["{'columns': ['customer']}"],
  ["{'columns': ['customer'], 'unique': true}"],
  ["{'columns': ['customer'], 'type': 'hash'}"],
  ["{'columns': ['customer']}", "{'columns': ['customer'], 'type': 'hash'}"],
  ["{'columns': ['total', 'customer']}"],
]

/** Of a table that keeps its rows, where an index is made and dropped in place. */
const LOG_INDEXES = [
  '',
  "{'columns': ['customer']}",
  "{'columns': ['customer'], 'type': 'hash'}, {'columns': ['amount']}",
  "{'columns': ['customer', 'id'], 'unique': true}",
]

/** The files of the project, by path. One model of each way in which something can depend on something. */
export function filesOf(world: World): Readonly<Record<string, string>> {
  const indexes = (INDEXES[world.index % INDEXES.length] ?? []).join(', ')
  const vars = world.isThresholdFlag ? '' : `vars: {threshold: ${world.threshold}}\n`
  const hook =
    world.hook === 0 ? '' : `, post_hook="update {{ this }} set total = total + ${world.hook}"`
  return {
    'project.yml': `name: shop\nthreads: 2\nenv: [MART, LEAST]\nmodels: {+schema: shop}\nseeds: {+schema: shop}\n${vars}`,
    'models/sources.yml': `sources:
  - name: raw
    tables: [{name: orders, config: {log_keys: true}}, {name: extra}, {name: foreign_rates}, {name: moods}, {name: visits}, {name: people}]
`,
    'macros/weigh.sql': `{% macro factor() %}${world.factor}{% endmacro %}
{% macro weigh(column) %}({{ column }} * {{ factor() }}){% endmacro %}
`,
    'seeds/rates.csv': `customer,rate\n${Array.from({ length: 5 }, (_, i) => `${i},${1 + ((i + world.rates) % 3)}`).join('\n')}\n`,
    'models/large.sql': `select id, customer, amount from {{ source('raw', 'orders') }} where amount >= {{ var('threshold') }}`,
    'models/log.sql': `{{ config(materialized='incremental', unique_key='id', indexes=[${LOG_INDEXES[world.index % LOG_INDEXES.length] ?? ''}]) }}
select id, customer, amount from {{ source('raw', 'orders') }} as o
{% if is_incremental() %}
where id in ({% call recompute('id') %}select id from {{ changed_keys(source('raw', 'orders'), 'id') }} as k{% endcall %})
{% endif %}`,
    'models/per_customer.sql': `{{ config(materialized='table', schema='mart_' ~ env_var('MART'), indexes=[${indexes}]) }}
select l.customer, sum({{ weigh('l.amount') }} * r.rate)::int as total
from {{ ref('log') }} as l join {{ ref('rates') }} as r using (customer) group by 1`,
    'models/shown.sql': `select customer, total from {{ ref('per_customer') }}`,
    'models/report.sql': `{{ config(materialized='table') }}
select s.customer, s.total${world.report % 2 === 0 ? '' : ' + 1'} as total, (select count(*)::int from {{ ref('large') }} as l where l.customer = s.customer) as large
from {{ ref('shown') }} as s where s.total >= {{ env_var('LEAST', '0') }}`,
    'models/shaped.sql': `{{ config(materialized='${world.shape}') }}\nselect customer % 2 as half, sum(total)::int as total from {{ ref('report') }} group by 1`,
    [`models/leaf_${world.leaf}.sql`]: `{{ config(materialized='table') }}\nselect half, total from {{ ref('shaped') }}`,
    'models/hooked.sql': `{{ config(materialized='table'${hook}) }}\nselect customer, total from {{ ref('report') }}`,
    'models/called.sql': `{{ config(materialized='table') }}\nselect customer, raw.rated(customer) as rated from {{ ref('report') }}`,
    'models/operated.sql': `{{ config(materialized='table') }}\nselect customer, customer operator(raw.@+@) 1 as a from {{ ref('report') }}`,
    'models/noted.sql': `{{ config(materialized='table') }}\nselect o.id, o.doubled from raw.orders as o`,
    'models/outside.sql': `{{ config(materialized='table') }}\nselect customer, n from raw.outside`,
    'models/extra.sql': `{{ config(materialized='table') }}\nselect id, v from {{ source('raw', 'extra') }}`,
    'models/from_foreign.sql': `{{ config(materialized='table') }}\nselect r from {{ source('raw', 'foreign_rates') }}`,
    'models/moods.sql': `{{ config(materialized='table') }}\nselect id, mood::text as mood from {{ source('raw', 'moods') }}`,
    'models/visits.sql': `{{ config(materialized='table') }}\nselect id from {{ source('raw', 'visits') }}`,
    'models/people.sql': `{{ config(materialized='table') }}\nselect id from {{ source('raw', 'people') }}`,
    'tests/totals_are_small.sql': `select customer from {{ ref('report') }} where total > ${world.limit}`,
  }
}

/** The models and seeds that there are, by name; all but the one in a schema of its own are in shop. */
export function relationsOf(world: World): readonly string[] {
  const names = ['large', 'log', 'shown', 'report', 'shaped', 'hooked', 'called', 'operated']
  const others = ['noted', 'outside', 'extra', 'from_foreign', 'moods', 'visits', 'people', 'rates']
  const inPublic = [...names, ...others, `leaf_${world.leaf}`].map((name) => `shop.${name}`)
  return [...inPublic, `${martOf(world)}.per_customer`]
}

/** The schema of the model whose configuration asks the environment. */
export function martOf(world: World): string {
  return `mart_${world.mart}`
}

/** What there is before gm comes: landed tables, one of them of partitions and one with a child, a foreign one, a type, a view, functions and an operator of the users'. */
export const UPSTREAM = `create schema raw;
create table raw.orders (id int primary key, customer int, amount int, _gm_xid xid8 not null default pg_current_xact_id());
create index on raw.orders (_gm_xid);
insert into raw.orders select n, n % 5, n * 7 % 23 from generate_series(1, 12) as n;
create table raw.extra as select n as id, n * 3 as v, pg_current_xact_id() as _gm_xid from generate_series(1, 4) as n;
create type raw.mood as enum ('a', 'b', 'c');
create table raw.moods as select n as id, (array['a', 'b', 'c'])[1 + n % 3]::raw.mood as mood, pg_current_xact_id() as _gm_xid from generate_series(1, 6) as n;
create table raw.visits (id int, _gm_xid xid8 not null default pg_current_xact_id()) partition by range (id);
create table raw.visits_0 partition of raw.visits for values from (0) to (20) partition by range (id);
create table raw.visits_00 partition of raw.visits_0 for values from (0) to (10);
create table raw.visits_01 partition of raw.visits_0 for values from (10) to (20);
insert into raw.visits select generate_series(1, 19);
create table raw.visits_2 (like raw.visits including defaults); insert into raw.visits_2 select generate_series(20, 25);
create table raw.people (id int, _gm_xid xid8 not null default pg_current_xact_id()); insert into raw.people values (1);
create table raw.clerks (like raw.people including defaults) inherits (raw.people); insert into raw.clerks values (2), (3);
create table raw.foreign_rates (r int); insert into raw.foreign_rates values (1);
create function raw.rated(c int) returns int language sql stable as 'select c * 2';
create function raw.plus(a int, b int) returns int language sql immutable as 'select a + b';
create operator raw.@+@ (leftarg = int, rightarg = int, function = raw.plus);
create function public.doubled(o raw.orders) returns int language sql stable as 'select o.amount * 2';
create view raw.outside as select customer, count(*)::int as n from raw.orders group by 1;`
