import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { test as base } from 'vitest'
import { resetEmbedded } from '../engine/embedded/reset-embedded.ts'
import type { EmbeddedServer } from '../engine/embedded/start-embedded.ts'
import { startEmbedded } from '../engine/embedded/start-embedded.ts'
import type { Connection } from '../project/project.ts'

interface EmbeddedFixture {
  /** A running server for the tests of a file that change nothing about it, with its `root`. */
  shared: EmbeddedServer & { readonly root: string }
  /** An empty folder for a project; its server is stopped and all is removed after the test. */
  root: string
  /** Runs SQL on a server; gives the rows. */
  ask: (connection: Connection, text: string) => Promise<Record<string, unknown>[]>
}

/** vitest's `test` for embedded servers, which tests start themselves. */
export const test = base.extend<EmbeddedFixture>({
  shared: [
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => {
      await withRoot(async (root) => {
        await use({ ...(await startEmbedded({ root, database: 'warehouse' })), root })
      })
    },
    { scope: 'file' },
  ],

  // eslint-disable-next-line no-empty-pattern
  root: async ({}, use) => {
    await withRoot(use)
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

async function withRoot(work: (root: string) => Promise<void>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'gm-embedded-'))
  try {
    await work(root)
  } finally {
    await resetEmbedded(root)
    await rm(root, { recursive: true, force: true })
  }
}

/** Settings that make a server for a test quick to start; durability is PostgreSQL's own affair. */
export const QUICK = { fsync: 'off', shared_buffers: '32MB' }
