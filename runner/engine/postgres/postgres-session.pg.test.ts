import { fork } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { GmError } from '../../base/error.ts'
import type { NodeId } from '../../manifest/node.ts'
import type { Connection } from '../../project/project.ts'
import { test as base } from '../../testing/sql-fixture.ts'
import type { Session } from '../adapter.ts'
import { GuardFailed } from '../adapter.ts'
import { sqlErrorOf } from '../sql-error.ts'
import type { Statement, Transaction } from '../statement.ts'
import { createPostgresAdapter } from './postgres-adapter.ts'

const test = base.extend<{ session: Session; other: Session }>({
  session: async ({ connection }, use) => {
    await withSession(connection, use)
  },
  other: async ({ connection }, use) => {
    await withSession(connection, use)
  },
})

async function withSession(
  connection: Connection,
  use: (session: Session) => Promise<void>,
): Promise<void> {
  const adapter = createPostgresAdapter(connection)
  const session = await adapter.open()
  await use(session)
  await session.close()
  await adapter.close()
}

const NODE = 'model.shop.orders' as NodeId

function own(sql: string, more: Partial<Statement> = {}): Statement {
  return { purpose: 'test', sql, ...more }
}

function user(sql: string, more: Partial<Statement> = {}): Statement {
  return own(sql, { user: { node: NODE, offset: 0 }, ...more })
}

function transaction(
  statements: readonly Statement[],
  more: Partial<Transaction> = {},
): Transaction {
  return { name: 'build', isolation: 'read committed', locks: [], statements, ...more }
}

async function failure(promise: Promise<unknown>): Promise<GmError> {
  return await promise.then(
    () => Promise.reject(new Error('did not fail')),
    (error: unknown) => error as GmError,
  )
}

/** Polls until a query gives a row. */
async function until(sql: (text: string) => Promise<unknown[]>, text: string): Promise<void> {
  for (let i = 0; i < 400; i++) {
    if ((await sql(text)).length > 0) return
    await sleep(25)
  }
  throw new Error(`never came true: ${text}`)
}

test('values arrive exact: big numbers as text, times as ISO 8601, json parsed', async ({
  session,
}) => {
  const { columns, rows } = await session.query(
    own(`
      select 9007199254740993::int8 as big, 1.10::numeric as amount, 7 as small, true as flag, null::int as nothing,
        timestamptz '2024-05-06 07:08:09.123456+02' as at, timestamp '2024-05-06 07:08:09' as local,
        date '2024-05-06' as day, '{"a": [1]}'::jsonb as doc, array[9007199254740993, null] as list,
        interval '1 day 2 hours' as span, '\\x0102'::bytea as bytes, 'x'::name as other`),
  )
  expect(rows).toEqual([
    {
      big: '9007199254740993',
      amount: '1.10',
      small: 7,
      flag: true,
      nothing: null,
      at: '2024-05-06T05:08:09.123456Z',
      local: '2024-05-06T07:08:09',
      day: '2024-05-06',
      doc: { a: [1] },
      list: ['9007199254740993', null],
      span: '1 day 02:00:00',
      bytes: '\\x0102',
      other: 'x',
    },
  ])
  expect(columns.slice(0, 3)).toEqual([
    { name: 'big', type: 'bigint' },
    { name: 'amount', type: 'numeric' },
    { name: 'small', type: 'integer' },
  ])
  expect(columns.at(-1)).toEqual({ name: 'other', type: 'name' })
})

test('two columns of one name keep both values', async ({ session }) => {
  const { rows } = await session.query(own('select 1 as id, 2 as id_2, 3 as id'))
  expect(rows).toEqual([{ id: 1, id_2: 2, id_3: 3 }])
})

test('question marks, dollars and braces in users’ SQL reach the server as they are', async ({
  session,
}) => {
  const { rows } = await session.query(
    user(
      `select '{"a": 1}'::jsonb ? 'a' as has, 'what?' as q, '$1 :x {{y}}' as d, $$a'b$$ as body`,
    ),
  )
  expect(rows).toEqual([{ has: true, q: 'what?', d: '$1 :x {{y}}', body: "a'b" }])
})

test('a failing statement rolls back everything before it', async ({ session, sql }) => {
  const error = await failure(
    session.transaction(
      transaction([
        own('create table a (id int)'),
        user('insert into a values (1)'),
        user('select 1 / 0'),
      ]),
    ),
  )
  expect(error.code).toBe('GM4001')
  expect(error.message).toBe('division by zero')
  expect(await sql(`select to_regclass('a') as a`)).toEqual([{ a: null }])
  expect((await session.query(own('select 1 as one'))).rows).toEqual([{ one: 1 }])
})

