import { callArguments } from '../parse/call-arguments.ts'
import type { Said } from '../parse/shared-scope.ts'
import { textOf } from '../parse/text-of.ts'
import type { Item } from '../template/template.ts'
import { TemplateObject } from '../template/template.ts'

/**
 * The answer of run_query() in the shape that dbt users know: `result.columns[0].values()`, `result.rows[0]['name']`,
 * `for row in result`, `result | length`. Values that are no scalars (json, arrays) come as JSON text.
 */
export function queryResult(
  answer: {
    readonly columns: readonly string[]
    readonly rows: readonly (readonly unknown[])[]
  },
  onSay?: (said: Said) => void,
): TemplateObject {
  const { columns: names } = answer
  const cells = answer.rows.map((row) => names.map((_, i) => item(row[i])))
  const rows = cells.map((row) => rowObject(names, row))
  const columns = names.map((name, i) => {
    const values = cells.map((row) => row[i] ?? null)
    return new TemplateObject('column', {
      values: { name },
      functions: { values: () => values },
      items: values,
    })
  })
  return new TemplateObject('table', {
    values: { rows, columns: columnsObject(names, columns), column_names: names },
    functions: {
      print_table: (call) => {
        const { max_rows = SHOWN } = callArguments('print_table', call, PRINTED, 0)
        const most = typeof max_rows === 'number' ? max_rows : cells.length
        const { at, calledFrom } = call
        onSay?.({ how: 'print', message: textTable(names, cells, most), at, calledFrom })
        return ''
      },
    },
    items: rows,
  })
}

/** Rows that print_table() shows unless told otherwise. */
const SHOWN = 20
const PRINTED = ['max_rows', 'max_columns', 'output', 'max_column_width']

function textTable(
  names: readonly string[],
  cells: readonly (readonly Item[])[],
  most: number,
): string {
  const shown = cells.slice(0, most).map((row) => row.map((cell) => textOf(cell ?? '')))
  if (cells.length > most) shown.push(names.map(() => '...'))
  const widths = names.map((name, i) =>
    Math.max(name.length, ...shown.map((r) => r[i]?.length ?? 0)),
  )
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`
  return [line(names), line(widths.map((width) => '-'.repeat(width))), ...shown.map(line)].join(
    '\n',
  )
}

function rowObject(names: readonly string[], cells: readonly Item[]): TemplateObject {
  const byName = Object.fromEntries(names.map((name, i) => [name, cells[i] ?? null]))
  return new TemplateObject('row', {
    values: byName,
    functions: { values: () => cells, keys: () => names, dict: () => byName },
    items: cells,
  })
}

function columnsObject(
  names: readonly string[],
  columns: readonly TemplateObject[],
): TemplateObject {
  return new TemplateObject('columns', {
    values: Object.fromEntries(names.map((name, i) => [name, columns[i]])),
    functions: { keys: () => names, values: () => columns },
    items: columns,
  })
}

function item(value: unknown): Item {
  if (value === undefined || value === null) return null
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return value
  }
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Date) return value.toISOString()
  return JSON.stringify(value)
}
