import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CODES } from '../../base/codes.ts'

/** Errors whose screens cannot be had without minutes of waiting or a broker: the tests that show them instead. */
const SHOWN_ELSEWHERE: Readonly<Record<string, string>> = {
  GM4011: 'runner/engine/postgres/postgres-session.pg.test.ts',
  GM7008: 'runner/testing/ingest-command.kafka.test.ts',
  GM7009: 'ingest/kafka/policies.kafka.test.ts',
  GM7010: 'ingest/kafka/policies.kafka.test.ts',
}

/** Needs a transaction that stays open for longer than publish_wait_seconds; its screen holds a process and an age. */
const NOT_SHOWN: readonly string[] = ['GM4016']

const SCREENS = join(import.meta.dirname, 'screens')
const screens = readdirSync(SCREENS).map((name) => ({
  name,
  text: readFileSync(join(SCREENS, name), 'utf8'),
}))

describe('the screens of all errors', () => {
  test('show every code, but for those that another test shows', () => {
    const shown = new Set(screens.flatMap(({ text }) => text.match(/\bGM\d{4}\b/g) ?? []))
    const missing = Object.keys(CODES).filter((code) => !shown.has(code))
    expect(missing).toEqual([...Object.keys(SHOWN_ELSEWHERE), ...NOT_SHOWN].sort())
  })

  test('those other tests are there and name the code', () => {
    for (const [code, file] of Object.entries(SHOWN_ELSEWHERE)) {
      const text = readFileSync(join(import.meta.dirname, '../../..', file), 'utf8')
      expect(text, file).toContain(code)
    }
  })

  test('are at least sixty, and none shows a stack trace or calls a mistake a bug of gm', () => {
    expect(screens.length).toBeGreaterThanOrEqual(60)
    const withTrace = screens.filter(({ text }) => /\n\s+at .*:\d+:\d+\)?|bug in gm/.test(text))
    expect(withTrace.map(({ name }) => name)).toEqual([])
  })
})
