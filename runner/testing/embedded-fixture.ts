import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { test as base } from 'vitest'
import { resetEmbedded } from '../engine/embedded/reset-embedded.ts'
import type { Connection } from '../project/project.ts'

interface EmbeddedFixture {
  /** An empty folder for a project; its server is stopped and all is removed after the test. */
  root: string
  /** Runs SQL on a server; gives the rows. */
  ask: (connection: Connection, text: string) => Promise<Record<string, unknown>[]>
}

/** vitest's `test` for embedded servers: each test starts its own. */
export const test = base.extend<EmbeddedFixture>({
  // eslint-disable-next-line no-empty-pattern
  root: async ({}, use) => {
    const root = await mkdtemp(join(tmpdir(), 'gm-embedded-'))
    try {
      await use(root)
    } finally {
      await resetEmbedded(root)
      await rm(root, { recursive: true, force: true })
    }
  },

  // eslint-disable-next-line no-empty-pattern
  ask: async ({}, use) => {
    await use(async ({ host, port, user, password, database }, text) => {
      const client = new pg.Client({ host, port, user, password, database })
      client.on('error', () => undefined)
      await client.connect()
      try {
        return (await client.query<Record<string, unknown>>(text)).rows
      } finally {
        await client.end()
      }
    })
  },
})

/** Settings that make a server for a test quick to start; durability is PostgreSQL's own affair. */
export const QUICK = { fsync: 'off', shared_buffers: '32MB' }
