import { expect, test } from 'vitest'
import fc from '../testing/fast-check.ts'
import { shortenIdentifier } from './shorten-identifier.ts'

test('a name of 63 bytes stays as it is', () => {
  const name = 'a'.repeat(63)
  expect(shortenIdentifier(name)).toBe(name)
})

test('a longer name keeps its beginning and gets ten hex digits', () => {
  expect(shortenIdentifier('a'.repeat(64))).toMatch(/^a{52}_[0-9a-f]{10}$/)
})

test('two long names that differ only at the end stay different', () => {
  const stem = 'x'.repeat(80)
  expect(shortenIdentifier(`${stem}1`)).not.toBe(shortenIdentifier(`${stem}2`))
})

test('whatever the characters, the result has at most 63 bytes and splits no character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 100 }), (name) => {
      const short = shortenIdentifier(name)
      expect(Buffer.byteLength(short)).toBeLessThanOrEqual(63)
      expect(() => encodeURIComponent(short)).not.toThrow()
    }),
  )
})
