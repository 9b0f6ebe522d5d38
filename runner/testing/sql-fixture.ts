import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { test as base, inject } from 'vitest'
import type { Connection } from '../project/project.ts'
import type { FollowedBy } from '../state/marks.ts'
import { MIGRATIONS } from '../state/migrations.ts'

interface SqlFixture {
  /** The name of a new, empty database, which is dropped after the test. A connection left open to it fails the test. */
  db: string
  /** How to reach `db`. */
  connection: Connection
  /** Runs SQL in `db`, as it stands, over one connection of its own; gives the rows. */
  sql: <Row extends object = Record<string, unknown>>(
    text: string,
    binds?: readonly unknown[],
  ) => Promise<Row[]>
  /**
   * Writes files, by path from the project's root, into a new folder, which is removed after the test. Gives the
   * root. A `project.yml` is added unless it is among them.
   */
  project: (files: Readonly<Record<string, string>>) => Promise<string>
}

/** Of a step whose inputs are all tables with gm's tracking column. */
export const TRACKED: FollowedBy = {
  runId: 'r',
  eventTimes: new Map(),
  withParts: new Set(),
}

const PROJECT_YML = 'name: shop\n'

/** vitest's `test`, with a real PostgreSQL database and project folders for each test. */
export const test = base.extend<SqlFixture>({
  // vitest reads the names of what a fixture needs from the pattern, so an empty one must be there.
  // eslint-disable-next-line no-empty-pattern
  db: async ({}, use) => {
    const server = inject('postgres')
    const db = `gm_test_${randomBytes(8).toString('hex')}`
    await withClient(server, (client) => client.query(`create database ${db}`))
    try {
      await use(db)
      await withClient(server, (client) => refuseOpenConnections(client, db))
    } finally {
      await withClient(server, (client) => client.query(`drop database ${db} with (force)`))
    }
  },

  connection: async ({ db }, use) => {
    await use({ ...inject('postgres'), database: db })
  },

  sql: async ({ connection }, use) => {
    await withClient(connection, async (client) => {
      await use(async <Row extends object>(text: string, binds?: readonly unknown[]) => {
        // Without binds several statements may stand in one text.
        const { rows } = await client.query<Row>(text, binds === undefined ? undefined : [...binds])
        return rows
      })
    })
  },

  // eslint-disable-next-line no-empty-pattern
  project: async ({}, use) => {
    const roots: string[] = []
    try {
      await use(async (files) => {
        const root = await mkdtemp(join(tmpdir(), 'gm-project-'))
        roots.push(root)
        for (const [path, text] of Object.entries({ 'project.yml': PROJECT_YML, ...files })) {
          await mkdir(dirname(join(root, path)), { recursive: true })
          await writeFile(join(root, path), text)
        }
        return root
      })
    } finally {
      for (const root of roots) await rm(root, { recursive: true, force: true })
    }
  },
})

/** Another client of a test's database, which the test closes. */
export async function openClient({
  host,
  port,
  user,
  password,
  database,
}: Connection): Promise<pg.Client> {
  const client = new pg.Client({ host, port, user, password, database })
  // Tests end servers and backends; the query that meets the loss reports it.
  client.on('error', () => undefined)
  await client.connect()
  return client
}

async function withClient<T>(
  connection: Connection,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = await openClient(connection)
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** A closed connection stays in the server's list for a moment, hence the patience. */
async function refuseOpenConnections(client: pg.Client, db: string): Promise<void> {
  const deadline = performance.now() + 1_000
  for (;;) {
    const { rows } = await client.query<{ query: string }>(
      `select query from pg_stat_activity where datname = $1 and backend_type = 'client backend'`,
      [db],
    )
    if (rows.length === 0) return
    if (performance.now() > deadline) {
      throw new Error(
        `the test left connections open, which last ran:\n${rows.map(({ query }) => query).join('\n')}`,
      )
    }
    await sleep(10)
  }
}

/** gm's own schema in a test's database, as the first run would make it. */
export async function createLedger(sql: SqlFixture['sql']): Promise<void> {
  await sql('create schema gm')
  for (const { up } of MIGRATIONS) for (const statement of up) await sql(statement)
}
