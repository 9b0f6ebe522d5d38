import { expect } from 'vitest'
import { makeConnection } from '../../project/connection.ts'
import { test as base } from '../../testing/sql-fixture.ts'
import type { QueryRows } from './run-query.ts'
import { createRunQuery } from './run-query.ts'

const test = base.extend<{ runQuery: (sql: string) => QueryRows }>({
  runQuery: async ({ connection }, use) => {
    const { runQuery, close } = createRunQuery(makeConnection(connection))
    await use(runQuery)
    await close()
  },
})

test('a query answers while the caller waits, again and again over one connection', ({
  runQuery,
}) => {
  const [first] = runQuery('select pg_backend_pid() as pid').rows
  expect(runQuery('select pg_backend_pid() as pid')).toEqual({ columns: ['pid'], rows: [first] })
  for (let i = 0; i < 100; i++) expect(runQuery(`select ${i} as n`).rows).toEqual([[i]])
})

test('numbers can be computed with, and keep their digits where a double has too few', ({
  runQuery,
}) => {
  expect(
    runQuery(
      `select count(*), 12.5::numeric, 9007199254740993::int8, 0.1234567890123456789::numeric, null::int8`,
    ).rows,
  ).toEqual([[1, 12.5, '9007199254740993', '0.1234567890123456789', null]])
})

test('nothing can be written', async ({ runQuery, sql }) => {
  await sql('create table a (id int)')
  expect(() => runQuery('insert into a values (1)')).toThrow(
    expect.objectContaining({ name: 'GmError', code: 'GM4001' }),
  )
})

test('an error is a GmError, and the next query works', ({ runQuery }) => {
  expect(() => runQuery('select amout from (select 1 as amount) x')).toThrow(
    expect.objectContaining({
      name: 'GmError',
      code: 'GM4001',
      hint: expect.stringContaining('amount') as string,
    }),
  )
  expect(runQuery('select 1 as one').rows).toEqual([[1]])
})

test('a connection that was killed is opened again by the next query', async ({
  runQuery,
  sql,
}) => {
  const [row] = runQuery('select pg_backend_pid()').rows
  await sql('select pg_terminate_backend($1, 5000)', row)
  expect(() => runQuery('select 1')).toThrow(expect.objectContaining({ code: 'GM4004' }))
  expect(runQuery('select 1').rows).toEqual([[1]])
})

test('a query that takes too long is GM4014', async ({ connection }) => {
  const { runQuery, close } = createRunQuery(makeConnection(connection), { timeoutMs: 100 })
  expect(() => runQuery('select pg_sleep(30)')).toThrow(expect.objectContaining({ code: 'GM4014' }))
  await close()
})

test('a server that is not there is GM4002', async ({ connection }) => {
  const { runQuery, close } = createRunQuery(makeConnection({ ...connection, port: 1 }))
  expect(() => runQuery('select 1')).toThrow(expect.objectContaining({ code: 'GM4002' }))
  await close()
})
