import type { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientConfig } from 'pg'

/** pg's own Connection, with what @types/pg leaves out. It does the TLS handshake as for any session. */
interface CancelConnection extends EventEmitter {
  readonly stream: Duplex
  connect(portOrPath: number | string, host?: string): void
  requestSsl(): void
  cancel(processId: number, secretKey: number): void
}

/** What the server gave the session at its start, and what it wants back to cancel the session's statement. */
export interface BackendKey {
  readonly processID: number
  readonly secretKey: number
}

/** A cancel request that the server has not answered in this time is given up. */
const REQUEST_TIMEOUT_MS = 5_000

/**
 * Cancels whatever the session's backend runs, until `isSettled`: a request that comes before the server has begun
 * with the statement does nothing, so one is not enough. Over the same TLS as the session, because who can read the
 * key can cancel. It needs neither a login nor a free connection slot in the server.
 * @returns whether the statement ended; false when the server cannot be asked any more.
 */
export async function cancelQuery(
  key: BackendKey,
  config: ClientConfig,
  isSettled: () => boolean,
): Promise<boolean> {
  for (let attempt = 0; attempt < 10 && !isSettled(); attempt++) {
    const wasSent = await sendCancelRequest(key, config)
    if (!wasSent && attempt > 2) break
    // 10 ms, 20 ms, … 1 s: most statements end at once, a sort or a large rollback takes its time.
    for (let waited = 0; waited < Math.min(10 * 2 ** attempt, 1_000) && !isSettled(); waited += 5) {
      await sleep(5)
    }
  }
  return isSettled()
}

/** Resolves when the server has closed the connection, which it does after it has signalled the backend. */
async function sendCancelRequest(key: BackendKey, config: ClientConfig): Promise<boolean> {
  const { default: pg } = await import('pg')
  const ssl = typeof config.ssl === 'object' ? { ...config.ssl } : config.ssl
  const connection = new pg.Connection({ ...config, ssl }) as unknown as CancelConnection
  return await new Promise((resolve) => {
    const send = (): void => connection.cancel(key.processID, key.secretKey)
    const timer = setTimeout(() => connection.stream.destroy(), REQUEST_TIMEOUT_MS)
    let isSent = false
    connection.on('connect', () => {
      if (ssl !== undefined && ssl !== false) connection.requestSsl()
      else {
        send()
        isSent = true
      }
    })
    connection.on('sslconnect', () => {
      send()
      isSent = true
    })
    connection.on('error', () => connection.stream.destroy())
    connection.on('end', () => {
      clearTimeout(timer)
      resolve(isSent)
    })
    const { host = 'localhost', port = 5432 } = config
    if (host.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`)
    else connection.connect(port, host)
  })
}
