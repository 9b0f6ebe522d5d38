import { setTimeout as sleep } from 'node:timers/promises'
import type { Client, ClientConfig } from 'pg'
import { landingClient } from '../land/landing-client.ts'
import { prepareLanding } from '../land/prepare-landing.ts'
import type { Topic } from '../topics/topic.ts'
import { APPLICATION } from './claim-partitions.ts'

export interface LandingConnectionOptions {
  /** Asked again for each connection: an embedded server may come back on another port. */
  readonly connect: () => Promise<ClientConfig>
  readonly topics: readonly Topic[]
  /** Held while the connection lasts; undefined where ingestors share the work. */
  readonly lock: string | undefined
  /** Told once when another ingestor holds the lock. */
  readonly onStandby: () => void
  readonly signal: AbortSignal
}

const LOCK_POLL_MS = 250
/** A landing transaction waits for nobody but another ingestor. */
const SETTINGS = `set lock_timeout = '5s'; set idle_in_transaction_session_timeout = '30s'`

/** The one connection that lands, and the lock that lives and dies with it. */
export class LandingConnection {
  readonly #options: LandingConnectionOptions
  #client: Client | undefined

  constructor(options: LandingConnectionOptions) {
    this.#options = options
  }

  /**
   * The open connection, or a new one; waits while another ingestor holds the lock.
   * @throws what pg throws; the signal's reason once it is aborted
   */
  async client(): Promise<Client> {
    if (this.#client !== undefined) return this.#client
    const { connect, topics, lock, onStandby, signal } = this.#options
    const client = landingClient(await connect(), APPLICATION)
    // A connection that breaks fails the query that waits for it, or the next one.
    client.on('error', () => this.#forget(client))
    client.on('end', () => this.#forget(client))
    try {
      await client.connect()
      await prepareLanding(client, topics)
      await client.query(SETTINGS)
      if (lock !== undefined) await takeLock(client, lock, onStandby, signal)
    } catch (error) {
      void client.end().catch(() => undefined)
      throw error
    }
    this.#client = client
    return client
  }

  /** Gives the connection up at once, whatever it waits for; ending it rolls back. */
  drop(): void {
    const client = this.#client
    this.#client = undefined
    // pg knows its socket and does not declare it; `end` would wait for a server that does not answer.
    ;(
      client as { connection?: { stream?: { destroy(): void } } } | undefined
    )?.connection?.stream?.destroy()
  }

  async close(): Promise<void> {
    const client = this.#client
    this.#client = undefined
    await client?.end().catch(() => undefined)
  }

  #forget(client: Client): void {
    if (this.#client === client) this.#client = undefined
  }
}

async function takeLock(
  client: Client,
  name: string,
  onStandby: () => void,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    signal.throwIfAborted()
    const { rows } = await client.query<{ taken: boolean }>(
      'select pg_try_advisory_lock(hashtextextended($1, 0)) as taken',
      [name],
    )
    if (rows[0]?.taken === true) return
    if (attempt === 0) onStandby()
    // Whoever works says something to the server every second; a frozen process says nothing.
    if (attempt % 4 === 3) {
      await client.query(
        `select pg_terminate_backend(a.pid)
         from pg_locks l join pg_stat_activity a on a.pid = l.pid
         where l.locktype = 'advisory' and l.granted and l.database = (
             select oid from pg_database where datname = current_database())
           and (l.classid::bigint << 32) | l.objid::bigint = hashtextextended($1, 0)
           and l.objsubid = 1 and a.application_name = $2
           and greatest(a.state_change, a.query_start) < clock_timestamp() - interval '10 seconds'`,
        [name, APPLICATION],
      )
    }
    await sleep(LOCK_POLL_MS)
  }
}
