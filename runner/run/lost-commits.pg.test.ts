import { expect } from 'vitest'
import { createPostgresAdapter } from '../engine/postgres/postgres-adapter.ts'
import { readLastRun } from '../state/last-run.ts'
import type { AfterTheLoss } from '../testing/lose-commits.ts'
import { loseCommits } from '../testing/lose-commits.ts'
import type { PlainProject, RunOptions } from '../testing/plain-project.ts'
import { plainProject, requestOf } from '../testing/plain-project.ts'
import type { Ran } from '../testing/run-fixture.ts'
import { test as withRuns } from '../testing/run-fixture.ts'
import { openClient } from '../testing/sql-fixture.ts'
import { runProject } from './run-project.ts'

interface Fixture {
  /** A run that `gm retry` could go on with, whose first commit that matches is not answered any more. */
  runLosing: (
    project: PlainProject,
    matches: RegExp,
    options?: RunOptions & { readonly then?: AfterTheLoss },
  ) => Promise<Ran['result']>
  /** Ids of the nodes that `gm retry` would run, and of how many hooks each. */
  left: () => Promise<Record<string, number | undefined>>
}

const test = withRuns.extend<Fixture>({
  runLosing: async ({ connection }, use) => {
    await use(async (project, matches, options = {}) => {
      const server = await loseCommits(connection, matches, options.then)
      const adapter = createPostgresAdapter(server.connection)
      try {
        const request = requestOf(project, adapter, { retries: 0, ...options })
        const publish = options.publish ?? 'model'
        const result = await runProject({ ...request, asked: { flags: {}, publish } })
        expect(server.lost()).toBe(1)
        return result
      } finally {
        await adapter.close()
        await server.close()
      }
    })
  },
  left: async ({ connection }, use) => {
    await use(async () => {
      const adapter = createPostgresAdapter(connection)
      const session = await adapter.open()
      try {
        const last = await readLastRun(session, 'shop', 'test')
        return Object.fromEntries(
          (last?.left ?? []).map((id) => [id, last?.hooksLeft.get(id)] as const),
        )
      } finally {
        await session.close()
        await adapter.close()
      }
    })
  },
})

const kept = (hooks: readonly string[] = []): PlainProject =>
  plainProject({
    kept: {
      config: {
        materialized: 'incremental',
        incremental_strategy: 'append',
        post_hook: hooks.map((sql) => ({ sql, transaction: false })),
      },
      sql: () => 'select 1 as id',
    },
    after: { inputs: ['kept'], sql: ({ ref }) => `select * from ${ref('kept')}` },
  })

const COMMIT_OF_KEPT = /record_step.*model\.shop\.kept/s

test('a step whose commit is not answered is done where the database says so, with retries: 0 as well, and what depends on it runs', async ({
  sql,
  run,
  runLosing,
  left,
}) => {
  await run(kept())
  const { status, steps } = await runLosing(kept(), COMMIT_OF_KEPT)
  expect(steps.map((step) => [step.name, step.status])).toEqual([
    ['shop.kept', 'success'],
    ['shop.after', 'success'],
  ])
  expect(status).toBe('success')
  expect(await left()).toEqual({})
  expect(await sql('select id from shop.kept')).toHaveLength(2)
})

test('where nobody could be asked before the end of the run, its report has what was committed, gm retry the rest, and the run has failed', async ({
  sql,
  run,
  runLosing,
  left,
}) => {
  await run(kept())
  const { status, steps } = await runLosing(kept(), COMMIT_OF_KEPT, { then: 'takes no new ones' })
  expect(steps.map((step) => [step.name, step.status, step.counts])).toEqual([
    ['shop.kept', 'success', { inserted: 1 }],
    ['shop.after', 'skipped', {}],
  ])
  // What was asked for did not run.
  expect(status).toBe('failed')
  expect(await left()).toEqual({ 'model.shop.after': undefined })
  expect(await sql('select id from shop.kept')).toHaveLength(2)
})

test('a server that does not come back knows what it has committed: gm retry goes on behind it', async ({
  sql,
  run,
  runLosing,
  left,
}) => {
  await run(kept())
  const { steps } = await runLosing(kept(), COMMIT_OF_KEPT, { then: 'is gone' })
  expect(steps.map((step) => [step.name, step.status])).toEqual([
    ['shop.kept', 'error'],
    ['shop.after', 'skipped'],
  ])
  expect(await left()).toEqual({ 'model.shop.after': undefined })
  expect(await sql('select id from shop.kept')).toHaveLength(2)
})

