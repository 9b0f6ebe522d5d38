import { expect } from 'vitest'
import { createPostgresAdapter } from '../engine/postgres/postgres-adapter.ts'
import type { PlainProject, RunOptions } from '../testing/plain-project.ts'
import { plainProject, runPlain } from '../testing/plain-project.ts'
import { createLedger, test as withDatabase } from '../testing/sql-fixture.ts'
import type { RunResult } from './event.ts'

type Definitions = Parameters<typeof plainProject>[0]

interface Fixture {
  run: (project: PlainProject, options?: RunOptions) => Promise<RunResult>
}

const test = withDatabase.extend<Fixture>({
  run: async ({ connection, sql }, use) => {
    await createLedger(sql)
    await use(async (project, options) => {
      const adapter = createPostgresAdapter(connection)
      try {
        return await runPlain(project, adapter, {
          reuse: 'all',
          publish: 'atomic',
          testsGate: true,
          ...options,
        })
      } finally {
        await adapter.close()
      }
    })
  },
})

const LANDED = `create schema raw;
create table raw.events (id int, v int, _gm_xid xid8 not null default pg_current_xact_id());
create index on raw.events (_gm_xid)`

/** Two increments in a row, a view between tables, and a test at the end. */
function chain(factor: number): Definitions {
  return {
    events: { kind: 'source', schema: 'raw' },
    copied: {
      config: { materialized: 'incremental', unique_key: ['id'] },
      changes: ['events'],
      sql: ({ changes }) => `select id, v from ${changes('events')} e`,
    },
    kept: {
      config: { materialized: 'incremental', unique_key: ['id'] },
      changes: ['copied'],
      sql: ({ changes }) => `select id, v + 1 as w from ${changes('copied')} c`,
    },
    scaled: {
      config: { materialized: 'view' },
      inputs: ['kept'],
      sql: ({ ref }) => `select id, w * ${factor} as s from ${ref('kept')}`,
    },
    summed: {
      config: { materialized: 'table', indexes: [{ columns: ['total'] }] },
      inputs: ['scaled'],
      sql: ({ ref }) => `select count(*)::int as n, sum(s)::int as total from ${ref('scaled')}`,
    },
    no_negative: {
      kind: 'test',
      inputs: ['summed'],
      sql: ({ ref }) => `select * from ${ref('summed')} where total < 0`,
    },
  }
}

function outcome({ steps }: RunResult): Record<string, string> {
  return Object.fromEntries(
    steps.map((step) => [
      step.id.split('.')[2] ?? step.id,
      step.error === undefined ? step.status : `${step.status}: ${String(step.error)}`,
    ]),
  )
}

const LEAVINGS = `select relname from pg_class where relname ~ '__gm_(new|next|old)' union all
  select relation from gm.shadows union all select relation from gm.relations where relation ~ '__gm_(new|next|old)' union all
  select relation || input from gm.marks where relation || input ~ '__gm_(new|next|old)'`

