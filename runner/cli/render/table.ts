import { cutToWidth, padLeftToWidth, padToWidth, widest } from '../../base/fit-width.ts'
import type { Rows } from '../../engine/statement.ts'
import type { Style } from './style.ts'

export interface TableContext {
  readonly style: Style
  /** Columns of the terminal: values are cut so that a row fits. Undefined: nothing is cut. */
  readonly width: number | undefined
}

/** No column is cut below this many characters, even when the table then runs over the edge. */
const NARROWEST = 12

/**
 * Rows as an aligned text table with a line of names. Numbers stand right, null is shown dim (an empty string stays
 * empty), line breaks and other control characters are escaped.
 */
export function renderTable(rows: Rows, context: TableContext): string {
  const { style } = context
  const cells = rows.rows.map((row) => rows.columns.map((column) => formatValue(row[column.name])))
  const right = rows.columns.map((column) => NUMERIC.has(column.type))
  const natural = rows.columns.map((column, i) =>
    widest([column.name, ...cells.map((row) => row[i] ?? '')]),
  )
  const widths = fitWidths(natural, context.width)
  const line = (texts: readonly string[], paint: (text: string, i: number) => string): string =>
    texts
      .map((text, i) => {
        const width = widths[i] ?? 0
        const cut = cutToWidth(text, width)
        return paint(right[i] === true ? padLeftToWidth(cut, width) : padToWidth(cut, width), i)
      })
      .join(' | ')
      .trimEnd()
  const header = line(
    rows.columns.map((column) => column.name),
    (text) => style.bold(text),
  )
  const rule = widths.map((width) => '-'.repeat(width)).join('-+-')
  const body = cells.map((row, r) =>
    line(row, (text, i) => {
      const name = rows.columns[i]?.name ?? ''
      return rows.rows[r]?.[name] === null ? style.dim(text) : text
    }),
  )
  return `${[header, style.dim(rule), ...body].join('\n')}\n`
}

/** PostgreSQL's numeric types, as type names come from the driver. */
const NUMERIC = new Set([
  'int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'oid',
  'smallint', 'integer', 'bigint', 'real', 'double precision',
]) // biome-ignore format: a list

/** Shrinks the widest columns first until the row fits. */
function fitWidths(natural: readonly number[], total: number | undefined): number[] {
  const widths = [...natural]
  if (total === undefined) return widths
  const room = total - 3 * (widths.length - 1)
  for (;;) {
    const used = widths.reduce((sum, width) => sum + width, 0)
    const widest = Math.max(...widths)
    if (used <= room || widest <= NARROWEST) return widths
    const second = Math.max(NARROWEST, ...widths.filter((width) => width < widest))
    const count = widths.filter((width) => width === widest).length
    const target = Math.max(second, widest - Math.ceil((used - room) / count))
    for (let i = 0; i < widths.length; i++) if (widths[i] === widest) widths[i] = target
  }
}

/** One value as text. */
export function formatValue(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  const text =
    typeof value === 'string'
      ? value
      : typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint'
        ? String(value)
        : value instanceof Date
          ? value.toISOString()
          : Buffer.isBuffer(value)
            ? `\\x${value.toString('hex')}`
            : JSON.stringify(value)
  return text.replace(
    CONTROL,
    (c) => ESCAPES[c] ?? `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}

// Escape sequences in data must not reach the terminal.
const CONTROL = /\p{Cc}/gu
const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }
