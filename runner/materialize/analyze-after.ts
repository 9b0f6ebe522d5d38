import type { RelationState } from '../engine/adapter.ts'
import type { Transaction } from '../engine/statement.ts'
import { quoted } from '../manifest/quoted.ts'

/** Where PostgreSQL's autovacuum would analyze too: after a tenth of the table, or this many rows of a small one. */
const SHARE = 0.1
const AT_LEAST_ROWS = 500

/**
 * Fresh statistics after a large increment. Autovacuum looks once a minute, and until then the planner takes the new rows to
 * be none: the next model joins them row by row.
 */
export function analyzeAfter(target: RelationState): Transaction {
  const name = quoted(target.relation)
  return {
    name: 'analyze',
    isolation: 'read committed',
    locks: [],
    afterRowsWritten: Math.max(AT_LEAST_ROWS, Math.ceil(SHARE * target.estimatedRows)),
    statements: [{ purpose: 'analyze', sql: `analyze ${name}` }],
  }
}
