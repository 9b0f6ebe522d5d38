import type { LandFileOptions } from '../../ingest/index.ts'
import { prepareLanding } from '../../ingest/index.ts'
import type { CompileState } from '../compile/compiled.ts'
import type { Adapter } from '../engine/adapter.ts'
import { explainError } from '../engine/postgres/explain-error.ts'
import { migrate } from '../engine/postgres/migrate.ts'
import type { PostgresAdapter } from '../engine/postgres/postgres-adapter.ts'
import { createPostgresAdapter } from '../engine/postgres/postgres-adapter.ts'
import { createRunQuery } from '../engine/postgres/run-query.ts'
import type { Manifest } from '../manifest/node.ts'
import { makeConnection } from '../project/connection.ts'
import type { Connection, Project } from '../project/project.ts'
import { MIGRATIONS } from '../state/migrations.ts'
import type { Io } from './io.ts'
import { asTarget, reachServer } from './reach-server.ts'

/** The project's database, reachable: an embedded server has been started. */
export interface OpenWarehouse {
  readonly adapter: Adapter
  readonly connection: Connection
  readonly runQuery: NonNullable<CompileState['runQuery']>
  /** Creates what gm itself needs there: its ledger, and where the project reads raw events, the tables for them. */
  prepare(manifest?: Manifest): Promise<void>
  /** For ingest, which opens connections of its own. */
  clientConfig(): Promise<LandFileOptions['connection']>
  close(): Promise<void>
}

interface Reached {
  readonly connection: Connection
  readonly adapter: PostgresAdapter
}

export interface ConnectOptions {
  /** Queries of templates may change the database: for operations alone. */
  readonly mayTemplatesWrite?: boolean
}

/**
 * Starts the embedded server where the target is one, else takes the target's own; nothing else is opened yet.
 * @throws GmError GM4006 when the embedded server cannot be started.
 */
export async function connect(
  project: Project,
  io: Io,
  options: ConnectOptions = {},
): Promise<OpenWarehouse> {
  const { connection, adapter } =
    (await reachRunning(project, io)) ?? open(await reachServer(project, io), project, io)
  const queries = createRunQuery(connection, { isReadOnly: options.mayTemplatesWrite !== true })
  return {
    adapter,
    connection,
    runQuery: queries.runQuery,
    prepare: async (manifest) => {
      await adapter.before(async (opened) => {
        await migrate(opened, connection, MIGRATIONS)
        const tables = manifest === undefined ? [] : rawTables(manifest)
        if (tables.length === 0) return
        await prepareLanding(opened.client, tables).catch((error: unknown) => {
          throw explainError(error, { connection })
        })
      })
    },
    clientConfig: async () => await adapter.before(({ config }) => Promise.resolve(config)),
    close: async () => {
      await queries.close()
      await adapter.close()
    },
  }
}

function open(server: Connection, project: Project, io: Io): Reached {
  const connection = withTimeout(server, project.statementTimeoutMs)
  io.addSecret(connection.password)
  return { connection, adapter: createPostgresAdapter(connection, project.root) }
}

/** An embedded server that runs already: the first connection to it proves which it is, and is the first session's. */
async function reachRunning(project: Project, io: Io): Promise<Reached | undefined> {
  if (project.target.type !== 'embedded') return undefined
  const { isServerOf, runningConnection } = await import('../engine/embedded/running-connection.ts')
  const running = await runningConnection(project.root, project.target.database)
  if (running === undefined) return undefined
  const reached = open(asTarget(running.connection, project.target), project, io)
  const isOurs = await reached.adapter
    .before(({ client }) => isServerOf(client, running.data))
    .catch(() => false)
  if (isOurs) return reached
  await reached.adapter.close()
  return undefined
}

/** Spreading a connection would lose its password, which is not enumerable. */
function withTimeout(connection: Connection, statementTimeoutMs: number | undefined): Connection {
  if (statementTimeoutMs === undefined) return connection
  return makeConnection({
    ...connection,
    password: connection.password,
    options: { ...connection.options, statement_timeout: String(statementTimeoutMs) },
  })
}

/** A project over topics builds before the first event has landed; others get no tables that they do not use. */
function rawTables(manifest: Manifest): readonly string[] {
  return [...manifest.nodes.values()].flatMap((node) =>
    node.kind === 'source' && node.relation.schema === 'raw' ? [node.relation.identifier] : [],
  )
}
