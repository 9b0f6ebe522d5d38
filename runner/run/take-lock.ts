import { GmError } from '../base/error.ts'
import type { Session } from '../engine/adapter.ts'

/** How a run takes its locks. */
export interface Locking {
  readonly lock: 'wait' | 'fail'
  readonly note: (message: string) => void
  readonly signal: AbortSignal
}

/**
 * Takes a session's advisory lock, and says so where it has to wait for another run.
 * @throws GmError GM4007 with `--lock fail` when another run holds it.
 */
export async function takeLock(session: Session, key: string, on: Locking): Promise<void> {
  if (await session.lock(key, false, on.signal)) return
  if (on.lock === 'fail') {
    throw new GmError('GM4007', `another run is working on ${key}`, {
      hint: 'Wait for it to end, or run with --lock wait to queue behind it.',
    })
  }
  on.note(`waiting for another run that works on ${key}`)
  await session.lock(key, true, on.signal)
}
