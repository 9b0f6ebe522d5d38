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

/** How many entries that nobody asked for are kept for each that somebody did. */
const PATIENCE = 3

/**
 * Lineage by the hash of all that decides it. One command asks for less than another, so what nobody asked for is kept
 * as long as it is not too much.
 */
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
      const isTooMuch = stored.size > (PATIENCE + 1) * used.size
      if (!hasNew && !isTooMuch) return
      const entries = isTooMuch ? used : new Map([...stored, ...used])
      store?.write(JSON.stringify({ format: FORMAT, entries: [...entries] }))
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
