import { expect, test } from 'vitest'
import type { NodeId } from '../../manifest/node.ts'
import { freshnessStatus, sourcesArtifact } from './sources-artifact.ts'

const HOUR = 3_600_000
const aged = (ageMs: number | undefined) => ({
  id: 'source.shop.raw.orders' as NodeId,
  freshness: {
    warn_after: { count: 1, period: 'hour' as const },
    error_after: { count: 1, period: 'day' as const },
  },
  maxLoadedAt: ageMs === undefined ? undefined : 100 * HOUR - ageMs,
  snapshottedAt: 100 * HOUR,
  durationMs: 5,
})

test.each([
  [0, 'pass'],
  [HOUR, 'pass'],
  [HOUR + 1, 'warn'],
  [24 * HOUR + 1, 'error'],
  [undefined, 'runtime error'],
])('a newest row %s ms old is %s', (ageMs, status) => {
  expect(freshnessStatus(aged(ageMs))).toBe(status)
})

test('sources.json has the age in seconds, and an error where there is no row', () => {
  const at = new Date(100 * HOUR)
  const { results } = sourcesArtifact(
    [aged(2 * HOUR), { ...aged(undefined), problem: 'no row' }],
    { id: 'x', startedAt: at, version: '1' },
    at,
  )
  expect(results).toMatchObject([
    { status: 'warn', max_loaded_at_time_ago_in_s: 7200, criteria: { filter: null } },
    { status: 'runtime error', error: 'no row' },
  ])
})
