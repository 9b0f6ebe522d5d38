import { describe, expect, test } from 'vitest'
import { GmError, gmErrorsOf } from '../base/error.ts'
import { LsFlags, PlanFlags, parseFlags, RunFlags, ShowFlags, StateFlags } from './flags.ts'

function messageOf(schema: typeof RunFlags | typeof ShowFlags, raw: unknown): string {
  try {
    parseFlags(schema, raw)
  } catch (thrown) {
    return gmErrorsOf(thrown)?.map(String).join('\n') ?? 'not a GmError'
  }
  return 'no error'
}

describe('flags', () => {
  test('Without flags a run waits for locks, takes all nodes and logs text', () => {
    expect(parseFlags(RunFlags, {})).toMatchObject({
      lock: 'wait',
      select: [],
      fullRefresh: false,
      logFormat: 'text',
    })
  })

  test('--log-format json asks for the answer as JSON too, unless --output names another form', () => {
    for (const schema of [StateFlags, ShowFlags, LsFlags, PlanFlags]) {
      expect(parseFlags(schema, { logFormat: 'json' })).toMatchObject({ output: 'json' })
    }
    const given = { logFormat: 'json', output: 'markdown' }
    expect(parseFlags(PlanFlags, given)).toMatchObject({ output: 'markdown' })
    expect(parseFlags(RunFlags, { logFormat: 'json' })).not.toHaveProperty('output')
  })

  test.each([
    [{ threads: '0' }, 'GM1010  --threads is a whole number from 1 to 64, not "0"'],
    [{ threads: '4.5' }, 'GM1010  --threads is a whole number from 1 to 64, not "4.5"'],
    [{ lock: 'wiat' }, 'GM1010  --lock is wait or fail, not "wiat"'],
    [
      { asOf: '2011-02-30' },
      'GM1010  --as-of is a day as YYYY-MM-DD or a moment as YYYY-MM-DDTHH:MM:SSZ, not "2011-02-30"',
    ],
    [
      { asOf: 'today' },
      'GM1010  --as-of is a day as YYYY-MM-DD or a moment as YYYY-MM-DDTHH:MM:SSZ, not "today"',
    ],
    [{ vars: 'a' }, "GM1010  --vars is a YAML mapping such as '{as_of: 2011-02-28}'"],
    [
      { resourceType: ['modle'] },
      'GM1010  --resource-type is model, seed, snapshot, test, unit_test, source, analysis, exposure, all or default, not "modle"',
    ],
  ])('%j is refused with what is allowed', (raw, message) => {
    expect(messageOf(RunFlags, raw)).toBe(message)
  })

  test('--full-reload is another word for --full-refresh', () => {
    expect(parseFlags(RunFlags, { fullReload: true })).toMatchObject({ fullRefresh: true })
    expect(parseFlags(RunFlags, { fullReload: true })).not.toHaveProperty('fullReload')
  })

  test('All unusable flags are reported together', () => {
    expect(messageOf(RunFlags, { threads: 'x', lock: 'x' }).split('\n')).toHaveLength(2)
  })

  test('A limit of -1 means all rows and any other negative number is refused', () => {
    expect(parseFlags(ShowFlags, { limit: '-1' }).limit).toBe(-1)
    expect(messageOf(ShowFlags, { limit: '-2' })).toContain('--limit is a whole number, or -1')
  })

  test('Variables are YAML, so that numbers and lists keep their types', () => {
    expect(parseFlags(RunFlags, { vars: '{a: 1, b: [x], c: "1"}' }).vars).toEqual({
      a: 1,
      b: ['x'],
      c: '1',
    })
  })

  test('An unusable flag is an error of the user, not a bug', () => {
    expect(() => parseFlags(RunFlags, { lock: 'x' })).toThrow(GmError)
  })
})
