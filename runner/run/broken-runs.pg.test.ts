import { expect } from 'vitest'
import { createPostgresAdapter } from '../engine/postgres/postgres-adapter.ts'
import { plainProject, requestOf } from '../testing/plain-project.ts'
import { test } from '../testing/run-fixture.ts'
import { openClient } from '../testing/sql-fixture.ts'
import { runProject } from './run-project.ts'

const PROJECT = plainProject({
  made: { config: { materialized: 'table' }, sql: () => 'select 1 as id' },
})
const SLOW = {
  name: 'on-run-start',
  at: { file: 'project.yml', line: 1, column: 1 },
  render: () => 'select pg_sleep(60)',
}
const WAITS = `select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
  and (wait_event = 'PgSleep' or wait_event_type = 'Lock')`

test.for<readonly [string, Partial<Parameters<typeof runProject>[0]>]>([
  ['in a hook before its first step', { onRunStart: [SLOW] }],
  ['while it waits for the locks of what it publishes together', { publish: 'atomic' }],
  ['while it makes a schema that somebody else is making', {}],
])(
  'a run that is interrupted %s has an end in the ledger at once',
  async ([where, more], { connection, run, sql }) => {
    await run(plainProject({}))
    const other = await openClient(connection)
    const adapter = createPostgresAdapter(connection)
    const interrupt = new AbortController()
    try {
      await other.query('begin')
      if (more.publish === 'atomic')
        await other.query(`select pg_advisory_lock(hashtextextended('"shop"."made"', 0))`)
      else if (where.includes('schema')) await other.query('create schema shop')
      const request = requestOf(PROJECT, adapter, { signal: interrupt.signal })
      const running = runProject({ ...request, ...more })
      running.catch(() => undefined)
      for (let waiting: unknown[] = []; waiting.length === 0; ) waiting = await sql(WAITS)
      interrupt.abort()
      await expect(running).rejects.toThrow()
      const [last] = await sql(
        `select status, finished_at is not null as has_ended from gm.runs order by started_at desc limit 1`,
      )
      expect(last).toEqual({ status: 'cancelled', has_ended: true })
    } finally {
      await other.end()
      await adapter.close()
    }
  },
)

test('a run that fails outside of its steps has failed in the ledger', async ({
  connection,
  run,
  sql,
}) => {
  await run(plainProject({}))
  const other = await openClient(connection)
  try {
    await other.query(`select pg_advisory_lock(hashtextextended('"shop"."made"', 0))`)
    const refused = run(PROJECT, { publish: 'atomic', lock: 'fail' })
    await expect(refused).rejects.toThrow('another run is working on "shop"."made"')
  } finally {
    await other.end()
  }
  expect(await sql(`select status from gm.runs order by started_at`)).toEqual([
    { status: 'success' },
    { status: 'failed' },
  ])
})

test('a run whose end the ledger has no room for still gives its report, and the next run marks it', async ({
  run,
  sql,
}) => {
  await run(plainProject({}))
  await sql(`create function full_disk() returns trigger language plpgsql as
$$ begin raise 'No space left on device' using errcode = '53100'; end $$;
create trigger full_disk before update on gm.runs for each row execute function full_disk()`)
  const said: string[] = []
  const { steps } = await run(PROJECT, {
    onEvent: (event) => {
      if (event.type === 'log') said.push(event.message)
    },
  })
  expect(steps).toEqual({ made: 'build table: success +1' })
  expect(said.join()).toContain('the end of this run is not recorded: the disk of ')
  await sql('drop trigger full_disk on gm.runs')
  await run(plainProject({}))
  expect(await sql('select status from gm.runs order by started_at')).toEqual([
    { status: 'success' },
    { status: 'interrupted' },
    { status: 'success' },
  ])
})
