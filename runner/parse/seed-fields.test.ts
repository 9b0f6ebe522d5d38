import { expect, test } from 'vitest'
import type { GmError } from '../base/error.ts'
import { seedFields } from './seed-fields.ts'

const typeOf = (...values: string[]) =>
  seedFields('s.csv', ['a,b', ...values.map((v) => `${v},x`)].join('\n'))[0]?.type

test.each([
  ['integer', ['1', '-5', '0', '2147483647']],
  ['bigint', ['1', '2147483648', '-9223372036854775808']],
  ['numeric', ['1', '9223372036854775808', '0.10']],
  ['boolean', ['true', 'FALSE']],
  ['date', ['2024-02-29', '2011-01-31']],
  ['timestamp', ['2024-02-29 10:00:00', '2024-02-29T10:00:00.123456']],
  ['timestamptz', ['2024-02-29 10:00:00', '2024-02-29T10:00:00.123456Z', '2024-02-29 10:00+02']],
  ['text', ['007', '8']],
  ['text', ['-0']],
  ['text', ['2023-02-29']],
  ['text', ['2024-02-29', '2024-02-29 10:00:00']],
  ['text', ['1', 'x']],
  ['text', ['', '']],
  ['integer', ['', '3']],
])('a column is %s when its values are %j', (type, values) => {
  expect(typeOf(...values)).toBe(type)
})

const problem = (text: string): GmError => {
  try {
    seedFields('seeds/s.csv', text)
  } catch (error) {
    return error as GmError
  }
  throw new Error('no error')
}

test('a broken quote is reported with its line', () => {
  const error = problem('a,b\n1,2\n3,"4"5\n')
  expect(error).toMatchObject({ code: 'GM7003', at: { file: 'seeds/s.csv', line: 3 } })
  expect(error.hint).toContain('double')
})

test('a row that is longer than the header is reported with its line', () => {
  expect(problem('a,b\n1,2\n3,4,5\n')).toMatchObject({ code: 'GM7003', at: { line: 3 } })
})

test.each(['a,a\n1,2', 'a,\n1,2', ''])(
  'a header that cannot name columns is refused: %j',
  (text) => {
    expect(problem(text)).toMatchObject({ code: 'GM7003', at: { line: 1 } })
  },
)

test('a byte order mark is no part of the first name', () => {
  expect(seedFields('s.csv', '\uFEFFid\n1')).toEqual([{ name: 'id', type: 'integer' }])
})
