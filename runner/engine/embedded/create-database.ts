import pg from 'pg'
import type { Connection } from '../../project/project.ts'
import { embeddedFailure } from './embedded-failure.ts'
import { openClient } from './probe-server.ts'

/**
 * Creates the database of a connection in its server; one that exists already is no error.
 * @throws GmError GM4005, GM4006
 */
export async function createDatabase(connection: Connection): Promise<void> {
  const client = openClient({ ...connection, database: 'postgres' })
  try {
    await client.connect()
    await client.query(`create database ${pg.escapeIdentifier(connection.database)}`)
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    // Duplicate, as seen by one who came later (42P04) or at the same time (23505).
    if (code === '42P04' || code === '23505') return
    throw embeddedFailure(`the database ${connection.database} could not be created`, message)
  } finally {
    await client.end().catch(() => undefined)
  }
}
