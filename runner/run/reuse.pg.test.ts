import { expect } from 'vitest'
import { createPostgresAdapter } from '../engine/postgres/postgres-adapter.ts'
import type { PlainProject, RunOptions } from '../testing/plain-project.ts'
import { plainProject, runPlain } from '../testing/plain-project.ts'
import { createLedger, test as withDatabase } from '../testing/sql-fixture.ts'

type Definitions = Parameters<typeof plainProject>[0]

interface Fixture {
  /** Runs a project with reuse; gives of each node `reused`, or why it ran. */
  run: (project: PlainProject, options?: RunOptions) => Promise<Record<string, string>>
}

const test = withDatabase.extend<Fixture>({
  run: async ({ connection, sql }, use) => {
    await createLedger(sql)
    await use(async (project, options) => {
      const adapter = createPostgresAdapter(connection)
      try {
        const { steps } = await runPlain(project, adapter, { reuse: 'all', ...options })
        return Object.fromEntries(
          steps.map((step) => [
            step.id.split('.')[2] ?? step.id,
            step.error === undefined
              ? step.status === 'reused'
                ? 'reused'
                : step.reason
              : String(step.error),
          ]),
        )
      } finally {
        await adapter.close()
      }
    })
  },
})

const LANDED = `create schema raw;
create table raw.events (id int, v int, _gm_xid xid8 not null default pg_current_xact_id());
create index on raw.events (_gm_xid)`

/** A landed table, an increment on it, a view on that, and tables on both. */
const CHAIN: Definitions = {
  events: { kind: 'source', schema: 'raw' },
  copied: {
    config: { materialized: 'incremental', unique_key: ['id'] },
    changes: ['events'],
    sql: ({ changes }) => `select id, v from ${changes('events')} e`,
  },
  doubled: {
    config: { materialized: 'view' },
    inputs: ['copied'],
    sql: ({ ref }) => `select id, v * 2 as d from ${ref('copied')}`,
  },
  summed: {
    config: { materialized: 'table' },
    inputs: ['doubled'],
    sql: ({ ref }) => `select count(*)::int as n, sum(d)::int as total from ${ref('doubled')}`,
  },
  constant: { config: { materialized: 'table' }, sql: () => 'select 1 as one' },
}

const ALL_REUSED = { copied: 'reused', doubled: 'reused', summed: 'reused', constant: 'reused' }

test('with nothing changed everything is reused; a landed row runs what reads it, and no more', async ({
  run,
  sql,
}) => {
  await sql(`${LANDED}; insert into raw.events values (1, 10)`)
  const project = plainProject(CHAIN)
  expect(await run(project)).toEqual({
    copied: 'first build',
    doubled: 'first build',
    summed: 'first build',
    constant: 'first build',
  })
  expect(await run(project)).toEqual(ALL_REUSED)
  await sql('insert into raw.events values (2, 20)')
  expect(await run(project)).toEqual({
    ...ALL_REUSED,
    copied: 'its input "raw"."events" has changed',
    summed: 'its input doubled is built before it',
  })
  expect(await sql('select n, total from shop.summed')).toEqual([{ n: 2, total: 60 }])
  expect(await run(project)).toEqual(ALL_REUSED)
})

test('a step whose input ran and wrote nothing is reused after all', async ({ run, sql }) => {
  await sql(`${LANDED}; insert into raw.events values (1, 10)`)
  const project = plainProject(CHAIN)
  await run(project)
  // The same row again: the merge finds nothing to write.
  await sql('insert into raw.events values (1, 10)')
  expect(await run(project)).toEqual({
    ...ALL_REUSED,
    copied: 'its input "raw"."events" has changed',
  })
})

