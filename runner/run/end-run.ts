import { GmError } from '../base/error.ts'
import type { Adapter, Session } from '../engine/adapter.ts'
import type { Manifest } from '../manifest/node.ts'
import { isBuilt } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { foldRounds } from '../state/fold-rounds.ts'
import { finishRun, forgetRun } from '../state/ledger.ts'
import { asRecorded } from './as-recorded.ts'
import type { RunEvent, RunResult, StepResult } from './event.ts'
import { runHooks } from './run-hooks.ts'
import type { RunRequest } from './run-request.ts'

/** What comes after the last step: the project's hooks, the result, its record. */
export async function endRun(
  request: RunRequest,
  executed: readonly StepResult[],
  startedAt: Date,
  control: Session,
  emit: (event: RunEvent) => void,
): Promise<RunResult> {
  const { runId, command, manifest, signal, adapter } = request
  const steps = await knownResults(executed, control, request)
  const hasEnded = await endHooks(request, steps, control, emit)
  const status = hasEnded ? statusOf(steps, signal) : 'failed'
  const durationMs = Date.now() - startedAt.getTime()
  const isRound = request.isRound === true
  const isIdle = steps.every((step) => step.status === 'reused')
  const ending =
    isRound && isIdle
      ? forgetRun(runId)
      : finishRun(
          runId,
          status,
          steps.map((step) => forLedger(step, manifest)),
        )
  try {
    await overAnySession(control, adapter, async (session) => await session.query(ending))
  } catch (error) {
    if (!(error instanceof GmError)) throw error
    // The report is worth more: the next run finds this one without an end and marks it as interrupted.
    const message = `the end of this run is not recorded: ${error.message}`
    emit({ type: 'log', level: 'warn', message })
  }
  if (isRound && !isIdle && status === 'success') {
    // What is not folded now is with the next round.
    await control.query(foldRounds(runId)).catch(() => undefined)
  }
  return { runId, command, startedAt, durationMs, status, steps }
}

/** The record of a run that an error or an interruption has ended outside of any step: it does not count as running until the next one. */
export async function endBrokenRun(request: RunRequest, control: Session): Promise<void> {
  const { runId, signal, adapter } = request
  const ending = finishRun(runId, signal.aborted ? 'cancelled' : 'failed', [])
  // With the server gone the next run finds it.
  await overAnySession(control, adapter, async (session) => await session.query(ending)).catch(
    () => undefined,
  )
}

/** With the whole server gone they stay as they were seen: what it has committed stands in the ledger all the same. */
async function knownResults(
  results: readonly StepResult[],
  control: Session,
  request: RunRequest,
): Promise<readonly StepResult[]> {
  try {
    return await overAnySession(
      control,
      request.adapter,
      async (session) => await asRecorded(results, session, request),
    )
  } catch (error) {
    if (!(error instanceof GmError)) throw error
    return results
  }
}

/** Over the run's own connection, or over a new one: the run's may break while its nodes go on. */
async function overAnySession<T>(
  control: Session,
  adapter: Adapter,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  try {
    return await work(control)
  } catch (lost) {
    if (!(lost instanceof GmError)) throw lost
    const session = await adapter.open()
    return await work(session).finally(() => session.close())
  }
}

/** @returns false when one failed: what was built stays, and the run counts as failed. */
async function endHooks(
  { onRunEnd, signal }: RunRequest,
  steps: readonly StepResult[],
  session: Session,
  emit: (event: RunEvent) => void,
): Promise<boolean> {
  if (onRunEnd.length === 0 || signal.aborted) return true
  try {
    await runHooks(onRunEnd, steps, session, { emit, signal })
    return true
  } catch (error) {
    if (!(error instanceof GmError)) throw error
    emit({ type: 'log', level: 'warn', message: String(error) })
    return false
  }
}

function statusOf(steps: readonly StepResult[], signal: AbortSignal): RunResult['status'] {
  if (signal.aborted) return 'cancelled'
  if (steps.some((step) => ['error', 'fail', 'partial success'].includes(step.status)))
    return 'failed'
  // It waited for one that is known as done only now; a test that began and had nothing to test is no such step.
  if (steps.some(({ status, index }) => status === 'skipped' && index === 0)) return 'failed'
  return steps.some((step) => step.status === 'warn') ? 'warn' : 'success'
}

function forLedger(step: StepResult, manifest: Manifest): Parameters<typeof finishRun>[2][number] {
  const node = manifest.nodes.get(step.id)
  return {
    nodeId: step.id,
    relation: node !== undefined && isBuilt(node) ? quoted(node.relation) : null,
    action: step.action,
    reason: step.reason,
    status: step.status,
    startedAt: step.startedAt?.toISOString() ?? null,
    durationMs: step.durationMs,
    counts: step.counts,
    failures: step.failures ?? null,
    message: step.error instanceof GmError ? String(step.error) : null,
    retries: step.retries ?? 0,
  }
}
