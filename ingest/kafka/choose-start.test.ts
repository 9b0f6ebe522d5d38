import { describe, expect, test } from 'vitest'
import fc from '../../runner/testing/fast-check.ts'
import type { StartFacts } from './choose-start.ts'
import { chooseStart } from './choose-start.ts'

const STOP = { start: 'earliest', onOutOfRange: 'stop', onRecreated: 'stop' } as const
const GO_ON = { start: 'earliest', onOutOfRange: 'earliest', onRecreated: 'earliest' } as const

function facts(given: Partial<StartFacts>): StartFacts {
  return {
    nextOffset: -1,
    range: { low: 10, high: 50 },
    isAddedPartition: false,
    isRecreated: false,
    offsetAtStart: undefined,
    ...given,
  }
}

describe('where a partition goes on', () => {
  test.for([
    ['earliest', {}, { at: 10 }],
    ['latest', {}, { at: 50 }],
    [{ offset: 30 }, {}, { at: 30 }],
    [{ offset: 5 }, {}, { stop: 'start_out_of_range' }],
    [{ offset: 51 }, {}, { stop: 'start_out_of_range' }],
    [{ timestampMs: 0 }, { offsetAtStart: 20 }, { at: 20 }],
    [{ timestampMs: 0 }, {}, { at: 50 }],
    // What was written to it before it was found must not be skipped.
    ['latest', { isAddedPartition: true }, { at: 10 }],
  ] as const)(
    'a partition never landed from, with the start %o and %o',
    ([start, given, choice]) => {
      expect(chooseStart(facts(given), { ...STOP, start })).toEqual(choice)
    },
  )

  test.for([
    [{ nextOffset: 10 }, { at: 10 }, { at: 10 }],
    [{ nextOffset: 50 }, { at: 50 }, { at: 50 }],
    [{ nextOffset: 9 }, { stop: 'out_of_range' }, { at: 10, gap: 'out_of_range' }],
    [{ nextOffset: 51 }, { stop: 'recreated' }, { at: 10, gap: 'recreated' }],
    [{ nextOffset: 30, isRecreated: true }, { stop: 'recreated' }, { at: 10, gap: 'recreated' }],
  ] as const)(
    'one that was landed up to %o, with the policies stop and earliest',
    ([given, stop, goOn]) => {
      expect(chooseStart(facts(given), STOP)).toEqual(stop)
      expect(chooseStart(facts(given), GO_ON)).toEqual(goOn)
    },
  )

  test('no record is jumped over without a gap that says so', () => {
    const offset = fc.integer({ min: 0, max: 100 })
    fc.assert(
      fc.property(offset, offset, offset, fc.boolean(), (nextOffset, low, length, isRecreated) => {
        const range = { low, high: low + length }
        const choice = chooseStart(facts({ nextOffset, range, isRecreated }), GO_ON)
        const at = 'at' in choice ? choice.at : -1
        expect(at).toBeGreaterThanOrEqual(low)
        expect(at).toBeLessThanOrEqual(range.high)
        if (at !== nextOffset) expect(choice).toHaveProperty('gap')
      }),
    )
  })
})
