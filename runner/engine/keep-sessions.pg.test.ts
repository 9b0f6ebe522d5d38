import { expect } from 'vitest'
import { test as withDatabase } from '../testing/sql-fixture.ts'
import type { Adapter, Session } from './adapter.ts'
import { keepSessions } from './keep-sessions.ts'
import { createPostgresAdapter } from './postgres/postgres-adapter.ts'

const test = withDatabase.extend<{ adapter: Adapter }>({
  adapter: async ({ connection }, use) => {
    const adapter = keepSessions(createPostgresAdapter(connection))
    await use(adapter)
    await adapter.close()
  },
})

async function ask(session: Session, sql: string): Promise<unknown> {
  const { rows } = await session.query({ purpose: 'ask', sql: `select ${sql} as answer` })
  return rows[0]?.['answer']
}

test('a session that was closed goes on without its locks, settings and temporary tables', async ({
  adapter,
  sql,
}) => {
  const first = await adapter.open()
  const pid = await ask(first, 'pg_backend_pid()')
  const timeZone = await ask(first, `current_setting('TimeZone')`)
  await first.lock('a node', true)
  await first.query({
    purpose: 'leave things behind',
    sql: `set timezone = 'Asia/Tokyo'; create temporary table left_over (id int); listen bell`,
  })
  await first.close()
  // Other tests lock in databases of their own.
  const locks = await sql(
    `select locktype from pg_locks l join pg_database d on d.oid = l.database
     where locktype = 'advisory' and datname = current_database()`,
  )
  expect(locks).toEqual([])

  const again = await adapter.open()
  expect(await ask(again, 'pg_backend_pid()')).toBe(pid)
  expect(await ask(again, `current_setting('TimeZone')`)).toBe(timeZone)
  expect(await ask(again, `to_regclass('left_over') is null`)).toBe(true)
  expect(await ask(again, `(select count(*) from pg_listening_channels())::int`)).toBe(0)
  const other = await adapter.open()
  expect(await ask(other, 'pg_backend_pid()')).not.toBe(pid)
  await Promise.all([again.close(), other.close()])
})

test('a session whose connection went while nobody used it is replaced by a new one', async ({
  adapter,
  sql,
}) => {
  const first = await adapter.open()
  const pid = await ask(first, 'pg_backend_pid()')
  await first.close()
  await sql(`select pg_terminate_backend($1, 5000)`, [pid])
  const second = await adapter.open()
  expect(await ask(second, '1 + 1')).toBe(2)
  // Nothing is kept of one that breaks while it is used.
  await sql(`select pg_terminate_backend($1, 5000)`, [await ask(second, 'pg_backend_pid()')])
  await second.close()
  const third = await adapter.open()
  expect(await ask(third, '1 + 1')).toBe(2)
  await third.close()
})