test('increments, views and tables are published together and equal what the usual way gives; a second run reuses all of them', async ({
  run,
  sql,
}) => {
  await sql(`${LANDED}; insert into raw.events values (1, 10), (2, 20)`)
  expect(outcome(await run(plainProject(chain(2))))).toEqual({
    copied: 'success',
    kept: 'success',
    scaled: 'success',
    summed: 'success',
    no_negative: 'pass',
  })
  expect(await sql('select n, total from shop.summed')).toEqual([{ n: 2, total: 64 }])
  expect(await sql(LEAVINGS)).toEqual([])
  const ALL_REUSED = {
    copied: 'reused',
    kept: 'reused',
    scaled: 'reused',
    summed: 'reused',
    no_negative: 'reused',
  }
  expect(outcome(await run(plainProject(chain(2))))).toEqual(ALL_REUSED)
  expect(outcome(await run(plainProject(chain(2)), { publish: 'model' }))).toEqual(ALL_REUSED)
  await sql('insert into raw.events values (3, 30), (1, 11)')
  const second = await run(plainProject(chain(2)))
  expect(
    second.steps.map(({ action, counts }) => [action, counts.inserted, counts.updated]),
  ).toEqual([
    ['add rows', 1, 1],
    ['add rows', 1, 1],
    ['create view', undefined, undefined],
    ['build table', 1, undefined],
    ['run test', undefined, undefined],
  ])
  expect(await sql('select id, w from shop.kept order by id')).toEqual([
    { id: 1, w: 12 },
    { id: 2, w: 21 },
    { id: 3, w: 31 },
  ])
  expect(await sql('select n, total from shop.summed')).toEqual([{ n: 3, total: 128 }])
  expect(await sql(LEAVINGS)).toEqual([])
  const indexes = await sql<{ indexname: string }>(
    `select indexname from pg_indexes where schemaname = 'shop' order by 1`,
  )
  expect(indexes.map(({ indexname }) => indexname)).toEqual([
    'copied__gm_xid_idx',
    'copied_id_key',
    'kept__gm_xid_idx',
    'kept_id_key',
    'summed_total_idx',
  ])
  expect(outcome(await run(plainProject(chain(2))))).toEqual(ALL_REUSED)
  // The usual way goes on from what was published.
  await sql('insert into raw.events values (4, 40)')
  const third = await run(plainProject(chain(2)), { publish: 'model' })
  expect(third.steps.map(({ action, counts }) => [action, counts.inserted])).toEqual([
    ['add rows', 1],
    ['add rows', 1],
    ['reuse', undefined],
    ['build table', 1],
    ['run test', undefined],
  ])
})

/** Increments over one landed table, each of its own events, and a table over them. */
function kinds(strategy?: 'delete+insert'): Definitions {
  const increment = (test: string): Definitions[string] => ({
    config: {
      materialized: 'incremental',
      unique_key: ['id'],
      ...(strategy && { incremental_strategy: strategy }),
    },
    changes: ['events'],
    sql: ({ changes }) => `select id, v from ${changes('events')} e where ${test}`,
  })
  return {
    events: { kind: 'source', schema: 'raw' },
    odd: increment('v % 2 = 1'),
    even: increment('v % 2 = 0'),
    seen: { inputs: ['odd'], sql: ({ ref }) => `select * from ${ref('odd')}` },
    summed: {
      config: { materialized: 'table' },
      inputs: ['seen', 'even'],
      sql: ({ ref }) =>
        `select sum(v)::int as total from (table ${ref('seen')} union all table ${ref('even')}) x`,
    },
    no_negative: {
      kind: 'test',
      inputs: ['summed'],
      sql: ({ ref }) => `select * from ${ref('summed')} where total < 0`,
    },
  }
}

const TABLES = `select relname, oid from pg_class where relnamespace = 'shop'::regnamespace and relkind = 'r' order by 1`

test('what has nothing new is neither copied nor published, and counts as no version', async ({
  run,
  sql,
}) => {
  await sql(`${LANDED}; insert into raw.events values (1, 1), (2, 2)`)
  const build = (strategy?: 'delete+insert', options: RunOptions = {}) =>
    run(plainProject(kinds(strategy)), { keepVersions: 2, ...options })
  await build()
  const before = await sql(TABLES)
  const published = await sql('select count(*) from gm.publications')

  // No row of theirs, and one that they have as it is.
  const idle = { odd: 'reused', even: 'reused', seen: 'reused', summed: 'reused' }
  await sql(
    `insert into raw.events values (3, null); update raw.events set v = v, _gm_xid = default where id = 1`,
  )
  const nothing = await build()
  expect(outcome(nothing)).toEqual({ ...idle, no_negative: 'reused' })
  expect(nothing.steps.find(({ id }) => id === 'model.shop.odd')?.reason).toBe(
    'nothing is new to it',
  )
  expect(await sql(TABLES)).toEqual(before)
  expect(await sql('select count(*) from gm.publications')).toEqual(published)
  expect(await sql(LEAVINGS)).toEqual([])

  // What they have not read since is read with what comes next, once.
  await sql('insert into raw.events values (4, 4)')
  expect(outcome(await build())).toEqual({
    odd: 'reused',
    even: 'success',
    seen: 'reused',
    summed: 'success',
    no_negative: 'pass',
  })
  expect(await sql('select total from shop.summed')).toEqual([{ total: 7 }])
  await sql('update raw.events set v = 5, _gm_xid = default where id = 1')
  expect(outcome(await build())).toMatchObject({ odd: 'success', even: 'reused' })
  expect(await sql('select total from shop.summed')).toEqual([{ total: 11 }])

  // Who asks for all of it gets all of it, and so does who writes rows again that are there.
  expect(outcome(await build(undefined, { reuse: 'none' }))).toMatchObject({ odd: 'success' })
  await build('delete+insert')
  await sql('update raw.events set v = v, _gm_xid = default where id = 1')
  expect(outcome(await build('delete+insert'))).toMatchObject({ odd: 'success', even: 'reused' })
})

