import type { TableLock } from '../statement.ts'
import { quoteRelation } from './quote-identifier.ts'

/**
 * `lock table` statements for a transaction: none for no locks, one statement for each run of equal modes.
 *
 * All transactions take their locks in the one order of the quoted names, whatever the modes. Grouping by mode
 * first would break that order: one step that reads `a` and swaps `b`, and another that reads `b` and swaps `a`,
 * would wait for each other. A relation that is given twice is locked once, in the stronger mode, because
 * strengthening a lock that is already held is a deadlock with anybody who does the same.
 */
export function lockTables(locks: readonly TableLock[]): string[] {
  const modes = new Map<string, TableLock['mode']>()
  for (const { relation, mode } of locks) {
    const name = quoteRelation(relation)
    if (modes.get(name) !== 'access exclusive') modes.set(name, mode)
  }
  const runs: { mode: string; names: string[] }[] = []
  for (const [name, mode] of [...modes].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const run = runs.at(-1)
    if (run?.mode === mode) run.names.push(name)
    else runs.push({ mode, names: [name] })
  }
  return runs.map(({ mode, names }) => `lock table ${names.join(', ')} in ${mode} mode`)
}
