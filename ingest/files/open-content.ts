import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { GmError } from '../../runner/base/error.ts'

const CHUNK_BYTES = 64 * 1024

/**
 * The content of a file in chunks, gunzipped where it begins like gzip, whatever its name.
 * @throws GmError GM7003 where the file cannot be read or is damaged.
 */
export async function* openContent(path: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
  try {
    const isGzip = await beginsLikeGzip(path)
    const stream = createReadStream(path, { highWaterMark: CHUNK_BYTES })
    // `pipeline` reports to the reader of its last stream; the callback is only there to be called.
    const content = isGzip
      ? pipeline(stream, createGunzip({ chunkSize: CHUNK_BYTES }), () => undefined)
      : stream
    for await (const chunk of content) {
      signal?.throwIfAborted()
      yield chunk as Buffer
    }
  } catch (error) {
    throw unreadable(path, error)
  }
}

/** SHA-256 of the content as hexadecimal digits, the same for a file and its gzipped copy. */
export async function hashContent(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of openContent(path, signal)) hash.update(chunk)
  return hash.digest('hex')
}

async function beginsLikeGzip(path: string): Promise<boolean> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0)
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b
  } finally {
    await file.close()
  }
}

const HINTS: Readonly<Record<string, string>> = {
  ENOENT: 'There is no such file; the path is taken from the current folder.',
  EISDIR: 'It is a folder; land its files one by one.',
  EACCES: 'Its permissions do not allow reading.',
  Z_BUF_ERROR: 'It ends too early: was it copied while it was written?',
  Z_DATA_ERROR: 'It is damaged: fetch it again.',
}

function unreadable(path: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const hint = HINTS[code]
  if (hint === undefined && !/^(E[A-Z]+|Z_[A-Z_]+)$/.test(code)) return error
  const why = error instanceof Error ? error.message : code
  return new GmError('GM7003', `${path} cannot be read: ${why}`, { hint, cause: error })
}
