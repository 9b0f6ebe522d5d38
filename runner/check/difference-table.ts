import { cutToWidth, padToWidth, widest } from '../base/fit-width.ts'
import type { DifferentRow, RowDifferences } from './unit-test-statement.ts'

const WIDEST = 40

/**
 * Rows that differ as lines of a table: `-` is expected and missing, `+` is there and not expected. Each missing row is
 * followed by the row that is most like it, so that what differs stands below each other; `≠` names those columns.
 */
export function differenceTable({ columns, rows, count }: RowDifferences): readonly string[] {
  const lines = paired(rows)
  const texts = lines.map(({ row }) => row.cells.map(cellText))
  const widths = columns.map((name, i) => widest([name, ...texts.map((cells) => cells[i] ?? '')]))
  const line = (mark: string, cells: readonly string[], rest = ''): string =>
    `${mark} ${cells.map((cell, i) => padToWidth(cell, widths[i] ?? 0)).join('  ')}${rest}`.trimEnd()
  const shown = lines.map(({ row, differing }, i) => {
    const times = Math.abs(row.surplus) === 1 ? '' : `  (${Math.abs(row.surplus)} times)`
    const names = differing.map((at) => columns[at] ?? '').join(', ')
    return line(
      row.surplus < 0 ? '-' : '+',
      texts[i] ?? [],
      `${times}${names === '' ? '' : `  ≠ ${names}`}`,
    )
  })
  const left = count - rows.length
  return [line(' ', columns), ...shown, ...(left > 0 ? [`  … and ${left} more`] : [])]
}

interface Line {
  readonly row: DifferentRow
  /** Positions of the cells that are not as in the row above. */
  readonly differing: readonly number[]
}

function paired(rows: readonly DifferentRow[]): readonly Line[] {
  const missing = rows.filter(({ surplus }) => surplus < 0)
  const left = new Set(rows.filter(({ surplus }) => surplus > 0))
  const lines: Line[] = []
  for (const row of missing) {
    lines.push({ row, differing: [] })
    const like = [...left]
      .map((other) => ({ row: other, differing: differingCells(row, other) }))
      .sort((a, b) => a.differing.length - b.differing.length)[0]
    if (like === undefined || like.differing.length === row.cells.length) continue
    left.delete(like.row)
    lines.push(like)
  }
  return [...lines, ...[...left].map((row) => ({ row, differing: [] }))]
}

function differingCells(a: DifferentRow, b: DifferentRow): readonly number[] {
  return a.cells.flatMap((cell, i) => (cell === b.cells[i] ? [] : [i]))
}

/** `null` is a null; the text of that name stands in quotes, as do empty texts. */
function cellText(cell: string | null): string {
  if (cell === null) return 'null'
  if (cell === '' || cell === 'null' || cell !== cell.trim()) return JSON.stringify(cell)
  return cutToWidth(cell.replaceAll('\n', '\\n'), WIDEST)
}
