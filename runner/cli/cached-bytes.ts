import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ByteStore } from '../parse/byte-store.ts'

/** A file in `.gm/cache`. It only saves time: what cannot be read or written is left alone. */
export function cachedBytes(root: string, name: string): ByteStore {
  const folder = join(root, '.gm', 'cache')
  const file = join(folder, name)
  return {
    read: () => {
      try {
        return readFileSync(file)
      } catch {
        return undefined
      }
    },
    write: (bytes) => {
      try {
        mkdirSync(folder, { recursive: true })
        // Renamed into place, so that another gm never reads half of it.
        const draft = `${file}.${process.pid}`
        writeFileSync(draft, bytes)
        renameSync(draft, file)
      } catch {
        // A project on a read-only disk parses a little slower.
      }
    },
  }
}
