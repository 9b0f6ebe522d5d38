import { expect } from 'vitest'
import { STORED_FAILURES } from '../engine/adapter.ts'
import type { PlainProject } from '../testing/plain-project.ts'
import { plainProject } from '../testing/plain-project.ts'
import type { Ran } from '../testing/run-fixture.ts'
import { test } from '../testing/run-fixture.ts'

/** A table, two views of the project on it, and a view of somebody else on the upper one. */
function project(select: string, type = 'int'): PlainProject {
  return plainProject({
    sales: { config: { materialized: 'table' }, sql: () => select },
    named: { inputs: ['sales'], sql: ({ ref }) => `select id, name, price from ${ref('sales')}` },
    shown: {
      inputs: ['named'],
      sql: ({ ref }) => `select id, name, price::${type} as price from ${ref('named')}`,
    },
    beside: { inputs: ['sales'], sql: ({ ref }) => `select count(*) as n from ${ref('sales')}` },
  })
}

const STRANGERS = `create view public.report as select name, price from shop.shown where id = 1;
create function public.first_name() returns text begin atomic select name from shop.shown; end;
comment on view shop.shown is 'kept';
alter view shop.named set (security_barrier = true)`

const first = (name: string, price = '10'): string =>
  `select 1 as id, '${name}'::varchar(9) collate "C" as name, ${price} as price`

/** What went wrong, at the plan or in a step. */
async function outcomes(running: Promise<Ran>): Promise<readonly string[]> {
  const result = await running.catch((error: unknown) => error as Error)
  if (result instanceof Error) return [result.message]
  return result.result.steps.flatMap(({ error }) => error?.message ?? [])
}

test.for(['model', 'atomic'] as const)(
  "what others have built on the project's views stays while the table below is replaced: publish %s",
  async (publish, { run, sql }) => {
    await run(project(first('a')))
    await sql(STRANGERS)
    const before = await sql(
      `select 'public.report'::regclass::oid, 'shop.shown'::regclass::oid as shown`,
    )
    const selected = { publish, select: ['sales'] }
    expect(await outcomes(run(project(first('b', '20')), selected))).toEqual([])
    expect(await sql('select name, price, public.first_name() from public.report')).toEqual([
      { name: 'b', price: 20, first_name: 'b' },
    ])
    expect(
      await sql(`select 'public.report'::regclass::oid, 'shop.shown'::regclass::oid as shown`),
    ).toEqual(before)
    expect(
      await sql(`select obj_description('shop.shown'::regclass) as comment, reloptions as options
        from pg_class where oid = 'shop.named'::regclass`),
    ).toEqual([{ comment: 'kept', options: ['security_barrier=true'] }])
    expect(await sql('select n::int from shop.beside')).toEqual([{ n: 1 }])
    // The ledger still knows them for what they were: nobody has changed them by hand.
    const again = await run(project(first('b', '20')), { publish, reuse: 'all' })
    expect(again.result.steps.map(({ reason }) => reason)).toEqual([
      'nothing that it depends on has changed',
      'its input "shop"."sales" has changed',
      'its input "shop"."named" has changed',
      'its input "shop"."sales" has changed',
    ])
  },
)

test.for(['model', 'atomic'] as const)(
  'a table is not replaced where a view that others have built upon would get another type, and the run says which: publish %s',
  async (publish, { run, sql }) => {
    await run(project(first('a')))
    await sql(`drop view shop.shown; create view public.report as select price from shop.named`)
    const refused = await outcomes(
      run(project(first('b', '20::numeric')), { publish, select: ['sales'] }),
    )
    expect(refused[0]).toMatch(
      publish === 'model'
        ? /"shop"."sales" cannot be replaced: "shop"."named", which others have built upon, would change its columns: .*"price" from integer to numeric/
        : /"shop"."sales" must be replaced, but view "public"."report" depends on it and is not gm's/,
    )
    expect(await sql('select name, price from shop.sales')).toEqual([{ name: 'a', price: 10 }])
    expect(await sql('select price from public.report')).toEqual([{ price: 10 }])
  },
)

