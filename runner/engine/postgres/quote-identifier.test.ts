import { expect, test } from 'vitest'
import { quoteIdentifier, quoteRelation } from './quote-identifier.ts'

test('a quote in a name is doubled', () => {
  expect(quoteRelation({ schema: 'My "s"', identifier: 'ünï' })).toBe('"My ""s"""."ünï"')
})

test('63 bytes are taken, and one byte more is refused with both numbers', () => {
  expect(quoteIdentifier('é'.repeat(31) + 'x')).toHaveLength(34)
  expect(() => quoteIdentifier('é'.repeat(32))).toThrow(/64 bytes.*at most 63/)
})

test.for([[''], ['a\0b']])('%j is no name', ([name]) => {
  expect(() => quoteIdentifier(name ?? '')).toThrow(expect.objectContaining({ code: 'GM3009' }))
})
