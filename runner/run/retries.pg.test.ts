import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { describe, expect } from 'vitest'
import type { Connection } from '../project/project.ts'
import { plainProject } from '../testing/plain-project.ts'
import { randomFrom, SEED } from '../testing/random.ts'
import { test } from '../testing/run-fixture.ts'

const RUNS = `select pid from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and state = 'active' and query like '%' || $1 || '%'`

async function untilRuns(
  sql: (text: string, binds: readonly unknown[]) => Promise<{ pid?: number }[]>,
  text: string,
): Promise<number> {
  for (;;) {
    const [row] = await sql(RUNS, [text])
    if (row?.pid !== undefined) return row.pid
    await sleep(20)
  }
}

async function openClient(connection: Connection): Promise<pg.Client> {
  const { host, port, user, password, database } = connection
  const client = new pg.Client({ host, port, user, password, database })
  await client.connect()
  return client
}

describe('What may pass by itself', () => {
  test('a step that is the victim of a deadlock is run again, its hooks and rows happen once, and the run says so', async ({
    connection,
    sql,
    run,
  }) => {
    await sql(
      'create table l (n int); create table r (n int); insert into l values (0); insert into r values (0)',
    )
    const project = plainProject({
      numbers: {
        config: {
          materialized: 'incremental',
          pre_hook: [{ sql: 'update l set n = n + 1', transaction: true }],
          post_hook: [{ sql: 'update r set n = n + 1', transaction: true }],
        },
        sql: () => 'select 1 as n',
      },
    })
    await run(project)
    const other = await openClient(connection)
    try {
      // It waits for longer than gm, so that gm is the one that the server ends.
      await other.query(`set deadlock_timeout = '60s'`)
      await other.query('begin')
      await other.query('update r set n = n')
      const running = run(project)
      await untilRuns(sql, 'update r set n = n + 1')
      await other.query('update l set n = n')
      await other.query('commit')
      const { steps, notes, result } = await running
      expect(steps).toEqual({ numbers: 'add rows: success +1' })
      expect(notes).toEqual([
        expect.stringMatching(/^deadlock: trying again in \d+ ms \(1 of 5\)$/),
      ])
      expect(result.steps.map(({ retries }) => retries)).toEqual([1])
      expect(await sql('select l.n as l, r.n as r from l, r')).toEqual([{ l: 2, r: 2 }])
      expect(await sql('select retries from gm.steps where retries > 0')).toEqual([{ retries: 1 }])
    } finally {
      await other.end()
    }
  })

  test('a step that meets a row which somebody changed since its pg_snapshot is run again from a new one, and its hooks happen once', async ({
    connection,
    sql,
    run,
  }) => {
    await sql('create table l (n int); insert into l values (0)')
    const project = plainProject({
      numbers: {
        config: {
          materialized: 'incremental',
          pre_hook: [{ sql: 'update l set n = n + 1', transaction: true }],
        },
        sql: () => 'select 1 as n',
      },
    })
    await run(project)
    const other = await openClient(connection)
    try {
      await other.query('begin; update l set n = n + 10')
      const running = run(project)
      await untilRuns(sql, 'update l set n = n + 1')
      await other.query('commit')
      const { steps, notes } = await running
      expect(steps).toEqual({ numbers: 'add rows: success +1' })
      expect(notes).toEqual([
        expect.stringMatching(/^serialization failure: trying again in \d+ ms \(1 of 5\)$/),
      ])
      expect(await sql('select n from l')).toEqual([{ n: 12 }])
    } finally {
      await other.end()
    }
  })

  test('a step whose connection is ended goes on over a new one', async ({ sql, run }) => {
    await sql('create table gate (id int)')
    const running = run(SLEEPER)
    const pid = await untilRuns(sql, 'pg_sleep')
    await sql('insert into gate values (1)')
    await sql('select pg_terminate_backend($1)', [pid])
    const { steps, notes } = await running
    expect(steps).toEqual({ sleeper: 'build table: success +1', after: 'create view: success' })
    expect(notes).toEqual([expect.stringMatching(/^lost connection: trying again in \d+ ms/)])
  })

  test('rows that were committed are not written again where the connection is lost after them, and a hook outside of transactions never runs twice', async ({
    connection,
    sql,
    run,
  }) => {
    await sql('create table hooks (name text)')
    const outside = (sql: string) => ({ sql, transaction: false })
    const kept = plainProject({
      kept: {
        config: {
          materialized: 'incremental',
          incremental_strategy: 'append',
          pre_hook: [outside(`insert into hooks values ('before')`)],
          post_hook: [outside(`insert into hooks values ('after')`)],
        },
        sql: () => 'select generate_series(1, 600) as id',
      },
    })
    await run(kept)
    await sql('delete from hooks')
    const other = await openClient(connection)
    try {
      // What is analyzed after the rows waits for it, and rows do not.
      await other.query('begin; lock table shop.kept in share update exclusive mode')
      const running = run(kept)
      await sql('select pg_terminate_backend($1)', [await untilRuns(sql, 'analyze "shop"')])
      await other.query('commit')
      const { steps, notes } = await running
      expect(steps).toEqual({ kept: 'add rows: success +600' })
      expect(notes).toEqual([expect.stringMatching(/^lost connection: trying again/)])
      expect(await sql('select count(*)::int as n from shop.kept')).toEqual([{ n: 1200 }])
      expect(await sql('select name from hooks')).toEqual([{ name: 'before' }, { name: 'after' }])
    } finally {
      await other.end()
    }
  })

  test('a hook outside of transactions in which the connection is lost fails its step: nobody knows how far it came', async ({
    sql,
    run,
  }) => {
    const hooked = plainProject({
      hooked: {
        config: {
          materialized: 'table',
          post_hook: [{ sql: 'select pg_sleep(60)', transaction: false }],
        },
        sql: () => 'select 1 as id',
      },
    })
    const running = run(hooked)
    await sql('select pg_terminate_backend($1)', [await untilRuns(sql, 'pg_sleep')])
    const { steps, notes } = await running
    expect(steps['hooked']).toContain('GM4004')
    expect(notes).toEqual([])
  })

  test('with retries: 0 it fails, and what depends on it is skipped', async ({ sql, run }) => {
    await sql('create table gate (id int)')
    const running = run(SLEEPER, { retries: 0 })
    await sql('select pg_terminate_backend($1)', [await untilRuns(sql, 'pg_sleep')])
    expect((await running).steps).toEqual({
      sleeper: expect.stringContaining('GM4004') as string,
      after: 'create view: skipped',
    })
  })

  test('a mistake in the SQL is never tried again', async ({ run }) => {
    const project = plainProject({
      broken: { config: { materialized: 'table' }, sql: () => 'select 1 / 0 as n' },
    })
    const { result, notes } = await run(project)
    expect(result.steps.map(({ status, retries }) => [status, retries])).toEqual([
      ['error', undefined],
    ])
    expect(notes).toEqual([])
  })
})

