import pg from 'pg'
import { expect, vi } from 'vitest'
import { createPostgresAdapter } from '../engine/postgres/postgres-adapter.ts'
import { plainProject, runPlain } from '../testing/plain-project.ts'
import { createLedger, test } from '../testing/sql-fixture.ts'

test('while an unchanged project of 100 views is run ten times with 8 threads, a reader always sees 100 views', async ({
  connection,
  sql,
}) => {
  await createLedger(sql)
  const project = plainProject(
    Object.fromEntries(
      Array.from({ length: 100 }, (_, i) => [
        `view_${i}`,
        {
          config: { materialized: 'view' as const },
          inputs: i < 10 ? [] : [`view_${i % 10}`],
          sql: ({ ref }: { ref: (name: string) => string }) =>
            i < 10 ? `select ${i} as n` : `select n from ${ref(`view_${i % 10}`)}`,
        },
      ]),
    ),
  )
  const adapter = createPostgresAdapter(connection)
  const { host, port, user, password, database } = connection
  const reader = new pg.Client({ host, port, user, password, database })
  await reader.connect()
  try {
    await runPlain(project, adapter, { threads: 8 })
    const seen = new Set<number>()
    const over = new AbortController()
    const watching = (async (): Promise<void> => {
      while (!over.signal.aborted) {
        const { rows } = await reader.query<{ n: number }>(
          `select count(*)::int as n from pg_views where schemaname = 'shop'`,
        )
        seen.add(rows[0]?.n ?? -1)
        await reader.query('select n from shop.view_57')
      }
    })()
    for (let i = 0; i < 10; i++) {
      const result = await runPlain(project, adapter, { threads: 8 })
      expect(result.steps.map((step) => step.error).filter((e) => e !== undefined)).toEqual([])
    }
    over.abort()
    await watching
    expect([...seen]).toEqual([100])
  } finally {
    await reader.end()
    await adapter.close()
  }
})

test('a reader with an older pg_snapshot is waited for, so that it never finds a table empty', async ({
  connection,
  sql,
}) => {
  await createLedger(sql)
  const project = plainProject({
    numbers: { config: { materialized: 'table' }, sql: () => 'select generate_series(1, 10) as n' },
  })
  const adapter = createPostgresAdapter(connection)
  const { host, port, user, password, database } = connection
  const reader = new pg.Client({ host, port, user, password, database })
  await reader.connect()
  const count = async (): Promise<unknown> =>
    (await reader.query('select count(*)::int as n from shop.numbers')).rows
  try {
    await runPlain(project, adapter)
    await reader.query('begin isolation level repeatable read')
    await reader.query('select 1')
    let isDone = false
    const rebuild = runPlain(project, adapter).then(() => (isDone = true))
    await new Promise((resolve) => setTimeout(resolve, 700))
    expect(isDone).toBe(false)
    expect(await count()).toEqual([{ n: 10 }])
    await reader.query('commit')
    await rebuild
    expect(await count()).toEqual([{ n: 10 }])
  } finally {
    await reader.end()
    await adapter.close()
  }
})

test('when the wait for old readers runs out, the table is published with a note that names who held it up', async ({
  connection,
  sql,
}) => {
  await createLedger(sql)
  const project = plainProject({
    numbers: { config: { materialized: 'table' }, sql: () => 'select 1 as n' },
  })
  const adapter = createPostgresAdapter(connection)
  const { host, port, user, password, database } = connection
  const reader = new pg.Client({
    host,
    port,
    user,
    password,
    database,
    application_name: 'bi-tool',
  })
  await reader.connect()
  try {
    await runPlain(project, adapter)
    await reader.query('begin isolation level repeatable read')
    await reader.query('select 1')
    const notes: string[] = []
    const result = await runPlain(project, adapter, {
      publishWaitMs: 200,
      onEvent: (event) => {
        if (event.type === 'step-note') notes.push(event.message)
      },
    })
    expect(result.status).toBe('success')
    expect(notes.join()).toContain('bi-tool')
  } finally {
    await reader.query('rollback')
    await reader.end()
    await adapter.close()
  }
})

