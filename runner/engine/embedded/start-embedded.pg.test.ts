import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import pg from 'pg'
import { describe, expect } from 'vitest'
import { QUICK, test } from '../../testing/embedded-fixture.ts'
import { resetEmbedded } from './reset-embedded.ts'
import { startEmbedded } from './start-embedded.ts'
import { stopEmbedded } from './stop-embedded.ts'

const database = 'warehouse'

describe('a first start', () => {
  test('gives an empty database for one warehouse: UTF-8, UTC, durable', async ({
    shared,
    ask,
  }) => {
    const { connection, version } = shared
    const [settings] = await ask(
      connection,
      `select current_database() as database, current_setting('server_encoding') as encoding,
              current_setting('timezone') as timezone, current_setting('fsync') as fsync,
              current_setting('wal_level') as wal_level,
              datlocprovider as provider, datlocale as locale
         from pg_database where datname = current_database()`,
    )
    expect(version).toMatch(/^18\./)
    expect(settings).toEqual({
      database,
      encoding: 'UTF8',
      timezone: 'UTC',
      fsync: 'on',
      wal_level: 'minimal',
      provider: 'b',
      locale: 'C.UTF-8',
    })
  })

  test('keeps the password from everybody else, and lets nobody in without it', async ({
    shared,
  }) => {
    const { connection, dataDirectory } = shared
    const { mode } = await stat(join(dataDirectory, 'gm.password'))
    expect(mode & 0o077).toBe(0)
    const { host, port, user } = connection
    const client = new pg.Client({ host, port, user, database, password: 'guessed' })
    await expect(client.connect()).rejects.toMatchObject({ code: '28P01' })
  })

  test('listens on no address but 127.0.0.1', async ({ shared: { connection }, ask }) => {
    const [row] = await ask(
      connection,
      `select current_setting('listen_addresses') as tcp, current_setting('unix_socket_directories') as unix`,
    )
    expect(row).toEqual({ tcp: '127.0.0.1', unix: '' })
  })

  test('works below a path with blanks, quotes and 200 characters', async ({ root, ask }) => {
    const deep = join(root, `it's "my" projéct`, 'x'.repeat(200))
    await mkdir(deep, { recursive: true })
    const { connection } = await startEmbedded({ root: deep, database, settings: QUICK })
    try {
      expect(await ask(connection, 'select 1 as one')).toEqual([{ one: 1 }])
    } finally {
      await resetEmbedded(deep)
    }
  })

  test('hides .gm from git', async ({ shared }) => {
    expect(await readFile(join(shared.root, '.gm/.gitignore'), 'utf8')).toBe('*\n')
  })
})

