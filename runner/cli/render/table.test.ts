import stringWidth from 'string-width'
import { describe, expect, test } from 'vitest'
import { jsonRows } from './json-rows.ts'
import { styleFor } from './style.ts'
import { renderTable } from './table.ts'

const plain = { style: styleFor(false), width: 60 }

const rows = {
  columns: [
    { name: 'product', type: 'text' },
    { name: 'units', type: 'int8' },
    { name: 'note', type: 'jsonb' },
  ],
  rows: [
    { product: '寿司セット', units: '12', note: { a: 1 } },
    { product: '', units: null, note: null },
    { product: 'two\nlines \u001b[31mred', units: '-7', note: [1, 2] },
  ],
}

describe('table', () => {
  test('Wide characters, nulls, empty strings and line breaks keep the columns straight', () => {
    expect(`\n${renderTable(rows, plain)}`).toMatchInlineSnapshot(`
      "
      product                | units | note
      -----------------------+-------+--------
      寿司セット             |    12 | {"a":1}
                             |  null | null
      two\\nlines \\x1b[31mred |    -7 | [1,2]
      "
    `)
  })

  test('No rows still show the names of the columns', () => {
    expect(renderTable({ ...rows, rows: [] }, plain)).toBe(
      'product | units | note\n--------+-------+-----\n',
    )
  })

  test('No columns at all, as of `select`, give an empty table', () => {
    expect(renderTable({ columns: [], rows: [{}] }, plain)).toBe('\n\n\n')
  })

  test('The widest columns are cut first so that a row fits the terminal', () => {
    const wide = {
      columns: [
        { name: 'id', type: 'text' },
        { name: 'a', type: 'text' },
        { name: 'b', type: 'text' },
      ],
      rows: [{ id: '0123456789', a: 'x'.repeat(80), b: 'y'.repeat(30) }],
    }
    const lines = renderTable(wide, plain).split('\n')
    expect(lines[2]).toMatchInlineSnapshot(
      `"0123456789 | xxxxxxxxxxxxxxxxxxxxx… | yyyyyyyyyyyyyyyyyyyyy…"`,
    )
    expect(lines[2]?.length).toBeLessThanOrEqual(60)
  })

  test.each([40, 80, 200])(
    'On %i columns every row ends its columns where the others do, in any script',
    (width) => {
      const columns = ['név', '商品名', 'dish 🍣', 'amount'].map((name) => ({ name, type: 'text' }))
      const values = [
        '寿司セット'.repeat(9),
        '👩‍🚀'.repeat(20),
        '한국어 메뉴',
        'plain',
        'e\u0301té'.repeat(7),
        '🇩🇪🇫🇷',
      ]
      const table = values.map((_, r) =>
        Object.fromEntries(columns.map(({ name }, c) => [name, values[(r + c) % values.length]])),
      )
      const lines = renderTable({ columns, rows: table }, { ...plain, width })
        .trimEnd()
        .split('\n')
      const ends = lines.map((line) =>
        line
          .split(/ \| |-\+-/)
          .slice(0, -1)
          .map((cell) => stringWidth(cell)),
      )
      expect(new Set(ends.map((widths) => JSON.stringify(widths))).size).toBe(1)
      // Four columns are not made narrower than they can be read.
      const narrowest = 4 * 12 + 3 * 3
      for (const line of lines)
        expect(stringWidth(line)).toBeLessThanOrEqual(Math.max(width, narrowest))
    },
  )

  test('Without a width, as in a file, nothing is cut', () => {
    const long = { columns: [{ name: 'a', type: 'text' }], rows: [{ a: 'x'.repeat(500) }] }
    expect(renderTable(long, { ...plain, width: undefined })).toContain('x'.repeat(500))
  })
})

describe('json', () => {
  test('A number keeps every digit that the database gave, and NaN stays a string', () => {
    const exact = {
      columns: [
        { name: 'big', type: 'int8' },
        { name: 'amount', type: 'numeric' },
        { name: 'code', type: 'text' },
      ],
      rows: [
        { big: '9007199254740993', amount: '12.50', code: '007' },
        { big: null, amount: 'NaN', code: null },
      ],
    }
    expect(jsonRows(exact)).toBe(
      [
        '[',
        '  {"big": 9007199254740993, "amount": 12.50, "code": "007"},',
        '  {"big": null, "amount": "NaN", "code": null}',
        ']',
      ].join('\n'),
    )
  })

  test('No rows are an empty array', () => {
    expect(jsonRows({ columns: [], rows: [] })).toBe('[]')
  })
})
