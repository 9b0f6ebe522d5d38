import stringWidth from 'string-width'
import { expect, test } from 'vitest'
import { differenceTable } from './difference-table.ts'

const columns = ['id', 'name']

test('a missing row is followed by the row that is most like it, and the columns in which they differ are named', () => {
  const rows = [
    { surplus: 1, cells: ['1', 'Bo'] },
    { surplus: 1, cells: ['2', 'Cy'] },
    { surplus: -1, cells: ['2', 'Cyd'] },
  ]
  expect(differenceTable({ columns, rows, count: 3 })).toEqual([
    '  id  name',
    '- 2   Cyd',
    '+ 2   Cy    ≠ name',
    '+ 1   Bo',
  ])
})

test('rows that have nothing in common stand for themselves, with how often each is missing or too many', () => {
  const rows = [
    { surplus: -2, cells: ['1', null] },
    { surplus: 3, cells: ['2', ''] },
  ]
  expect(differenceTable({ columns, rows, count: 7 })).toEqual([
    '  id  name',
    '- 1   null  (2 times)',
    '+ 2   ""    (3 times)',
    '  … and 5 more',
  ])
})

test('a text that looks like a null is told from one, and a long one is cut', () => {
  const rows = [{ surplus: 1, cells: ['null', 'x'.repeat(60)] }]
  expect(differenceTable({ columns, rows, count: 1 })[1]).toBe(`+ "null"  ${'x'.repeat(39)}…`)
})

test('cells of wide characters stand below each other all the same', () => {
  const rows = [
    { surplus: -1, cells: ['寿司', 'a'] },
    { surplus: 1, cells: ['🍣', 'b'] },
  ]
  const [header = '', ...lines] = differenceTable({ columns, rows, count: 2 })
  const name = stringWidth(header.slice(0, header.indexOf('name')))
  expect(lines.map((line) => stringWidth(line.replace(/[ab]$/, '')))).toEqual([name, name])
})
