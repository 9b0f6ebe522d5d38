import TinyQueue from 'tinyqueue'
import { GmError } from '../base/error.ts'
import type { Session } from '../engine/adapter.ts'
import type { RowCounts } from '../engine/statement.ts'
import type { NodeId } from '../manifest/node.ts'
import { nameInId } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import type { Plan, Step } from '../plan/plan.ts'
import type { Warehouse } from '../plan/plan-request.ts'
import { COMMITTED_BEFORE } from './as-recorded.ts'
import type { RunEvent, StepResult } from './event.ts'
import type { Executed } from './execute-step.ts'
import { isConnectionLost } from './is-connection-lost.ts'
import type { RetryLater } from './retry-later.ts'
import { retryLater } from './retry-later.ts'
import type { Piece } from './share.ts'
import { shareWork } from './share.ts'

/** A step that has never run is taken to last this long, so that unknown chains count by their length. */
const ASSUMED_MS = 100

interface Schedule {
  readonly plan: Plan
  readonly warehouse: Warehouse
  readonly threads: number
  readonly failFast: boolean
  /** How often a step is tried again after what may pass by itself. */
  readonly retries: number
  readonly signal: AbortSignal
  readonly emit: (event: RunEvent) => void
  readonly open: () => Promise<Session>
  readonly execute: (
    step: Step,
    session: Session,
    sessionNumber: number,
    around: StepSurroundings,
  ) => Promise<Executed>
  /** The rows of a step that is done though its connection broke; undefined where something of it is left. */
  readonly committed: (step: Step, session: Session) => Promise<RowCounts | undefined>
}

/** What a step is given by the run that it is part of. */
interface StepSurroundings {
  readonly retry: RetryLater
  readonly abort: AbortSignal
  /** Does parts of the step on its session and on those that have nothing else to do. */
  readonly share: (pieces: readonly Piece<NumberedSession>[]) => Promise<void>
}

/** A session of the run, which logs know by its number. */
export interface NumberedSession {
  readonly session: Session
  readonly number: number
}

/**
 * Executes the steps on `threads` connections, each step after those it needs, and of those that could run the one at
 * the head of the longest chain of work first. Results come in the order of the plan, one for each step.
 */
export async function schedule(given: Schedule): Promise<readonly StepResult[]> {
  const { plan, emit } = given
  const results = new Map<NodeId, StepResult>()
  const dependents = dependentsOf(plan)
  const urgency = urgencyOf(plan, dependents, given.warehouse)
  const waitingFor = new Map(plan.steps.map((step) => [step.id, step.needs.length]))
  const byId = new Map(plan.steps.map((step) => [step.id, step]))
  const ready = new TinyQueue<Step>(
    [],
    (a, b) => (urgency.get(b.id) ?? 0) - (urgency.get(a.id) ?? 0),
  )
  for (const step of plan.steps) if (step.needs.length === 0) ready.push(step)
  const stop = new AbortController()
  const signal = AbortSignal.any([given.signal, stop.signal])
  let started = 0
  let wake: () => void = () => undefined
  let changed = new Promise<void>((resolve) => (wake = resolve))
  signal.addEventListener('abort', () => wake(), { once: true })

  const tell = (): void => {
    wake()
    changed = new Promise<void>((resolve) => (wake = resolve))
  }
  const shared = shareWork<NumberedSession>(tell)
  const settle = (result: StepResult): void => {
    if (results.has(result.id)) return
    results.set(result.id, result)
    emit({ type: 'step-end', result })
    // A test that had nothing to test yet holds nobody back.
    const isNothingToTest = result.status === 'skipped' && result.index > 0
    const isGood = isNothingToTest || ['success', 'reused', 'pass', 'warn'].includes(result.status)
    for (const id of dependents.get(result.id) ?? []) {
      const step = byId.get(id)
      if (step === undefined) continue
      if (!isGood) {
        settle(notRun(step, 'skipped', result.because ?? result.id))
        continue
      }
      const left = (waitingFor.get(id) ?? 0) - 1
      waitingFor.set(id, left)
      if (left === 0 && !results.has(id)) ready.push(step)
    }
    if (!isGood && given.failFast && result.status !== 'skipped') stop.abort()
    tell()
  }

  const work = async (sessionNumber: number): Promise<void> => {
    let session: Session | undefined
    const own = { canHelp: true }
    const help = async (): Promise<void> => {
      try {
        session ??= await given.open()
        await shared.help({ session, number: sessionNumber })
      } catch (error) {
        // The step that the piece is of tells of it. Where no session can be had, its own must do.
        if (session === undefined) own.canHelp = false
        await session?.close().catch(() => undefined)
        session = undefined
        if (!(error instanceof GmError) && !isAbort(error)) throw error
      }
    }
    try {
      while (results.size < plan.steps.length && !signal.aborted) {
        if (own.canHelp && shared.hasWork()) {
          await help()
          continue
        }
        const step = ready.pop()
        if (step === undefined) {
          await changed
          continue
        }
        if (results.has(step.id)) continue
        const index = ++started
        if (step.action === 'reuse') {
          settle({ ...notRun(step, 'reused', undefined), index })
          continue
        }
        emit({ type: 'step-start', id: step.id, index, action: step.action, name: nameOf(step) })
        const startedAt = new Date()
        const begin = performance.now()
        const retry = retryLater({
          limit: given.retries,
          note: (message) => emit({ type: 'step-note', id: step.id, message }),
          signal,
        })
        let executed: Executed | undefined
        while (executed === undefined) {
          try {
            session ??= await given.open()
            const own = { session, number: sessionNumber }
            executed = await given.execute(step, session, sessionNumber, {
              retry,
              abort: signal,
              share: (pieces) => shared.doAll(pieces, own),
            })
          } catch (error) {
            if (isConnectionLost(error)) {
              await session?.close().catch(() => undefined)
              session = undefined
            }
            executed = await afterFailure(step, error, retry)
          }
        }
        if (executed.status === 'error' && isConnectionLost(executed.error)) {
          const look = async (): Promise<RowCounts | undefined> => {
            session ??= await given.open()
            return await given.committed(step, session)
          }
          // Where it cannot be asked now, the end of the run does.
          const counts = await look().catch(() => undefined)
          if (counts !== undefined) {
            emit({ type: 'step-note', id: step.id, message: COMMITTED_BEFORE })
            executed = { step: executed.step, status: 'success', counts }
          }
        }
        settle({
          id: step.id,
          kind: step.kind,
          name: nameOf(step),
          action: executed.step.action,
          reason: executed.step.reason,
          status: executed.status,
          index,
          startedAt,
          durationMs: performance.now() - begin,
          counts: executed.counts,
          ...(retry.count() === 0 ? {} : { retries: retry.count() }),
          ...(executed.batches === undefined ? {} : { batches: executed.batches }),
          ...(executed.failures === undefined ? {} : { failures: executed.failures }),
          ...(executed.error === undefined ? {} : { error: executed.error }),
        })
      }
    } finally {
      await session?.close().catch(() => undefined)
    }
  }

  // Batches are shared, also those of a single step.
  const pieces = plan.steps.map(({ batches, isConcurrent }) =>
    isConcurrent ? (batches?.length ?? 1) : 1,
  )
  const workers = Math.min(
    given.threads,
    pieces.reduce((sum, count) => sum + count, 0),
  )
  const finished = await Promise.allSettled(
    Array.from({ length: workers }, (_, i) =>
      work(i + 1).catch((error: unknown) => {
        stop.abort()
        throw error
      }),
    ),
  )
  for (const outcome of finished) if (outcome.status === 'rejected') throw outcome.reason
  for (const step of plan.steps) {
    if (!results.has(step.id))
      settle(notRun(step, given.signal.aborted ? 'cancelled' : 'skipped', undefined))
  }
  return plan.steps.flatMap((step) => results.get(step.id) ?? [])
}