test('the position of an error counts code points from the start of the user’s statement', async ({
  session,
}) => {
  const sql = `select '🦉 ñ', amout from (select 1 as amount) x`
  const error = await failure(session.transaction(transaction([own(`select '🦉'`), user(sql)])))
  const info = sqlErrorOf(error)
  expect(info?.sqlState).toBe('42703')
  expect(Array.from(sql).slice(info?.offset).join('')).toMatch(/^amout/)
  expect(info?.statement.sql).toBe(sql)
  expect(error.hint).toContain('amount')
})

test.for([
  ['found while parsing', 'selec 1'],
  ['found while analysing', 'select nothing_here'],
  ['found while executing', 'select 1 / 0'],
])(
  'an error %s names its own statement, though several shared a round trip',
  async ([, sql = ''], { session }) => {
    const error = await failure(
      session.transaction(
        transaction([own(`select '🦉'`), own('select 2'), own(sql), own('select 3')]),
      ),
    )
    const info = sqlErrorOf(error)
    expect(info?.statement.sql).toBe(sql)
    if (sql === 'selec 1') expect(info?.offset).toBe(0)
  },
)

test('a comment at the end of a statement does not swallow the next one', async ({
  session,
  sql,
}) => {
  await session.transaction(
    transaction([own('create table a (id int) -- done'), own('create table b (id int)')]),
  )
  expect(await sql(`select to_regclass('b') is not null as b`)).toEqual([{ b: true }])
})

test('a guard that does not hold rolls back and is no GmError', async ({ session, sql }) => {
  const promise = session.transaction(
    transaction([
      own('create table a (id int)'),
      own('select false as ok', { guard: 'a is new' }),
      own('select 1'),
    ]),
  )
  await expect(promise).rejects.toThrow(GuardFailed)
  expect(await sql(`select to_regclass('a') as a`)).toEqual([{ a: null }])
})

test('rows are counted from the command and from columns, added up and bound as json', async ({
  session,
  sql,
}) => {
  await sql('create table log (counts jsonb)')
  const outcome = await session.transaction(
    transaction([
      user('create table a as select * from generate_series(1, 5) as id', { counts: 'inserted' }),
      user('delete from a where id > 3', { counts: 'deleted' }),
      own('select 7::bigint as extracted, 2 as inserted, null::int as updated', {
        counts: 'columns',
      }),
      own('insert into log values ($1::jsonb)', { binds: 'counts' }),
      own('select count(*)::int as n from a', { returnsRows: true }),
    ]),
  )
  expect(outcome.counts).toEqual({ inserted: 7, deleted: 2, extracted: 7 })
  expect(outcome.rows?.rows).toEqual([{ n: 3 }])
  expect(await sql('select counts from log')).toEqual([{ counts: outcome.counts }])
})

test('the pg_snapshot of a transaction is taken after its locks', async ({
  session,
  other,
  sql,
}) => {
  await sql('create table a (id int)')
  await other.query(own('begin'))
  await other.query(own('lock table a in access exclusive mode'))
  const reading = session.transaction(
    transaction([user('select count(*)::int as n from a', { returnsRows: true })], {
      isolation: 'repeatable read',
      locks: [{ relation: { schema: 'public', identifier: 'a' }, mode: 'access share' }],
    }),
  )
  await until(
    sql,
    `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
  )
  await other.query(own('insert into a values (1)'))
  await other.query(own('commit'))
  expect((await reading).rows?.rows).toEqual([{ n: 1 }])
})

test('a lock that is not given in time is GM4011, with its SQLSTATE', async ({
  session,
  other,
  sql,
}) => {
  await sql('create table a (id int)')
  await other.query(own('begin'))
  await other.query(own('lock table a in access share mode'))
  const error = await failure(
    session.transaction(
      transaction([own('drop table a')], {
        lockTimeoutMs: 50,
        locks: [{ relation: { schema: 'public', identifier: 'a' }, mode: 'access exclusive' }],
      }),
    ),
  )
  expect(error.code).toBe('GM4011')
  expect(sqlErrorOf(error)?.sqlState).toBe('55P03')
  await other.query(own('rollback'))
})

test('a node’s lock is refused to others until it is given back or the connection ends', async ({
  session,
  other,
  connection,
}) => {
  expect(await session.lock('a', false)).toBe(true)
  expect(await other.lock('a', false)).toBe(false)
  const waiting = other.lock('a', true)
  await session.unlock('a')
  expect(await waiting).toBe(true)
  const adapter = createPostgresAdapter(connection)
  const third = await adapter.open()
  expect(await third.lock('b', false)).toBe(true)
  await third.close()
  expect(await other.lock('b', true)).toBe(true)
  await adapter.close()
})

test('a wait for a lock can be cancelled', async ({ session, other }) => {
  await session.lock('a', false)
  const abort = new AbortController()
  setTimeout(() => abort.abort(), 50)
  await expect(other.lock('a', true, abort.signal)).rejects.toThrow(
    expect.objectContaining({ name: 'AbortError' }),
  )
})

test('an abort ends the query in the server and leaves the session usable', async ({
  session,
  sql,
}) => {
  const abort = new AbortController()
  const running = session.transaction(
    transaction([own('create table a (id int)'), user('select pg_sleep(60)')]),
    abort.signal,
  )
  const seen = `select from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active'`
  await until(sql, seen)
  abort.abort()
  await expect(running).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }))
  expect(await sql(seen)).toEqual([])
  expect((await session.query(own(`select to_regclass('a') as a`))).rows).toEqual([{ a: null }])
})

