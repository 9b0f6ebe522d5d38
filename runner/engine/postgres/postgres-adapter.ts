import type { Relation } from '../../manifest/node.ts'
import type { Connection } from '../../project/project.ts'
import type { Adapter, Capabilities, RelationState, Session } from '../adapter.ts'
import { describeRelations } from './describe-relations.ts'
import { endClient } from './end-client.ts'
import { explainError } from './explain-error.ts'
import type { OpenedClient, ServerHabits } from './open-client.ts'
import { openClient } from './open-client.ts'
import { PostgresSession } from './postgres-session.ts'
import { IDENTIFIER_BYTES, quoteIdentifier, quoteRelation } from './quote-identifier.ts'

const CAPABILITIES: Capabilities = {
  transactionalDdl: true,
  snapshotMarks: true,
  renameTable: true,
  merge: true,
  identifierBytes: IDENTIFIER_BYTES,
}

/** A gm that is frozen in the middle of a transaction holds its locks, and what it keeps others from cleaning up, no longer. */
const IDLE_LIMIT = { idle_in_transaction_session_timeout: '5min' } as const

export interface PostgresAdapter extends Adapter {
  /** Does something over a connection of a session's, which a session that is opened soon goes on with. */
  before<T>(work: (opened: OpenedClient) => Promise<T>): Promise<T>
}

/** How long a connection waits for the session that goes on with it: some commands never open one. */
const SPARE_MS = 2_000

/**
 * PostgreSQL 14 or newer. Connects on first use; nothing is loaded or opened before.
 * @param folder what paths of files that are copied are relative to.
 */
export function createPostgresAdapter(connection: Connection, folder = '.'): PostgresAdapter {
  const habits: ServerHabits = {}
  /** Connected for `before`. */
  let spare: OpenedClient | undefined
  /** Describes, and nothing else; opened when first needed. */
  let catalog: Promise<OpenedClient> | undefined
  /** Calls on one connection must not overlap; describe() may be called by many at once. */
  let lastDescribe: Promise<unknown> = Promise.resolve()

  const connect = (signal?: AbortSignal): Promise<OpenedClient> =>
    openClient(connection, { habits, signal, settings: IDLE_LIMIT })

  function takeSpare(): OpenedClient | undefined {
    const taken = spare
    spare = undefined
    return taken
  }

  async function describe(
    relations: readonly Relation[],
  ): Promise<ReadonlyMap<string, RelationState>> {
    // Compiling the catalog query to machine code (jit) would take a second; running it takes 60 ms for 1,000 relations.
    const isNew = catalog === undefined
    catalog ??= openClient(connection, { habits, settings: { jit: 'off' } })
    try {
      const { client } = await catalog
      return await describeRelations(client, relations)
    } catch (error) {
      // Whatever broke it, the next call gets a new connection.
      const broken = catalog
      catalog = undefined
      await broken.then(({ client }) => client.end()).catch(() => undefined)
      const explained = explainError(error, { connection })
      // It has stood idle for a while, and only reads.
      if (!isNew && explained.code === 'GM4004') return await describe(relations)
      throw explained
    }
  }

  return {
    name: 'postgres',
    capabilities: CAPABILITIES,
    quote: quoteRelation,

    async open(signal?: AbortSignal): Promise<Session> {
      return new PostgresSession(takeSpare() ?? (await connect(signal)), connection, folder)
    },

    async before(work) {
      const opened = takeSpare() ?? (await connect())
      try {
        const done = await work(opened)
        spare = opened
        opened.client.once('end', () => {
          if (spare === opened) spare = undefined
        })
        const goodbye = (): void => {
          if (spare !== opened) return
          spare = undefined
          void endClient(opened.client).catch(() => undefined)
        }
        setTimeout(goodbye, SPARE_MS).unref()
        return done
      } finally {
        if (spare !== opened) await opened.client.end()
      }
    },

    async describe(relations) {
      const described = lastDescribe.then(() => describe(relations))
      lastDescribe = described.catch(() => undefined)
      return await described
    },

    async listen(channel, hear) {
      const { client } = await openClient(connection, { habits })
      let isLost = false
      client.on('notification', hear)
      client.on('end', () => {
        isLost = true
      })
      await client.query(`listen ${quoteIdentifier(channel)}`)
      return { isLost: () => isLost, close: () => client.end() }
    },

    async close() {
      await lastDescribe
      const describing = await catalog?.catch(() => undefined)
      catalog = undefined
      for (const opened of [describing, takeSpare()]) {
        if (opened !== undefined) await endClient(opened.client)
      }
    },
  }
}
