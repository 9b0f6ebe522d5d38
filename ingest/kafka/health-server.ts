import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { GmError } from '../../runner/base/error.ts'
import type { IngestStatus } from './ingest-status.ts'

export interface HealthServer {
  /** `http://127.0.0.1:8090/health`. */
  readonly url: string
  close(): Promise<void>
}

/** An ingestor that has been trying for so long needs somebody to look at it. */
const PATIENCE_MS = 30_000

/**
 * Answers `GET /health` with the status as JSON: 200 while it works or stands by, 503 while it has not for half a minute.
 * @param at port 0 takes a free one
 * @throws GmError GM7006 where the port cannot be had
 */
export async function startHealthServer(
  at: { readonly host: string; readonly port: number },
  status: () => IngestStatus,
): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0]
    if (request.method !== 'GET' || path !== '/health') {
      response.writeHead(404).end()
      return
    }
    const now = status()
    response.writeHead(isHealthy(now) ? 200 : 503, { 'content-type': 'application/json' })
    response.end(`${JSON.stringify(now)}\n`)
  })
  server.listen(at.port, at.host)
  try {
    await once(server, 'listening')
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new GmError('GM7006', `the health page cannot be served: ${reason}`, {
      hint: 'Choose another health.port in ingest.yml; 0 takes a free one.',
      cause,
    })
  }
  // The page alone keeps no ingestor alive.
  server.unref()
  const { port } = server.address() as AddressInfo
  const host = at.host.includes(':') ? `[${at.host}]` : at.host
  return {
    url: `http://${host}:${port}/health`,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Whether nobody has to look. */
export function isHealthy({ state, stateMs }: Pick<IngestStatus, 'state' | 'stateMs'>): boolean {
  if (state === 'running' || state === 'standby') return true
  return state !== 'stopped' && stateMs < PATIENCE_MS
}