test('an abort at any moment of many short transactions leaves either all of one or nothing', async ({
  session,
  sql,
}) => {
  await sql('create table a (id int)')
  let done = 0
  for (let i = 0; i < 60; i++) {
    const abort = new AbortController()
    setTimeout(() => abort.abort(), Math.random() * 4)
    await session
      .transaction(
        transaction([
          user('insert into a values (1)'),
          own('select pg_sleep(0.001)'),
          user('insert into a values (1)'),
        ]),
        abort.signal,
      )
      .then(
        () => (done += 1),
        (error: unknown) => expect(error).toMatchObject({ name: 'AbortError' }),
      )
  }
  const rows = await sql('select count(*)::int as n from a')
  expect(rows).toEqual([{ n: 2 * done }])
})

test('a connection that is killed halfway is GM4004, and so is whatever comes after', async ({
  connection,
  sql,
}) => {
  const adapter = createPostgresAdapter(connection)
  const session = await adapter.open()
  const running = failure(session.query(user('select pg_sleep(60)')))
  const victim = `pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active'`
  await until(sql, `select from ${victim}`)
  await sql(`select pg_terminate_backend(pid) from ${victim}`)
  expect((await running).code).toBe('GM4004')
  expect((await failure(session.query(own('select 1')))).code).toBe('GM4004')
  expect((await failure(session.transaction(transaction([own('select 1')])))).code).toBe('GM4004')
  await session.close()
  await adapter.close()
})

test('kill -9 of a process ends its query in the server within seconds', async ({
  connection,
  sql,
}) => {
  const child = fork(
    new URL('../../testing/run-forever.ts', import.meta.url),
    [JSON.stringify({ ...connection, password: connection.password })],
    { execArgv: ['--import', 'tsx'] },
  )
  const running = `select from pg_stat_activity where query like 'select count(*) from generate_series%' and state = 'active'`
  await until(sql, running)
  child.kill('SIGKILL')
  await until(sql, `select where not exists (${running})`)
})

