import { createReadStream } from 'node:fs'
import { resolve as resolvePath } from 'node:path'
import type { Client } from 'pg'
import { GmError } from '../../base/error.ts'

/** As fast as psql's \copy; smaller chunks cost a system call each, larger ones only memory. */
const CHUNK_BYTES = 64 * 1024

/**
 * Sends a file to a `copy … from stdin`.
 * @param folder what the file's path is relative to.
 * @returns the number of rows.
 * @throws GmError GM1009 when the file cannot be read; otherwise the server's error as pg gives it.
 */
export async function copyFile(
  client: Client,
  sql: string,
  file: string,
  folder: string,
): Promise<number> {
  const { from } = await import('pg-copy-streams')
  const copy = client.query(from(sql))
  const source = createReadStream(resolvePath(folder, file), { highWaterMark: CHUNK_BYTES })
  // Not stream.pipeline: it waits for the copy stream to close, which never comes after an error of the server.
  return await new Promise((resolve, reject) => {
    let unreadable: GmError | undefined
    source.on('error', (cause) => {
      unreadable = new GmError('GM1009', `cannot read ${file}: ${cause.message}`, { cause })
      // Sends CopyFail; the server's answer ends the statement below.
      copy.destroy(cause)
    })
    copy.on('error', (error) => {
      source.destroy()
      copy.destroy()
      reject(unreadable ?? error)
    })
    copy.on('finish', () => resolve(copy.rowCount))
    source.pipe(copy)
  })
}
