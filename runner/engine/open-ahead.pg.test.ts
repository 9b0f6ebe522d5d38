import { expect } from 'vitest'
import { test } from '../testing/sql-fixture.ts'
import { openAhead } from './open-ahead.ts'
import { createPostgresAdapter } from './postgres/postgres-adapter.ts'

const PID = { purpose: 'tell', sql: 'select pg_backend_pid() as pid' }
const OPEN = `select count(*)::int as n from pg_stat_activity where application_name = 'gm' and datname = current_database()`

test('each who takes a session gets one of its own, and nobody’s is left open', async ({
  connection,
  sql,
}) => {
  const adapter = createPostgresAdapter(connection)
  const ahead = openAhead(adapter, undefined)
  const taken = [await ahead.take(), await ahead.take()]
  const pids = await Promise.all(taken.map(async (one) => (await one.query(PID)).rows[0]?.['pid']))
  expect(new Set(pids).size).toBe(2)
  await ahead.close()
  expect(await sql(`${OPEN} and query = '${PID.sql}'`)).toEqual([{ n: 2 }])
  for (const session of taken) await session.close()
  const unused = openAhead(adapter, undefined)
  await unused.close()
  await adapter.close()
  await expect.poll(() => sql(OPEN)).toEqual([{ n: 0 }])
})

test('what cannot be opened is told to whoever takes it, and to nobody else', async ({
  connection,
}) => {
  const nowhere = createPostgresAdapter({ ...connection, database: 'nowhere' })
  await openAhead(nowhere, undefined).close()
  await expect(openAhead(nowhere, undefined).take()).rejects.toThrow('nowhere')
})
