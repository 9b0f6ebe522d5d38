import { randomBytes } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client } from 'pg'
import pg from 'pg'
import type { Connection } from '../../project/project.ts'
import { EMBEDDED_USER, PASSWORD_FILE } from './create-cluster.ts'

export type Probe =
  /** A server on this very data directory answers. `hasDatabase`: the database asked for exists. */
  | { readonly answer: 'ours'; readonly version: string; readonly hasDatabase: boolean }
  /** A PostgreSQL that is starting, stopping or full. */
  | { readonly answer: 'busy' }
  /** It refused the password. */
  | { readonly answer: 'refused'; readonly reason: string }
  /** Nothing, or something else. */
  | { readonly answer: 'none' }

/** The connection to the embedded server of a data directory. */
export async function connectionTo(
  data: string,
  port: number,
  database: string,
): Promise<Connection> {
  return {
    host: '127.0.0.1',
    port,
    user: EMBEDDED_USER,
    password: (await readFile(join(data, PASSWORD_FILE), 'utf8')).trim(),
    database,
    sslmode: 'disable',
    sslrootcert: undefined,
    sslcert: undefined,
    sslkey: undefined,
    connectTimeoutMs: 10_000,
    options: {},
  }
}

/**
 * Asks a server whether it is the one of a data directory. Neither pid nor port nor path prove that: pids
 * and ports are used again, folders are copied and renamed. So a file with a random name is put into the
 * directory, and only a server that sees it is ours. The login gives no password away (SCRAM).
 */
export async function isServerOf(client: Client, data: string): Promise<boolean> {
  const proof = `gm-${randomBytes(12).toString('hex')}`
  try {
    await writeFile(join(data, proof), '')
    const { rows } = await client.query<{ ours: boolean }>(
      'select (pg_stat_file($1, true)).size is not null as ours',
      [proof],
    )
    return rows[0]?.ours === true
  } finally {
    await rm(join(data, proof), { force: true })
  }
}

/** What answers at a port, and whether it has a database. */
export async function probeServer(data: string, port: number, database: string): Promise<Probe> {
  const client = openClient(await connectionTo(data, port, 'postgres'))
  try {
    await client.connect()
  } catch (error) {
    return answerOf(error)
  }
  try {
    if (!(await isServerOf(client, data))) return { answer: 'none' }
    const { rows } = await client.query<{ version: string; exists: boolean }>(
      `select current_setting('server_version') as version,
              exists (select from pg_database where datname = $1) as exists`,
      [database],
    )
    const { version = '', exists = false } = rows[0] ?? {}
    return { answer: 'ours', version, hasDatabase: exists }
  } catch (error) {
    // What the file system refuses is no answer of the server's.
    if (!(error instanceof pg.DatabaseError)) throw error
    return answerOf(error)
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** A client of the embedded server. Whoever connects it ends it. */
export function openClient(connection: Connection): pg.Client {
  const client = new pg.Client({
    host: connection.host,
    port: connection.port,
    user: connection.user,
    password: connection.password,
    database: connection.database,
    ssl: false,
    connectionTimeoutMillis: connection.connectTimeoutMs,
  })
  // A server that goes away is noticed by the query or the next connect; without a listener it would end gm.
  client.on('error', () => undefined)
  return client
}

function answerOf(error: unknown): Probe {
  const { code, message } = error as { code?: string; message: string }
  // Starting up or shutting down; too many connections.
  if (code === '57P03' || code === '57P01' || code === '53300') return { answer: 'busy' }
  if (code?.startsWith('28') === true) return { answer: 'refused', reason: message }
  return { answer: 'none' }
}
