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
  const lines = compiled.get(user.node)?.lines
  const at = lines?.locate(Math.max(0, (info.offset ?? user.offset) - user.offset))
  if (at === undefined) return error
  const placed = new GmError(error.code, error.message, {
    at,
    calledFrom: error.calledFrom,
    hint: error.hint,
    cause: error.cause,
  })
  return attachSqlError(placed, info)
}
