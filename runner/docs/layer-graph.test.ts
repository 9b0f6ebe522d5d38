import { expect, test } from 'vitest'
import fc from '../testing/fast-check.ts'
import { layerGraph } from './layer-graph.ts'

/** Parents with smaller positions, so that there is no cycle. */
const dag = fc
  .integer({ min: 0, max: 40 })
  .chain((size) =>
    fc.tuple(
      ...Array.from({ length: size }, (_, i) =>
        i === 0 ? fc.constant([]) : fc.uniqueArray(fc.nat({ max: i - 1 }), { maxLength: 4 }),
      ),
    ),
  )

test('every node stands right of all it reads, and no two of a layer overlap', () => {
  fc.assert(
    fc.property(
      dag,
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 40 }),
      (parents, all) => {
        const heights = parents.map((_, i) => all[i] ?? 1)
        const { layer, row } = layerGraph(parents, heights)
        parents.forEach((own, node) => {
          for (const parent of own) expect(layer[parent]).toBeLessThan(layer[node] ?? 0)
        })
        for (let a = 0; a < parents.length; a++) {
          expect((row[a] ?? 0) - (heights[a] ?? 1) / 2).toBeGreaterThanOrEqual(-1e-6)
          for (let b = 0; b < a; b++) {
            if (layer[a] !== layer[b]) continue
            const apart = Math.abs((row[a] ?? 0) - (row[b] ?? 0))
            expect(apart).toBeGreaterThanOrEqual(((heights[a] ?? 1) + (heights[b] ?? 1)) / 2 - 1e-6)
          }
        }
      },
    ),
    { numRuns: 200 },
  )
})

test('a long edge bends once in each layer that it crosses', () => {
  const { bends } = layerGraph([[], [0], [1], [2, 0]])
  expect(bends.get(0 * 4 + 3)).toHaveLength(2)
  expect(bends.get(2 * 4 + 3)).toBeUndefined()
})

test('what nothing feeds stands next to what reads it first', () => {
  expect(layerGraph([[], [0], [1], [2, 4], []]).layer).toEqual([0, 1, 2, 3, 2])
})

test('a cycle is drawn without the edge that closes it', () => {
  const { layer, row } = layerGraph([[1], [0], [1]])
  expect([...layer].sort()).toEqual([0, 1, 2])
  expect(row.every(Number.isFinite)).toBe(true)
})

test('a chain of 20,000 nodes is laid out without recursion', () => {
  const { layer } = layerGraph(Array.from({ length: 20_000 }, (_, i) => (i === 0 ? [] : [i - 1])))
  expect(layer.at(-1)).toBe(19_999)
})
