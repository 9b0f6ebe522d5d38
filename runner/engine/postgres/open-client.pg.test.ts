import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { makeConnection } from '../../project/connection.ts'
import type { Connection } from '../../project/project.ts'
import { createPostgresAdapter } from './postgres-adapter.ts'

/** A port that takes connections and never says a word. */
async function withMutePort(use: (connection: Connection) => Promise<void>): Promise<void> {
  const sockets: Socket[] = []
  const server = createServer((socket) => void sockets.push(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  try {
    await use(makeConnection({ host: '127.0.0.1', port, database: 'shop', connectTimeoutMs: 300 }))
  } finally {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
}

test('a server that does not answer is given up after the connect timeout', async () => {
  await withMutePort(async (connection) => {
    const begin = performance.now()
    await expect(createPostgresAdapter(connection).open()).rejects.toThrow(
      expect.objectContaining({
        code: 'GM4002',
        message: expect.stringContaining('no answer in time') as string,
      }),
    )
    expect(performance.now() - begin).toBeLessThan(3_000)
  })
})

test('an abort while connecting rejects at once', async () => {
  await withMutePort(async (connection) => {
    const abort = new AbortController()
    setTimeout(() => abort.abort(), 30)
    const opening = createPostgresAdapter({ ...connection, connectTimeoutMs: 60_000 }).open(
      abort.signal,
    )
    await expect(opening).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }))
  })
})

test('a port where something else than PostgreSQL listens is GM4002', async () => {
  const server = createServer((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  for (const sslmode of ['prefer', 'require', 'disable'] as const) {
    const connection = makeConnection({ host: '127.0.0.1', port, sslmode, database: 'shop' })
    await expect(createPostgresAdapter(connection).open()).rejects.toThrow(
      expect.objectContaining({ code: 'GM4002' }),
    )
  }
  server.close()
})
