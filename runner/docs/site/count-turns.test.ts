import { describe, expect, test } from 'vitest'
import { countTurns } from './count-turns.ts'

describe('countTurns', () => {
  test.each([
    [[], 0],
    [['pass', 'pass', 'pass'], 0],
    [['pass', 'fail', 'fail'], 1],
    [['pass', 'fail', 'pass', 'warn'], 3],
    [['fail', 'error', 'warn'], 0],
  ])('of the results %j there are %i turns between good and bad', (statuses, turns) => {
    expect(countTurns(statuses)).toBe(turns)
  })

  test('a run that decided nothing hides no turn and makes none', () => {
    expect(countTurns(['pass', 'skipped', 'pass'])).toBe(0)
    expect(countTurns(['pass', 'cancelled', 'fail'])).toBe(1)
  })
})
