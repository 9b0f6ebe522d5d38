import { expect, test } from 'vitest'
import fc from '../../runner/testing/fast-check.ts'
import { copyText } from './copy-text.ts'
import { LinePieces, splitLines } from './line-pieces.ts'

test('lines come out of their pieces as they went in, whatever characters their fields have', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { maxLength: 20 }),
      (fields) => {
        const lines = fields.map((field) => `7\t${copyText(field)}\n`)
        const pieces = new LinePieces()
        for (const line of lines) pieces.add(line)
        // A lone surrogate becomes a replacement character, here and there.
        expect(splitLines(pieces.end()).map(String)).toEqual(
          lines.map((line) => Buffer.from(line).toString()),
        )
      },
    ),
  )
})

test('many lines are divided between lines, into pieces of moderate size', () => {
  const pieces = new LinePieces()
  for (let i = 0; i < 10_000; i++) pieces.add(`${i}\t${'x'.repeat(90)}\n`)
  const made = pieces.end()
  expect(made.length).toBeGreaterThan(10)
  expect(made.every((piece) => piece.at(-1) === 10)).toBe(true)
  expect(Math.max(...made.map((piece) => piece.length))).toBeLessThan(100_000)
  expect(splitLines(made)).toHaveLength(10_000)
})
