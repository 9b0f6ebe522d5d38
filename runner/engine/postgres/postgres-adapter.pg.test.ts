import { expect } from 'vitest'
import { test } from '../../testing/sql-fixture.ts'
import type { OpenedClient } from './open-client.ts'
import { createPostgresAdapter } from './postgres-adapter.ts'

const PID = 'select pg_backend_pid() as pid'

async function pidOf({ client }: OpenedClient): Promise<unknown> {
  return (await client.query<{ pid: number }>(PID)).rows[0]?.pid
}

test('the session that is opened next goes on with the connection of what came before it, and only that one', async ({
  connection,
}) => {
  const adapter = createPostgresAdapter(connection)
  const before = await adapter.before(pidOf)
  expect(await adapter.before(pidOf)).toBe(before)
  const sessions = [await adapter.open(), await adapter.open()]
  const pids: unknown[] = []
  for (const session of sessions) {
    pids.push((await session.query({ purpose: 'tell', sql: PID })).rows[0]?.['pid'])
    await session.close()
  }
  expect(pids[0]).toBe(before)
  expect(pids[1]).not.toBe(before)
  await adapter.close()
})

test('a connection that has gone meanwhile is not handed on, and none is left open', async ({
  connection,
  sql,
}) => {
  const adapter = createPostgresAdapter(connection)
  const before = await adapter.before(pidOf)
  await sql(`select pg_terminate_backend(${String(before)}, 5000)`)
  await expect
    .poll(async () => {
      const session = await adapter.open()
      const pid = (await session.query({ purpose: 'tell', sql: PID })).rows[0]?.['pid']
      await session.close()
      return pid
    })
    .not.toBe(before)
  await expect(adapter.before(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  await adapter.before(pidOf)
  await adapter.close()
  const others = `select count(*)::int as n from pg_stat_activity where application_name = 'gm' and datname = current_database()`
  await expect.poll(() => sql(others)).toEqual([{ n: 0 }])
})
