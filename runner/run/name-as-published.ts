import { GmError } from '../base/error.ts'
import { attachSqlError, sqlErrorOf } from '../engine/sql-error.ts'
import type { Shadow } from '../plan/shadow.ts'

/** An error in the names that users know, where it is about relations that are built out of sight. */
export function nameAsPublished(error: unknown, shadows: readonly Shadow[]): unknown {
  if (!(error instanceof GmError)) return error
  const named = (text: string): string =>
    shadows.reduce(
      (known, { shadow, target }) => known.replaceAll(shadow.identifier, target.identifier),
      text,
    )
  const { code, message, at, calledFrom, table, hint, cause } = error
  const about = new GmError(code, named(message), {
    at,
    calledFrom,
    table: table.map(named),
    hint: hint && named(hint),
    cause,
  })
  const info = sqlErrorOf(error)
  return info === undefined ? about : attachSqlError(about, info)
}
