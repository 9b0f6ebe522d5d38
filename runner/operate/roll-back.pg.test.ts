import { expect } from 'vitest'
import { STORED_FAILURES } from '../engine/adapter.ts'
import { createPostgresAdapter } from '../engine/postgres/postgres-adapter.ts'
import type { PlainProject } from '../testing/plain-project.ts'
import { plainProject } from '../testing/plain-project.ts'
import type { Ran } from '../testing/run-fixture.ts'
import { test as withRuns } from '../testing/run-fixture.ts'
import type { Rollback } from './roll-back.ts'
import { rollBack } from './roll-back.ts'

interface Fixture {
  /** An all-or-nothing run that keeps two versions. */
  publish: (project: PlainProject, select?: readonly string[]) => Promise<Ran>
  back: (to?: string, isDryRun?: boolean, unrepeatable?: readonly string[]) => Promise<Rollback>
}

const test = withRuns.extend<Fixture>({
  publish: async ({ run }, use) => {
    await use(
      async (project, select) =>
        await run(project, {
          publish: 'atomic',
          reuse: 'all',
          keepVersions: 2,
          ...(select !== undefined && { select }),
        }),
    )
  },
  back: async ({ connection }, use) => {
    await use(async (to, isDryRun = false, unrepeatable = []) => {
      const adapter = createPostgresAdapter(connection)
      const session = await adapter.open()
      try {
        return await rollBack({
          adapter,
          session,
          to,
          isDryRun,
          unrepeatable,
          project: 'shop',
          targetName: 'test',
          version: '0.0.0',
          patienceMs: 1_000,
          signal: new AbortController().signal,
        })
      } finally {
        await session.close()
        await adapter.close()
      }
    })
  },
})

const LANDED = `create schema raw;
create table raw.events (id int, v int, _gm_xid xid8 not null default pg_current_xact_id());
create index on raw.events (_gm_xid); insert into raw.events values (1, 10)`

/** An increment, a view on it, a table on that, and a consumer that the others do not know. */
function chain(factor: number, more = ''): PlainProject {
  return plainProject({
    events: { kind: 'source', schema: 'raw' },
    copied: {
      config: { materialized: 'incremental', unique_key: ['id'] },
      changes: ['events'],
      sql: ({ changes }) => `select id, v from ${changes('events')} e`,
    },
    scaled: {
      inputs: ['copied'],
      sql: ({ ref }) => `select id, v * ${factor} as s${more} from ${ref('copied')}`,
    },
    summed: {
      config: { materialized: 'table', indexes: [{ columns: ['total'] }] },
      inputs: ['scaled'],
      sql: ({ ref }) => `select count(*)::int as n, sum(s)::int as total from ${ref('scaled')}`,
    },
    beside: {
      config: { materialized: 'incremental', unique_key: ['id'] },
      changes: ['copied'],
      sql: ({ changes }) => `select id, v from ${changes('copied')} c`,
    },
  })
}

const STATE = `select (select jsonb_agg(c order by id) from shop.copied c) as copied,
  (select jsonb_agg(s order by id) from shop.scaled s) as scaled,
  (select jsonb_agg(s) from shop.summed s) as summed,
  (select jsonb_agg(indexname order by indexname) from pg_indexes where schemaname = 'shop') as indexes`

const KEPT = `select count(*)::int as n from pg_class where relnamespace = to_regnamespace('gm_versions') and relkind = 'r'`

test('a rollback brings back rows, views and indexes, and the next run reads again what had been published since: nothing is skipped or doubled', async ({
  publish,
  back,
  sql,
}) => {
  await sql(LANDED)
  await publish(chain(2))
  const before = await sql(STATE)
  await sql('insert into raw.events values (2, 20), (1, 11)')
  await publish(chain(3, `, 'x' as extra`))
  expect(await sql(STATE)).not.toEqual(before)
  const dry = await back(undefined, true)
  expect(dry.versions.map(({ relation, kind }) => [relation, kind])).toEqual([
    ['"shop"."copied"', 'table'],
    ['"shop"."scaled"', 'view'],
    ['"shop"."summed"', 'table'],
    ['"shop"."beside"', 'table'],
  ])
  expect(await sql(STATE)).not.toEqual(before)
  await back()
  expect(await sql(STATE)).toEqual(before)
  await sql('insert into raw.events values (3, 30)')
  const next = await publish(chain(2))
  expect(next.steps).toEqual({
    copied: 'add rows: success +2 ~1',
    scaled: expect.stringMatching(/^(?:create view|reuse)/) as string,
    summed: 'build table: success +1',
    beside: 'add rows: success +2 ~1',
  })
  expect(await sql('select id, v from shop.beside order by id')).toEqual([
    { id: 1, v: 11 },
    { id: 2, v: 20 },
    { id: 3, v: 30 },
  ])
  expect(await sql('select n, total from shop.summed')).toEqual([{ n: 3, total: 122 }])
})

