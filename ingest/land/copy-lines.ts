import { once } from 'node:events'
import type { ClientBase } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'

// 64 KB a write, as everywhere here.
const CHUNK_CHARS = 64 * 1024

/**
 * Sends finished lines of COPY's text format. The server reads while the next ones are joined.
 * @param statement `copy … from stdin`
 * @throws what the server or the connection says; then the transaction has to be rolled back
 */
export async function copyLines(
  client: ClientBase,
  statement: string,
  lines: Iterable<{ readonly line: string }>,
): Promise<void> {
  const stream = client.query(copyFrom(statement))
  const done = once(stream, 'finish')
  const server = { isRefused: false }
  done.catch(() => undefined)
  stream.on('error', () => {
    server.isRefused = true
  })
  const send = async (text: string): Promise<void> => {
    // A write that meets an error of the server never ends by itself.
    const taken = new Promise((resolve) => stream.write(Buffer.from(text), resolve))
    await Promise.race([taken, done])
  }
  let text = ''
  for (const { line } of lines) {
    text += line
    if (text.length < CHUNK_CHARS) continue
    if (server.isRefused) break
    await send(text)
    text = ''
  }
  if (text !== '' && !server.isRefused) await send(text)
  if (!server.isRefused) stream.end()
  await done
}