test('rows changed, deleted or truncated by hand in any table that gm made or landed are noticed', async ({
  run,
  sql,
}) => {
  await sql(`${LANDED}; insert into raw.events values (1, 10), (2, 20)`)
  const project = plainProject(CHAIN)
  await run(project)
  await run(project)
  await sql('update shop.constant set one = 7')
  expect(await run(project)).toEqual({ ...ALL_REUSED, constant: 'its rows were changed by hand' })
  expect(await sql('select one from shop.constant')).toEqual([{ one: 1 }])
  await sql('truncate shop.constant')
  expect(await run(project)).toMatchObject({ constant: 'its rows were changed by hand' })
  await sql('update shop.copied set v = 11 where id = 1')
  expect(await run(project)).toMatchObject({
    copied: 'its rows were changed by hand',
    summed: 'its input "shop"."copied" has changed',
  })
  expect(await sql('select total from shop.summed')).toEqual([{ total: 62 }])
  expect(await run(project)).toEqual(ALL_REUSED)
  await sql('delete from raw.events where id = 2')
  expect(await run(project)).toMatchObject({ copied: 'its input "raw"."events" has changed' })
  await sql('begin; update shop.copied set v = 12 where id = 1; rollback')
  expect(await run(project)).toEqual(ALL_REUSED)
})

test('a child selected alone notices that its unselected parent was changed by hand', async ({
  run,
  sql,
}) => {
  await sql(`${LANDED}; insert into raw.events values (1, 10)`)
  const project = plainProject(CHAIN)
  await run(project)
  await sql('update shop.copied set v = 11')
  expect(await run(project, { select: ['summed'] })).toEqual({
    summed: 'its input "shop"."copied" has changed',
  })
  expect(await run(project, { select: ['summed'] })).toEqual({ summed: 'reused' })
})

test('a relation dropped, replaced or made again by hand is built, or refused when it may hold rows of somebody else', async ({
  run,
  sql,
}) => {
  await sql(`${LANDED}; insert into raw.events values (1, 10)`)
  const project = plainProject(CHAIN)
  await run(project)
  await sql('create or replace view shop.doubled as select id, v * 3 as d from shop.copied')
  expect(await run(project)).toEqual({
    ...ALL_REUSED,
    doubled: 'it was changed by hand',
    summed: 'its input "shop"."doubled" has changed',
  })
  expect(await sql('select total from shop.summed')).toEqual([{ total: 20 }])
  await sql('drop table shop.constant')
  expect(await run(project)).toMatchObject({ constant: 'first build' })
  await sql('alter table shop.constant add column two int')
  expect(await run(project)).toMatchObject({ constant: 'it was changed by hand' })
  await sql('drop table shop.constant; create table shop.constant as select 5 as one')
  await expect(run(project)).rejects.toMatchObject({ code: 'GM4008' })
  expect(await sql('select one from shop.constant')).toEqual([{ one: 5 }])
  expect(await run(project, { fullRefresh: true })).toMatchObject({ constant: 'full refresh' })
})

test('changed code runs a node and what reads it, and a new type of an input is a change', async ({
  run,
  sql,
}) => {
  await sql(`${LANDED}; insert into raw.events values (1, 10)`)
  await run(plainProject(CHAIN))
  const changed = plainProject({
    ...CHAIN,
    doubled: {
      config: { materialized: 'view' },
      inputs: ['copied'],
      sql: ({ ref }) => `select id, v * 4 as d from ${ref('copied')}`,
    },
  })
  expect(await run(changed)).toEqual({
    ...ALL_REUSED,
    doubled: 'its code or configuration changed',
    summed: 'its input doubled is built before it',
  })
  expect(await sql('select total from shop.summed')).toEqual([{ total: 40 }])
  expect(await run(changed, { reuse: 'none' })).toMatchObject({ constant: 'selected' })
})

