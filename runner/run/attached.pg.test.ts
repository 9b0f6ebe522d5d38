import { randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import { createPostgresAdapter } from '../engine/postgres/postgres-adapter.ts'
import type { PlainProject, RunOptions } from '../testing/plain-project.ts'
import { plainProject, runPlain } from '../testing/plain-project.ts'
import type { Ran } from '../testing/run-fixture.ts'
import { test as withRuns } from '../testing/run-fixture.ts'

interface Fixture {
  role: string
  /** A run as the role. */
  runAs: (role: string, project: PlainProject, options?: RunOptions) => Promise<Ran>
}

/** A role of the server, which is dropped after the test with all that it has. */
const test = withRuns.extend<Fixture>({
  role: async ({ sql, connection }, use) => {
    const role = `Guest ${randomBytes(4).toString('hex')}`
    await sql(`create role "${role}" login password 'guest'; grant create, usage on schema public to "${role}";
grant create on database "${connection.database}" to "${role}"`)
    await use(role)
    await sql(`drop owned by "${role}" cascade; drop role "${role}"`)
  },
  runAs: async ({ connection, sql, run }, use) => {
    expect(run).toBeDefined()
    await use(async (role, project, options = {}) => {
      await sql(
        `grant usage on schema gm to "${role}"; grant all on all tables in schema gm to "${role}"; grant all on all sequences in schema gm to "${role}"`,
      )
      const adapter = createPostgresAdapter({ ...connection, user: role, password: 'guest' })
      try {
        return { result: await runPlain(project, adapter, options), steps: {}, notes: [] }
      } finally {
        await adapter.close()
      }
    })
  },
})

const MODES = ['model', 'atomic'] as const

function shop(select: string, config: object = { materialized: 'table' }): PlainProject {
  return plainProject({
    sales: { config, sql: () => select },
    named: { inputs: ['sales'], sql: ({ ref }) => `select id, name from ${ref('sales')}` },
  })
}

const rows = (name: string): string =>
  `select i as id, i % 10 as tens, '${name}'::text as name from generate_series(1, 100) i`

/** What went wrong, at the plan or in a step. */
async function outcomes(running: Promise<Ran>): Promise<readonly string[]> {
  const result = await running.catch((error: unknown) => error as Error)
  if (result instanceof Error) return [result.message]
  return result.result.steps.flatMap(({ error }) => error?.message ?? [])
}

const attach = (role: string): string => `
create function public.note() returns trigger language plpgsql as 'begin return null; end';
create policy everybody on shop.sales using (true);
create policy "only Some" on shop.sales as restrictive for select to "${role}", public using (name <> 'x' and id in (select id from shop.named));
alter table shop.sales enable row level security, force row level security;
create trigger plain after insert on shop.sales execute function public.note();
create trigger picky after update of name on shop.sales for each row when (new.id > 0) execute function public.note();
alter table shop.sales enable always trigger plain;
comment on trigger plain on shop.sales is 'noted';
create rule keep as on delete to shop.sales where old.id < 0 do instead nothing;
create statistics shop."of Both" (dependencies, ndistinct) on id, tens from shop.sales;
create statistics public.of_expression on (id + tens) from shop.sales;
alter table shop.sales replica identity full, set (fillfactor = 70, autovacuum_enabled = off);
comment on column shop.sales.name is 'its name';
grant select (id) on shop.sales to "${role}"`

const ATTACHED = `select
  (select jsonb_agg(to_jsonb(p) order by policyname) from pg_policies p where tablename = 'sales') as policies,
  (select jsonb_build_array(relrowsecurity, relforcerowsecurity, relreplident, reloptions, relacl::text) from pg_class where oid = 'shop.sales'::regclass) as flags,
  (select jsonb_agg(jsonb_build_array(pg_get_triggerdef(oid), tgenabled, obj_description(oid)) order by tgname) from pg_trigger where tgrelid = 'shop.sales'::regclass) as triggers,
  (select jsonb_agg(pg_get_ruledef(oid)) from pg_rewrite where ev_class = 'shop.sales'::regclass) as rules,
  (select jsonb_agg(pg_get_statisticsobjdef(s.oid) order by stxname) from pg_statistic_ext s where stxrelid = 'shop.sales'::regclass) as statistics,
  (select count(*)::int from pg_statistic_ext_data) as filled,
  col_description('shop.sales'::regclass, 3) as comment`

for (const config of [
  { materialized: 'table' },
  { materialized: 'incremental', unique_key: ['id'] },
] as const) {
  test.for(MODES)(
    `what others have attached to a table stays when it is replaced: ${config.materialized}, publish %s`,
    async (publish, { run, sql, role }) => {
      await run(shop(rows('a'), config), { publish })
      await sql(attach(role))
      await sql('analyze shop.sales')
      const before = await sql(ATTACHED)
      expect(before).toMatchObject([{ filled: 2, comment: 'its name' }])
      for (const keepVersions of [0, 2, 2]) {
        const again = run(shop(rows('b'), config), {
          publish,
          keepVersions,
          fullRefresh: keepVersions < 2,
          select: ['sales'],
        })
        expect(await outcomes(again)).toEqual([])
        expect(await sql(ATTACHED)).toEqual(before)
      }
    },
  )
}

test.for(MODES)(
  'a view keeps the options, the owner and the triggers that others have given it, replaced in place or made anew with other columns: publish %s',
  async (publish, { run, sql, role }) => {
    const view = (column: string): PlainProject =>
      plainProject({
        sales: { config: { materialized: 'table' }, sql: () => `select 1 as id, 2 as old` },
        shown: { inputs: ['sales'], sql: ({ ref }) => `select id, ${column} from ${ref('sales')}` },
        upper: { inputs: ['shown'], sql: ({ ref }) => `select id from ${ref('shown')}` },
      })
    await run(view('old'), { publish })
    await sql(`create function public.skip() returns trigger language plpgsql as 'begin return null; end';
alter view shop.shown set (security_barrier = true, check_option = local); alter view shop.upper set (security_barrier = true);
grant usage on schema shop to "${role}"; grant select on shop.sales to "${role}"; alter view shop.upper owner to "${role}"; alter view shop.shown owner to "${role}";
create trigger skip instead of insert on shop.shown for each row execute function public.skip();
create rule skip as on update to shop.shown do instead nothing;
alter view shop.shown alter column id set default 7; comment on column shop.shown.id is 'kept'`)
    const state = `select relname, reloptions, relowner::regrole::text as owner,
  (select count(*)::int from pg_trigger where tgrelid = c.oid) as triggers,
  (select count(*)::int from pg_rewrite where ev_class = c.oid) as rules,
  (select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = c.oid) as default,
  col_description(c.oid, 1) as comment
from pg_class c where relname in ('shown', 'upper') order by 1`
    const before = await sql(state)
    expect(before).toMatchObject([{ triggers: 1, rules: 2, default: '7', comment: 'kept' }, {}])
    for (const column of ['old', 'old, 3 as young', `old::text as old, 'x' as young`]) {
      expect(await outcomes(run(view(column), { publish }))).toEqual([])
      expect(await sql(state)).toEqual(before)
    }
    const again = await run(view(`old::text as old, 'x' as young`), { publish, reuse: 'all' })
    expect(Object.values(again.steps)).toEqual(Array.from({ length: 3 }, () => 'reuse: reused'))
  },
)

test.for(MODES)(
  'what a hook attaches and sets each time is attached once, and as the hook says now: publish %s',
  async (publish, { run, sql, role }) => {
    const hooked = (least: number, owner: string): PlainProject =>
      plainProject({
        sales: {
          config: {
            materialized: 'table',
            post_hook: [
              {
                sql: `create policy mine on {{ this }} using (id > ${least}); alter table {{ this }} enable row level security;
alter table {{ this }} set (fillfactor = ${least}); alter table {{ this }} owner to ${owner}`,
                transaction: true,
              },
            ],
          },
          sql: () => rows('a'),
        },
      })
    await sql(`create schema shop; grant all on schema shop to "${role}"`)
    for (const [least, owner] of [
      [50, `"${role}"`],
      [60, `"${role}"`],
      [70, 'pg_monitor'],
    ] as const) {
      expect(await outcomes(run(hooked(least, owner), { publish }))).toEqual([])
      expect(
        await sql(`select polname, pg_get_expr(polqual, polrelid) as expression, reloptions, relowner::regrole::text as owner
          from pg_policy join pg_class c on c.oid = polrelid`),
      ).toEqual([
        {
          polname: 'mine',
          expression: `(id > ${least})`,
          reloptions: [`fillfactor=${least}`],
          owner,
        },
      ])
    }
  },
)

test('statistics that a hook makes are those that it makes now', async ({ run, sql }) => {
  const hooked = (columns: string): PlainProject =>
    shop(rows('a'), {
      materialized: 'table',
      post_hook: [
        { sql: `create statistics shop.pairs on ${columns} from {{ this }}`, transaction: true },
      ],
    })
  for (const columns of ['id, tens', 'id, name', 'id, name']) {
    expect(await outcomes(run(hooked(columns)))).toEqual([])
    expect(await sql('select pg_get_statisticsobjdef(oid) as made from pg_statistic_ext')).toEqual([
      { made: `CREATE STATISTICS shop.pairs ON ${columns} FROM shop.sales` },
    ])
  }
})

test.for(MODES)(
  'storage parameters and statistics of a table do not keep it from becoming a view: publish %s',
  async (publish, { run, sql }) => {
    await run(shop(rows('a')), { publish })
    await sql(`alter table shop.sales set (fillfactor = 70), replica identity full;
create statistics shop.pairs on id, tens from shop.sales`)
    expect(await outcomes(run(shop(rows('b'), { materialized: 'view' }), { publish }))).toEqual([])
    expect(await sql('select distinct name from shop.named')).toEqual([{ name: 'b' }])
  },
)

test.for(MODES)(
  'privileges that were taken from a role do not come back with the default privileges of the schema: publish %s',
  async (publish, { run, sql, role }) => {
    await run(shop(rows('a')), { publish })
    await sql(`alter default privileges in schema shop grant all on tables to "${role}", public`)
    const all = { publish, fullRefresh: true }
    const acl = `select relname, relacl::text from pg_class where relname in ('sales', 'named') order by 1`
    const before = await sql(acl)
    expect(await outcomes(run(shop(rows('b')), all))).toEqual([])
    expect(await outcomes(run(shop('select 1 as id, 2::bigint as name'), all))).toEqual([])
    expect(
      (await sql(`select has_table_privilege('${role}', 'shop.sales', 'select') as may`))[0],
    ).toEqual({ may: false })
    expect(
      await sql(`select has_table_privilege('${role}', 'shop.named', 'select') as may`),
    ).toEqual([{ may: false }])
    expect(before).toHaveLength(2)
    const granted = plainProject({
      fresh: {
        config: { materialized: 'table', grants: { select: [role] } },
        sql: () => 'select 1 as id',
      },
    })
    await run(granted, { publish })
    expect(
      await sql(`select has_table_privilege('${role}', 'shop.fresh', 'select') as may, has_table_privilege('${role}', 'shop.fresh', 'delete') as more,
        has_table_privilege('public', 'shop.fresh', 'select') as everybody`),
    ).toEqual([{ may: true, more: false, everybody: false }])
  },
)

test.for(MODES)(
  'a table that others publish, inherit from or have in an array is not replaced, and the refusal names them: publish %s',
  async (publish, { run, sql }) => {
    const tables = plainProject({
      sales: { config: { materialized: 'table' }, sql: () => 'select 1 as id' },
    })
    await run(tables)
    const refused: [string, string, string][] = [
      [
        'create publication theirs for table shop.sales',
        'drop publication theirs',
        'publication of table shop.sales in publication theirs',
      ],
      [
        'create table public.whole (id int); alter table shop.sales inherit public.whole',
        'alter table shop.sales no inherit public.whole; drop table public.whole',
        'table whole',
      ],
      ['create table public.part () inherits (shop.sales)', 'drop table public.part', 'table part'],
      [
        'create table public.rows (sales shop.sales[])',
        'drop table public.rows',
        'column sales of table rows',
      ],
    ]
    for (const [make, unmake, name] of refused) {
      await sql(make)
      expect(await outcomes(run(tables, { publish }))).toEqual([
        expect.stringContaining(
          `"shop"."sales" must be replaced, but ${name} depends on it and is not gm's`,
        ),
      ])
      await sql(unmake)
    }
    expect(await outcomes(run(tables, { publish }))).toEqual([])
  },
)

test.for(MODES)(
  'a policy on a column that the table loses makes the run refuse with its name, and keeps the table: publish %s',
  async (publish, { run, sql }) => {
    const sales = (select: string): PlainProject =>
      plainProject({ sales: { config: { materialized: 'table' }, sql: () => select } })
    await run(sales('select 1 as id, 2 as tenant'), { publish })
    await sql(
      'create policy own on shop.sales using (tenant = 2); alter table shop.sales enable row level security',
    )
    expect(await outcomes(run(sales('select 1 as id'), { publish }))).toEqual([
      expect.stringContaining('policy own on "shop"."sales": column "tenant" does not exist'),
    ])
    expect(await sql('select tenant from shop.sales')).toEqual([{ tenant: 2 }])
  },
)

test('a table is replaced under a view that also reads what gm may only read', async ({
  runAs,
  sql,
  role,
}) => {
  await sql(`create schema theirs; create table theirs.rates (rate int); insert into theirs.rates values (2);
grant usage on schema theirs to "${role}"; grant select on theirs.rates to "${role}"`)
  const project = (name: string): PlainProject =>
    plainProject({
      sales: { config: { materialized: 'table' }, sql: () => rows(name) },
      shown: {
        inputs: ['sales'],
        sql: ({ ref }) => `select id, rate from ${ref('sales')} cross join theirs.rates`,
      },
    })
  for (const publish of MODES) {
    for (const name of ['a', 'b']) {
      expect(
        await outcomes(
          runAs(role, project(name), { publish, ...(name === 'b' && { select: ['sales'] }) }),
        ),
      ).toEqual([])
    }
  }
})

test.for(MODES)(
  'statistics go with what their columns were, where they do not fit what these become: publish %s',
  async (publish, { run, sql }) => {
    const sales = (value: string): PlainProject =>
      plainProject({
        sales: { config: { materialized: 'table' }, sql: () => `select 1 as id, 2 as n, ${value}` },
      })
    await run(sales(`'a' as v`), { publish })
    await sql(`create statistics shop.of_value on id, v from shop.sales;
create statistics shop.of_expression on upper(v), id from shop.sales; create statistics shop.others on id, n from shop.sales`)
    for (const value of ['3 as v', `'{}'::json as v`])
      expect(await outcomes(run(sales(value), { publish }))).toEqual([])
    expect(await sql('select stxname from pg_statistic_ext')).toEqual([{ stxname: 'others' }])
  },
)

test('what cannot be attached again is told at its place, also where all is published together', async ({
  run,
  sql,
}) => {
  const sales = (select: string): PlainProject =>
    plainProject({ sales: { config: { materialized: 'table' }, sql: () => select } })
  await run(sales('select 1 as id, 2 as tenant'))
  await sql('create policy own on shop.sales using (tenant = 2)')
  for (const publish of MODES) {
    const { result } = await run(sales('select 1 as id'), { publish })
    expect(result.steps[0]?.error).toMatchObject({
      code: 'GM4008',
      at: { file: 'models/sales.sql' },
    })
  }
})

test('statistics in a schema in which gm may make nothing go to that of their table', async ({
  runAs,
  sql,
  role,
}) => {
  const sales = (name: string): PlainProject =>
    plainProject({ sales: { config: { materialized: 'table' }, sql: () => rows(name) } })
  await runAs(role, sales('a'))
  await sql(`revoke create on schema public from "${role}", public;
create statistics public.pairs (ndistinct) on id, tens from shop.sales`)
  for (const publish of MODES) {
    expect(await outcomes(runAs(role, sales('b'), { publish }))).toEqual([])
    expect(await sql('select pg_get_statisticsobjdef(oid) as made from pg_statistic_ext')).toEqual([
      { made: 'CREATE STATISTICS shop.pairs (ndistinct) ON id, tens FROM shop.sales' },
    ])
  }
})

test('rows that a policy hides from gm are not lost when an increment is copied: the run refuses', async ({
  runAs,
  sql,
  role,
}) => {
  const sales = (from: number): PlainProject =>
    plainProject({
      sales: {
        config: { materialized: 'incremental', unique_key: ['id'] },
        sql: () => `select i as id from generate_series(${from}, ${from + 2}) i`,
      },
    })
  await runAs(role, sales(1), { publish: 'atomic' })
  await sql(`create policy few on shop.sales using (id < 2) with check (true);
alter table shop.sales enable row level security, force row level security`)
  await expect(runAs(role, sales(4), { publish: 'atomic' })).rejects.toMatchObject({
    message: 'query would be affected by row-level security policy for table "sales"',
    at: { file: 'models/sales.sql' },
  })
  expect(await sql('select count(*)::int as n from shop.sales')).toEqual([{ n: 3 }])
})

test.for(MODES)(
  'statistics of a materialized view stay when it, or the table below it, is replaced: publish %s',
  async (publish, { run, sql }) => {
    const project = (name: string): PlainProject =>
      plainProject({
        sales: { config: { materialized: 'table' }, sql: () => rows(name) },
        summed: {
          config: { materialized: 'materialized_view' },
          inputs: ['sales'],
          sql: ({ ref }) => `select id, tens, name from ${ref('sales')}`,
        },
      })
    await run(project('a'), { publish })
    await sql('create statistics shop.pairs on id, tens from shop.summed')
    for (const select of [['sales', 'summed'], ...(publish === 'model' ? [['sales']] : [])]) {
      expect(await outcomes(run(project('b'), { publish, select }))).toEqual([])
      expect(
        await sql('select stxname, stxrelid::regclass::text as of from pg_statistic_ext'),
      ).toEqual([{ stxname: 'pairs', of: 'shop.summed' }])
    }
  },
)

test.for(MODES)(
  'what is given, taken and attached while a table is built holds for the new one: publish %s',
  async (publish, { run, sql, role }) => {
    const slow = (seconds: number): PlainProject =>
      plainProject({
        sales: {
          config: { materialized: 'table' },
          sql: () => `select 1 as id, 2 as v from pg_sleep(${seconds})`,
        },
        shown: { inputs: ['sales'], sql: ({ ref }) => `select id from ${ref('sales')}` },
      })
    await run(slow(0), { publish })
    await sql('grant select on shop.sales, shop.shown to public')
    const running = outcomes(run(slow(1.5), { publish, select: ['sales'] }))
    await expect
      .poll(
        async () =>
          await sql(
            `select from pg_stat_activity
              where datname = current_database() and state = 'active' and query ~ 'pg_sleep' and pid <> pg_backend_pid()`,
          ),
      )
      .toHaveLength(1)
    await sql(`revoke select on shop.sales, shop.shown from public; grant select (id) on shop.sales to "${role}";
create policy young on shop.sales using (true)`)
    expect(await running).toEqual([])
    expect(
      await sql(`select has_table_privilege('public', 'shop.sales', 'select') as everybody,
        has_table_privilege('public', 'shop.shown', 'select') as everybody_shown,
        has_column_privilege('${role}', 'shop.sales', 'id', 'select') as role,
        has_table_privilege('${role}', 'shop.sales', 'select') as role_whole,
        (select count(*)::int from pg_policies) as policies`),
    ).toEqual([
      { everybody: false, everybody_shown: false, role: true, role_whole: false, policies: 1 },
    ])
  },
)
