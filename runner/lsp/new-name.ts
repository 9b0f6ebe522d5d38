import type { ParseSql } from '../sql/parse-sql.ts'
import { isSyntaxError } from '../sql/parse-sql.ts'

/** A name for a column, as people type it. */
export interface NewName {
  /** What the column is called. */
  readonly name: string
  /** How SQL writes it: quoted where the grammar needs it. */
  readonly sql: string
}

const MOST_BYTES = 63

/** The name that somebody has typed, or why it is none. A name in double quotes is taken as it is. */
export function newName(typed: string, parse: ParseSql): NewName | { readonly problem: string } {
  const inQuotes = /^"((?:[^"]|"")+)"$/.exec(typed)?.[1]?.replaceAll('""', '"')
  const name = inQuotes ?? typed
  if (Buffer.byteLength(name) > MOST_BYTES) {
    return { problem: `"${name}" is longer than the ${MOST_BYTES} bytes that PostgreSQL keeps` }
  }
  const quoted = `"${name.replaceAll('"', '""')}"`
  if (inQuotes === undefined) {
    if (!/^[\p{L}_][\p{L}\p{N}_$]*$/u.test(name)) {
      return { problem: `"${name}" is not an identifier; in double quotes any text is one` }
    }
    if (name !== name.toLowerCase()) {
      return {
        problem: `PostgreSQL would read ${name} as ${name.toLowerCase()}; write ${quoted} to keep the capitals`,
      }
    }
  }
  const isPlain = /^[a-z_][a-z0-9_$]*$/.test(name) && reads(name, parse)
  return { name, sql: isPlain ? name : quoted }
}

/** Whether the grammar takes a word as a column's name without quotes, wherever one stands. */
function reads(name: string, parse: ParseSql): boolean {
  const parsed = parse(`select ${name}, t.${name} as ${name} from t order by ${name}`)
  if (isSyntaxError(parsed)) return false
  const select = parsed.statements[0]?.stmt
  const [first] =
    select !== undefined && 'SelectStmt' in select ? (select.SelectStmt.targetList ?? []) : []
  const value = first !== undefined && 'ResTarget' in first ? first.ResTarget.val : undefined
  return value !== undefined && 'ColumnRef' in value
}
