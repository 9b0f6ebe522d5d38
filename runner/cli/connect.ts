import type { ClientConfig } from 'pg'
import type { Adapter } from '../engine/adapter.ts'
import { createPostgresAdapter } from '../engine/postgres/postgres-adapter.ts'
import type { Connection, Project } from '../project/project.ts'
import type { Io } from './io.ts'

/** The project's database, reachable: the embedded server has been started. */
export interface OpenWarehouse {
  readonly adapter: Adapter
  readonly connection: Connection
  close(): Promise<void>
}

/**
 * Starts the embedded server where the target is one, else takes the target's own; nothing else is opened yet.
 * @throws GmError GM4006 when the embedded server cannot be started.
 */
export async function connect(project: Project, io: Io): Promise<OpenWarehouse> {
  const connection = await reach(project, io)
  io.addSecret(connection.password)
  const adapter = createPostgresAdapter(connection)
  return { adapter, connection, close: () => adapter.close() }
}

async function reach(project: Project, io: Io): Promise<Connection> {
  const { target } = project
  if (target.type === 'postgres') return target.connection
  const { startEmbedded } = await import('../engine/embedded/start-embedded.ts')
  const server = await startEmbedded({
    root: project.root,
    database: target.database,
    report: (message) => io.err(`${message}\n`),
  })
  return server.connection
}

/** How ingest, which opens connections of its own, reaches the same database. */
export async function clientConfigOf(connection: Connection): Promise<ClientConfig> {
  const { openClient } = await import('../engine/postgres/open-client.ts')
  const { client, config } = await openClient(connection)
  await client.end()
  return config
}
