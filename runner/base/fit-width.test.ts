import stringWidth from 'string-width'
import { describe, expect, test } from 'vitest'
import fc from '../testing/fast-check.ts'
import { cutToWidth, padLeftToWidth, padToWidth, widest } from './fit-width.ts'

/** Of one column, of two, of none of its own, and of several characters that are seen as one. */
const SEEN = ['a', 'é', 'ü', '寿', 'ツ', '한', '！', '🍣', '👩‍🚀', '🇩🇪', '👍🏽', 'e\u0301']
const text = fc.array(fc.constantFrom(...SEEN), { maxLength: 30 })

describe('a text of any script', () => {
  test('is cut to at most the columns that there are, between what is seen as characters', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 0, max: 50 }), (parts, width) => {
        const cut = cutToWidth(parts.join(''), width)
        expect(stringWidth(cut)).toBeLessThanOrEqual(width)
        const kept = cut.replace(/…$/, '')
        const beginnings = parts.map((_, i) => parts.slice(0, i).join(''))
        expect([...beginnings, parts.join('')]).toContain(kept)
      }),
    )
  })

  test('takes the same columns as its neighbours once it is padded to the widest, from either side', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 5 }), (rows) => {
        const texts = rows.map((parts) => parts.join(''))
        const width = widest(texts)
        for (const one of texts) {
          expect(stringWidth(padToWidth(one, width))).toBe(width)
          expect(stringWidth(padLeftToWidth(one, width))).toBe(width)
        }
      }),
    )
  })
})

test('no texts are no columns wide', () => {
  expect(widest([])).toBe(0)
})
