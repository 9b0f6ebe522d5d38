import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { QUICK, test } from '../../testing/embedded-fixture.ts'
import { embeddedStatus } from './embedded-status.ts'
import { resetEmbedded } from './reset-embedded.ts'
import { startEmbedded } from './start-embedded.ts'
import { stopEmbedded } from './stop-embedded.ts'

const database = 'warehouse'

describe('stopping', () => {
  test('ends the server even while a client has a transaction open', async ({ root, ask }) => {
    const { connection } = await startEmbedded({ root, database, settings: QUICK })
    const sleeping = ask(connection, 'select pg_sleep(60)').catch((error: unknown) => error)
    expect(await stopEmbedded(root)).toBe(true)
    expect(await sleeping).toBeInstanceOf(Error)
    expect(await embeddedStatus(root)).toMatchObject({ state: 'stopped', pid: undefined })
  })

  test('says that nothing ran, before a first start and after a stop', async ({ root }) => {
    expect(await stopEmbedded(root)).toBe(false)
    await startEmbedded({ root, database, settings: QUICK })
    expect(await stopEmbedded(root)).toBe(true)
    expect(await stopEmbedded(root)).toBe(false)
  })
})

describe('the status', () => {
  test('tells pid, port, version and size of a server that runs', async ({ root }) => {
    const { pid, connection, dataDirectory } = await startEmbedded({
      root,
      database,
      settings: QUICK,
    })
    const status = await embeddedStatus(root)
    expect(status).toMatchObject({ state: 'running', pid, port: connection.port, dataDirectory })
    expect(status.version).toMatch(/^18\.\d/)
    expect(status.sizeBytes).toBeGreaterThan(10_000_000)
  })

  test('of a project without a server is absent, and makes no folder', async ({ root }) => {
    expect(await embeddedStatus(root)).toMatchObject({ state: 'absent', sizeBytes: 0 })
    expect(await readdir(root)).toEqual([])
  })

  test('of a killed server is stopped', async ({ root }) => {
    const { pid } = await startEmbedded({ root, database, settings: QUICK })
    process.kill(pid, 'SIGKILL')
    await expect.poll(async () => (await embeddedStatus(root)).state).toBe('stopped')
  })
})

describe('a reset', () => {
  test('stops the server and deletes everything of it', async ({ root, ask }) => {
    const { connection } = await startEmbedded({ root, database, settings: QUICK })
    expect(await resetEmbedded(root)).toBe(true)
    await expect(ask(connection, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect(await readdir(join(root, '.gm'))).toEqual(['.gitignore'])
    expect(await resetEmbedded(root)).toBe(false)
  })

  test('is followed by a start with an empty database and a new password', async ({
    root,
    ask,
  }) => {
    const first = await startEmbedded({ root, database, settings: QUICK })
    await ask(first.connection, 'create table gone ()')
    await resetEmbedded(root)
    const second = await startEmbedded({ root, database, settings: QUICK })
    expect(second.connection.password).not.toBe(first.connection.password)
    expect(await ask(second.connection, `select to_regclass('gone') as gone`)).toEqual([
      { gone: null },
    ])
  })
})