test('a key that is recomputed and gives no row any more is something new', async ({
  run,
  sql,
}) => {
  await sql(`${LANDED}; insert into raw.events values (1, 1), (2, 2)`)
  const project = plainProject({
    events: { kind: 'source', schema: 'raw', config: { log_keys: true } },
    positive: {
      config: { materialized: 'incremental', unique_key: ['id'] },
      changes: ['events'],
      keys: { events: [['id']] },
      sql: ({ ref, changedKeys, recompute }) =>
        `select id, v from ${ref('events')} where v > 0 and id in (${recompute(['id'], `select id from ${changedKeys('events', ['id'])} k`)})`,
    },
  })
  await run(project)
  await sql('insert into raw.events values (3, 3)')
  expect(outcome(await run(project))).toEqual({ positive: 'success' })
  await sql('insert into raw.events values (4, -1)')
  expect(outcome(await run(project))).toEqual({ positive: 'reused' })
  await sql('update raw.events set v = -1, _gm_xid = default where id = 2')
  expect(outcome(await run(project))).toEqual({ positive: 'success' })
  expect(await sql('select id from shop.positive order by id')).toEqual([{ id: 1 }, { id: 3 }])
})

test('a failing test at the end keeps everything as it was, and the next good run publishes all', async ({
  run,
  sql,
}) => {
  await sql(`${LANDED}; insert into raw.events values (1, 10)`)
  await run(plainProject(chain(2)))
  await sql('insert into raw.events values (2, 20)')
  const failed = await run(plainProject(chain(-1)))
  expect(failed.status).toBe('failed')
  expect(outcome(failed)).toMatchObject({ copied: 'skipped', kept: 'skipped', summed: 'skipped' })
  expect(await sql('select count(*)::int as n from shop.copied')).toEqual([{ n: 1 }])
  expect(await sql('select n, total from shop.summed')).toEqual([{ n: 1, total: 22 }])
  expect(await sql('select s from shop.scaled')).toEqual([{ s: 22 }])
  expect(await sql(LEAVINGS)).toEqual([])
  expect((await run(plainProject(chain(2)))).status).toBe('success')
  expect(await sql('select n, total from shop.summed')).toEqual([{ n: 2, total: 64 }])
})

test("views that are not selected are taken along, those between selected ones are built, and a stranger's view on a view survives", async ({
  run,
  sql,
}) => {
  await sql(`${LANDED}; insert into raw.events values (1, 10)`)
  const project = (factor: number): PlainProject => {
    const base = chain(factor)
    return plainProject({
      ...base,
      beside: {
        inputs: ['copied'],
        sql: ({ ref }) => `select count(*)::int as n from ${ref('copied')}`,
      },
      above: { inputs: ['scaled'], sql: ({ ref }) => `select max(s) as top from ${ref('scaled')}` },
      alone: { sql: () => `select ${factor} as x` },
    })
  }
  await run(project(2))
  await sql(`create view public.report as select x from shop.alone; comment on view shop.above is 'kept';
    insert into raw.events values (2, 20)`)
  const result = await run(project(2), { select: ['copied', 'kept', 'summed'] })
  expect(outcome(result)).toEqual({
    copied: 'success',
    kept: 'success',
    scaled: 'success',
    summed: 'success',
  })
  expect(await sql('select n from shop.beside')).toEqual([{ n: 2 }])
  expect(await sql('select top from shop.above')).toEqual([{ top: 42 }])
  expect(await sql(`select obj_description('shop.above'::regclass) as c`)).toEqual([{ c: 'kept' }])
  expect((await run(project(3), { reuse: 'none' })).status).toBe('success')
  expect(await sql('select x from public.report')).toEqual([{ x: 3 }])
  await sql('create view public.on_table as select * from shop.summed')
  await expect(run(project(4))).rejects.toMatchObject({ code: 'GM4008' })
})

