import type { Doorbell } from './doorbell.ts'
import type { RunResult } from './event.ts'

/** What following has to tell. Runs in which nothing was new are not told of. */
export type FollowEvent =
  /** `heardAt`: when the first landing was heard of that the run has taken in; undefined where it was only time. */
  | { readonly type: 'followed'; readonly result: RunResult; readonly heardAt: Date | undefined }
  /** A run in which nodes failed, or that could not begin; it is tried again. */
  | {
      readonly type: 'follow-failed'
      readonly result: RunResult | undefined
      readonly error: Error | undefined
      readonly retryInMs: number
    }

export interface Following {
  /** Takes in all that is new, with this moment for now. */
  readonly run: (now: Date) => Promise<RunResult>
  /** Rings when something has landed. */
  readonly doorbell: Doorbell
  /** Longest time between two runs: the net for a landing that was not heard of, and the clock of what depends on now. */
  readonly tickMs: number
  readonly now: () => Date
  readonly tell: (event: FollowEvent) => void
  readonly signal: AbortSignal
}

const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 30_000
/** Where time alone changes nothing, ticks are a net for landings that were not heard of: so far apart at most. */
const LONGEST_IDLE_MS = 30_000

/**
 * Runs again and again until the signal aborts: when something has landed, and at every tick. One run after the other; what
 * lands during one is for the next, however much it is. Ticks that find nothing to do come half as often each time, down to
 * one in half a minute. A failure ends nothing: the next run comes after a pause that doubles, up to half a minute.
 */
export async function follow(following: Following): Promise<void> {
  const { run, doorbell, tickMs, now, tell, signal } = following
  let failures = 0
  let idleTicks = 0
  let heardAt: Date | undefined
  while (!signal.aborted) {
    let result: RunResult | undefined
    let error: Error | undefined
    try {
      result = await run(now())
    } catch (thrown) {
      error = thrown instanceof Error ? thrown : new Error(String(thrown))
    }
    if (isAborted(signal)) return
    if (result !== undefined && result.status !== 'failed') {
      failures = 0
      idleTicks = hasRun(result) || heardAt !== undefined ? 0 : idleTicks + 1
      if (hasRun(result)) tell({ type: 'followed', result, heardAt })
      const idleMs = Math.min(tickMs * 2 ** Math.max(0, idleTicks - 1), LONGEST_IDLE_MS)
      heardAt = await doorbell.next(Math.max(tickMs, idleMs), signal)
      continue
    }
    const retryInMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures)
    failures += 1
    tell({ type: 'follow-failed', result, error, retryInMs })
    await pause(retryInMs, signal)
    // What was heard of before the failure is still to be taken in.
    heardAt ??= await doorbell.next(0, signal)
  }
}

/** Whether anything was built; tables that only moved with the time count as well. */
function hasRun({ steps }: RunResult): boolean {
  return steps.some(({ status }) => status !== 'reused')
}

/** Asked after every wait: what was false before may be true now. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted
}

function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, durationMs)
    signal.addEventListener('abort', done)
  })
}
