import type { TextStore } from '../parse/text-store.ts'
import type { StatementColumns } from './statement-columns.ts'

/** Raise with every change of what is stored or of how statements are resolved. */
const FORMAT = 1

export interface OpenLineageCache {
  get(key: string): StatementColumns | undefined
  set(key: string, found: StatementColumns): void
  /** Writes what was asked for, when that differs from what was read. */
  close(): void
}

/** Lineage by the hash of all that decides it. What nobody asked for is gone after closing. */
export function openLineageCache(store: TextStore | undefined): OpenLineageCache {
  const stored = entriesOf(store?.read())
  const used = new Map<string, StatementColumns>()
  let hasNew = false
  return {
    get: (key) => {
      const found = stored.get(key)
      if (found !== undefined) used.set(key, found)
      return found
    },
    set: (key, found) => {
      used.set(key, found)
      hasNew = true
    },
    close: () => {
      if (!hasNew && used.size === stored.size) return
      store?.write(JSON.stringify({ format: FORMAT, entries: [...used] }))
    },
  }
}

function entriesOf(text: string | undefined): Map<string, StatementColumns> {
  if (text === undefined) return new Map()
  try {
    const value = JSON.parse(text) as {
      readonly format?: unknown
      readonly entries?: readonly [string, StatementColumns][]
    }
    return new Map(value.format === FORMAT ? value.entries : [])
  } catch {
    // A file that was cut short is as good as none.
    return new Map()
  }
}
