import { expect, test } from 'vitest'
import type { PastRun, PastStep } from '../state/history.ts'
import { describeRun } from './describe-run.ts'

const RUN: PastRun = {
  id: 'r',
  command: 'build',
  target: 'dev',
  version: '1',
  startedAt: '2026-01-01T00:00:00.000Z',
  finishedAt: '2026-01-01T00:00:01.000Z',
  status: 'success',
  steps: {},
}

function step(nodeId: string, startMs: number | null, durationMs: number): PastStep {
  return {
    runId: 'r',
    nodeId,
    action: 'build table',
    reason: '',
    status: startMs === null ? 'skipped' : 'success',
    startedAt:
      startMs === null ? null : new Date(Date.parse(RUN.startedAt) + startMs).toISOString(),
    finishedAt: RUN.startedAt,
    durationMs,
    rows: null,
    failures: null,
    message: null,
  }
}

test('steps that run at the same time take slots of their own, and a free slot is taken again', () => {
  const steps = [step('c', 120, 50), step('a', 0, 100), step('b', 10, 300)]
  const lanes = describeRun(RUN, steps, () => []).steps.map(({ id, lane }) => [id, lane])
  expect(lanes).toEqual([
    ['a', 0],
    ['b', 1],
    ['c', 0],
  ])
})

test('the critical path goes back from the step that ended last, each time to the input that ended last', () => {
  const parents: Record<string, string[]> = { d: ['b', 'c'], c: ['a'], b: ['a'] }
  const steps = [
    step('a', 0, 10),
    step('b', 10, 80),
    step('c', 10, 20),
    step('d', 90, 10),
    step('e', 0, 30),
  ]
  const page = describeRun(RUN, steps, (id) => parents[id] ?? [])
  expect(page.steps.filter(({ isCritical }) => isCritical === true).map(({ id }) => id)).toEqual([
    'a',
    'b',
    'd',
  ])
})

test('a step that never started has no place in time', () => {
  const [only] = describeRun(RUN, [step('a', null, 0)], () => []).steps
  expect(only?.startMs).toBeUndefined()
  expect(only?.isCritical).toBeUndefined()
})
