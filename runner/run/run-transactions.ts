import { GmError } from '../base/error.ts'
import type { Session } from '../engine/adapter.ts'
import type { Outcome, RowCounts, Transaction } from '../engine/statement.ts'
import type { Step } from '../plan/plan.ts'
import { transactionsOf } from '../plan/plan.ts'
import { isConnectionLost } from './is-connection-lost.ts'
import type { LockRetries } from './with-lock-retries.ts'
import { withLockRetries } from './with-lock-retries.ts'

/** How long the short waits for a swap's locks may add up to. */
const LOCK_PATIENCE_MS = 600_000

/** What a step has committed so far: it stays where only the rest is planned again. */
export interface Progress {
  counts: RowCounts
  /** `built`: a table that is yet to be published. `recorded`: all that readers see. */
  reached?: 'built' | 'recorded' | undefined
}

/** The lock of the step, until it is given back. */
export interface HeldLock {
  key: string | undefined
}

interface Running extends LockRetries {
  readonly session: Session
  readonly publishWaitMs: number
}

/** Whether the new plan of a step that has come so far is for the rest of it. What was built of other code is built anew. */
export function goesOn(step: Step, next: Step, { reached }: Progress): boolean {
  if (reached === undefined || next.action !== step.action) return false
  return reached === 'recorded' || next.codes?.[0] === step.codes?.[0]
}

export function transactionsLeft(
  { transactions }: Step,
  { reached }: Progress,
): readonly Transaction[] {
  if (reached === undefined) return transactions
  return transactions.slice(transactions.findLastIndex((one) => reachedBy(one) === reached) + 1)
}

function reachedBy({ name, statements }: Transaction): Progress['reached'] {
  if (statements.some(({ purpose }) => purpose === 'record step')) return 'recorded'
  return name === 'build' ? 'built' : undefined
}

export async function runTransactions(
  transactions: readonly Transaction[],
  step: Step,
  held: HeldLock,
  on: Running,
  progress: Progress = { counts: {} },
): Promise<Outcome> {
  let last: Outcome = { counts: {}, rows: undefined }
  for (const transaction of transactions) {
    if (writtenRows(progress.counts) < (transaction.afterRowsWritten ?? 0)) continue
    if (transaction.waitForReaders === true) await waitForReaders(step, on)
    const isLast = transaction === transactions.at(-1)
    if (isHook(transaction)) {
      const name = `hook ${transactionsOf(step).filter(isHook).indexOf(transaction)}`
      await on.retry.once(name, async () => {
        await withLockRetries(transaction, on, LOCK_PATIENCE_MS)
      })
      continue
    }
    try {
      last = await withLockRetries(transaction, on, LOCK_PATIENCE_MS, isLast ? held.key : undefined)
    } catch (error) {
      if (!isOptional(transaction, progress, error)) throw error
      on.note(`its rows are committed, and not analyzed: ${error.message}`)
      continue
    }
    if (isLast) held.key = undefined
    progress.counts = { ...progress.counts, ...last.counts }
    progress.reached = reachedBy(transaction) ?? progress.reached
  }
  return { counts: progress.counts, rows: last.rows }
}

/** A step whose rows are recorded is done: figures for the server's planner are worth no error. */
function isOptional(
  { name }: Transaction,
  { reached }: Progress,
  error: unknown,
): error is GmError {
  return (
    name === 'analyze' &&
    reached === 'recorded' &&
    error instanceof GmError &&
    !isConnectionLost(error)
  )
}

/** Of the user's, in no transaction: nobody knows whether it had done its work when it failed. */
function isHook({ isolation }: Transaction): boolean {
  return isolation === 'none'
}

function writtenRows({ inserted = 0, updated = 0, deleted = 0 }: RowCounts): number {
  return inserted + updated + deleted
}

async function waitForReaders(step: Step, on: Running): Promise<void> {
  const { done, holders } = await on.session.waitForOldSnapshots(on.publishWaitMs, on.signal)
  if (done) return
  const who = holders
    .map((h) => `pid ${h.pid} (${h.applicationName || h.user}, ${Math.round(h.ageSeconds)} s)`)
    .join(', ')
  on.note(
    `published ${step.lock ?? step.id} while older transactions are open: to them it is empty. Held by ${who}`,
  )
}
