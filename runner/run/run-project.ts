import type { Session } from '../engine/adapter.ts'
import type { OpenedAhead } from '../engine/open-ahead.ts'
import { openAhead } from '../engine/open-ahead.ts'
import type { NodeId, NodeKind } from '../manifest/node.ts'
import { nameInId } from '../manifest/node.ts'
import type { MadeOfOtherCode } from '../plan/made-of-other-code.ts'
import type { PlannedNode } from '../plan/plan-run.ts'
import { deferEvents } from './defer-events.ts'
import { endBrokenRun, endRun } from './end-run.ts'
import type { RunResult } from './event.ts'
import { executePlan } from './execute-plan.ts'
import type { PlannedRun } from './plan-project.ts'
import { planOver } from './plan-project.ts'
import { beginRun, prepareRun } from './prepare-run.ts'
import { runHooks } from './run-hooks.ts'
import type { RunRequest } from './run-request.ts'

/**
 * Runs the selected nodes in dependency order and in parallel.
 * A failing node is an outcome, not an exception: it stands in the result, and what depends on it is skipped. Whatever else ends the run
 * after its record has begun ends the record as well.
 * @throws GmError when nothing could be run (database unreachable, plan refused).
 */
export async function runProject(request: RunRequest): Promise<RunResult> {
  const { adapter, signal } = request
  const startedAt = new Date()
  const control = await adapter.open(signal)
  const workers = openAhead(adapter, signal)
  try {
    await prepareRun(control, request)
    const run = await planOver(request, control)
    return await runPlanned(run, request, startedAt, { control, workers }).catch(
      async (error: unknown) => {
        await endBrokenRun(request, control)
        throw error
      },
    )
  } finally {
    await workers.close()
    await control.close()
  }
}

async function runPlanned(
  run: PlannedRun,
  request: RunRequest,
  startedAt: Date,
  sessions: { readonly control: Session; readonly workers: OpenedAhead },
): Promise<RunResult> {
  const { runId, signal } = request
  const { control } = sessions
  const { emit, flush } = deferEvents(request.emit)
  await beginRun(control, request, run)
  emit({
    type: 'run-start',
    runId,
    command: request.command,
    at: startedAt,
    stepCount: run.plan.steps.length,
    threads: request.threads,
    totals: countKinds(run.planned),
  })
  for (const message of aboutDone(run.doneBefore)) emit({ type: 'log', level: 'info', message })
  // Where the log cannot be opened, nothing has been done yet.
  flush()
  await runHooks(request.onRunStart, [], control, { emit, signal })
  const steps = await executePlan(request, run, sessions, emit)
  const result = await endRun(request, steps, startedAt, control, emit)
  emit({ type: 'run-end', result })
  flush()
  return result
}

function aboutDone({ changed, kept }: MadeOfOtherCode): readonly string[] {
  const say = (ids: readonly NodeId[], what: string): readonly string[] =>
    ids.length === 0 ? [] : [`${ids.map(nameInId).join(', ')}: done before by other code, ${what}`]
  return [
    ...say(changed, 'and so run again with what reads it'),
    ...say(kept, 'and left as it is, as its rows would be appended twice'),
  ]
}

function countKinds(planned: readonly PlannedNode[]): Partial<Record<NodeKind, number>> {
  const totals: Partial<Record<NodeKind, number>> = {}
  for (const { node } of planned) totals[node.kind] = (totals[node.kind] ?? 0) + 1
  return totals
}
