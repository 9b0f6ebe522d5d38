import { expect } from 'vitest'
import { createPostgresAdapter } from '../engine/postgres/postgres-adapter.ts'
import { plainProject, requestOf } from '../testing/plain-project.ts'
import { test } from '../testing/run-fixture.ts'
import { runProject } from './run-project.ts'

const SEEN = `select current_setting('work_mem') as work_mem, current_setting('search_path') as path, current_setting('shop.said', true) as said, to_regclass('pg_temp.scratch') is null as is_clean, current_user::text as who`

test('what the header or a hook of one model sets reaches no other model on its connection, and gm keeps its own settings', async ({
  sql,
  run,
}) => {
  await sql(`create schema elsewhere; create table settings (name text, value text)`)
  const seen = { config: { materialized: 'table' as const }, sql: () => SEEN }
  const kept = `insert into settings select name, setting from pg_settings where source = 'client' on conflict do nothing`
  const project = plainProject({
    before: {
      config: { ...seen.config, post_hook: [{ sql: kept, transaction: true }] },
      sql: () => SEEN,
    },
    header: {
      config: {
        ...seen.config,
        sql_header: `set work_mem = '77MB'; set search_path = elsewhere, public; create temp table scratch (n int)`,
      },
      inputs: ['before'],
      sql: () => SEEN,
    },
    hook: {
      config: {
        ...seen.config,
        pre_hook: [
          { sql: `set shop.said = 'yes'; set role pg_monitor; reset role`, transaction: true },
        ],
      },
      inputs: ['header'],
      sql: () => SEEN,
    },
    outside: {
      config: { ...seen.config, post_hook: [{ sql: `set role pg_monitor`, transaction: false }] },
      inputs: ['hook'],
      sql: () => SEEN,
    },
    after: {
      config: { ...seen.config, post_hook: [{ sql: kept, transaction: true }] },
      inputs: ['outside'],
      sql: () => SEEN,
    },
  })
  await run(project, { threads: 1 })
  const [before] = await sql('select * from shop.before')
  expect(await sql('select * from shop.header')).toEqual([
    { ...before, work_mem: '77MB', path: 'elsewhere, public', is_clean: false },
  ])
  expect(await sql('select * from shop.outside')).toEqual([{ ...before, said: '' }])
  expect(await sql('select * from shop.after')).toEqual([{ ...before, said: '' }])
  expect(await sql('select name, value from settings group by 1, 2 having count(*) <> 2')).toEqual(
    [],
  )
})

test('what a batch of a microbatch model sets reaches no model on the connection that has helped with it', async ({
  sql,
  run,
}) => {
  await sql(`create schema shop; create table shop.landed (id int, at timestamptz, _gm_xid xid8 not null default pg_current_xact_id());
insert into shop.landed select n, '2026-01-01'::timestamptz + n * interval '1 day' from generate_series(0, 7) n`)
  const project = plainProject({
    landed: { kind: 'source', config: { event_time: 'at' } },
    daily: {
      config: {
        materialized: 'incremental',
        incremental_strategy: 'microbatch',
        event_time: 'at',
        batch_size: 'day',
        begin: '2026-01-01',
        concurrent_batches: true,
        sql_header: `set work_mem = '77MB'`,
      },
      inputs: ['landed'],
      sql: ({ ref }) => `select id, at from ${ref('landed')} as t where pg_sleep(0.05) is not null`,
    },
    ...Object.fromEntries(
      [1, 2, 3, 4].map((n) => [
        `seen_${n}`,
        {
          config: { materialized: 'table' as const },
          inputs: ['daily'],
          sql: () => `${SEEN} where pg_sleep(0.2) is not null`,
        },
      ]),
    ),
  })
  const now = new Date('2026-01-08T12:00:00Z')
  const { steps } = await run(project, { threads: 4, now })
  expect(steps['daily']).toContain('success')
  for (const n of [1, 2, 3, 4]) {
    expect(await sql(`select work_mem from shop.seen_${n}`)).not.toEqual([{ work_mem: '77MB' }])
  }
})

test('what a hook at the start of a run sets reaches neither the plan nor the publication', async ({
  connection,
  sql,
  run,
}) => {
  const project = plainProject({
    one: { config: { materialized: 'table' }, sql: () => 'select 1 as id' },
  })
  await run(project)
  const adapter = createPostgresAdapter(connection)
  const at = { file: 'project.yml', line: 1, column: 1 }
  const hook = (name: string, text: string) => ({ name, at, render: () => text })
  try {
    const request = requestOf(project, adapter, { publish: 'atomic', reuse: 'none' })
    const result = await runProject({
      ...request,
      onRunStart: [hook('on-run-start', `set work_mem = '77MB'; set role pg_monitor`)],
      onRunEnd: [hook('on-run-end', `create table seen as ${SEEN}`)],
    })
    expect(result.status).toBe('success')
  } finally {
    await adapter.close()
  }
  expect(await sql('select work_mem from seen')).not.toEqual([{ work_mem: '77MB' }])
})

test('a session that is reset has the role again that it began with', async ({ connection }) => {
  const adapter = createPostgresAdapter({ ...connection, options: { role: 'pg_monitor' } })
  const session = await adapter.open()
  try {
    const who = { purpose: 'look', sql: 'select current_user::text as who' }
    await session.query({ purpose: 'set', sql: 'set role pg_read_all_data' })
    await session.resetSettings()
    expect((await session.query(who)).rows).toEqual([{ who: 'pg_monitor' }])
    await session.query({ purpose: 'set', sql: 'reset role' })
    await session.reset()
    expect((await session.query(who)).rows).toEqual([{ who: 'pg_monitor' }])
  } finally {
    await session.close()
    await adapter.close()
  }
})

test('a session that is reset forgets what a hook has prepared, and not what gm has', async ({
  connection,
}) => {
  const adapter = createPostgresAdapter(connection)
  const session = await adapter.open()
  const signal = new AbortController().signal
  try {
    for (const round of [1, 2]) {
      await session.query({ purpose: 'hook', sql: `prepare looked as select ${round}` })
      expect(await session.waitForOldSnapshots(1_000, signal)).toMatchObject({ done: true })
      await session.reset()
    }
  } finally {
    await session.close()
    await adapter.close()
  }
})

for (const setting of ['pre_hook', 'post_hook', 'sql_header'] as const) {
  test(`a search_path that a ${setting} sets gives what is made again over the new table no other meaning`, async ({
    sql,
    run,
  }) => {
    await sql(`create table codes as select 1 as id, 'ours' as name; create function three() returns int language sql return 3;
create schema elsewhere; create table elsewhere.codes as select 1 as id, 'theirs' as name; create function elsewhere.three() returns int language sql return 4`)
    const set = 'set search_path = elsewhere, public'
    const project = plainProject({
      sales: {
        config: {
          materialized: 'table',
          [setting]: setting === 'sql_header' ? set : [{ sql: set, transaction: true }],
        },
        sql: () => 'select 1 as id, 2 as v',
      },
      named: {
        inputs: ['sales'],
        sql: ({ ref }) => `select c.name from ${ref('sales')} s join codes c on c.id = s.id`,
      },
    })
    await run(project)
    await sql('alter table shop.sales alter v set default three()')
    const { steps } = await run(project, { select: ['sales'] })
    expect(steps).toMatchObject({ sales: expect.stringContaining('success') as string })
    await sql('insert into shop.sales (id) values (1)')
    expect(await sql('select distinct name from shop.named')).toEqual([{ name: 'ours' }])
    expect(await sql('select max(v) as v from shop.sales')).toEqual([{ v: 3 }])
  })
}
