import { expect, test } from 'vitest'
import { GmError } from '../../base/error.ts'
import type { StepResult } from '../../run/event.ts'
import { idOf, manifestOf } from '../../testing/manifest-of.ts'
import { memoryProject } from '../../testing/memory-project.ts'
import { runResultsArtifact } from './run-results-artifact.ts'

const AT = new Date('2026-01-02T03:04:05Z')
const STEP: StepResult = {
  id: idOf('orders'),
  kind: 'model',
  name: 'public.orders',
  action: 'build table',
  status: 'success',
  index: 1,
  startedAt: AT,
  durationMs: 1500,
  counts: { inserted: 5 },
  reason: 'first build',
}

function resultsOf(...steps: StepResult[]) {
  return runResultsArtifact({
    project: memoryProject(),
    manifest: manifestOf({ orders: {} }),
    result: {
      runId: 'r1',
      command: 'run',
      startedAt: AT,
      durationMs: 2000,
      status: 'success',
      steps,
    },
    invocation: { id: 'r1', startedAt: AT, version: '1' },
    now: AT,
    args: { which: 'run', select: ['secret-word'] },
    compiledCode: new Map([[idOf('orders'), 'select 1']]),
    safe: (text) => text.replaceAll('secret-word', '***'),
  })
}

test('a step has its times in seconds, its rows and its relation', () => {
  expect(resultsOf(STEP)).toMatchObject({
    elapsed_time: 2,
    results: [
      {
        unique_id: 'model.shop.orders',
        status: 'success',
        execution_time: 1.5,
        timing: [
          { name: 'compile' },
          { name: 'execute', completed_at: '2026-01-02T03:04:06.500Z' },
        ],
        adapter_response: { rows_affected: 5, inserted: 5 },
        relation_name: '"db"."public"."orders"',
        compiled_code: 'select 1',
      },
    ],
  })
})

test.each([
  ['was cut off', 3, 'error'],
  ['never began', 0, 'skipped'],
])('a step that %s when the run was cancelled is in the words of dbt', (_what, index, status) => {
  const { results } = resultsOf({ ...STEP, status: 'cancelled', index })
  expect(results[0]?.status).toBe(status)
})

test.each([
  ['model', 'success', null],
  ['test', 'pass', 0],
] as const)(
  'a %s that is reused is in the words of dbt, and still told from one that ran',
  (kind, status, failures) => {
    const { results } = resultsOf({ ...STEP, kind, status: 'reused', counts: {} })
    expect(results[0]).toMatchObject({ status, failures, adapter_response: { _message: 'REUSED' } })
  },
)

test('messages and arguments are masked', () => {
  const error = new GmError('GM4001', 'no secret-word here')
  const { results, args } = resultsOf({ ...STEP, status: 'error', error })
  expect(results[0]?.message).toBe('no *** here')
  expect(args).toEqual({ which: 'run', select: ['***'] })
})
