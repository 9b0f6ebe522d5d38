import { expect, test } from 'vitest'
import { readLimit, sample } from './read-limit.ts'

const NOW = new Date('2026-03-31T12:00:00Z')
const windowOf = (text: string): readonly (string | undefined)[] => {
  const { start, end } = readLimit({ empty: false, sample: text }, NOW)?.window ?? {}
  return [start?.toISOString(), end?.toISOString()]
}

test('a sample counts back from now, to the last day of a shorter month', () => {
  expect(windowOf('3 days')).toEqual(['2026-03-28T12:00:00.000Z', '2026-03-31T12:00:00.000Z'])
  expect(windowOf('1 hour')[0]).toBe('2026-03-31T11:00:00.000Z')
  expect(windowOf('1 month')[0]).toBe('2026-02-28T12:00:00.000Z')
  expect(windowOf('2 years')[0]).toBe('2024-03-31T12:00:00.000Z')
})

test('a sample has a beginning and an end, in UTC where they name no zone', () => {
  expect(windowOf("{'start': '2026-01-01', 'end': '2026-01-02 06:00:00+02:00'}")).toEqual([
    '2026-01-01T00:00:00.000Z',
    '2026-01-02T04:00:00.000Z',
  ])
})

test.each([
  '3 weeks',
  'days',
  "{start: '2026-01-01'}",
  "{start: '2026-01-02', end: '2026-01-01'}",
  '{',
])('%s is no sample', (text) => {
  expect(sample.safeParse(text).success).toBe(false)
})