test('a file is copied, and a broken quote names its line', async ({ session, sql }) => {
  const folder = await mkdtemp(join(tmpdir(), 'gm-copy-'))
  const copy = (file: string): Transaction =>
    transaction([
      own(`copy a (id, name) from stdin with (format csv, header true, delimiter ',')`, {
        copyFrom: { file: join(folder, file), delimiter: ',', columns: ['id', 'name'] },
        counts: 'inserted',
      }),
    ])
  try {
    await sql('create table a (id text, name text)')
    await writeFile(join(folder, 'good.csv'), 'id,name\n007,"a ""b"", c"\n008,\n')
    expect((await session.transaction(copy('good.csv'))).counts).toEqual({ inserted: 2 })
    expect(await sql('select * from a')).toEqual([
      { id: '007', name: 'a "b", c' },
      { id: '008', name: null },
    ])

    await writeFile(join(folder, 'broken.csv'), 'id,name\n1,a\n2,b\n3,"c\n')
    const broken = await failure(session.transaction(copy('broken.csv')))
    expect(broken.code).toBe('GM4001')
    expect(sqlErrorOf(broken)).toMatchObject({ sqlState: '22P04', copyLine: 4 })

    const lines = Array.from({ length: 200_000 }, (_, i) => `${i},name of ${i}\n`)
    await writeFile(join(folder, 'large.csv'), `id,name\n${lines.join('')}1,2,3\n${lines.join('')}`)
    const large = await failure(session.transaction(copy('large.csv')))
    expect(sqlErrorOf(large)?.copyLine).toBe(200_002)

    expect((await failure(session.transaction(copy('missing.csv')))).code).toBe('GM1009')
    expect(await sql('select count(*)::int as n from a')).toEqual([{ n: 2 }])
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('a copy whose connection is killed fails with GM4004', async ({ connection, sql }) => {
  const folder = await mkdtemp(join(tmpdir(), 'gm-copy-'))
  const adapter = createPostgresAdapter(connection)
  const session = await adapter.open()
  try {
    await sql('create table a (id text)')
    const file = join(folder, 'large.csv')
    await writeFile(file, 'some text in a line\n'.repeat(2_000_000))
    const copying = failure(
      session.transaction(
        transaction([
          own('copy a from stdin with (format csv)', {
            copyFrom: { file, delimiter: ',', columns: [] },
          }),
        ]),
      ),
    )
    await until(sql, `select from pg_stat_progress_copy where tuples_processed > 0`)
    await sql(`select pg_terminate_backend(pid) from pg_stat_progress_copy`)
    expect((await copying).code).toBe('GM4004')
  } finally {
    await session.close()
    await adapter.close()
    await rm(folder, { recursive: true })
  }
})

test.for([
  ['create table a (id int primary key); insert into a values (1), (1)', 'GM4009'],
  ['create table a (id int not null); insert into a values (null)', 'GM4009'],
  [
    'create table a (id int primary key); insert into a values (1), (1) on conflict (id) do update set id = excluded.id',
    'GM4009',
  ],
  ['select (select x from (values (1), (2)) v (x))', 'GM4001'],
  [`set statement_timeout = '10ms'; select pg_sleep(10)`, 'GM4014'],
  ['set role pg_monitor; select * from pg_authid', 'GM4013'],
] as const)('%s is %s', async ([text, code], { session }) => {
  expect((await failure(session.query(user(text)))).code).toBe(code)
})

test('a query that somebody cancels by hand is no timeout', async ({ session, sql }) => {
  const running = failure(session.query(user('select pg_sleep(60)')))
  const victim = `pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active'`
  await until(sql, `select from ${victim}`)
  await sql(`select pg_cancel_backend(pid) from ${victim}`)
  expect(await running).toMatchObject({
    code: 'GM4001',
    message: expect.stringContaining('cancelled') as string,
  })
})

test('the wait for old readers sees only those that are older and not gm’s', async ({
  session,
  other,
  sql,
}) => {
  await sql('create table a (id int)')
  expect(await session.waitForOldSnapshots(0)).toEqual({ done: true, holders: [] })

  // gm's own sessions do not count.
  await other.query(own('begin isolation level repeatable read'))
  await other.query(own('select 1 from a'))
  await sql('insert into a values (1)')
  expect((await session.waitForOldSnapshots(0)).done).toBe(true)
  await other.query(own('commit'))

  await other.query(own(`set application_name = 'dashboard'`))
  await other.query(own('begin isolation level repeatable read'))
  await other.query(own('select 1 from a'))
  await sql('insert into a values (1)')
  const { done, holders } = await session.waitForOldSnapshots(100)
  expect(done).toBe(false)
  expect(holders).toMatchObject([{ applicationName: 'dashboard', ageSeconds: 0 }])

  const waiting = session.waitForOldSnapshots(10_000)
  await sleep(50)
  await other.query(own('commit'))
  expect((await waiting).done).toBe(true)
})

test('a long writer does not make later readers look old', async ({
  session,
  other,
  connection,
  sql,
}) => {
  await sql('create table a (id int)')
  await other.query(own('begin'))
  await other.query(own('insert into a values (1)'))
  const adapter = createPostgresAdapter(connection)
  const reader = await adapter.open()
  await reader.query(own(`set application_name = 'dashboard'`))
  const read = async (): Promise<void> => {
    await reader.query(own('begin isolation level repeatable read'))
    await reader.query(own('select 1 from a'))
  }
  await read()
  const waiting = session.waitForOldSnapshots(10_000)
  await sleep(30)
  await reader.query(own('commit'))
  await read()
  expect((await waiting).done).toBe(true)
  await reader.query(own('commit'))
  await other.query(own('rollback'))
  await reader.close()
  await adapter.close()
})
