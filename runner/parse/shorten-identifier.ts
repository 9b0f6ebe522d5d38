import { hash } from 'node:crypto'

/** PostgreSQL cuts longer identifiers without a word, and two long names may become one. */
const MAX_BYTES = 63
const HASH_LENGTH = 10

/**
 * An identifier of at most 63 bytes: the name itself when it fits, else its beginning, `_`, and ten hex digits of the
 * md5 of the whole, so that different names stay different.
 */
export function shortenIdentifier(name: string): string {
  if (Buffer.byteLength(name) <= MAX_BYTES) return name
  let prefix = ''
  let bytes = HASH_LENGTH + 1
  for (const character of name) {
    bytes += Buffer.byteLength(character)
    if (bytes > MAX_BYTES) break
    prefix += character
  }
  return `${prefix}_${hash('md5', name).slice(0, HASH_LENGTH)}`
}