test('several publications are taken back at once, what was not there before goes, and no more versions are kept than asked for', async ({
  publish,
  back,
  sql,
}) => {
  await sql(LANDED)
  const [first, second] = [await publish(chain(1)), await publish(chain(2))]
  const before = await sql(STATE)
  await publish(chain(3))
  const more = plainProject({
    extra: { config: { materialized: 'table' }, sql: () => 'select 1 as x' },
  })
  await publish(more)
  await expect(back(first.result.runId)).rejects.toMatchObject({ code: 'GM4025' })
  const { undone } = await back(second.result.runId)
  expect(undone).toHaveLength(2)
  expect(await sql(STATE)).toEqual(before)
  expect(await sql(`select to_regclass('shop.extra') as extra`)).toEqual([{ extra: null }])
  expect(await sql(KEPT)).toEqual([{ n: 0 }])
  await expect(back()).rejects.toMatchObject({ code: 'GM4025' })
})

test('one publication after the other is taken back, but none that was changed in place before the next', async ({
  publish,
  back,
  run,
  sql,
}) => {
  await sql(LANDED)
  await publish(chain(1))
  const first = await sql(STATE)
  await publish(chain(2, ', 1 as one'))
  const second = await sql(STATE)
  await publish(chain(3))
  await back()
  expect(await sql(STATE)).toEqual(second)
  await back()
  expect(await sql(STATE)).toEqual(first)

  await sql('insert into raw.events values (2, 20)')
  await publish(chain(1))
  await sql('insert into raw.events values (3, 30)')
  await run(chain(1), { reuse: 'all' })
  const changed = await sql(STATE)
  await sql('insert into raw.events values (4, 40)')
  await publish(chain(1))
  await back()
  expect(await sql(STATE)).toEqual(changed)
  await expect(back()).rejects.toMatchObject({
    code: 'GM4025',
    message: expect.stringContaining('"shop"."copied" was changed in place since') as string,
  })
})

test('who was not part of the publication goes on where it has read nothing since, and is rebuilt where it has', async ({
  publish,
  back,
  run,
  sql,
}) => {
  await sql(LANDED)
  await publish(chain(2))
  await sql('insert into raw.events values (2, 20)')
  await publish(chain(2), ['copied', 'scaled', 'summed'])
  await back()
  const idle = await run(chain(2), { select: ['beside'], reuse: 'none' })
  expect(idle.steps).toEqual({ beside: 'add rows: success +0 ~0' })
  await publish(chain(2), ['copied', 'scaled', 'summed'])
  await run(chain(2), { select: ['beside'] })
  await back()
  const rebuilt = await run(chain(2), { select: ['beside'] })
  expect(rebuilt.steps).toEqual({ beside: 'build incremental: success +1' })
})

test("a rollback refuses, with the reasons, after rows came in place or by hand, and while a stranger's view reads a table", async ({
  publish,
  back,
  run,
  sql,
}) => {
  await sql(LANDED)
  await publish(chain(2))
  await sql('insert into raw.events values (2, 20)')
  await publish(chain(2))
  await sql('create view public.report as select * from shop.summed')
  await expect(back()).rejects.toThrow(/view "public"\."report" reads "shop"\."summed"/)
  await sql('drop view public.report; update shop.summed set n = 7')
  await expect(back()).rejects.toThrow(/"shop"\."summed" has rows that were changed by hand since/)
  await sql('insert into raw.events values (3, 30)')
  await run(chain(2), { select: ['copied'] })
  const before = await sql(STATE)
  await expect(back()).rejects.toThrow(/"shop"\."copied" was changed in place since, by run /)
  expect(await sql(STATE)).toEqual(before)
})

test("a stranger's view on a view of the project stays while what is below it is taken back", async ({
  publish,
  back,
  sql,
}) => {
  await sql(LANDED)
  await publish(chain(2))
  await sql(`create view public.report as select s from shop.scaled`)
  await sql('insert into raw.events values (2, 20)')
  await publish(chain(3))
  expect(await sql('select s from public.report order by s')).toEqual([{ s: 30 }, { s: 60 }])
  await back()
  expect(await sql('select s from public.report')).toEqual([{ s: 20 }])
})

