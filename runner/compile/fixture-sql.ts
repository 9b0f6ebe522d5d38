import { GmError } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import { didYouMean } from '../base/nearest.ts'
import type { FixtureCell, FixtureRow, FixtureValue } from '../manifest/node.ts'
import { identifier, literal } from '../manifest/quoted.ts'
import { lineMap } from '../template/line-map.ts'
import type { Rendered } from '../template/template.ts'
import type { ColumnType } from './compiled.ts'
import type { Piece } from './join-rendered.ts'
import { joinRendered } from './join-rendered.ts'

/**
 * Rows of a unit test as a query with exactly these columns and types; columns that a row does not give are null. No row
 * gives a query of no row. What the database says about a value is about its place in the YAML or the fixture's file.
 * @param of whose columns these are, for messages.
 * @throws GmError GM3013 for a column that is not among them.
 */
export function fixtureSql(
  rows: readonly FixtureRow[],
  columns: readonly ColumnType[],
  of: string,
): Rendered {
  const empty = columns.map(({ name, type }) => typed('null', name, type))
  if (rows.length === 0) return joinRendered([`select ${empty.join(', ')} where false`])
  const pieces: Piece[] = []
  for (const [i, row] of rows.entries()) {
    const cells = new Map(row.cells.map((cell) => [columnOf(cell, columns, of).name, cell]))
    pieces.push(i === 0 ? 'select ' : '\nunion all\nselect ')
    for (const [c, { name, type }] of columns.entries()) {
      const cell = cells.get(name)
      const text = typed(cellLiteral(cell?.value ?? null, type), name, type)
      pieces.push(c === 0 ? '' : ', ', cell === undefined ? text : placed(text, cell.at))
    }
  }
  return joinRendered(pieces)
}

/** Text with one place for all of it. */
export function placed(text: string, at: Location): Rendered {
  return { text, lines: lineMap([{ offset: 0, at }]) }
}

/**
 * The column that a cell is of; capitals do not count where nothing else is called so, as in dbt.
 * @throws GmError GM3013
 */
export function columnOf<T extends { readonly name: string }>(
  cell: FixtureCell,
  columns: readonly T[],
  of: string,
): T {
  const lower = cell.column.toLowerCase()
  const found =
    columns.find(({ name }) => name === cell.column) ??
    columns.find(({ name }) => name.toLowerCase() === lower)
  if (found !== undefined) return found
  const names = columns.map(({ name }) => name)
  throw new GmError('GM3013', `${of} has no column "${cell.column}"`, {
    at: cell.at,
    hint: didYouMean(cell.column, names) ?? `Its columns are ${names.join(', ')}.`,
  })
}

/** The length of a varchar would cut a value in silence. */
function typed(value: string, name: string, type: string): string {
  return `cast(${value} as ${type.replace(/^character varying\(\d+\)/, 'character varying')}) as ${identifier(name)}`
}

/**
 * A value as PostgreSQL's literal: text that the type reads. Lists are arrays where the type is one, else JSON.
 * @param type undefined where it is not known; lists are arrays then.
 */
export function cellLiteral(value: FixtureValue, type?: string): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return literal(value)
  const isArray = Array.isArray(value) && (type?.endsWith('[]') ?? true)
  return literal(isArray ? arrayText(value) : JSON.stringify(value))
}

function arrayText(items: readonly unknown[]): string {
  const texts = items.map((item) => {
    if (item === null || item === undefined) return 'null'
    if (Array.isArray(item)) return arrayText(item)
    const text = typeof item === 'string' ? item : JSON.stringify(item)
    return `"${text.replace(/["\\]/g, '\\$&')}"`
  })
  return `{${texts.join(',')}}`
}