test('what gm cannot follow is never reused: foreign tables, the time, functions, and tables that a template does not name', async ({
  run,
  sql,
}) => {
  await sql(`create schema erp; create table erp.orders (id int); create table erp.rates (r int);
    create function public.rate() returns int language sql stable as 'select max(r) from erp.rates'`)
  const table = { config: { materialized: 'table' as const } }
  const project = plainProject({
    orders: { kind: 'source', schema: 'erp' },
    on_orders: {
      ...table,
      inputs: ['orders'],
      sql: ({ ref }) => `select id from ${ref('orders')}`,
    },
    viewed: { inputs: ['orders'], sql: ({ ref }) => `select id from ${ref('orders')}` },
    on_view: { ...table, inputs: ['viewed'], sql: ({ ref }) => `select id from ${ref('viewed')}` },
    unnamed: { ...table, sql: () => 'select r from erp.rates' },
    timed: { ...table, sql: () => 'select now() as at' },
    timed_view: { sql: () => 'select current_date as today' },
    on_timed: {
      ...table,
      inputs: ['timed_view'],
      sql: ({ ref }) => `select today from ${ref('timed_view')}`,
    },
    called: { ...table, sql: () => 'select public.rate() as rate' },
    cataloged: { ...table, sql: () => 'select count(*) as n from pg_class' },
  })
  await run(project)
  expect(await run(project)).toEqual({
    on_orders: 'gm cannot tell whether "erp"."orders" has changed',
    viewed: 'reused',
    on_view: 'gm cannot tell whether "erp"."orders" has changed',
    unnamed: 'gm cannot tell whether "erp"."rates" has changed',
    timed: 'now() may give something else each time',
    timed_view: 'reused',
    on_timed: 'gm cannot tell whether "shop"."timed_view" has changed',
    called: 'rate() may give something else each time',
    cataloged: 'pg_class may give something else each time',
  })
})

test('a row that commits late is seen by the next run, though the run before read past it', async ({
  run,
  sql,
  connection,
}) => {
  await sql(`${LANDED}; insert into raw.events values (1, 10)`)
  const project = plainProject({
    events: { kind: 'source', schema: 'raw' },
    counted: {
      config: { materialized: 'table' },
      inputs: ['events'],
      sql: ({ ref }) => `select count(*)::int as n from ${ref('events')}`,
    },
  })
  await run(project)
  const adapter = createPostgresAdapter(connection)
  const late = await adapter.open()
  await late.query({ purpose: 'test', sql: 'begin' })
  await late.query({ purpose: 'test', sql: 'insert into raw.events values (2, 20)' })
  await sql('insert into raw.events values (3, 30)')
  expect(await run(project)).toEqual({ counted: 'its input "raw"."events" has changed' })
  expect(await run(project)).toEqual({ counted: 'reused' })
  await late.query({ purpose: 'test', sql: 'commit' })
  await late.close()
  await adapter.close()
  expect(await run(project)).toEqual({ counted: 'its input "raw"."events" has changed' })
  expect(await sql('select n from shop.counted')).toEqual([{ n: 3 }])
  expect(await run(project)).toEqual({ counted: 'reused' })
})

test('somebody without any right in schema gm changes a followed table, and the change is noticed', async ({
  run,
  sql,
  db,
}) => {
  const role = `clerk_${db}`
  const project = plainProject({
    constant: { config: { materialized: 'table' }, sql: () => 'select 1 as one' },
  })
  await run(project)
  try {
    await sql(`create role ${role}; grant usage on schema shop to ${role};
      grant update, select on shop.constant to ${role};
      set role ${role}; update shop.constant set one = 2; reset role`)
    expect(await run(project)).toEqual({ constant: 'its rows were changed by hand' })
  } finally {
    await sql(`drop owned by ${role}; drop role ${role}`)
  }
})

test('a reused view that is taken along by the swap of its table stays what gm knows', async ({
  run,
}) => {
  const definitions = (n: number): Definitions => ({
    base: {
      config: { materialized: 'table' },
      sql: n === 1 ? () => 'select 1 as n' : () => 'select 2 as n',
    },
    viewed: { inputs: ['base'], sql: ({ ref }) => `select n from ${ref('base')}` },
    top: {
      config: { materialized: 'table' },
      inputs: ['viewed'],
      sql: ({ ref }) => `select n from ${ref('viewed')}`,
    },
  })
  await run(plainProject(definitions(1)))
  await run(plainProject(definitions(2)), { select: ['base', 'top'] })
  expect(await run(plainProject(definitions(2)), { select: ['top'] })).toEqual({ top: 'reused' })
})