test('two runs over the same nodes at once queue behind each other and neither fails', async ({
  connection,
  sql,
}) => {
  await createLedger(sql)
  await sql(`create schema raw;
    create table raw.events (id int, _gm_xid xid8 not null default pg_current_xact_id())`)
  const project = plainProject({
    events: { kind: 'source', schema: 'raw' },
    copied: {
      config: { materialized: 'incremental', incremental_strategy: 'append' },
      changes: ['events'],
      sql: ({ changes }) => `select id from ${changes('events')} e`,
    },
    counted: {
      config: { materialized: 'table' },
      inputs: ['copied'],
      sql: ({ ref }) => `select count(*)::int as n from ${ref('copied')}`,
    },
  })
  const adapters = [createPostgresAdapter(connection), createPostgresAdapter(connection)]
  try {
    for (let round = 0; round < 8; round++) {
      await sql(`insert into raw.events values (${round}), (${round + 100})`)
      const results = await Promise.all(adapters.map((adapter) => runPlain(project, adapter)))
      expect(
        results.flatMap((r) => r.steps.map((s) => s.error)).filter((e) => e !== undefined),
      ).toEqual([])
      const expected = 2 * (round + 1)
      expect(await sql('select count(*)::int as n from shop.copied')).toEqual([{ n: expected }])
      expect(await sql('select n from shop.counted')).toEqual([{ n: expected }])
    }
  } finally {
    for (const adapter of adapters) await adapter.close()
  }
})

test('with lock fail, a node that another run works on is an error that says so', async ({
  connection,
  sql,
}) => {
  await createLedger(sql)
  const project = plainProject({
    numbers: { config: { materialized: 'table' }, sql: () => 'select 1 as n' },
  })
  const adapter = createPostgresAdapter(connection)
  try {
    const other = await adapter.open()
    await other.lock('"shop"."numbers"', true)
    const result = await runPlain(project, adapter, { lock: 'fail' })
    expect(result.steps[0]?.error).toMatchObject({ code: 'GM4007' })
    await other.close()
  } finally {
    await adapter.close()
  }
})

test('an aborted run cancels its query in the server and leaves nothing behind', async ({
  connection,
  sql,
}) => {
  await createLedger(sql)
  const project = plainProject({
    slow: { config: { materialized: 'table' }, sql: () => 'select 1 as n from pg_sleep(60)' },
  })
  const adapter = createPostgresAdapter(connection)
  const stop = new AbortController()
  setTimeout(() => stop.abort(), 500)
  const result = await runPlain(project, adapter, { signal: stop.signal }).finally(() =>
    adapter.close(),
  )
  expect(result.status).toBe('cancelled')
  expect(result.steps[0]?.status).toBe('cancelled')
  const still = await sql(
    `select query from pg_stat_activity where query like '%pg_sleep(60)%' and pid <> pg_backend_pid()`,
  )
  expect(still).toEqual([])
  expect(await sql(`select relname from pg_class where relname like '%gm_new%'`)).toEqual([])
})

test('a table that the server is vacuuming is swapped within seconds, not when the vacuum has ended', async ({
  connection,
  sql,
}) => {
  await createLedger(sql)
  const project = plainProject({
    numbers: {
      config: { materialized: 'table' },
      sql: () => 'select * from generate_series(1, 200000) as n',
    },
  })
  const adapter = createPostgresAdapter(connection)
  await runPlain(project, adapter)
  await sql(`alter system set autovacuum_naptime = '1s'`)
  await sql('select pg_reload_conf()')
  try {
    // A page in a tenth of a second: it would take two minutes.
    await sql(`alter table shop.numbers set (autovacuum_vacuum_insert_threshold = 100, autovacuum_vacuum_insert_scale_factor = 0,
      autovacuum_vacuum_cost_limit = 1, autovacuum_vacuum_cost_delay = 100)`)
    await sql('insert into shop.numbers select generate_series(1, 1000)')
    const isVacuumed = `select 1 as yes from pg_stat_progress_vacuum where relid = 'shop.numbers'::regclass`
    await vi.waitFor(async () => expect(await sql(isVacuumed)).toHaveLength(1), {
      timeout: 40_000,
      interval: 50,
    })
    const begin = performance.now()
    const { steps } = await runPlain(project, adapter, { fullRefresh: true })
    expect(steps[0]?.status).toBe('success')
    expect(performance.now() - begin).toBeLessThan(20_000)
  } finally {
    await adapter.close()
    await sql('alter system reset autovacuum_naptime')
    await sql('select pg_reload_conf()')
  }
}, 90_000)
