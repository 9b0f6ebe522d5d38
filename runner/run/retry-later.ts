import { setTimeout as sleep } from 'node:timers/promises'
import { GmError } from '../base/error.ts'
import { sqlErrorOf } from '../engine/sql-error.ts'

/** Attempts of one step: whether there may be another, and how many there were. */
export interface RetryLater {
  /**
   * Whether to try again after the error: waits its pause first, and says so. False for errors that would only come again, and
   * once the limit is reached. @throws AbortError when the signal aborts meanwhile.
   */
  readonly again: (error: unknown) => Promise<boolean>
  /** Does what must not happen twice: in one of the attempts, and where it fails there is no other. */
  readonly once: (name: string, work: () => Promise<void>) => Promise<void>
  readonly count: () => number
}

export interface RetryRules {
  /** How often a step may be tried again; 0 for never. */
  readonly limit: number
  readonly note: (message: string) => void
  readonly signal: AbortSignal
}

/** The first pause by what happened, in milliseconds; each further one is twice as long. */
const FIRST_PAUSE_MS = {
  deadlock: 20,
  'serialization failure': 20,
  'lost connection': 250,
} as const
const LONGEST_PAUSE_MS = 8_000

/**
 * Errors that may be gone when nothing but time has passed: a deadlock, a serialization failure, a lost connection (and a
 * server that takes none while it restarts). All else would fail in the same way, and is never tried again.
 */
export function retryLater({ limit, note, signal }: RetryRules): RetryLater {
  let count = 0
  const begun = new Set<string>()
  let isHalfDone = false
  return {
    once: async (name, work) => {
      if (begun.has(name)) return
      begun.add(name)
      isHalfDone = true
      await work()
      isHalfDone = false
    },
    again: async (error) => {
      const kind = passingError(error)
      if (kind === undefined || isHalfDone || count >= limit || signal.aborted) return false
      count += 1
      // Two that have collided must not meet again at once: the pause is a random part of its length.
      const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS[kind] * 2 ** (count - 1))
      const pauseMs = Math.round(longest * (0.5 + Math.random() / 2))
      note(`${kind}: trying again in ${pauseMs} ms (${count} of ${limit})`)
      await sleep(pauseMs, undefined, { signal })
      return true
    },
    count: () => count,
  }
}

/** What of an error may pass by itself; undefined for all that will not. */
export function passingError(error: unknown): keyof typeof FIRST_PAUSE_MS | undefined {
  if (!(error instanceof GmError)) return undefined
  if (error.code === 'GM4004' || error.code === 'GM4002') return 'lost connection'
  switch (sqlErrorOf(error)?.sqlState) {
    case '40001':
      return 'serialization failure'
    case '40P01':
      return 'deadlock'
    default:
      return undefined
  }
}
