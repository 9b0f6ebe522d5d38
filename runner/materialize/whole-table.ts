import type { Relation } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'

/** Whether a query is no more than all rows of a table, so that more can be asked of them behind it. */
export function isWholeTable(table: Relation, sql: string): boolean {
  return sql.replace(/^\s*select\s+\*\s+from\s+/i, '').trim() === quoted(table)
}