test('over a chain of two incremental models whose connections are ended at random moments, commits included, each row arrives exactly once', {
  timeout: 1_200_000,
}, async ({ connection, sql, run }) => {
  const random = randomFrom(SEED)
  await sql(
    'create schema shop; create table shop.landed (id int, _gm_xid xid8 not null default pg_current_xact_id())',
  )
  const chain = plainProject({
    landed: { kind: 'source' },
    first: {
      config: { materialized: 'incremental', incremental_strategy: 'append' },
      changes: ['landed'],
      sql: ({ changes }) => `select id from ${changes('landed')} as t`,
    },
    second: {
      config: { materialized: 'incremental', incremental_strategy: 'append' },
      changes: ['first'],
      sql: ({ changes }) => `select id from ${changes('first')} as t`,
    },
  })
  const killer = await openClient(connection)
  let rows = 0
  let retries = 0
  try {
    for (let round = 0; round < (process.env['GM_LONG'] === undefined ? 4 : 60); round++) {
      await sql(`insert into shop.landed select generate_series($1::int, $2::int)`, [
        rows,
        rows + 9,
      ])
      rows += 10
      const over = new AbortController()
      const kills = (async (): Promise<void> => {
        while (!over.signal.aborted) {
          await sleep(5 + random() * 100)
          // Those of steps that write, the transaction that ends them included; the run's own connection may live.
          await killer.query(
            `select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and backend_xid is not null
             and query like '%shop%' and query not like '%gm.follow_landed%' and random() < 0.5`,
          )
        }
      })()
      const { result } = await run(chain, { retries: 50 }).finally(() => over.abort())
      await kills
      expect(result.status, `seed ${SEED}, round ${round}`).toBe('success')
      retries += result.steps.reduce((sum, step) => sum + (step.retries ?? 0), 0)
    }
    console.log(`seed ${SEED}: ${retries} connections lost`)
    expect(
      await sql(`select count(*)::int as rows, count(distinct id)::int as ids from shop.second`),
      `seed ${SEED}`,
    ).toEqual([{ rows, ids: rows }])
    expect(await sql('select relation from gm.pending')).toEqual([])
  } finally {
    await killer.end()
  }
})

test('a model that takes longer than its timeout is cancelled in the server and rolled back, and says where it stands', async ({
  sql,
  run,
}) => {
  const project = plainProject({
    slow: {
      config: { materialized: 'table', timeout: 0.3 },
      sql: () => 'select 1 as n where pg_sleep(60) is not null',
    },
    quick: { config: { materialized: 'table', timeout: 60 }, sql: () => 'select 1 as n' },
  })
  const { steps, result } = await run(project)
  expect(steps).toEqual({
    slow: expect.stringContaining('GM4014  slow took longer than its timeout of 0.3 s') as string,
    quick: 'build table: success +1',
  })
  expect(result.steps[0]?.error?.at?.file).toBe('models/slow.sql')
  expect(await sql(RUNS, ['pg_sleep'])).toEqual([])
  expect(await sql('select relation from gm.pending')).toEqual([])
})

const SLEEPER = plainProject({
  sleeper: {
    config: { materialized: 'table' },
    sql: () =>
      'select 1 as n where pg_sleep(case when exists (select from gate) then 0 else 60 end) is not null',
  },
  after: {
    inputs: ['sleeper'],
    config: { materialized: 'view' },
    sql: ({ ref }) => `select * from ${ref('sleeper')}`,
  },
})
