import { expect, test } from 'vitest'
import type { NodeId } from '../../manifest/node.ts'
import { readFreshness } from './read-freshness.ts'
import { sourcesArtifact } from './sources-artifact.ts'

test('what gm source freshness writes is read back, source by source; a file that is missing or broken says nothing', () => {
  const at = new Date('2026-01-02T03:04:05Z')
  const id = (name: string) => `source.shop.raw.${name}` as NodeId
  const freshness = { warn_after: { count: 1, period: 'hour' as const } }
  const common = { freshness, snapshottedAt: at.getTime(), durationMs: 1 }
  const artifact = sourcesArtifact(
    [
      { ...common, id: id('late'), maxLoadedAt: at.getTime() - 7_200_000 },
      { ...common, id: id('empty'), maxLoadedAt: undefined, problem: 'no row' },
    ],
    { id: 'x', startedAt: at, version: '1' },
    at,
  )
  expect(Object.fromEntries(readFreshness(JSON.stringify(artifact)))).toEqual({
    [id('late')]: {
      status: 'warn',
      newestRowAt: '2026-01-02T01:04:05.000Z',
      checkedAt: '2026-01-02T03:04:05.000Z',
    },
    [id('empty')]: { status: 'runtime error' },
  })
  for (const broken of [undefined, '', '{', '{"results": 1}', '{"results": [{}]}']) {
    expect(readFreshness(broken).size).toBe(0)
  }
})
