import { expect, test } from 'vitest'
import { expiredLogs, logFileName } from './log-file.ts'

const now = new Date('2026-11-21T10:00:00Z')

test('A log is named by the time of the run in UTC and by its id', () => {
  expect(logFileName('4f2a-b', new Date('2026-11-21T10:16:28.123Z'))).toBe(
    'gm_20261121_101628_4f2a-b.log',
  )
})

test('Logs older than the retention go, younger ones and files of others stay', () => {
  const names = [
    'gm_20261021_100000_a1.log',
    'gm_20261022_100000_a2.log',
    'gm_20261022_095959_a3.log',
    'gm_20200101_000000_a4.log.gz',
    'gm_20200101_000000_.log',
    'dbt.log',
  ]
  expect(expiredLogs(names, now, 30)).toEqual([
    'gm_20261021_100000_a1.log',
    'gm_20261022_095959_a3.log',
  ])
})

test('Every name that a run gives its log is found again when it has expired', () => {
  const name = logFileName('0f-Z_9', new Date('2026-10-01T00:00:00Z'))
  expect(expiredLogs([name], now, 30)).toEqual([name])
})