test('a materialized view is reused while what it reads is as it was, made anew or refreshed beside its readers', async ({
  run,
  sql,
}) => {
  await sql(`${LANDED}; insert into raw.events values (1, 10)`)
  const stored = (indexes: { columns: string[]; unique: boolean }[]) =>
    plainProject({
      events: { kind: 'source', schema: 'raw' },
      stored: {
        config: { materialized: 'materialized_view', indexes },
        inputs: ['events'],
        sql: ({ ref }) => `select id, v from ${ref('events')}`,
      },
    })
  for (const project of [stored([]), stored([{ columns: ['id'], unique: true }])]) {
    await run(project)
    expect(await run(project)).toEqual({ stored: 'reused' })
    await sql('insert into raw.events select max(id) + 1, 20 from raw.events')
    expect(await run(project)).toEqual({ stored: 'its input "raw"."events" has changed' })
    expect(await run(project)).toEqual({ stored: 'reused' })
  }
})

test('what a column is made of counts as well: values of enums and fields of composites, through domains, arrays and ranges', async ({
  run,
  sql,
}) => {
  await sql(`create schema raw;
    create type raw.mood as enum ('a', 'b');
    create domain raw.felt as raw.mood;
    create type raw.spell as range (subtype = raw.mood);
    create type raw.felt_by as (mood raw.mood, n int);
    create table raw.plain (id int, _gm_xid xid8 not null default pg_current_xact_id());
    create table raw.direct (v raw.mood, _gm_xid xid8 not null default pg_current_xact_id());
    create table raw.domain (v raw.felt, _gm_xid xid8 not null default pg_current_xact_id());
    create table raw.list (v raw.felt[], _gm_xid xid8 not null default pg_current_xact_id());
    create table raw.span (v raw.spell, _gm_xid xid8 not null default pg_current_xact_id());
    create table raw.pair (v raw.felt_by, _gm_xid xid8 not null default pg_current_xact_id());
    insert into raw.direct values ('a'); insert into raw.domain values ('a'); insert into raw.list values ('{a}');
    insert into raw.span values ('[a,b]'); insert into raw.pair values ('(a,1)')`)
  const kinds = ['plain', 'direct', 'domain', 'list', 'span', 'pair']
  const definitions = Object.fromEntries<Definitions[string]>(
    kinds.flatMap((kind): [string, Definitions[string]][] => [
      [kind, { kind: 'source' as const, schema: 'raw' }],
      [
        `of_${kind}`,
        {
          config: { materialized: 'table' as const },
          inputs: [kind],
          sql: ({ ref }) => `select to_jsonb(t)::text as v from ${ref(kind)} as t`,
        },
      ],
    ]),
  )
  const project = plainProject(definitions)
  const changed = (...of: string[]): Record<string, string> =>
    Object.fromEntries(
      kinds.map((kind) => [
        `of_${kind}`,
        of.includes(kind) ? `its input "raw"."${kind}" has changed` : 'reused',
      ]),
    )
  await run(project)
  expect(await run(project)).toEqual(changed())
  await sql(`alter type raw.mood rename value 'a' to 'z'`)
  expect(await run(project)).toEqual(changed('direct', 'domain', 'list', 'span', 'pair'))
  expect(await run(project)).toEqual(changed())
  await sql('alter type raw.felt_by rename attribute n to m')
  expect(await run(project)).toEqual(changed('pair'))
  expect(await sql('select v::jsonb as v from shop.of_pair')).toMatchObject([
    { v: { v: { mood: 'z', m: 1 } } },
  ])
})

