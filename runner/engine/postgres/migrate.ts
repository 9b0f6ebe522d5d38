import type { Client } from 'pg'
import { GmError } from '../../base/error.ts'
import type { Connection } from '../../project/project.ts'
import { explainError, sqlStateOf } from './explain-error.ts'
import type { OpenedClient } from './open-client.ts'

/** One change of gm's own tables. Names sort in the order of the changes and are never changed. */
export interface Migration {
  readonly name: string
  readonly up: readonly string[]
}

const LOCK = `hashtextextended('gm.migrations', 0)`

/**
 * Brings the schema `gm` up to date: the migrations that `gm.migrations` does not list, in order, all in one
 * transaction. One query when there is nothing to do; knex (120 ms to load) is only loaded when there is.
 * Any number of gm may call it at once: one migrates, the others wait and find it done.
 * @param opened a connection that is not in a transaction; it stays open.
 * @returns the names of the migrations that this call has run.
 * @throws GmError GM4015 when the warehouse has migrations that this gm does not know; GM4… of the database.
 */
export async function migrate(
  opened: OpenedClient,
  connection: Connection,
  migrations: readonly Migration[],
): Promise<readonly string[]> {
  const { client } = opened
  let hasLocked = false
  try {
    if ((await missing(client, migrations)).length === 0) return []
    // It goes with the connection, however that ends: knex's own lock is a row that a kill -9 leaves locked.
    await client.query(`select pg_advisory_lock(${LOCK})`)
    hasLocked = true
    if ((await missing(client, migrations)).length === 0) return []
    await client.query('create schema if not exists gm')
    return await migrateWithKnex(opened, migrations)
  } catch (error) {
    throw explainError(error, { connection })
  } finally {
    if (hasLocked) await client.query(`select pg_advisory_unlock(${LOCK})`).catch(() => undefined)
  }
}

/** Names of the migrations that have not run yet. */
async function missing(client: Client, migrations: readonly Migration[]): Promise<string[]> {
  const names = migrations.map(({ name }) => name)
  const done = await completed(client)
  const unknown = done.filter((name) => !names.includes(name))
  if (unknown.length > 0) {
    throw new GmError(
      'GM4015',
      `a newer gm has changed this warehouse: it has the migration ${unknown.join(', ')}`,
      { hint: 'Use the newer gm; an older one could damage what it does not know.' },
    )
  }
  return names.filter((name) => !done.includes(name))
}

async function completed(client: Client): Promise<readonly string[]> {
  try {
    const { rows } = await client.query<{ name: string }>('select name from gm.migrations')
    return rows.map(({ name }) => name)
  } catch (error) {
    const sqlState = sqlStateOf(error)
    // undefined_table, invalid_schema_name: nothing of gm is here yet.
    if (sqlState === '42P01' || sqlState === '3F000') return []
    throw error
  }
}

async function migrateWithKnex(
  { config }: OpenedClient,
  migrations: readonly Migration[],
): Promise<readonly string[]> {
  const { default: knex } = await import('knex')
  const quiet = (): void => undefined
  const db = knex({
    client: 'pg',
    // A function, so that knex neither parses nor prints what is in it.
    connection: () => ({ ...config }) as object,
    pool: { min: 0, max: 1 },
    // What fails is thrown, and told with its place; knex would print it as well.
    log: { warn: quiet, error: quiet, deprecate: quiet, debug: quiet },
  })
  const location = { schemaName: 'gm', tableName: 'migrations' }
  try {
    await db.migrate.forceFreeMigrationsLock(location)
    const [, names] = (await db.migrate.latest({
      ...location,
      migrationSource: {
        getMigrations: () => Promise.resolve([...migrations]),
        getMigrationName: ({ name }: Migration) => name,
        getMigration: ({ up }: Migration) =>
          Promise.resolve({
            up: (trx: Transaction) => runInTransaction(trx, up),
            down: () => Promise.reject(new Error('gm only migrates forwards')),
          }),
      },
    })) as [number, string[]]
    return names
  } finally {
    await db.destroy()
  }
}

interface Transaction {
  readonly client: { acquireConnection(): Promise<Client> }
}

/** Through pg, on the connection of knex's transaction: knex.raw would take every `?` in the SQL for a binding. */
async function runInTransaction(trx: Transaction, statements: readonly string[]): Promise<void> {
  const client = await trx.client.acquireConnection()
  for (const sql of statements) await client.query(sql)
}