test('a run that publishes all or nothing has published where the answer to that commit is lost', async ({
  sql,
  run,
  runLosing,
  left,
}) => {
  await run(kept())
  const publishing = /publish_shadows/
  const { status, steps } = await runLosing(kept(), publishing, { publish: 'atomic' })
  expect(steps.map((step) => [step.name, step.status])).toEqual([
    ['shop.kept', 'success'],
    ['shop.after', 'success'],
  ])
  expect(status).toBe('success')
  expect(await left()).toEqual({})
  expect(await sql('select id from shop.kept')).toHaveLength(2)
  await runLosing(kept(), publishing, { publish: 'atomic', then: 'is gone' })
  expect(await left()).toEqual({})
  expect(await sql('select id from shop.kept')).toHaveLength(3)
})

test('what is interrupted after its commit is done to the ledger', async ({
  connection,
  sql,
  run,
  left,
}) => {
  const many = plainProject({
    kept: {
      config: { materialized: 'incremental', incremental_strategy: 'append' },
      sql: () => 'select generate_series(1, 600) as id',
    },
  })
  await run(many)
  const other = await openClient(connection)
  const interrupt = new AbortController()
  const adapter = createPostgresAdapter(connection)
  try {
    // What is analyzed after the rows waits for it, and rows do not.
    await other.query('begin; lock table shop.kept in share update exclusive mode')
    const request = requestOf(many, adapter, { signal: interrupt.signal })
    const running = runProject({ ...request, asked: { flags: {}, publish: 'model' } })
    for (let waiting: unknown[] = []; waiting.length === 0; ) {
      waiting = await sql(
        `select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and query like '%analyze "shop"%' and state = 'active'`,
      )
    }
    interrupt.abort()
    await running
  } finally {
    await other.end()
    await adapter.close()
  }
  expect(await left()).toEqual({})
})

test('a table that cannot be analyzed after its rows were committed is done', async ({
  connection,
  sql,
  run,
}) => {
  const many = plainProject({
    kept: {
      config: {
        materialized: 'incremental',
        incremental_strategy: 'append',
        post_hook: [{ sql: `set statement_timeout = '300ms'`, transaction: true }],
      },
      sql: () => 'select generate_series(1, 600) as id',
    },
  })
  await run(many)
  const other = await openClient(connection)
  try {
    await other.query('begin; lock table shop.kept in share update exclusive mode')
    const { steps, notes } = await run(many)
    expect(steps).toEqual({ kept: 'add rows: success +600' })
    expect(notes).toEqual([expect.stringContaining('are committed, and not analyzed: ')])
  } finally {
    await other.end()
  }
  expect(await sql('select count(*)::int as n from shop.kept')).toEqual([{ n: 1200 }])
})

test('a run that is interrupted while it waits to publish all together ends with its report, and leaves all to gm retry', async ({
  connection,
  sql,
  run,
  left,
}) => {
  await run(kept())
  const reader = await openClient(connection)
  const interrupt = new AbortController()
  const adapter = createPostgresAdapter(connection)
  try {
    await reader.query('begin; select * from shop.kept')
    const options = { publish: 'atomic', signal: interrupt.signal, publishWaitMs: 60_000 } as const
    const request = requestOf(kept(), adapter, options)
    const running = runProject({ ...request, asked: { flags: {}, publish: 'atomic' } })
    for (let waiting: unknown[] = []; waiting.length === 0; ) {
      waiting = await sql(
        `select from pg_locks where locktype = 'relation' and mode = 'AccessExclusiveLock' and not granted and database = (select oid from pg_database where datname = current_database())`,
      )
    }
    interrupt.abort()
    const { status, steps } = await running
    expect(status).toBe('cancelled')
    expect(steps.map((step) => [step.name, step.status])).toEqual([
      ['shop.kept', 'skipped'],
      ['shop.after', 'skipped'],
    ])
  } finally {
    await reader.end()
    await adapter.close()
  }
  expect(Object.keys(await left())).toEqual(['model.shop.after', 'model.shop.kept'])
  expect(await sql('select id from shop.kept')).toHaveLength(1)
})
