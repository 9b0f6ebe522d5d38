import type { PastRun, PastStep } from '../state/history.ts'
import type { RunPage, RunStep, RunSummary } from './site-data.ts'

export function summarizeRun(run: PastRun, hasSteps: boolean): RunSummary {
  return {
    id: run.id,
    command: run.command,
    target: run.target,
    version: run.version,
    startedAt: run.startedAt,
    ...(run.finishedAt === null
      ? {}
      : { durationMs: Date.parse(run.finishedAt) - Date.parse(run.startedAt) }),
    status: run.status,
    steps: run.steps,
    hasSteps,
  }
}

/**
 * A run as bars over time: each step in the first slot that is free when it starts, and which of them decided how long
 * the run took.
 * @param parentsOf what a node reads; only steps of this run count.
 */
export function describeRun(
  run: PastRun,
  steps: readonly PastStep[],
  parentsOf: (nodeId: string) => readonly string[],
): RunPage {
  const begin = Date.parse(run.startedAt)
  const bars = steps.map((step) => ({
    step,
    startMs: step.startedAt === null ? undefined : Date.parse(step.startedAt) - begin,
    durationMs: step.durationMs ?? 0,
  }))
  bars.sort((a, b) => (a.startMs ?? Infinity) - (b.startMs ?? Infinity))
  const freeAt: number[] = []
  const critical = criticalPath(bars, parentsOf)
  return {
    steps: bars.map(({ step, startMs, durationMs }): RunStep => {
      let lane = 0
      if (startMs !== undefined) {
        // Half a millisecond of rounding must not open another slot.
        const free = freeAt.findIndex((end) => end <= startMs + 1)
        lane = free === -1 ? freeAt.length : free
        freeAt[lane] = startMs + durationMs
      }
      return {
        id: step.nodeId,
        ...(startMs === undefined ? {} : { startMs }),
        durationMs,
        status: step.status,
        action: step.action,
        reason: step.reason,
        ...rowsOf(step),
        ...(step.message === null ? {} : { message: step.message }),
        lane,
        ...(critical.has(step.nodeId) ? { isCritical: true as const } : {}),
      }
    }),
  }
}

/** Rows that a step wrote, or that fail a test. */
export function rowsOf(step: PastStep): { readonly rows?: number } {
  const rows = step.failures ?? step.rows
  return rows === null ? {} : { rows }
}

interface Bar {
  readonly step: PastStep
  readonly startMs: number | undefined
  readonly durationMs: number
}

/** From the step that ended last back, each time to the one of its inputs that ended last. */
function criticalPath(
  bars: readonly Bar[],
  parentsOf: (nodeId: string) => readonly string[],
): ReadonlySet<string> {
  const ended = new Map<string, { readonly bar: Bar; readonly endMs: number }>()
  for (const bar of bars) {
    if (bar.startMs !== undefined)
      ended.set(bar.step.nodeId, { bar, endMs: bar.startMs + bar.durationMs })
  }
  const path = new Set<string>()
  const last = (ids: Iterable<string>): string | undefined => {
    let found: string | undefined
    for (const id of ids) {
      const end = ended.get(id)?.endMs
      if (end === undefined || path.has(id)) continue
      if (found === undefined || end > (ended.get(found)?.endMs ?? 0)) found = id
    }
    return found
  }
  for (let id = last(ended.keys()); id !== undefined; id = last(parentsOf(id))) path.add(id)
  return path
}
