import { once } from 'node:events'
import type { ClientBase } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'

/**
 * Sends finished lines of COPY's text format, some of them in each piece. The server reads while the next piece is on its way.
 * @param statement `copy … from stdin`
 * @throws what the server or the connection says; then the transaction has to be rolled back
 */
export async function copyPieces(
  client: ClientBase,
  statement: string,
  pieces: Iterable<Buffer>,
): Promise<void> {
  const stream = client.query(copyFrom(statement))
  const done = once(stream, 'finish')
  const server = { isRefused: false }
  done.catch(() => undefined)
  stream.on('error', () => {
    server.isRefused = true
  })
  for (const piece of pieces) {
    if (server.isRefused) break
    // A write that meets an error of the server never ends by itself.
    const taken = new Promise((resolve) => stream.write(piece, resolve))
    await Promise.race([taken, done])
  }
  if (!server.isRefused) stream.end()
  await done
}
