import type { NodeDiff } from '../../operate/diff-node.ts'
import { isDifferent } from '../../operate/diff-node.ts'
import type { DiffReport } from '../../operate/diff-project.ts'
import type { ColumnDiff, RowsDiff, SampleRow } from '../../operate/diff-tables.ts'
import { plural } from './format.ts'
import { formatValue } from './table.ts'

/** A value that is longer is cut: a sample is to be looked at, not copied. */
const VALUE_WIDTH = 40

/** `2 of 3 tables differ.` */
export function diffHeadline({ nodes }: DiffReport): string {
  if (nodes.length === 0) return 'Nothing was compared: no code has changed.'
  const differing = nodes.filter(isDifferent).length
  if (differing === 0) {
    return nodes.length === 1
      ? 'The table that was compared is the same.'
      : `All ${nodes.length} tables that were compared are the same.`
  }
  return `${differing} of ${plural(nodes.length, 'table')} ${differing === 1 ? 'differs' : 'differ'}.`
}

/** `120 rows before, 121 after: 2 added, 1 removed, 5 changed, 114 the same` */
export function countsWords(
  { rowsBefore, rowsAfter, added, removed, changed }: RowsDiff,
  { parts, key }: NodeDiff,
): string {
  const share = parts === 1 ? '' : ` (one ${key === undefined ? 'row' : 'key'} in ${parts})`
  const head = `${plural(rowsBefore, 'row')} before, ${rowsAfter} after${share}`
  if (added + removed + changed === 0) return `${head}: all the same`
  const counts = [
    `${added} added`,
    `${removed} removed`,
    ...(key === undefined ? [] : [`${changed} changed`]),
    `${rowsBefore - removed - changed} the same`,
  ]
  return `${head}: ${counts.join(', ')}`
}

/** How rows were matched. */
export function keyWords({ key }: NodeDiff): string {
  return key === undefined ? 'whole rows' : `by ${key.columns.join(', ')} (${key.from})`
}

/** Columns with other values or another sum. */
export function changedColumns({ columns }: RowsDiff): readonly ColumnDiff[] {
  return columns.filter(
    ({ changed, sum }) => changed > 0 || (sum !== undefined && sum.before !== sum.after),
  )
}

/** `5 changed, sum 10 → 12` */
export function columnWords({ changed, sum }: ColumnDiff): string {
  return [
    ...(changed > 0 ? [`${changed} changed`] : []),
    ...(sum !== undefined && sum.before !== sum.after
      ? [`sum ${sum.before ?? 'null'} → ${sum.after ?? 'null'}`]
      : []),
  ].join(', ')
}

/** `customer=ada orders=3` */
export function rowWords(row: SampleRow, columns: readonly string[]): string {
  return row.map((value, i) => `${columns[i] ?? ''}=${valueWords(value)}`).join(' ')
}

/** `customer=ada  orders 1 → 2`: the key, and what changed. */
export function changeWords(
  before: SampleRow,
  after: SampleRow,
  { columns, key }: NodeDiff,
): string {
  const keys: string[] = []
  const changes: string[] = []
  for (const [i, name] of columns.entries()) {
    const [was, is] = [before[i] ?? null, after[i] ?? null]
    if (key?.columns.includes(name) === true) keys.push(`${name}=${valueWords(is)}`)
    else if (was !== is) changes.push(`${name} ${valueWords(was)} → ${valueWords(is)}`)
  }
  if (changes.length === 0) changes.push('a value that is not shown')
  return `${keys.join(' ')}  ${changes.join(', ')}`
}

function valueWords(value: string | null): string {
  const text = formatValue(value)
  return text.length <= VALUE_WIDTH ? text : `${text.slice(0, VALUE_WIDTH - 1)}…`
}
