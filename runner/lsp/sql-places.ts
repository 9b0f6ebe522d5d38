import { codePoints } from '../base/code-points.ts'
import type { Location } from '../base/location.ts'
import { sqlTokens } from '../compile/sql-tokens.ts'
import type { LineMap } from '../template/template.ts'

/** Compiled SQL with the way back to what was written. */
export interface WrittenSql {
  readonly sql: string
  readonly lines?: LineMap
}

/** A stretch of SQL; UTF-16 units. */
export interface Stretch {
  readonly start: number
  readonly end: number
}

const NAME = '(?:"(?:[^"]|"")*"|[\\w$\\u0080-\\uffff]+)'
const REFERENCE = new RegExp(`(?:${NAME}\\s*\\.\\s*)*(${NAME})`, 'y')

/** What a name in SQL means: unquoted ones are folded. */
export function readName(written: string): string {
  return written.startsWith('"')
    ? written.slice(1, -1).replaceAll('""', '"')
    : written.toLowerCase()
}

/** The last name of the reference that starts at an offset in code points, such as `b` of `a.b`. */
export function lastName(sql: string, offset: number): Stretch | undefined {
  const start = unitsTo(sql, offset)
  REFERENCE.lastIndex = start
  const found = REFERENCE.exec(sql)
  if (found === null) return undefined
  const end = start + found[0].length
  return { start: end - (found[1] ?? '').length, end }
}

/** Words that end an item of a select list, outside of any parentheses. */
const AFTER = new Set([
  ...['from', 'where', 'group', 'having', 'window', 'order', 'limit', 'offset', 'fetch', 'for'],
  ...['union', 'intersect', 'except', 'into'],
])

/** The item of a select list whose expression starts at an offset in code points, and its last token. */
export function selectItem(
  sql: string,
  offset: number,
): { readonly item: Stretch; readonly last: Stretch } {
  const from = unitsTo(sql, offset)
  let depth = 0
  let last: Stretch = { start: from, end: from }
  let before = ''
  for (const token of sqlTokens(sql.slice(from))) {
    if (token.kind !== 'other') continue
    const text = sql.slice(from + token.start, from + token.end).toLowerCase()
    if (depth === 0) {
      if (text === ',' || text === ')' || text === ']' || text === ';') break
      // As in `is distinct from` and `within group`.
      if (AFTER.has(text) && !['distinct', 'within', '.'].includes(before)) break
    }
    if (text === '(' || text === '[') depth += 1
    if (text === ')' || text === ']') depth -= 1
    before = text
    last = { start: from + token.start, end: from + token.end }
  }
  return { item: { start: from, end: last.end }, last }
}

/**
 * Where a stretch of compiled SQL is written in the file of its node; undefined where a macro or an expression of the
 * template made any of it.
 */
export function writtenAt(
  { sql, lines }: WrittenSql,
  { start, end }: Stretch,
  file: string,
): Location | undefined {
  const from = codePoints(sql.slice(0, start)).length
  const to = from + codePoints(sql.slice(start, end)).length
  const segments = lines?.segments ?? []
  const i = segments.findLastIndex(({ offset }) => offset <= from)
  const segment = segments[i]
  if (segment?.isText !== true || segment.at.file !== file) return undefined
  if ((segment.calledFrom ?? []).length > 0) return undefined
  if ((segments[i + 1]?.offset ?? Infinity) < to) return undefined
  return lines?.locate(from)
}

function unitsTo(text: string, points: number): number {
  return codePoints(text).slice(0, points).join('').length
}
