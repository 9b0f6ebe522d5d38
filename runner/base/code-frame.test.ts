import { expect, test } from 'vitest'
import { codeFrame } from './code-frame.ts'

test('a place is shown with the line before it and a caret under its character', () => {
  expect(codeFrame('select\n\tsum(amout)', { line: 2, column: 6 })).toBe(
    '1 | select\n2 | \tsum(amout)\n  | \t    ^',
  )
})

test('a line that the text does not have gives nothing', () => {
  expect(codeFrame('select 1', { line: 3, column: 1 })).toBe('')
})

test('the password of an address is hidden in both lines, and a caret behind it stays under its character', () => {
  const text = "a: 'http://ada:s3cret@x/y'\nb: 'http://ada:s3cret@x/y' c"
  expect(codeFrame(text, { line: 2, column: 28 })).toBe(
    "1 | a: 'http://ada:***@x/y'\n2 | b: 'http://ada:***@x/y' c\n  |                         ^",
  )
})