test('a view whose columns change is published with the views on it; a stranger on it makes the run refuse', async ({
  run,
  sql,
}) => {
  const project = (columns: string): PlainProject =>
    plainProject({
      base: { sql: () => `select ${columns}` },
      top: { inputs: ['base'], sql: ({ ref }) => `select a from ${ref('base')}` },
    })
  await run(project('1 as a'))
  expect((await run(project(`'x'::text as a, 2 as b`))).status).toBe('success')
  expect(await sql('select a from shop.top')).toEqual([{ a: 'x' }])
  await sql('create view public.report as select a from shop.top')
  const refused = await run(project('1 as a'))
  expect(outcome(refused)['base']).toContain('GM4008')
  expect(await sql('select a from shop.top')).toEqual([{ a: 'x' }])
  expect(await sql(LEAVINGS)).toEqual([])
})

// The longest leaves no room for the suffixes that gm adds: its names are shortened.
test.for(['accounts', 'accounts_of_all_customers_in_every_country_and_region_by_month'])(
  'published together again and again, the indexes of increments and histories keep their names and definitions: %s',
  async (name, { run, sql }) => {
    await sql(
      `create schema raw; create table raw.rows (id int, name text, at timestamp); insert into raw.rows values (1, 'a', '2026-01-01')`,
    )
    const all = ({ ref }: { ref: (name: string) => string }): string =>
      `select * from ${ref('rows')}`
    const project = plainProject({
      rows: { kind: 'source', schema: 'raw' },
      [name]: {
        kind: 'snapshot',
        config: {
          strategy: 'check',
          check_cols: ['name'],
          unique_key: ['id'],
          no_overlaps: true,
          indexes: [{ columns: ['name'] }, { columns: ['name'], type: 'hash' }],
        },
        inputs: ['rows'],
        sql: all,
      },
      [`c${name.slice(1)}`]: {
        config: {
          materialized: 'incremental',
          unique_key: ['id'],
          indexes: [
            { columns: ['name'] },
            { columns: ['name'], type: 'hash' },
            { columns: ['at', 'id'], unique: true },
          ],
        },
        inputs: ['rows'],
        sql: all,
      },
    })
    const indexes = async (): Promise<unknown> =>
      await sql(
        `select indexname, indexdef from pg_indexes where schemaname = 'shop' order by indexname`,
      )
    await run(project, { publish: 'model' })
    const configured = await indexes()
    expect(configured).toHaveLength(12)
    await sql(`create index "by hand" on shop.${name} (lower(name)) where id > 0`)
    const first = await indexes()
    for (const value of ['b', 'c', 'd']) {
      await sql('update raw.rows set name = $1', [value])
      expect((await run(project)).status).toBe('success')
      expect(await indexes()).toEqual(first)
    }
    // Built whole under the name of the shadow, instead of as a copy.
    await sql(`drop index shop."by hand"; drop table shop.${name}`)
    expect((await run(project, { fullRefresh: true })).status).toBe('success')
    expect(await indexes()).toEqual(configured)
    await sql(`update raw.rows set name = 'e'`)
    expect((await run(project, { publish: 'model' })).status).toBe('success')
    expect(await indexes()).toEqual(configured)
  },
)
