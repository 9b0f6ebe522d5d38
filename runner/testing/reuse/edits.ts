import type { World } from './reuse-world.ts'
import { martOf } from './reuse-world.ts'

/** One change of anything that a result may depend on. */
export interface Edit {
  /** Of the project's files, settings or environment. */
  readonly world?: Partial<World>
  /** What others do to their own tables, views and functions. */
  readonly upstream?: string
  /** What somebody does by hand to what gm made; a rebuild elsewhere knows nothing of it. */
  readonly byHand?: string
  /** What gm refuses to replace unasked, and is asked for by name: replaced by hand, or code that only a rebuild applies. */
  readonly rebuild?: string
  /** The change makes a test fail; this mends it. */
  readonly mend?: Edit
}

/** What can be edited, by a name that a failure shows. `n` is any small number. */
export const EDITS: Readonly<Record<string, (n: number, world: World) => Edit>> = {
  "a model's SQL": (_n, { report }) => ({ world: { report: report + 1 } }),
  'a macro used through another': (n) => ({ world: { factor: 1 + (n % 4) } }),
  'a variable': (n) => ({ world: { threshold: n % 25 } }),
  'where a variable is set': (_n, { isThresholdFlag }) => ({
    world: { isThresholdFlag: !isThresholdFlag },
  }),
  'an environment variable in SQL': (n) => ({ world: { least: (n % 4) * 40 } }),
  'an environment variable in configuration': (n) => ({ world: { mart: n % 3 } }),
  'a seed': (n) => ({ world: { rates: n % 4 } }),
  materialized: (n) => ({
    world: { shape: (['table', 'view', 'materialized_view'] as const)[n % 3] ?? 'table' },
  }),
  indexes: (n) => ({ world: { index: n % 6 } }),
  'a hook': (n) => ({ world: { hook: n % 3 } }),
  "a model's name": (n) => ({ world: { leaf: n % 3 } }),
  'a failing test, mended': (n, { limit }) => ({
    world: { limit: -1 - n },
    mend: { world: { limit } },
  }),
  'rows landed': (n) => ({
    upstream: `insert into raw.orders select coalesce(max(id), 0) + 1 + ${n % 3}, ${n % 5}, ${n % 31} from raw.orders`,
  }),
  'rows of a key landed again': (n) => ({
    upstream: `insert into raw.orders values (${1 + (n % 12)}, ${n % 5}, ${n % 29}) on conflict (id) do update set
      customer = excluded.customer, amount = excluded.amount, _gm_xid = pg_current_xact_id()`,
  }),
  'landed rows updated by hand': (n) => ({
    upstream: `update raw.orders set amount = amount + ${1 + (n % 5)} where id % 5 = ${n % 5}`,
  }),
  'landed rows deleted': (n) => ({ upstream: `delete from raw.orders where id % 11 = ${n % 11}` }),
  'landed rows rewritten by alter table': (n) => ({
    upstream: `alter table raw.extra alter column v type int using v + ${1 + (n % 3)}`,
  }),
  'a value of an enum renamed': (n) => ({
    upstream: `alter type raw.mood rename value 'b' to 'b${n}'`,
  }),
  'rows of a partition deleted by its name': (n) => ({
    upstream: `delete from raw.visits_01 where id = ${10 + (n % 10)}`,
  }),
  'a partition emptied by its name': () => ({ upstream: 'truncate raw.visits_2' }),
  'a partition attached': () => ({
    upstream: 'alter table raw.visits attach partition raw.visits_2 for values from (20) to (30)',
  }),
  'a partition of a partition detached': () => ({
    upstream: 'alter table raw.visits_0 detach partition raw.visits_00',
  }),
  'rows of a child changed by its name': (n) => ({
    upstream: `update raw.clerks set id = id + ${1 + n}`,
  }),
  'a foreign table': (n) => ({ upstream: `update raw.foreign_rates set r = ${n}` }),
  'a view of somebody else': (n) => ({
    upstream: `create or replace view raw.outside as select customer, count(*)::int + ${n} as n from raw.orders group by 1`,
  }),
  'a function that a model calls': (n) => ({
    upstream: `create or replace function raw.rated(c int) returns int language sql stable as 'select c * ${n}'`,
  }),
  'a function behind an operator': (n) => ({
    upstream: `create or replace function raw.plus(a int, b int) returns int language sql immutable as 'select a + b + ${n}'`,
  }),
  'a function written like a column': (n) => ({
    upstream: `create or replace function public.doubled(o raw.orders) returns int language sql stable as 'select o.amount * ${n}'`,
  }),
  'a table changed by hand': (n) => ({ byHand: `update shop.report set total = total + ${n}` }),
  'a table emptied by hand': (_n, world) => ({ byHand: `truncate ${martOf(world)}.per_customer` }),
  'a table rewritten by hand': (n) => ({
    byHand: `alter table shop.rates alter column rate type int using rate + ${1 + n}`,
  }),
  'a table dropped by hand': () => ({ byHand: 'drop table shop.called' }),
  'a table with its views dropped by hand': () => ({ byHand: 'drop table shop.report cascade' }),
  'an increment dropped by hand': () => ({ byHand: 'drop table shop.log' }),
  'a table replaced by hand': () => ({
    byHand: `drop table shop.noted; create table shop.noted as select 1 as id, 2 as doubled`,
    rebuild: 'noted',
  }),
  'a view replaced by hand': (n) => ({
    byHand: `create or replace view shop.large as select id, customer, amount from raw.orders where amount > ${n}`,
  }),
}
