import { expect, test } from 'vitest'
import { createPopularity } from './popularity.ts'

test.each([1, 2, 3, 10, 1_000, 250_000])('of %i numbers none beyond them comes up', (count) => {
  const pick = createPopularity(count, 0.8)
  const shares = Array.from({ length: 10_000 }, (_, i) => i / 10_000)
  // Shares at equal distances miss the rare ones; the ends of the range must be right.
  expect(
    shares.map(pick).every((number) => Number.isInteger(number) && number >= 0 && number < count),
  ).toBe(true)
  expect(pick(1 - 2 ** -32)).toBeLessThan(count)
})

test('no two ranks are the same number', () => {
  const count = 100
  const pick = createPopularity(count, 0)
  const numbers = Array.from({ length: count }, (_, rank) => pick((rank + 0.5) / count))
  expect(new Set(numbers).size).toBe(count)
})

test('without skew all come up alike, with it the first far more often', () => {
  const countFirst = (skew: number): number => {
    const pick = createPopularity(100, skew)
    const first = pick(0)
    return Array.from({ length: 10_000 }, (_, i) => pick(i / 10_000)).filter((n) => n === first)
      .length
  }
  expect(countFirst(0)).toBe(100)
  expect(countFirst(0.8)).toBeGreaterThan(900)
})
