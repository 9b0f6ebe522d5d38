import type { Rows } from '../../engine/statement.ts'

const EXACT_NUMBERS = new Set(['int8', 'numeric', 'bigint'])

/**
 * Rows as a JSON array, one row a line. int8 and numeric become JSON numbers with exactly the digits that the database
 * gave, however many; NaN and Infinity, which JSON has not, stay strings.
 */
export function jsonRows(rows: Rows, indent = ''): string {
  if (rows.rows.length === 0) return '[]'
  const lines = rows.rows.map((row) => {
    const fields = rows.columns.map(
      ({ name, type }) => `${JSON.stringify(name)}: ${jsonValue(row[name], type)}`,
    )
    return `${indent}  {${fields.join(', ')}}`
  })
  return `[\n${lines.join(',\n')}\n${indent}]`
}

function jsonValue(value: unknown, type: string): string {
  if (typeof value === 'string' && EXACT_NUMBERS.has(type) && /^-?\d+(\.\d+)?$/.test(value)) {
    return value
  }
  if (typeof value === 'bigint') return String(value)
  return JSON.stringify(value ?? null)
}
