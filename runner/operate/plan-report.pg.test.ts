import { expect } from 'vitest'
import type { Inputs, PlainProject } from '../testing/plain-project.ts'
import { plainProject } from '../testing/plain-project.ts'
import { test } from '../testing/plan-fixture.ts'
import type { PlanReport } from './plan-report.ts'

const RAW = `create schema raw; create table raw.events (id int, v int, _gm_xid xid8 not null default pg_current_xact_id());
insert into raw.events select g, g from generate_series(1, 1000) g; analyze raw.events`

function shop(columns: string, top = 'select id, v * 2 as double from'): PlainProject {
  return plainProject({
    events: { kind: 'source', schema: 'raw' },
    copied: {
      config: { materialized: 'incremental', unique_key: ['id'] },
      changes: ['events'],
      sql: ({ changes }) => `select ${columns} from ${changes('events')} e`,
    },
    doubled: {
      config: { materialized: 'table' },
      inputs: ['copied'],
      sql: ({ ref }) => `${top} ${ref('copied')}`,
    },
    counted: {
      config: { materialized: 'table' },
      inputs: ['doubled'],
      sql: ({ ref }) => `select count(*) as n from ${ref('doubled')}`,
    },
    no_null: {
      kind: 'test',
      inputs: ['doubled'],
      sql: ({ ref }) => `select * from ${ref('doubled')} where id is null`,
    },
  })
}

const actions = ({ steps }: PlanReport): Record<string, string> =>
  Object.fromEntries(steps.map(({ name, step }) => [name, step.action]))

/** Everything of the database that a plan could change, row versions included; what autovacuum moves is left out. */
const EVERYTHING = `select jsonb_build_object(
  'catalog', (select jsonb_agg(to_jsonb(c) - 'reltuples' - 'relpages' - 'relallvisible' - 'relallfrozen' - 'relfrozenxid' - 'relminmxid' order by c.oid) from pg_class c),
  'namespaces', (select jsonb_agg(nspname order by oid) from pg_namespace where nspname !~ '^pg_(toast_)?temp'),
  'triggers', (select count(*) from pg_trigger),
  'ledger', (select jsonb_agg(query_to_xml(format('select xmin, * from %s', c.oid::regclass), true, true, '')::text order by c.oid)
    from pg_class c where c.relnamespace in ('gm'::regnamespace, 'shop'::regnamespace) and c.relkind = 'r')
) as all`

test('a plan tells what runs, the columns that change and what lies below them, over nodes that are not built yet', async ({
  run,
  plan,
  sql,
}) => {
  await sql(RAW)
  const first = await plan(shop('id, v'))
  expect(first.problems).toEqual([])
  expect(actions(first)).toEqual({
    'shop.copied': 'build incremental',
    'shop.doubled': 'build table',
    'shop.counted': 'build table',
    no_null: 'run test',
  })
  expect(first.steps[0]?.estimatedRows).toBe(1000)
  expect(first.affected).toEqual([])

  await run(shop('id, v'))
  await sql('analyze')
  const idle = await plan(shop('id, v'))
  expect(new Set(Object.values(actions(idle)))).toEqual(new Set(['reuse']))
  expect(idle.fullRefresh).toMatchObject({ rebuilds: ['model.shop.copied'], rows: 1000 })

  const changed = await plan(shop('id, v', 'select id::bigint as id, 1 as added from'))
  expect(actions(changed)).toEqual({
    'shop.copied': 'reuse',
    'shop.doubled': 'build table',
    'shop.counted': 'build table',
    no_null: 'run test',
  })
  const doubled = changed.steps.find(({ name }) => name === 'shop.doubled')
  expect(doubled?.shape).toEqual({
    added: [{ name: 'added', type: 'integer' }],
    removed: [{ name: 'double', type: 'integer' }],
    retyped: [{ name: 'id', type: 'bigint', before: 'integer' }],
  })
  expect(changed.affected.map(({ node, column, models }) => [node, column, models])).toEqual([
    ['model.shop.doubled', undefined, ['model.shop.counted']],
    ['model.shop.doubled', 'double', []],
    ['model.shop.doubled', 'id', []],
  ])
})

test('columns that an incremental model does not take over are told with the setting that says so', async ({
  run,
  plan,
  sql,
}) => {
  await sql(RAW)
  await run(shop('id, v'))
  const { steps } = await plan(shop('id, v, 1 as w'))
  expect(steps[0]).toMatchObject({
    shape: { added: [{ name: 'w', type: 'integer' }] },
    shapeIsKept: 'on_schema_change: ignore',
  })
})