function nameOf(step: Step): string {
  if (step.relation !== undefined) return `${step.relation.schema}.${step.relation.identifier}`
  return nameInId(step.id)
}

function notRun(
  step: Step,
  status: 'skipped' | 'cancelled' | 'reused',
  because: NodeId | undefined,
): StepResult {
  return {
    id: step.id,
    kind: step.kind,
    name: nameOf(step),
    action: step.action,
    reason: step.reason,
    status,
    index: 0,
    startedAt: undefined,
    durationMs: 0,
    counts: {},
    ...(because === undefined ? {} : { because }),
  }
}

function dependentsOf(plan: Plan): ReadonlyMap<NodeId, readonly NodeId[]> {
  const dependents = new Map<NodeId, NodeId[]>()
  for (const step of plan.steps) {
    for (const need of step.needs) {
      const list = dependents.get(need)
      if (list === undefined) dependents.set(need, [step.id])
      else list.push(step.id)
    }
  }
  return dependents
}

/** Milliseconds of the longest chain of work that begins with each step, by what the steps took the last time. */
function urgencyOf(
  plan: Plan,
  dependents: ReadonlyMap<NodeId, readonly NodeId[]>,
  warehouse: Warehouse,
): ReadonlyMap<NodeId, number> {
  const urgency = new Map<NodeId, number>()
  for (const step of [...plan.steps].reverse()) {
    const last =
      step.relation && warehouse.ledger.entries.get(quoted(step.relation))?.lastDurationMs
    let after = 0
    for (const id of dependents.get(step.id) ?? []) after = Math.max(after, urgency.get(id) ?? 0)
    urgency.set(step.id, after + (last ?? ASSUMED_MS))
  }
  return urgency
}

/** @returns undefined when the step is to be tried again: of a lost connection nothing is left but what was committed. */
async function afterFailure(
  step: Step,
  error: unknown,
  retry: RetryLater,
): Promise<Executed | undefined> {
  if (isAbort(error)) return { step, status: 'cancelled', counts: {} }
  if (!(error instanceof GmError)) throw error
  try {
    if (isConnectionLost(error) && (await retry.again(error))) return undefined
  } catch (interrupted) {
    if (!isAbort(interrupted)) throw interrupted
    return { step, status: 'cancelled', counts: {} }
  }
  return { step, status: 'error', counts: {}, error }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}
