import { expect, test } from 'vitest'
import type { Batching } from './batch-intervals.ts'
import { batchAfter, batchName, batchStart, dueBatches } from './batch-intervals.ts'

const at = (text: string): Date => new Date(`${text}Z`)
const span = (start: string, end: string) => ({
  start: at(`${start}T00:00:00`),
  end: at(`${end}T00:00:00`),
})

const BATCHING: Batching = {
  size: 'day',
  begin: at('2026-01-01T00:00:00'),
  lookback: 1,
  now: at('2026-01-05T13:14:15'),
  range: undefined,
  isBegun: false,
  done: [],
}

function due(given: Partial<Batching>): readonly string[] {
  const batching = { ...BATCHING, ...given }
  return dueBatches(batching).map(({ start }) => batchName(start, batching.size))
}

test('A batch begins in UTC at the full hour, day, month or year, also across a change of the clocks', () => {
  const moment = at('2026-03-29T01:59:59.999')
  const starts = (['hour', 'day', 'month', 'year'] as const).map((size) =>
    batchStart(moment, size).toISOString().slice(0, 13),
  )
  expect(starts).toEqual(['2026-03-29T01', '2026-03-29T00', '2026-03-01T00', '2026-01-01T00'])
  expect(batchAfter(at('2024-02-29T00:00:00'), 'day').toISOString()).toContain('2024-03-01')
  expect(batchAfter(at('2026-01-01T00:00:00'), 'month', -1).toISOString()).toContain('2025-12-01')
})

test('The first run does every batch from begin up to the one that now lies in', () => {
  expect(due({})).toEqual(['2026-01-01', '2026-01-02', '2026-01-03', '2026-01-04', '2026-01-05'])
  expect(due({ size: 'month', now: at('2026-03-31T23:59:59') })).toEqual([
    '2026-01',
    '2026-02',
    '2026-03',
  ])
})

test('Later runs do the newest batches again, and those that were never done', () => {
  const done = [span('2026-01-01', '2026-01-02'), span('2026-01-03', '2026-01-06')]
  expect(due({ done })).toEqual(['2026-01-02', '2026-01-04', '2026-01-05'])
  expect(due({ done, lookback: 0 })).toEqual(['2026-01-02', '2026-01-05'])
  expect(due({ done, lookback: 9 })).toHaveLength(5)
})

test('A given range does its batches and no others, whole ones, done or not, before begin as well', () => {
  const done = [span('2026-01-01', '2026-01-06')]
  const range = { start: at('2025-12-31T05:00:00'), end: at('2026-01-02T00:00:01') }
  expect(due({ done, range })).toEqual(['2025-12-31', '2026-01-01', '2026-01-02'])
  expect(due({ done, range: { ...range, end: at('2026-01-02T00:00:00') } })).toHaveLength(2)
})

test('Once begun, only what is not done is left, of a given range as well', () => {
  const done = [span('2026-01-01', '2026-01-04'), span('2026-01-05', '2026-01-06')]
  expect(due({ done, isBegun: true })).toEqual(['2026-01-04'])
  const range = { start: at('2026-01-03T00:00:00'), end: at('2026-01-05T00:00:00') }
  expect(due({ done, range, isBegun: true })).toEqual(['2026-01-04'])
  expect(due({ done, range: { ...range, end: range.start }, isBegun: true })).toEqual([])
})

test('With another batch size what is done stays done where it covers the new batches whole', () => {
  const done = [{ start: at('2026-01-01T00:00:00'), end: at('2026-01-02T12:00:00') }]
  const given = { done, lookback: 0, now: at('2026-01-03T05:00:00') }
  expect(due(given)).toEqual(['2026-01-02', '2026-01-03'])
  expect(due({ ...given, size: 'hour' })[0]).toBe('2026-01-02T12')
})
