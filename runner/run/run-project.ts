import { openAhead } from '../engine/open-ahead.ts'
import type { NodeId, NodeKind } from '../manifest/node.ts'
import { nameInId } from '../manifest/node.ts'
import type { PlannedNode } from '../plan/plan-run.ts'
import { finishRun } from '../state/ledger.ts'
import { deferEvents } from './defer-events.ts'
import { endRun } from './end-run.ts'
import type { RunResult } from './event.ts'
import { executePlan } from './execute-plan.ts'
import { planOver } from './plan-project.ts'
import { beginRun, prepareRun } from './prepare-run.ts'
import { runHooks } from './run-hooks.ts'
import type { RunRequest } from './run-request.ts'

/**
 * Runs the selected nodes in dependency order and in parallel.
 * A failing node is an outcome, not an exception: it stands in the result, and what depends on it is skipped.
 * @throws GmError when nothing could be run (database unreachable, plan refused).
 */
export async function runProject(request: RunRequest): Promise<RunResult> {
  const { adapter, runId, signal } = request
  const { emit, flush } = deferEvents(request.emit)
  const startedAt = new Date()
  const control = await adapter.open(signal)
  const workers = openAhead(adapter, signal)
  try {
    await prepareRun(control, request)
    const run = await planOver(request, control)
    const { plan, planned } = run
    await beginRun(control, request, run)
    emit({
      type: 'run-start',
      runId,
      command: request.command,
      at: startedAt,
      stepCount: plan.steps.length,
      threads: request.threads,
      totals: countKinds(planned),
    })
    if (run.changed.length > 0) emit({ type: 'log', level: 'info', message: runAgain(run.changed) })
    // Where the log cannot be opened, nothing has been done yet.
    flush()
    await runHooks(request.onRunStart, [], control, { emit, signal }).catch(
      async (error: unknown) => {
        await control.query(finishRun(runId, 'failed', [])).catch(() => undefined)
        throw error
      },
    )
    const steps = await executePlan(request, run, { control, workers }, emit)
    const result = await endRun(request, steps, startedAt, control, emit)
    emit({ type: 'run-end', result })
    flush()
    return result
  } finally {
    await workers.close()
    await control.close()
  }
}

function runAgain(changed: readonly NodeId[]): string {
  const names = changed.map(nameInId).join(', ')
  return `${names}: done before by other code, and so run again with what reads it`
}

function countKinds(planned: readonly PlannedNode[]): Partial<Record<NodeKind, number>> {
  const totals: Partial<Record<NodeKind, number>> = {}
  for (const { node } of planned) totals[node.kind] = (totals[node.kind] ?? 0) + 1
  return totals
}