describe('a later start', () => {
  test('gives the server that runs', async ({ shared }) => {
    const { root, ...first } = shared
    expect(await startEmbedded({ root, database })).toEqual({ ...first, isReused: true })
  })

  test('creates a database that is missing, whatever its name', async ({
    shared: { root },
    ask,
  }) => {
    const name = 'My "other" db'
    const { connection } = await startEmbedded({ root, database: name })
    expect(await ask(connection, 'select current_database() as name')).toEqual([{ name }])
  })

  test('has the data and the port of before', async ({ root, ask }) => {
    const first = await startEmbedded({ root, database, settings: QUICK })
    await ask(first.connection, 'create table kept as select 7 as n')
    await stopEmbedded(root)
    const second = await startEmbedded({ root, database, settings: QUICK })
    expect(second.connection).toEqual(first.connection)
    expect(await ask(second.connection, 'select n from kept')).toEqual([{ n: 7 }])
  })

  test('takes another port when somebody else has that of before', async ({ root, ask }) => {
    const first = await startEmbedded({ root, database, settings: QUICK })
    await stopEmbedded(root)
    const squatter = createServer().listen(first.connection.port, '127.0.0.1')
    await once(squatter, 'listening')
    try {
      const { connection } = await startEmbedded({ root, database, settings: QUICK })
      expect(connection.port).not.toBe(first.connection.port)
      expect(await ask(connection, 'select 1 as one')).toEqual([{ one: 1 }])
    } finally {
      squatter.close()
    }
  })

  test('finds its server again after the project has moved', async ({ root }) => {
    const [before, after] = [join(root, 'before'), join(root, 'after')]
    await mkdir(before)
    const first = await startEmbedded({ root: before, database, settings: QUICK })
    await rename(before, after)
    const second = await startEmbedded({ root: after, database, settings: QUICK })
    expect(second.pid).toBe(first.pid)
    await resetEmbedded(after)
  })

  test('of a copied project never gives the server of the original', async ({ root, ask }) => {
    const [original, copy] = [join(root, 'original'), join(root, 'copy')]
    await mkdir(original)
    const first = await startEmbedded({ root: original, database, settings: QUICK })
    await ask(first.connection, 'checkpoint')
    // With its postmaster.pid, in which the pid lives and the port answers, to the same password.
    await cp(original, copy, { recursive: true })
    const second = await startEmbedded({ root: copy, database, settings: QUICK })
    try {
      expect(second.pid).not.toBe(first.pid)
      expect(second.connection.port).not.toBe(first.connection.port)
      const rows = await ask(second.connection, `select current_setting('data_directory') as data`)
      expect(rows).toEqual([{ data: join(copy, '.gm/postgres') }])
    } finally {
      await resetEmbedded(copy)
      await resetEmbedded(original)
    }
  })

  test('refuses data of another major version and says what to do', async ({ root }) => {
    const { dataDirectory } = await startEmbedded({ root, database, settings: QUICK })
    await stopEmbedded(root)
    await writeFile(join(dataDirectory, 'PG_VERSION'), '17\n')
    await expect(startEmbedded({ root, database })).rejects.toMatchObject({
      code: 'GM4006',
      message: expect.stringContaining('holds data of PostgreSQL 17') as string,
      hint: expect.stringContaining('gm db reset') as string,
    })
  })

  test('quotes what PostgreSQL says when it cannot start', async ({ root }) => {
    await startEmbedded({ root, database, settings: QUICK })
    await stopEmbedded(root)
    const settings = { shared_buffers: 'plenty' }
    await expect(startEmbedded({ root, database, settings })).rejects.toMatchObject({
      code: 'GM4006',
      message: expect.stringContaining('shared_buffers') as string,
    })
  })
})

describe('a start after a kill', () => {
  test('recovers what was committed, and ends what is still busy', async ({ root, ask }) => {
    const first = await startEmbedded({ root, database, settings: QUICK })
    await ask(first.connection, 'create table kept as select generate_series(1, 1000) as n')
    // Never looks whether its postmaster lives, and holds the shared memory meanwhile.
    const busy = ask(
      first.connection,
      `do $$ declare n bigint := 0; begin loop n := n + 1; end loop; end $$`,
    ).catch(() => undefined)
    await expect
      .poll(async () =>
        ask(first.connection, `select from pg_stat_activity where query like 'do %'`),
      )
      .toHaveLength(1)
    process.kill(first.pid, 'SIGKILL')

    const reports: string[] = []
    const report = (message: string): number => reports.push(message)
    const second = await startEmbedded({ root, database, settings: QUICK, report })
    await busy
    expect(second.pid).not.toBe(first.pid)
    expect(await ask(second.connection, 'select count(*)::int as n from kept')).toEqual([
      { n: 1000 },
    ])
    expect(reports.join()).toContain('PostgreSQL server that was killed')
  })

  test('is not misled by a pid that belongs to another program by now', async ({ root, ask }) => {
    const { dataDirectory, connection } = await startEmbedded({ root, database, settings: QUICK })
    await stopEmbedded(root)
    const other = spawn('sleep', ['60'])
    try {
      const start = Math.floor(Date.now() / 1000)
      const lines = [
        other.pid,
        dataDirectory,
        start,
        connection.port,
        '',
        '127.0.0.1',
        '1 1',
        'ready',
      ]
      await writeFile(join(dataDirectory, 'postmaster.pid'), `${lines.join('\n')}\n`)
      const again = await startEmbedded({ root, database, settings: QUICK })
      expect(again.pid).not.toBe(other.pid)
      expect(await ask(again.connection, 'select 1 as one')).toEqual([{ one: 1 }])
      expect(other.exitCode).toBeNull()
      expect(other.signalCode).toBeNull()
    } finally {
      other.kill('SIGKILL')
    }
  })

  test('removes what an interrupted first start left', async ({ root }) => {
    await mkdir(join(root, '.gm/postgres.new-00ff/base'), { recursive: true })
    await startEmbedded({ root, database, settings: QUICK })
    const left = (await readdir(join(root, '.gm'))).filter((name) => name.includes('.new'))
    expect(left).toEqual([])
  })
})
