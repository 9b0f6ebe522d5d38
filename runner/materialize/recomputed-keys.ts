import { GmError } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import { didYouMean } from '../base/nearest.ts'
import type { Compiled, Recomputed } from '../compile/compiled.ts'
import { identifier } from '../manifest/quoted.ts'

/**
 * The condition on `old_row` that it has one of the keys whose rows a query gives whole; undefined where none are.
 * @throws GmError GM3009 when `recompute()` names a column that the table does not have.
 */
export function isRecomputed(
  { recomputed }: Compiled,
  columns: readonly string[],
  at: Location,
): string | undefined {
  checkColumns(recomputed, columns, at)
  if (recomputed.length === 0) return undefined
  return recomputed
    .map(({ columns: key, sql }) => `(${key.map(ofOldRow).join(', ')}) in (\n${sql}\n)`)
    .join('\n  or ')
}

/** The query of the recomputed keys, in the order of `key`, to be added by `union`; empty where none are. */
export function unionRecomputed(
  { recomputed }: Compiled,
  key: readonly string[],
  at: Location,
): string {
  checkColumns(recomputed, key, at)
  return recomputed
    .map(
      ({ columns, sql }) =>
        `\nunion\nselect ${key.map(identifier).join(', ')} from (\n${sql}\n) as recomputed (${columns.map(identifier).join(', ')})`,
    )
    .join('')
}

function ofOldRow(column: string): string {
  return `old_row.${identifier(column)}`
}

function checkColumns(
  recomputed: readonly Recomputed[],
  columns: readonly string[],
  at: Location,
): void {
  const missing = recomputed.flatMap((of) => of.columns).find((name) => !columns.includes(name))
  if (missing === undefined) return
  throw new GmError('GM3009', `recompute() names "${missing}", which is no column to delete by`, {
    at,
    hint: didYouMean(missing, columns) ?? `It can be of ${columns.join(', ')}.`,
  })
}
