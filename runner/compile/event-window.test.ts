import { expect, test } from 'vitest'
import { withinWindow } from './event-window.ts'

const day = (n: number): Date => new Date(Date.UTC(2026, 0, n))

test('A window reads from its start on and before its end, in UTC, by the quoted column', () => {
  expect(withinWindow('"raw"."orders"', 'Ordered', { start: day(3), end: day(4) })).toBe(
    `(select * from "raw"."orders" where "Ordered" >= '2026-01-03 00:00:00+00' and "Ordered" < '2026-01-04 00:00:00+00')`,
  )
})

test('A window without bounds reads the relation itself', () => {
  expect(withinWindow('"raw"."orders"', 'at', {})).toBe('"raw"."orders"')
  expect(withinWindow('"raw"."orders"', 'at', { end: new Date('2026-01-03T04:05:06.007Z') })).toBe(
    `(select * from "raw"."orders" where "at" < '2026-01-03 04:05:06.007+00')`,
  )
})
