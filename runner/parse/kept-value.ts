import { deserialize, serialize } from 'node:v8'
import type { ByteStore } from './byte-store.ts'

/**
 * The value that was last written, where it was written under the same key; otherwise undefined. V8's own format: it keeps
 * maps and what values share, and is read faster than JSON.
 * @param key a line of text: all that the value depends on.
 */
export function readKept(store: ByteStore, key: string): unknown {
  const bytes = store.read()
  const line = Buffer.from(`${key}\n`)
  if (bytes === undefined || !line.equals(bytes.subarray(0, line.length))) return undefined
  try {
    return deserialize(bytes.subarray(line.length))
  } catch {
    // Cut short by a crash, or of another Node.
    return undefined
  }
}

/** Writes a value under a key, in place of what was there. What is no plain data is not kept. */
export function writeKept(store: ByteStore, key: string, value: unknown): void {
  let bytes: Uint8Array
  try {
    bytes = serialize(value)
  } catch {
    return
  }
  store.write(Buffer.concat([Buffer.from(`${key}\n`), bytes]))
}
