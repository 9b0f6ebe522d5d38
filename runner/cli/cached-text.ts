import { Buffer } from 'node:buffer'
import type { TextStore } from '../parse/text-store.ts'
import { cachedBytes } from './cached-bytes.ts'

/** A text file in `.gm/cache`. */
export function cachedText(root: string, name: string): TextStore {
  const bytes = cachedBytes(root, name)
  return {
    read: () => {
      const found = bytes.read()
      return found && Buffer.from(found.buffer, found.byteOffset, found.length).toString('utf8')
    },
    write: (text) => {
      bytes.write(Buffer.from(text))
    },
  }
}