test('a column is added and another dropped under views that others have built upon', async ({
  run,
  sql,
}) => {
  const grown = (select: string): PlainProject =>
    plainProject({
      events: {
        config: { materialized: 'incremental', on_schema_change: 'sync_all_columns' },
        sql: () => select,
      },
      shown: { inputs: ['events'], sql: ({ ref }) => `select id from ${ref('events')}` },
    })
  await run(grown('select 1 as id, 2 as old'))
  await sql('create view public.report as select id from shop.shown')
  const changed = run(grown(`select 3 as id, 'x'::text as young`), { allowDestructive: true })
  expect(await outcomes(changed)).toEqual([])
  expect(await sql('select id from public.report order by 1')).toEqual([{ id: 1 }, { id: 3 }])
})

test('what others have built on the table itself, or on a materialized view on it, makes the run refuse with its name', async ({
  run,
  sql,
}) => {
  const materialized = plainProject({
    sales: { config: { materialized: 'table' }, sql: () => 'select 1 as id' },
    summed: {
      config: { materialized: 'materialized_view' },
      inputs: ['sales'],
      sql: ({ ref }) => `select count(*) as n from ${ref('sales')}`,
    },
  })
  await run(materialized)
  await sql('create view public.report as select n from shop.summed')
  const [first] = await outcomes(run(materialized, { select: ['sales'] }))
  expect(first).toContain(`but view "public"."report" depends on it and is not gm's`)
  await sql('drop view public.report; create table public.rows (sale shop.sales)')
  const [second] = await outcomes(run(materialized, { select: ['sales'] }))
  expect(second).toContain(`but column sale of table rows depends on it and is not gm's`)
})

/** A comment on a column of one view; a trigger, a rule and a default, each on a view of its own. */
const HUNG = `comment on column shop.named.name is 'kept';
create function public.skip() returns trigger language plpgsql as 'begin return null; end';
create trigger skip instead of insert on shop.shown for each row execute function public.skip();
create rule skip as on update to shop.beside do instead nothing;
alter view shop.aside alter column n set default 7`

const HANGING = `select col_description('shop.named'::regclass, 2) as comment,
  (select count(*)::int from pg_trigger where tgrelid = 'shop.shown'::regclass) as triggers,
  (select count(*)::int from pg_rewrite where ev_class = 'shop.beside'::regclass) as rules,
  (select count(*)::int from pg_attrdef where adrelid = 'shop.aside'::regclass) as defaults`

test.for(['model', 'atomic'] as const)(
  "what others have hung on the project's views stays while the table below is replaced: publish %s",
  async (publish, { run, sql }) => {
    const views = plainProject({
      sales: { config: { materialized: 'table' }, sql: () => first('a') },
      named: { inputs: ['sales'], sql: ({ ref }) => `select id, name from ${ref('sales')}` },
      shown: { inputs: ['sales'], sql: ({ ref }) => `select id from ${ref('sales')}` },
      beside: { inputs: ['sales'], sql: ({ ref }) => `select id as n from ${ref('sales')}` },
      aside: { inputs: ['sales'], sql: ({ ref }) => `select id as n from ${ref('sales')}` },
    })
    await run(views)
    await sql(HUNG)
    const before = await sql(HANGING)
    expect(before).toEqual([{ comment: 'kept', triggers: 1, rules: 2, defaults: 1 }])
    expect(await outcomes(run(views, { publish, select: ['sales'] }))).toEqual([])
    expect(await sql(HANGING)).toEqual(before)
  },
)

test.for(['model', 'atomic'] as const)(
  "somebody else's materialized view on a view of the project stays, with the rows that it has: publish %s",
  async (publish, { run, sql }) => {
    await run(project(first('a')))
    await sql('create materialized view public.report as select name from shop.named')
    expect(await outcomes(run(project(first('b')), { publish, select: ['sales'] }))).toEqual([])
    expect(await sql('select name from public.report')).toEqual([{ name: 'a' }])
    await sql('refresh materialized view public.report')
    expect(await sql('select name from public.report')).toEqual([{ name: 'b' }])
  },
)