test('what the database would refuse is found without running it, also in a model below that is not selected', async ({
  run,
  plan,
  sql,
}) => {
  await sql(RAW)
  await run(withReader('select id, v * 2 as double from'))
  const reader = await plan(withReader('select id as other from'), { select: ['doubled'] })
  expect(reader.problems.map(({ id, error }) => [id, error.message])).toEqual([
    [
      'model.shop.doubled',
      '"shop"."doubled" cannot be replaced under "shop"."reader" as it is now: column "double" does not exist',
    ],
    ['model.shop.reader', 'column "double" does not exist'],
  ])
})

test('what reads a table for landing that is yet to be made is left open; a source that is nowhere is told', async ({
  plan,
}) => {
  const { problems } = await plan(
    plainProject({
      landed: { kind: 'source', schema: 'raw' },
      misspelt: { kind: 'source', schema: 'elsewhere' },
      waits: { inputs: ['landed'], sql: ({ ref }) => `select id from ${ref('landed')}` },
      fails: { inputs: ['misspelt'], sql: ({ ref }) => `select id from ${ref('misspelt')}` },
    }),
  )
  expect(problems.map(({ id }) => id)).toEqual(['model.shop.fails'])
})

test.for(['model', 'atomic'] as const)(
  'a view as it is now that reads a column which its table loses is told as the run tells it, but where the run makes it as well: publish %s',
  async (publish, { run, plan }) => {
    const all = (select: string): PlainProject =>
      plainProject({
        sales: { config: { materialized: 'table' }, sql: () => select },
        listed: { inputs: ['sales'], sql: ({ ref }) => `select * from ${ref('sales')}` },
      })
    await run(all('select 1 as id, 2 as price'))
    const loses = all('select 1 as id')
    const alone = { select: ['sales'], publish }
    const [problem, ...others] = (await plan(loses, alone)).problems
    expect(others).toEqual([])
    expect(String(problem?.error)).toBe((await run(loses, alone)).steps['sales'])
    expect((await plan(loses, { publish })).problems).toEqual([])
    expect((await run(loses, { publish })).steps).toMatchObject({ listed: 'create view: success' })
    const grows = all('select 1 as id, 2 as price, 3 as more')
    expect((await plan(grows, { publish })).problems).toEqual([])
  },
)

test('a column of the table that a hook adds is not taken for lost under the view that reads it', async ({
  run,
  plan,
}) => {
  const hooked = plainProject({
    sales: {
      config: {
        materialized: 'table',
        post_hook: [{ sql: 'alter table {{ this }} add column price int', transaction: true }],
      },
      sql: () => 'select 1 as id',
    },
    listed: { inputs: ['sales'], sql: ({ ref }) => `select price from ${ref('sales')}` },
  })
  await run(hooked)
  const alone = { select: ['sales'] }
  expect((await plan(hooked, alone)).problems).toEqual([])
  expect((await run(hooked, alone)).steps['sales']).toBe('build table: success +1')
})

function withReader(top: string): PlainProject {
  return plainProject({
    events: { kind: 'source', schema: 'raw' },
    doubled: {
      config: { materialized: 'table' },
      inputs: ['events'],
      sql: ({ ref }) => `${top} ${ref('events')}`,
    },
    reader: {
      inputs: ['doubled'],
      sql: ({ ref }) => `select double from ${ref('doubled')}`,
    },
  })
}

test('a ledger of an earlier gm, which knows nothing of parts, is planned over', async ({
  run,
  plan,
  sql,
}) => {
  await sql(`create schema raw;
    create table raw.events (id int, v int, _gm_xid xid8 not null default pg_current_xact_id()) partition by range (id);
    create table raw.events_0 partition of raw.events for values from (0) to (2000);
    insert into raw.events select g, g from generate_series(1, 10) g`)
  await run(shop('id, v'))
  await sql(`insert into raw.events values (11, 11);
    drop function gm.new_parts; drop function gm.left_at; alter table gm.marks drop column parts cascade`)
  const report = await plan(shop('id, v'))
  expect(report.problems).toEqual([])
  expect(report.steps[0]).toMatchObject({
    step: { action: 'add rows' },
    estimatedRows: expect.any(Number) as number,
  })
})

test('a plan changes nothing: catalog, ledger and tables are row by row what they were', async ({
  run,
  plan,
  sql,
}) => {
  await sql(RAW)
  await run(shop('id, v'))
  await sql('insert into raw.events values (2001, 1)')
  const before = await sql(EVERYTHING)
  const report = await plan(shop('id, v', 'select v from'))
  expect(report.steps.some(({ step }) => step.action !== 'reuse')).toBe(true)
  expect(await sql(EVERYTHING)).toEqual(before)
})

