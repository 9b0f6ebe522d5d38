import { expect, test } from 'vitest'
import { csvRows, fixtureValue } from './fixture-rows.ts'

const at = { file: 'models/schema.yml', line: 1, column: 1 }
const placeOf = (line: number) => ({ ...at, line })

test('rows of CSV are read by the header, an empty field is null, and each has its line', () => {
  const rows = csvRows('id,name\n1,"a, b"\n\n2,\n', placeOf)
  expect(rows.map((row) => [row.at.line, ...row.cells.map(({ value }) => value)])).toEqual([
    [2, '1', 'a, b'],
    [4, '2', null],
  ])
  expect(csvRows('', placeOf)).toEqual([])
})

test('a line with another number of fields is GM7003 at that line', () => {
  expect(() => csvRows('id,name\n1,2\n3\n', placeOf)).toThrow(
    expect.objectContaining({ code: 'GM7003', at: placeOf(3) }),
  )
})

test('values become the texts that the database reads, and a number that YAML has rounded is refused', () => {
  expect([1.5, true, null, 'x'].map((value) => fixtureValue(value, at))).toEqual([
    '1.5',
    'true',
    null,
    'x',
  ])
  expect(() => fixtureValue(2 ** 63, at)).toThrow(expect.objectContaining({ code: 'GM1003' }))
})