/** Every kind of relation that keeps what it was: a materialized view, two histories, days in batches; and readers through views. */
const KINDS = plainProject({
  events: { kind: 'source', schema: 'raw', config: { event_time: 'at' } },
  base: {
    config: { materialized: 'table' },
    inputs: ['events'],
    sql: ({ ref }) => `select id, max(v) as v from ${ref('events')} group by id`,
  },
  stored: {
    config: {
      materialized: 'materialized_view',
      indexes: [{ columns: ['id'], unique: true }],
    },
    inputs: ['base'],
    sql: ({ ref }) => `select id, v + 1 as w from ${ref('base')}`,
  },
  versions: {
    kind: 'snapshot',
    config: {
      strategy: 'events',
      unique_key: ['id'],
      updated_at: 'at',
      check_cols: ['v'],
    },
    changes: ['events'],
    sql: ({ ref, changes, isIncremental }) =>
      `select id, at, v from ${ref('events')} e${isIncremental ? ` where id in (select c.id from ${changes('events')} c)` : ''}`,
  },
  looked: {
    kind: 'snapshot',
    config: { strategy: 'check', unique_key: ['id'], check_cols: ['v'] },
    inputs: ['events'],
    sql: ({ ref }) => `select id, max(v) as v from ${ref('events')} group by id`,
  },
  daily: {
    config: {
      materialized: 'incremental',
      incremental_strategy: 'microbatch',
      event_time: 'at',
      batch_size: 'day',
      begin: '2026-01-01',
    },
    inputs: ['events'],
    sql: ({ ref }) => `select id, at, v from ${ref('events')} e`,
  },
  shown: {
    inputs: ['stored', 'versions', 'daily'],
    sql: ({ ref }) =>
      `select s.id, s.w, v.v, d.at from ${ref('stored')} s join ${ref('versions')} v using (id) join ${ref('daily')} d using (id)`,
  },
})

const ALL = `select ${['base', 'stored', 'versions', 'looked', 'daily', 'shown'].map((name) => `(select jsonb_agg(r order by r::text) from shop.${name} r) as ${name}`).join(', ')},
  (select jsonb_agg(indexdef order by indexname) from pg_indexes where schemaname = 'shop') as indexes`

test('materialized views, histories, batches and views over them come back as they were, and a run from there gives what a rebuild gives', async ({
  back,
  run,
  sql,
}) => {
  await sql(`create schema raw;
create table raw.events (id int, v int, at timestamptz, _gm_xid xid8 not null default pg_current_xact_id());
create index on raw.events (_gm_xid);
insert into raw.events values (1, 10, '2026-01-01 01:00+00'), (2, 20, '2026-01-02 01:00+00')`)
  const now = new Date('2026-01-04T00:00:00Z')
  const all = { publish: 'atomic', reuse: 'all', keepVersions: 2, now } as const
  const published = async (): Promise<void> => {
    const { result, steps } = await run(KINDS, all)
    expect(result.status, JSON.stringify(steps)).toBe('success')
  }
  await published()
  const before = await sql(ALL)
  await sql(
    `insert into raw.events values (1, 11, '2026-01-03 01:00+00'), (3, 30, '2026-01-01 02:00+00')`,
  )
  await published()
  const after = await sql(ALL)
  expect(after).not.toEqual(before)
  await back()
  expect(await sql(ALL)).toEqual(before)
  // What was published and taken back is read again, and what came since along with it.
  await sql(`insert into raw.events values (2, 21, '2026-01-02 03:00+00')`)
  await published()
  const rows = `select ${['base', 'stored', 'versions', 'daily', 'shown']
    .map(
      (name) =>
        `(select jsonb_agg(to_jsonb(r) - '_gm_xid' - '_gm_version_xid' order by (to_jsonb(r) - '_gm_xid' - '_gm_version_xid')::text) from shop.${name} r) as ${name}`,
    )
    .join(', ')}`
  const held = `select id, v from shop.looked where dbt_valid_to is null order by id`
  const went = await sql(rows)
  expect(await sql(held)).toEqual([
    { id: 1, v: 11 },
    { id: 2, v: 21 },
    { id: 3, v: 30 },
  ])
  await run(KINDS, { fullRefresh: true, now })
  expect(went).toEqual(await sql(rows))
})