test('tables that are parent or child of another are never reused; partitions that come, go or are written to are noticed', async ({
  run,
  sql,
}) => {
  const columns = 'id int, _gm_xid xid8 not null default pg_current_xact_id()'
  await sql(`create schema raw;
    create table raw.parent (${columns}); create table raw.child (like raw.parent including all) inherits (raw.parent);
    create table raw.parted (${columns}) partition by range (id);
    create table raw.half partition of raw.parted for values from (0) to (20) partition by range (id);
    create table raw.first partition of raw.half for values from (0) to (10);
    create table raw.second (${columns}); create table raw.third (${columns});
    insert into raw.parent values (1); insert into raw.child values (2);
    insert into raw.first values (3), (4); insert into raw.second values (10), (11); insert into raw.third values (20)`)
  const table = { config: { materialized: 'table' as const } }
  const counted = (name: string): Definitions[string] => ({
    ...table,
    inputs: [name],
    sql: ({ ref }) => `select count(*)::int as n, sum(id)::int as s from ${ref(name)}`,
  })
  const project = plainProject({
    parent: { kind: 'source', schema: 'raw' },
    child: { kind: 'source', schema: 'raw' },
    parted: { kind: 'source', schema: 'raw' },
    first: { kind: 'source', schema: 'raw' },
    of_parent: counted('parent'),
    of_child: counted('child'),
    of_parted: counted('parted'),
    of_first: counted('first'),
  })
  const unknown = (name: string): string => `gm cannot tell whether "raw"."${name}" has changed`
  const always = {
    of_parent: unknown('child'),
    of_child: unknown('child'),
    of_first: unknown('first'),
  }
  await run(project)
  expect(await run(project)).toEqual({ ...always, of_parted: 'reused' })
  for (const change of [
    'alter table raw.half attach partition raw.second for values from (10) to (20)',
    'alter table raw.parted attach partition raw.third for values from (20) to (30)',
    'insert into raw.second values (12)',
    'update raw.second set id = 13 where id = 12',
    'delete from raw.first where id = 3',
    'truncate raw.third',
    'alter table raw.half detach partition raw.first',
    'drop table raw.second',
  ]) {
    await sql(change)
    const after = await run(project)
    expect(after['of_parted'], change).toBe('its input "raw"."parted" has changed')
    expect(await sql('select * from shop.of_parted'), change).toEqual(
      await sql('select count(*)::int as n, sum(id)::int as s from raw.parted'),
    )
    expect((await run(project))['of_parted'], change).toBe('reused')
  }
})

test('a foreign table of partitions is followed by a trigger of each row; one of each statement does not hear of its partitions', async ({
  run,
  sql,
}) => {
  await sql(`create schema erp; create table erp.orders (id int) partition by range (id);
    create table erp.orders_0 partition of erp.orders for values from (0) to (10);
    create trigger gm_touched after insert or update or delete or truncate on erp.orders
    for each statement execute function gm.note_touch()`)
  const project = plainProject({
    orders: { kind: 'source', schema: 'erp' },
    counted: {
      config: { materialized: 'table' },
      inputs: ['orders'],
      sql: ({ ref }) => `select count(*)::int as n from ${ref('orders')}`,
    },
  })
  const unknown = { counted: 'gm cannot tell whether "erp"."orders" has changed' }
  await run(project)
  expect(await run(project)).toEqual(unknown)
  await sql(`create trigger gm_touched_row after insert or update or delete on erp.orders
    for each row execute function gm.note_touch()`)
  await run(project)
  expect(await run(project)).toEqual({ counted: 'reused' })
  for (const change of [
    'insert into erp.orders_0 values (1), (2)',
    'update erp.orders_0 set id = 3 where id = 1',
    'delete from erp.orders_0 where id = 2',
    'truncate erp.orders_0',
  ]) {
    await sql(change)
    expect(await run(project), change).toEqual({ counted: 'its input "erp"."orders" has changed' })
    expect(await run(project), change).toEqual({ counted: 'reused' })
  }
  await sql('alter table erp.orders_0 disable trigger user')
  await run(project)
  expect(await run(project)).toEqual(unknown)
})

