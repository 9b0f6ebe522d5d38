import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TextStore } from '../parse/text-store.ts'

/** A file in `.gm/cache`. It only saves time: what cannot be read or written is left alone. */
export function cachedText(root: string, name: string): TextStore {
  const folder = join(root, '.gm', 'cache')
  const file = join(folder, name)
  return {
    read: () => {
      try {
        return readFileSync(file, 'utf8')
      } catch {
        return undefined
      }
    },
    write: (text) => {
      try {
        mkdirSync(folder, { recursive: true })
        // Renamed into place, so that another gm never reads half of it.
        const draft = `${file}.${process.pid}`
        writeFileSync(draft, text)
        renameSync(draft, file)
      } catch {
        // A project on a read-only disk parses a little slower.
      }
    },
  }
}