test.for([
  { materialized: 'table' },
  { materialized: 'incremental', on_schema_change: 'sync_all_columns' },
] as const)(
  'a table loses or changes a column together with the views on it that the run makes: %s',
  async (config, { run, sql }) => {
    const shop = (select: string): PlainProject =>
      plainProject({
        sales: { config, sql: () => select },
        all_sales: { inputs: ['sales'], sql: ({ ref }) => `select * from ${ref('sales')}` },
        upper: { inputs: ['all_sales'], sql: ({ ref }) => `select * from ${ref('all_sales')}` },
        beside: { inputs: ['sales'], sql: ({ ref }) => `select id from ${ref('sales')}` },
      })
    await run(shop(`select 1 as id, 2 as price, 'a' as name`))
    const reader = 'grant select (id), select (price) on shop.upper to public'
    await sql(
      `${reader}; comment on column shop.upper.price is 'gone'; comment on column shop.upper.id is 'kept'`,
    )
    const { steps } = await run(shop(`select 1 as id, 'b' as name`), { allowDestructive: true })
    expect(Object.values(steps).filter((step) => !step.includes('success'))).toEqual([])
    expect(await sql('select id, name from shop.upper order by name desc limit 1')).toEqual([
      { id: 1, name: 'b' },
    ])
    expect(
      await sql(`select to_jsonb(u) ? 'price' as has_price, col_description('shop.upper'::regclass, 1) as comment,
      has_column_privilege('public', 'shop.upper', 'id', 'select') as is_granted
        from shop.upper u limit 1`),
    ).toEqual([{ has_price: false, comment: 'kept', is_granted: true }])
    const again = await run(shop(`select 1 as id, 'b' as name`), { reuse: 'all' })
    expect(again.steps).toMatchObject({ all_sales: 'reuse: reused', upper: 'reuse: reused' })
  },
)

test.for(['model', 'atomic'] as const)(
  'a view of what a test has found does not keep its table from losing a column that it reads: publish %s',
  async (publish, { run, sql }) => {
    const shop = (select: string): PlainProject =>
      plainProject({ sales: { config: { materialized: 'table' }, sql: () => select } })
    await run(shop('select 1 as id, 2 as price'), { publish })
    await sql(`create schema audit; create view audit.dear as select price from shop.sales where price > 1;
comment on view audit.dear is '${STORED_FAILURES}'`)
    expect(await outcomes(run(shop('select 1 as id'), { publish }))).toEqual([])
    expect(await sql(`select to_regclass('audit.dear') as dear`)).toEqual([{ dear: null }])
  },
)

test('a view that reads a column which its table loses, and that the run does not make, is named with the way out', async ({
  run,
  sql,
}) => {
  const shop = (select: string): PlainProject =>
    plainProject({
      sales: { config: { materialized: 'table' }, sql: () => select },
      all_sales: { inputs: ['sales'], sql: ({ ref }) => `select * from ${ref('sales')}` },
    })
  await run(shop('select 1 as id, 2 as price'))
  const { result } = await run(shop('select 1 as id'), { select: ['sales'] })
  expect(result.steps[0]?.error).toMatchObject({
    code: 'GM4001',
    message: `"shop"."sales" cannot be replaced under "shop"."all_sales" as it is now: column "price" does not exist`,
    hint: expect.stringContaining('Have the run make the view as well') as string,
  })
  expect(await sql('select * from shop.all_sales')).toEqual([{ id: 1, price: 2 }])
  await run(shop('select 1 as id'))
  expect(await sql('select * from shop.all_sales')).toEqual([{ id: 1 }])
})

test('a view that others have built upon and that the run makes over the columns that are left stays in its place', async ({
  run,
  sql,
}) => {
  const shop = (table: string, view: string): PlainProject =>
    plainProject({
      sales: { config: { materialized: 'table' }, sql: () => table },
      shown: { inputs: ['sales'], sql: ({ ref }) => `select ${view} from ${ref('sales')}` },
    })
  await run(shop('select 1 as id, 2 as price', 'id, price'))
  await sql('create view public.report as select price from shop.shown')
  expect(await outcomes(run(shop('select 1 as id', 'id, 7 as price')))).toEqual([])
  expect(await sql('select price from public.report')).toEqual([{ price: 7 }])
  const [refused] = await outcomes(run(shop('select 1 as key', 'key')))
  expect(refused).toMatch(
    /"shop"."sales" cannot be replaced: "shop"."shown", which others have built upon, would change its columns/,
  )
})