test('a table whose rows a policy shows is never reused by whom it holds for, nor through a view of theirs by whom it does not', async ({
  run,
  sql,
  connection,
}) => {
  const role = `gm_reader_${connection.database}`
  await sql(`${LANDED}; insert into raw.events values (1, 10), (2, 20), (3, 30);
    create role ${role} login password 'reads';
    grant create on database ${connection.database} to ${role};
    grant usage on schema raw to ${role}; grant select on raw.events to ${role};
    grant all on schema gm to ${role}; grant all on all tables in schema gm to ${role};
    alter table raw.events enable row level security;
    create policy few on raw.events using (id < 2)`)
  const project = (schema: string): PlainProject =>
    plainProject({
      events: { kind: 'source', schema: 'raw' },
      shown: { schema, inputs: ['events'], sql: ({ ref }) => `select id from ${ref('events')}` },
      counted: {
        schema,
        config: { materialized: 'table' },
        inputs: ['shown'],
        sql: ({ ref }) => `select count(*)::int as n from ${ref('shown')}`,
      },
    })
  try {
    const adapter = createPostgresAdapter({ ...connection, user: role, password: 'reads' })
    const theirs = async (): Promise<unknown> =>
      (await runPlain(project('theirs'), adapter, { reuse: 'all' })).steps.map(
        ({ status, reason }) => `${status}: ${reason}`,
      )
    try {
      await theirs()
      for (const [policy, n] of [
        ['id < 3', 2],
        ['id < 4', 3],
      ] as const) {
        await sql(`alter policy few on raw.events using (${policy})`)
        expect(await theirs()).toEqual([
          'reused: nothing that it depends on has changed',
          'success: gm cannot tell whether "raw"."events" has changed',
        ])
        expect(await sql('select n from theirs.counted')).toEqual([{ n }])
      }
    } finally {
      await adapter.close()
    }
    // The server's owner sees all rows; through a view of the role's it sees what the role does.
    const ours = project('shop')
    await run(ours)
    expect(await run(ours)).toEqual({ shown: 'reused', counted: 'reused' })
    const counted = async (): Promise<unknown> =>
      (await sql<{ n: number }>('select n from shop.counted'))[0]?.n
    expect(await counted()).toBe(3)
    await sql(`alter policy few on raw.events using (id < 2); grant usage on schema shop to ${role};
      alter view shop.shown owner to ${role}`)
    await run(ours)
    expect(await counted()).toBe(1)
    expect(await run(ours)).toEqual({ shown: 'reused', counted: 'reused' })
    for (const [change, n] of [
      ['alter policy few on raw.events using (id < 3)', 2],
      ['alter table raw.events disable row level security', 3],
      ['alter table raw.events enable row level security', 2],
      ['create policy more on raw.events using (id = 3)', 3],
    ] as const) {
      await sql(change)
      expect((await run(ours))['counted'], change).toContain('"raw"."events" has changed')
      expect(await counted(), change).toBe(n)
      expect(await run(ours), change).toEqual({ shown: 'reused', counted: 'reused' })
    }
    // What such a policy lets through may change behind its name.
    await sql(`create function fewest() returns int language sql stable as 'select 2'`)
    for (const asked of [
      'fewest()',
      `current_setting('app.least', true)::int`,
      `length(current_user)`,
    ]) {
      await sql(`alter policy more on raw.events using (id > ${asked})`)
      await run(ours)
      expect(await run(ours), asked).toEqual({
        shown: 'reused',
        counted: 'gm cannot tell whether "raw"."events" has changed',
      })
    }
    await sql('alter policy more on raw.events using (id = 3); drop function fewest()')
    await sql('alter view shop.shown set (security_invoker = true)')
    await run(ours)
    expect(await counted()).toBe(3)
  } finally {
    await sql(`drop owned by ${role}; drop role ${role}`)
  }
})

