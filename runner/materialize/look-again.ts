import { createHash } from 'node:crypto'
import type { Compiled } from '../compile/compiled.ts'
import type { Relation } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import type { Look } from '../state/ledger.ts'
import type { PollingContext } from './polling-changes.ts'
import { findChanges } from './polling-changes.ts'
import { isWholeTable } from './whole-table.ts'

/**
 * What a look has to write down so that the next one can leave out the rows that nobody has written since; undefined where that
 * cannot be told from the rows: of any query but all rows of a table, where rows that are gone count, and where the user's own SQL
 * runs beside it.
 * @param tables those that the query reads, which are locked.
 */
export function lookToRecord(
  context: PollingContext,
  compiled: Compiled,
  tables: readonly Relation[],
): Pick<Look, 'input' | 'code'> | undefined {
  const { node, history } = context
  const { pre_hook, post_hook, sql_header } = node.config
  const [table] = tables
  const isAlone = pre_hook === undefined && post_hook === undefined && sql_header === undefined
  if (table === undefined || !isWholeTable(table, compiled.sql)) return undefined
  if (!isAlone || history.hardDeletes !== 'ignore') return undefined
  // Another version of gm, another configuration or another type compares in other words.
  const { sql } = findChanges(context, compiled)
  return { input: quoted(table), code: createHash('sha256').update(sql).digest('hex') }
}

/** The last look, if it has compared the same rows in the same way. */
export function lookToGoOnFrom(
  now: Pick<Look, 'input' | 'code'> | undefined,
  last: Look | undefined,
): Look | undefined {
  return last !== undefined && last.input === now?.input && last.code === now.code
    ? last
    : undefined
}
