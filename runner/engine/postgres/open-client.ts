import type { Client, ClientConfig } from 'pg'
import type { Connection } from '../../project/project.ts'
import { abortError } from './abort-error.ts'
import type { Tls } from './connection.ts'
import { clientConfig, LIVENESS_SETTING, tlsAttempts } from './connection.ts'
import { explainError, sqlStateOf } from './explain-error.ts'
import { typeParsers } from './type-parsers.ts'

/** What the first session has found out about a server, so that the next ones ask no more. */
export interface ServerHabits {
  tls?: Tls
  lacksLivenessCheck?: boolean
}

export interface OpenClientOptions {
  readonly habits?: ServerHabits
  readonly settings?: Readonly<Record<string, string>>
  readonly applicationName?: string
  readonly signal?: AbortSignal | undefined
}

export interface OpenedClient {
  readonly client: Client
  /** What it was opened with; a cancel request and knex connect the same way. Holds the password. */
  readonly config: ClientConfig
}

/**
 * A connected pg Client. pg itself is loaded here, so that commands without a database never pay for it (60 ms).
 * @throws GmError GM4002 when nobody answers, GM4003 when the login is refused; an AbortError when `signal` aborts.
 */
export async function openClient(
  connection: Connection,
  { habits = {}, settings, applicationName, signal }: OpenClientOptions = {},
): Promise<OpenedClient> {
  const { default: pg } = await import('pg')
  // @types/pg shows pg-types' own array parser under a signature that it does not have.
  const arrays = pg.types.arrayParser as unknown as {
    create(source: string, transform: (text: string) => unknown): { parse(): unknown[] }
  }
  const types = typeParsers((source, transform) => arrays.create(source, transform).parse())

  const attempt = async (ssl: Tls): Promise<OpenedClient> => {
    const liveness = habits.lacksLivenessCheck === true ? {} : LIVENESS_SETTING
    const config: ClientConfig = {
      ...clientConfig(connection, { ...liveness, ...settings }, applicationName),
      ssl,
      types,
    }
    // pg writes into the ssl object that it is given.
    const client = new pg.Client({ ...config, ssl: ssl === false ? false : { ...ssl } })
    // An idle connection that breaks says so here; the next query on it fails and is explained there.
    client.on('error', () => undefined)
    // Not end(), which would wait for a server that does not answer.
    const abort = (): void => void client.connection.stream.destroy()
    signal?.addEventListener('abort', abort, { once: true })
    try {
      await client.connect()
      return { client, config }
    } catch (error) {
      client.connection.stream.destroy()
      if (refusesLivenessCheck(error) && habits.lacksLivenessCheck !== true) {
        habits.lacksLivenessCheck = true
        return await attempt(ssl)
      }
      throw error
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  const attempts = habits.tls === undefined ? await tlsAttempts(connection) : [habits.tls]
  for (const [index, tls] of attempts.entries()) {
    if (signal?.aborted === true) throw abortError()
    try {
      const opened = await attempt(tls)
      habits.tls = tls
      return opened
    } catch (error) {
      if (isAborted(signal)) throw abortError()
      if (index < attempts.length - 1 && isWorthAnotherAttempt(error)) continue
      throw explainError(error, { connection, isConnecting: true })
    }
  }
  throw new Error('an sslmode without attempts')
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true
}

function refusesLivenessCheck(error: unknown): boolean {
  return (
    error instanceof Error &&
    sqlStateOf(error) !== undefined &&
    error.message.includes('client_connection_check_interval')
  )
}

/**
 * Whether the other of plain and TLS could do better. Where nobody listens it cannot; and unlike libpq, gm does not
 * try a wrong password a second time, which could send it over the plain connection.
 */
function isWorthAnotherAttempt(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const hopeless = ['28P01', '3D000', '53300', '57P03', 'ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']
  if (typeof code === 'string' && hopeless.includes(code)) return false
  return !(error instanceof Error && error.message === 'timeout expired')
}
