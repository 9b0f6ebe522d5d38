import { GmError } from '../base/error.ts'
import type { Compiled } from '../compile/compiled.ts'
import { GuardFailed } from '../engine/adapter.ts'
import { sqlErrorOf } from '../engine/sql-error.ts'
import type { RowCounts } from '../engine/statement.ts'
import type { Node, NodeId } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import type { Batch, Step } from '../plan/plan.ts'
import { blameNode } from './blame-node.ts'
import type { BatchEnded, BatchResult } from './event.ts'
import { forgetSettings } from './forget-settings.ts'
import { isConnectionLost } from './is-connection-lost.ts'
import type { RetryLater } from './retry-later.ts'
import type { Piece, Worker } from './share.ts'
import { withLockRetries } from './with-lock-retries.ts'

/** How long the short waits of one batch for its locks may add up to. */
const LOCK_PATIENCE_MS = 600_000

/** What the batches of a step are given by it. */
interface BatchExecution extends Worker {
  readonly nodes: ReadonlyMap<NodeId, Node>
  readonly compiled: ReadonlyMap<NodeId, Compiled>
  readonly note: (message: string) => void
  readonly retry: RetryLater
  readonly batchEnded: (event: BatchEnded) => void
  readonly share: (pieces: readonly Piece<Worker>[]) => Promise<void>
  readonly signal: AbortSignal
}

/**
 * Does each batch in a transaction of its own: side by side on the sessions that have nothing else to do where the step allows
 * it, else one after the other. A batch that fails leaves the others alone.
 * @returns a result for each batch, in their order.
 * @throws GmError when the step's own connection, which holds its lock, is lost.
 */
export async function runBatches(step: Step, on: BatchExecution): Promise<readonly BatchResult[]> {
  const batches = step.batches ?? []
  const results: BatchResult[] = batches.map((batch) => notRun(batch))
  let done = 0
  const pieces = batches.map((batch, i) => async (worker: Worker): Promise<void> => {
    if (on.signal.aborted) return
    const { result, lost } = await runBatch(step, batch, worker, on)
    // The step's own session holds its lock until the end.
    if (worker.session !== on.session) await forgetSettings(worker.session, on.nodes.get(step.id))
    results[i] = result
    done += 1
    if (result.status !== 'cancelled')
      on.batchEnded({ id: step.id, index: done, total: batches.length, result })
    if (lost !== undefined) throw lost
  })
  if (step.isConcurrent === true && batches.length > 1) {
    await on.share(pieces)
  } else {
    for (const piece of pieces) await piece({ session: on.session, sent: on.sent })
  }
  return results
}

async function runBatch(
  step: Step,
  batch: Batch,
  worker: Worker,
  on: BatchExecution,
): Promise<{ readonly result: BatchResult; readonly lost?: GmError }> {
  const begin = performance.now()
  const ended = (
    status: BatchResult['status'],
    counts: RowCounts,
    error?: GmError,
  ): BatchResult => ({
    name: batch.name,
    start: batch.start,
    end: batch.end,
    status,
    counts,
    durationMs: performance.now() - begin,
    ...(error !== undefined && { error }),
  })
  let counts: RowCounts = {}
  try {
    for (const transaction of batch.transactions) {
      const outcome = await withLockRetries(transaction, { ...on, ...worker }, LOCK_PATIENCE_MS)
      counts = { ...counts, ...outcome.counts }
    }
    return { result: ended('success', counts) }
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === 'AbortError')
      return { result: ended('cancelled', {}) }
    const error = explain(thrown, step, on)
    return {
      result: ended('error', {}, error),
      ...(isConnectionLost(error) && { lost: error }),
    }
  }
}

function explain(thrown: unknown, step: Step, on: BatchExecution): GmError {
  const node = on.nodes.get(step.id)
  if (thrown instanceof GuardFailed || isGone(thrown, step)) {
    const name = step.relation === undefined ? step.id : quoted(step.relation)
    return new GmError('GM4031', `${name} was replaced while its batches ran`, {
      at: node?.at,
      hint: 'Run again: what is not done in the new table is done then.',
    })
  }
  const error = blameNode(thrown, node)
  if (error instanceof GmError) return error
  throw error
}

/** Whether a statement did not find the table that the batches are written to: it is being replaced, or was dropped. */
function isGone(thrown: unknown, { relation }: Step): boolean {
  if (relation === undefined || sqlErrorOf(thrown)?.sqlState !== '42P01') return false
  return String(thrown).includes(`"${relation.schema}.${relation.identifier}"`)
}

function notRun({ name, start, end }: Batch): BatchResult {
  return { name, start, end, status: 'cancelled', counts: {}, durationMs: 0 }
}

/** What the batches come to: their rows together, and of those that failed the first one's error. */
export function sumOfBatches(
  step: Step,
  results: readonly BatchResult[],
): {
  readonly status: 'success' | 'partial success' | 'error' | 'cancelled'
  readonly counts: RowCounts
  readonly error?: GmError
} {
  const total = (kind: 'inserted' | 'deleted'): number =>
    results.reduce((sum, { counts }) => sum + (counts[kind] ?? 0), 0)
  const counts = { inserted: total('inserted'), deleted: total('deleted') }
  const failed = results.filter(({ status }) => status === 'error')
  const [first] = failed
  if (first?.error === undefined) {
    const isWhole = results.every(({ status }) => status === 'success')
    return { status: isWhole ? 'success' : 'cancelled', counts }
  }
  const { code, message, at, calledFrom, hint, cause } = first.error
  const names = failed.slice(0, 5).map(({ name }) => name)
  const more = failed.length > names.length ? ` and ${failed.length - names.length} more` : ''
  const which =
    results.length === 1
      ? `batch ${first.name}`
      : `${failed.length} of ${results.length} batches (${names.join(', ')}${more})`
  return {
    status: failed.length < results.length ? 'partial success' : 'error',
    counts,
    error: new GmError(code, `${message} (in ${which}; the next run does them again)`, {
      at: (at ?? step.relation === undefined) ? at : undefined,
      calledFrom,
      hint,
      cause,
    }),
  }
}
