import { describe, expect, test } from 'vitest'
import { readEventTime } from './event-time.ts'

describe('reading the time of an event', () => {
  test.for([
    ['2010-12-01T08:26:00Z', '2010-12-01 08:26:00+00', '2010-12-01T08:26:00.000Z'],
    ['2010-12-01 08:26:00', '2010-12-01 08:26:00+00', '2010-12-01T08:26:00.000Z'],
    ['2010-12-01 08:26', '2010-12-01 08:26:00+00', '2010-12-01T08:26:00.000Z'],
    [
      '2010-12-01T08:26:00.123456+0130',
      '2010-12-01 08:26:00.123456+01:30',
      '2010-12-01T06:56:00.123Z',
    ],
    ['2024-02-29T23:59:59-05', '2024-02-29 23:59:59-05', '2024-03-01T04:59:59.000Z'],
  ] as const)('%s is %s for PostgreSQL', ([text, expected, moment]) => {
    const time = readEventTime(text)
    expect(time?.text).toBe(expected)
    expect(new Date(time?.epochMs ?? 0).toISOString()).toBe(moment)
  })

  test.for([
    '2010-12-01',
    '2023-02-29T00:00:00Z',
    '2010-13-01T00:00:00Z',
    '2010-12-01T24:00:00Z',
    '2010-12-01T00:60:00Z',
    '2010-12-01T00:00:00+16:00',
    '0000-01-01T00:00:00Z',
    '12/01/2010 08:26',
    '1291191960',
    '',
  ])('"%s" is not read', (text) => {
    expect(readEventTime(text)).toBeUndefined()
  })
})
