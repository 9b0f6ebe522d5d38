import stringWidth from 'string-width'
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

test.each([
  ["select '寿司' as 名前, amout", 'ideographs'],
  ["select '🍣' as dish, amout", 'an emoji of one character'],
  ["select 'e\u0301' as accent, amout", 'an accent of its own'],
  ["select 'ｗｉｄｅ', '한국', amout", 'wide letters and Hangul'],
])('the caret stands under its character behind %s (%s)', (line) => {
  const column = Array.from(line.slice(0, line.indexOf('amout'))).length + 1
  const [shown = '', caret = ''] = codeFrame(line, { line: 1, column }).split('\n')
  expect(stringWidth(caret.slice(0, caret.indexOf('^')))).toBe(
    stringWidth(shown.slice(0, shown.indexOf('amout'))),
  )
})

test('lines that end with CR and LF are shown without the CR, at the same place', () => {
  const unix = codeFrame('select 1,\n  amout\nfrom x', { line: 2, column: 3 })
  expect(codeFrame('select 1,\r\n  amout\r\nfrom x', { line: 2, column: 3 })).toBe(unix)
})