test('settings of the database and the target, extensions with operators and text search that others change make everything run once', async ({
  connection,
  db,
  sql,
}) => {
  await createLedger(sql)
  await sql(`${LANDED}; insert into raw.events values (1, 10);
    create schema one; create schema two; create table one.rates as select 1 as rate; create table two.rates as select 2 as rate;
    create text search dictionary plain (template = simple); create text search configuration own (copy = simple);
    alter text search configuration own alter mapping for asciiword with plain`)
  const project = plainProject({
    events: { kind: 'source', schema: 'raw' },
    shown: {
      config: { materialized: 'view' },
      inputs: ['events'],
      sql: ({ ref }) => `select id, rate from ${ref('events')}, rates`,
    },
    counted: {
      config: { materialized: 'table' },
      inputs: ['events'],
      sql: ({ ref }) => `select id, to_tsvector('the cats')::text as words from ${ref('events')}`,
    },
  })
  const runWith = async (
    options: Readonly<Record<string, string>> = {},
  ): Promise<readonly string[]> => {
    const adapter = createPostgresAdapter({
      ...connection,
      options: { search_path: 'one, two', ...options },
    })
    try {
      const { steps } = await runPlain(project, adapter, { reuse: 'all' })
      return steps.map(({ status, reason, error }) =>
        status === 'reused' ? status : String(error ?? reason),
      )
    } finally {
      await adapter.close()
    }
  }
  const reused = ['reused', 'reused']
  const changed = ['settings of the session have changed', 'settings of the session have changed']
  const rates = (): Promise<unknown> => sql('select distinct rate from shop.shown')
  await runWith()
  expect(await runWith()).toEqual(reused)
  expect(await runWith({ search_path: 'two, one' })).toEqual(changed)
  expect(await rates()).toEqual([{ rate: 2 }])
  expect(await runWith()).toEqual(changed)
  expect(await rates()).toEqual([{ rate: 1 }])
  for (const change of [
    `alter database ${db} set default_text_search_config = 'pg_catalog.simple'`,
    `alter database ${db} set app.tenant = 'b'`,
    `alter text search dictionary plain (stopwords = english)`,
    'create extension citext',
  ]) {
    expect(await runWith(), change).toEqual(reused)
    await sql(change)
    expect(await runWith(), change).toEqual(changed)
  }
  expect(await sql('select words from shop.counted')).toEqual([{ words: "'cats':2 'the':1" }])
  // Who else uses the database may set what changes no rows.
  await sql(`alter database ${db} set work_mem = '8MB'`)
  expect(await runWith()).toEqual(reused)
  // As another role it sees what that role may.
  const role = `${db}_as`
  await sql(`create role ${role}; grant create on database ${db} to ${role}; grant all on schema gm, shop, raw, one, two to ${role};
    grant all on all tables in schema gm, shop, raw, one, two to ${role}; grant all on all sequences in schema gm to ${role};
    alter table shop.counted owner to ${role}; alter view shop.shown owner to ${role}`)
  try {
    expect((await runWith({ role }))[1]).toBe('settings of the session have changed')
  } finally {
    await sql(`reassign owned by ${role} to current_user; drop owned by ${role}; drop role ${role}`)
  }
})

test('a table that comes to stand before another of its name is noticed by who reads that without its schema', async ({
  run,
  sql,
  db,
}) => {
  await sql(`${LANDED}; insert into raw.events values (1, 10);
    create schema one; create schema two; alter database ${db} set search_path = one, raw`)
  const project = plainProject({
    events: { kind: 'source', schema: 'raw' },
    counted: {
      config: { materialized: 'table' },
      inputs: ['events'],
      sql: () => 'select count(*)::int as n from events',
    },
    shown: {
      config: { materialized: 'view' },
      inputs: ['events'],
      sql: () => 'select id from events',
    },
  })
  await run(project)
  expect(await run(project)).toEqual({ counted: 'reused', shown: 'reused' })
  await sql('create table one.events as select generate_series(1, 5) as id')
  const reason = 'its input "raw"."events" has changed'
  expect(await run(project)).toEqual({ counted: reason, shown: reason })
  expect(
    await sql('select n, (select count(*)::int from shop.shown) as shown from shop.counted'),
  ).toEqual([{ n: 5, shown: 5 }])
})

test('a sequence that SQL reads like a table is never taken for unchanged', async ({
  run,
  sql,
}) => {
  await sql('create sequence numbers')
  const project = plainProject({
    last: { config: { materialized: 'table' }, sql: () => 'select * from public.numbers' },
  })
  await run(project)
  expect(await run(project)).toEqual({
    last: 'gm cannot tell whether "public"."numbers" has changed',
  })
})

test('an unlogged table is never taken for unchanged: a crash empties it', async ({ run, sql }) => {
  await sql(`${LANDED}; insert into raw.events values (1, 10); alter table raw.events set unlogged`)
  const project = plainProject(CHAIN)
  await run(project)
  expect((await run(project))['copied']).toBe('gm cannot tell whether "raw"."events" has changed')
})