const MODES = ['ignore', 'fail', 'append_new_columns', 'sync_all_columns'] as const
const STRATEGIES = ['append', 'delete+insert'] as const
const QUERIES = {
  same: 'id, v',
  more: 'id, v, 1 as w',
  fewer: 'id',
  other: 'id, 1 as w',
  wider: 'id, v::bigint as v',
  narrower: 'id, v::smallint as v',
  text: 'id, v::text as v',
  misspelt: 'id, vv as v',
}

/** A model for each way to write rows, each way to follow columns and each other query of them; and what reads some of them. */
function followers(isLater: boolean): PlainProject {
  const models = STRATEGIES.flatMap((strategy) =>
    MODES.flatMap((mode) =>
      Object.entries(QUERIES).flatMap(([query, columns]) => {
        const name = `${strategy}_${mode}_${query}`.replace(/\W/, '_')
        const config = {
          materialized: 'incremental',
          incremental_strategy: strategy,
          unique_key: strategy === 'append' ? [] : ['id'],
        } as const
        const model = {
          config: { ...config, on_schema_change: mode },
          changes: ['events'],
          sql: ({ changes }: Inputs) =>
            `select ${isLater ? columns : 'id, v'} from ${changes('events')} e`,
        }
        const reader = {
          config: { ...config, on_schema_change: 'fail' as const },
          changes: [name],
          sql: ({ changes }: Inputs) => `select *, 1 as one from ${changes(name)} x`,
        }
        return strategy === 'append'
          ? [[name, model] as const, [`reads_${name}`, reader] as const]
          : [[name, model] as const]
      }),
    ),
  )
  return plainProject({
    events: { kind: 'source', schema: 'raw' },
    ...Object.fromEntries(models),
    branch: {
      config: { materialized: 'incremental' },
      inputs: ['events'],
      sql: ({ ref, isIncremental }) =>
        `select id from ${ref('events')}${isIncremental && isLater ? ' where misspelt > 1' : ''}`,
    },
    history: {
      kind: 'snapshot',
      config: { strategy: 'check', check_cols: 'all', unique_key: ['id'] },
      inputs: ['events'],
      sql: ({ ref }) =>
        `select id, v::${isLater ? 'smallint' : 'integer'} as v from ${ref('events')}`,
    },
    narrowed: {
      kind: 'snapshot',
      config: { strategy: 'check', check_cols: 'all', unique_key: ['id'] },
      inputs: ['events'],
      sql: ({ ref }) =>
        `select id, (date '2026-01-01' + v)${isLater ? '::text::varchar(10)' : ''} as v from ${ref('events')}`,
    },
  })
}

for (const allowDestructive of [false, true]) {
  test(`what a plan says would fail is what the run then says, and nothing else fails, ${allowDestructive ? 'with' : 'without'} --allow-destructive`, async ({
    run,
    plan,
    sql,
  }) => {
    await sql(RAW)
    await run(followers(false))
    await sql('insert into raw.events values (1001, 1)')
    const { problems, steps } = await plan(followers(true), { reuse: 'none', allowDestructive })
    const { result } = await run(followers(true), { allowDestructive })
    const foretold = Object.fromEntries(problems.map(({ id, error }) => [id, String(error)]))
    const happened = result.steps.flatMap(({ id, error }) =>
      error === undefined ? [] : [[id, String(error)] as const],
    )
    expect(foretold).toEqual(Object.fromEntries(happened))
    const atSteps = steps.filter(({ problem }) => problem !== undefined)
    expect(atSteps.map(({ problem }) => String(problem)).sort()).toEqual(
      Object.values(foretold).sort(),
    )
    expect(happened.length).toBeGreaterThan(20)
  })
}

test('in an all-or-nothing run what others have built on the table of an increment is told as the run tells it, but where nothing is new', async ({
  run,
  plan,
  sql,
}) => {
  await sql(RAW)
  const atomic = { publish: 'atomic', reuse: 'all' } as const
  await run(shop('id, v'), atomic)
  await sql('create view public.theirs as select id from shop.copied')
  expect((await plan(shop('id, v'), atomic)).problems).toEqual([])
  expect((await run(shop('id, v'), atomic)).result.steps.map(({ error }) => error)).not.toContain(
    expect.anything(),
  )
  await sql('insert into raw.events values (2000, 1)')
  const { problems } = await plan(shop('id, v'), atomic)
  const refused = await run(shop('id, v'), atomic).catch((error: unknown) => error as Error)
  expect(problems.map(({ error }) => error.message)).toEqual([
    `"shop"."copied" must be replaced, but view "public"."theirs" depends on it and is not gm's`,
  ])
  expect(refused).toMatchObject({ message: problems[0]?.error.message })
})
