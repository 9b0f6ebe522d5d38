import { GmError } from '../base/error.ts'
import type { Compiled } from '../compile/compiled.ts'
import { attachSqlError, sqlErrorOf } from '../engine/sql-error.ts'
import type { NodeId } from '../manifest/node.ts'

/**
 * Gives a database error the place in the user's file that it is about: PostgreSQL's offset in the SQL that was sent,
 * less what gm wrapped around the user's SQL, through the line map. Other errors come back as they are.
 */
export function placeError(error: unknown, compiled: ReadonlyMap<NodeId, Compiled>): unknown {
  const info = sqlErrorOf(error)
  const user = info?.statement.user
  if (
    !(error instanceof GmError) ||
    info === undefined ||
    user === undefined ||
    error.at !== undefined
  )
    return error
  // A lost connection is about no place in the SQL.
  if (info.offset === undefined && error.code !== 'GM4001') return error
  // What gm wrote in front of the user's SQL is no place of theirs.
  if (info.offset !== undefined && info.offset < user.offset) return error
  const lines = compiled.get(user.node)?.lines
  const offset = Math.max(0, (info.offset ?? user.offset) - user.offset)
  const at = lines?.locate(offset)
  if (at === undefined) return error
  const placed = new GmError(error.code, error.message, {
    at,
    calledFrom: lines?.callersOf(offset),
    hint: error.hint ?? hintFor(info.sqlState),
    cause: error.cause,
  })
  return attachSqlError(placed, info)
}

/** For what PostgreSQL has no hint. */
function hintFor(sqlState: string): string | undefined {
  switch (sqlState) {
    case '42P01':
      return "Read a model with {{ ref('…') }}, which also builds it first, and other tables with {{ source('…', '…') }}."
    case '42601':
      return 'Look at what stands just before this place: a misspelt word, or a comma or bracket that is missing or too many.'
    case '42703':
      return 'Nothing that is read here has such a column: compare its spelling with what the query selects from.'
    case '42701':
      return 'Give one of the two columns another name with "as".'
    default:
      // Classes 22 and 23 are about values; the server does not say in which expression.
      return /^2[23]/.test(sqlState)
        ? 'Some row has such a value; PostgreSQL does not say in which expression it meets it.'
        : undefined
  }
}
