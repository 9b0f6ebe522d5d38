import type { OracleTable, Row } from './warehouse.ts'

/** Columns that say when and by which run a row was written; no function of the events. */
const AUDIT_COLUMNS: ReadonlySet<string> = new Set(['_gm_xid', '_gm_version_xid', 'landed_at'])

/** Differences that are told of one table. */
const TOLD = 5

type Sql = (text: string) => Promise<Record<string, unknown>[]>
type TextRow = Readonly<Record<string, string | null>>

/**
 * What a table of the database and the oracle's do not have in common, row by row and in all columns
 * but the audit columns, all values as PostgreSQL prints them. Nothing where they are equal.
 */
export async function differences(sql: Sql, table: OracleTable): Promise<string[]> {
  const [schema = '', name = ''] = table.name.split('.')
  const described = await sql(
    `select column_name as name from information_schema.columns
     where table_schema = '${schema}' and table_name = '${name}'`,
  )
  const columns = described.map((column) => String(column['name']))
  const compared = columns.filter((column) => !AUDIT_COLUMNS.has(column)).sort()
  const [first] = table.rows
  if (first !== undefined) {
    const known = Object.keys(first).sort()
    if (known.join() !== compared.join()) {
      return [`${table.name} has the columns ${compared.join()}, the oracle ${known.join()}`]
    }
  }
  const texts = compared.map((column) => `"${column}"::text as "${column}"`).join(', ')
  const rows = (await sql(`select ${texts} from ${table.name}`)) as TextRow[]

  const grainOf = (row: TextRow): string => table.grain.map((column) => row[column]).join(' | ')
  const expected = new Map(table.rows.map(asText).map((row) => [grainOf(row), row]))
  if (expected.size !== table.rows.length) return [`${table.name}: the oracle breaks the grain`]
  const found: string[] = []
  for (const row of rows) {
    const grain = grainOf(row)
    const wanted = expected.get(grain)
    expected.delete(grain)
    if (wanted === undefined) found.push(`${table.name} (${grain}) is more than the oracle has`)
    else {
      const different = compared.filter((column) => row[column] !== wanted[column])
      if (different.length === 0) continue
      const told = different.map((c) => `${c} is ${String(row[c])}, not ${String(wanted[c])}`)
      found.push(`${table.name} (${grain}): ${told.join('; ')}`)
    }
  }
  for (const grain of expected.keys()) found.push(`${table.name} (${grain}) is missing`)
  if (found.length <= TOLD) return found
  return [...found.slice(0, TOLD), `${table.name}: and ${found.length - TOLD} more differences`]
}

function asText(row: Row): TextRow {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [column, value === null ? null : String(value)]),
  )
}