test('what a history of looks has seen since is given up only where that is asked for', async ({
  publish,
  back,
  sql,
}) => {
  await sql(`create schema raw; create table raw.goods as select 1 as id, 5 as price`)
  const project = plainProject({
    goods: { kind: 'source', schema: 'raw' },
    prices: {
      kind: 'snapshot',
      config: { unique_key: ['id'], strategy: 'check', check_cols: ['price'] },
      inputs: ['goods'],
      sql: ({ ref }) => `select * from ${ref('goods')}`,
    },
  })
  const looked = ['"shop"."prices"']
  await publish(project)
  await expect(back(undefined, false, looked)).rejects.toMatchObject({ code: 'GM4025' })
  await publish(project)
  // Nothing was seen between the two.
  await back(undefined, false, looked)
  await sql('update raw.goods set price = 6')
  await publish(project)
  await expect(back(undefined, true, looked)).rejects.toThrow(
    '"shop"."prices" has seen since what no run can see again',
  )
  expect(await sql('select price from shop.prices order by price')).toEqual([
    { price: 5 },
    { price: 6 },
  ])
  await back()
  expect(await sql('select price from shop.prices')).toEqual([{ price: 5 }])
})

test('what others have attached, given and taken since the publication stays as it is, and goes with the version that comes back', async ({
  publish,
  back,
  sql,
  db,
}) => {
  const [reader, leaver] = [`${db}_reader`, `${db}_leaver`]
  await sql(`create role ${reader}; create role ${leaver}`)
  const shop = (name: string): PlainProject =>
    plainProject({
      sales: {
        config: { materialized: 'table' },
        sql: () =>
          `select i as id, i % 3 as thirds, '${name}' as name from generate_series(1, 50) i`,
      },
      shown: { inputs: ['sales'], sql: ({ ref }) => `select id, name from ${ref('sales')}` },
    })
  try {
    await publish(shop('a'))
    await sql(`create policy old on shop.sales using (true); grant select on shop.sales to ${leaver};
create statistics shop.pairs on id, thirds from shop.sales; analyze shop.sales`)
    await publish(shop('b'))
    await sql(`drop policy old on shop.sales; revoke select on shop.sales from ${leaver};
create policy young on shop.sales to ${reader} using (id > 1); alter table shop.sales enable row level security;
grant select on shop.sales to ${reader}; grant usage on schema shop to ${reader};
alter view shop.shown set (security_barrier = true)`)
    await back()
    expect(await sql('select distinct name from shop.shown')).toEqual([{ name: 'a' }])
    expect(
      await sql(`select (select json_agg(policyname) from pg_policies) as policies, relrowsecurity as enabled,
  has_table_privilege('${reader}', oid, 'select') as reader, has_table_privilege('${leaver}', oid, 'select') as leaver,
  (select reloptions from pg_class where oid = 'shop.shown'::regclass) as options,
  (select json_agg(stxname) from pg_statistic_ext s where stxrelid = c.oid) as statistics,
  (select count(*)::int from pg_statistic_ext_data) as filled
from pg_class c where oid = 'shop.sales'::regclass`),
    ).toEqual([
      {
        policies: ['young'],
        enabled: true,
        reader: true,
        leaver: false,
        options: ['security_barrier=true'],
        statistics: ['pairs'],
        filled: 1,
      },
    ])
  } finally {
    await sql(`drop owned by ${reader}, ${leaver}; drop role ${reader}, ${leaver}`)
  }
})

test('a rollback refuses where a policy needs a column that the version before has not', async ({
  publish,
  back,
  sql,
}) => {
  const shop = (select: string): PlainProject =>
    plainProject({ sales: { config: { materialized: 'table' }, sql: () => select } })
  await publish(shop('select 1 as id'))
  await publish(shop('select 1 as id, 2 as tenant'))
  await sql('create policy own on shop.sales using (tenant = 2)')
  await expect(back()).rejects.toMatchObject({
    code: 'GM4025',
    message: expect.stringContaining(
      'policy own on "shop"."sales": column "tenant" does not exist',
    ) as string,
  })
  expect(await sql('select tenant from shop.sales')).toEqual([{ tenant: 2 }])
})

