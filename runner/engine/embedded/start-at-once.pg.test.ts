import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { QUICK, test } from '../../testing/embedded-fixture.ts'
import { spawnStart } from '../../testing/spawn-start.ts'
import { startEmbedded } from './start-embedded.ts'
import { stopEmbedded } from './stop-embedded.ts'

const database = 'warehouse'

describe('several processes that start at once', () => {
  test('get the same new server', async ({ root }) => {
    const starts = [1, 2, 3].map(() => spawnStart({ root, database, settings: QUICK }).server)
    const servers = await Promise.all(starts)
    expect(new Set(servers.map(({ pid }) => pid)).size).toBe(1)
    expect(servers.filter(({ isReused }) => !isReused)).toHaveLength(1)
  })

  test('get the same server of data that is there, each with its own database', async ({
    root,
    ask,
  }) => {
    await startEmbedded({ root, database, settings: QUICK })
    await stopEmbedded(root)
    const names = ['a', 'b', 'c', 'c']
    const servers = await Promise.all(
      names.map((name) => startEmbedded({ root, database: name, settings: QUICK })),
    )
    expect(new Set(servers.map(({ pid }) => pid)).size).toBe(1)
    for (const [i, { connection }] of servers.entries()) {
      const rows = await ask(connection, 'select current_database() as name')
      expect(rows).toEqual([{ name: names[i] }])
    }
  })
})

describe('a start that is killed at any moment', () => {
  // From before the first file to after the server is up; a first start takes about a second.
  const momentsMs = Array.from({ length: 6 }, (_, i) => i * 200 + Math.round(Math.random() * 200))

  test.for(momentsMs)(
    '(a first one, after %i ms) is made good by the next',
    async (ms, { root, ask }) => {
      const { child, server } = spawnStart({ root, database, settings: QUICK })
      await sleep(200 + ms)
      child.kill('SIGKILL')
      await server.catch(() => undefined)
      const { connection } = await startEmbedded({ root, database, settings: QUICK })
      expect(await ask(connection, 'select 1 as one')).toEqual([{ one: 1 }])
      const left = (await readdir(join(root, '.gm'))).filter((name) => name.includes('.new'))
      expect(left).toEqual([])
      expect(await readdir(join(root, '.gm/postgres.claims'))).toEqual([])
    },
  )

  test('(with data there) leaves the data as it was', async ({ root, ask }) => {
    const first = await startEmbedded({ root, database, settings: QUICK })
    await ask(first.connection, 'create table kept as select 7 as n')
    for (let ms = 200; ms <= 600; ms += 40) {
      await stopEmbedded(root)
      const { child, server } = spawnStart({ root, database, settings: QUICK })
      await sleep(ms + Math.random() * 40)
      child.kill('SIGKILL')
      await server.catch(() => undefined)
      const { connection } = await startEmbedded({ root, database, settings: QUICK })
      expect(await ask(connection, 'select n from kept')).toEqual([{ n: 7 }])
    }
  })
})
