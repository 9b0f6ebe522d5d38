import type { TableLock } from '../statement.ts'
import { quoteIdentifier, quoteRelation } from './quote-identifier.ts'

/**
 * `lock table` statements for a transaction: none for no locks, one statement for each run of equal modes.
 *
 * All transactions take their locks in the one order of the quoted names, whatever the modes. Grouping by mode
 * first would break that order: one step that reads `a` and swaps `b`, and another that reads `b` and swaps `a`,
 * would wait for each other. A relation that is given twice is locked once, in the stronger mode, because
 * strengthening a lock that is already held is a deadlock with anybody who does the same.
 *
 * Of a view `lock table` would lock all that it reads as well, other people's tables included, for which its owner would need the
 * right to write to them. Another way to lock it is to move it to where it is.
 */
export function lockTables(locks: readonly TableLock[]): string[] {
  const strongest = new Map<string, TableLock>()
  for (const lock of locks) {
    const name = quoteRelation(lock.relation)
    if (strongest.get(name)?.mode !== 'access exclusive') strongest.set(name, lock)
  }
  const statements: string[] = []
  const run: { mode?: string; names: string[] } = { names: [] }
  const endRun = (): void => {
    if (run.names.length > 0)
      statements.push(`lock table ${run.names.join(', ')} in ${run.mode ?? ''} mode`)
    run.names = []
  }
  for (const [name, { relation, mode, isView }] of [...strongest].sort(([a], [b]) =>
    a < b ? -1 : 1,
  )) {
    if (isView === true || mode !== run.mode) endRun()
    if (isView === true) {
      statements.push(`alter view ${name} set schema ${quoteIdentifier(relation.schema)}`)
      continue
    }
    run.mode = mode
    run.names.push(name)
  }
  endRun()
  return statements
}