test('a view of what a test has found in the rows of now does not keep the version before from coming back', async ({
  publish,
  back,
  sql,
}) => {
  const shop = (select: string): PlainProject =>
    plainProject({ sales: { config: { materialized: 'table' }, sql: () => select } })
  await publish(shop('select 1 as id'))
  await publish(shop('select 1 as id, 2 as price'))
  await sql(`create schema audit; create view audit.dear as select price from shop.sales where price > 1;
comment on view audit.dear is '${STORED_FAILURES}'`)
  await back()
  expect(
    await sql(`select to_jsonb(s) as row, to_regclass('audit.dear') as dear from shop.sales s`),
  ).toEqual([{ row: { id: 1 }, dear: null }])
})

test('a view that gets other columns back keeps its triggers, rules, defaults and options', async ({
  publish,
  back,
  sql,
}) => {
  const shop = (more: string): PlainProject =>
    plainProject({
      sales: { config: { materialized: 'table' }, sql: () => `select 1 as id${more}` },
      shown: { inputs: ['sales'], sql: ({ ref }) => `select * from ${ref('sales')}` },
      summed: {
        config: { materialized: 'materialized_view' },
        inputs: ['sales'],
        sql: ({ ref }) => `select id, 1 as one from ${ref('sales')}`,
      },
    })
  await publish(shop(''))
  await publish(shop(', 2 as more'))
  await sql(`create function public.skip() returns trigger language plpgsql as 'begin return null; end';
create trigger skip instead of insert on shop.shown for each row execute function public.skip();
create rule skip as on update to shop.shown do instead nothing;
alter view shop.shown alter column id set default 7; alter view shop.shown set (security_barrier = true);
create statistics shop.pairs on id, one from shop.summed`)
  await back()
  expect(
    await sql(`select to_jsonb(s) as row,
  (select count(*)::int from pg_trigger where tgrelid = 'shop.shown'::regclass) as triggers,
  (select count(*)::int from pg_rewrite where ev_class = 'shop.shown'::regclass) as rules,
  (select count(*)::int from pg_attrdef where adrelid = 'shop.shown'::regclass) as defaults,
  (select reloptions from pg_class where oid = 'shop.shown'::regclass) as options,
  (select json_agg(stxname) from pg_statistic_ext where stxrelid = 'shop.summed'::regclass) as statistics
from shop.shown s`),
  ).toEqual([
    {
      row: { id: 1 },
      triggers: 1,
      rules: 2,
      defaults: 1,
      options: ['security_barrier=true'],
      statistics: ['pairs'],
    },
  ])
})

test('a version that is kept holds on to no table of gm, and gets its keys again when it comes back', async ({
  run,
  sql,
  back,
}) => {
  const shop = (sales: number, customers: number): PlainProject =>
    plainProject({
      customers: {
        config: { materialized: 'table' },
        sql: () => `select 1 as id, ${customers} as v`,
      },
      sales: {
        config: { materialized: 'table' },
        sql: () => `select 1 as id, 1 as customer, ${sales} as v`,
      },
    })
  const published = { publish: 'atomic', keepVersions: 2 } as const
  await run(shop(1, 1), published)
  await sql(`alter table shop.customers add primary key (id); create index by_v on shop.sales (v);
alter table shop.sales add constraint known foreign key (customer) references shop.customers, add check (v < 10)`)
  await run(shop(2, 1), { ...published, select: ['sales'] })
  const customers = { ...published, select: ['customers'] }
  await expect(run(shop(2, 2), customers)).rejects.toThrow(
    'must be replaced, but constraint known on table',
  )
  await sql(
    'alter table shop.sales drop constraint known; create index young on shop.sales (id, v)',
  )
  await run(shop(2, 2), customers)
  await sql(
    'alter table shop.sales add constraint known foreign key (customer) references shop.customers',
  )
  await expect(back()).rejects.toThrow(/constraint known on table \S+ reads "shop"."customers"/)
  await sql('alter table shop.sales drop constraint known')
  await back()
  await sql(
    'alter table shop.sales add constraint known foreign key (customer) references shop.customers',
  )
  await back()
  expect(await sql('select v from shop.sales')).toEqual([{ v: 1 }])
  expect(
    await sql(`select indexrelid::regclass::text as name from pg_index where indrelid = 'shop.sales'::regclass
union all select conname from pg_constraint where conrelid = 'shop.sales'::regclass and contype <> 'n' order by 1`),
  ).toEqual([
    { name: 'known' },
    { name: 'sales_v_check' },
    { name: 'shop.by_v' },
    { name: 'shop.young' },
  ])
})
