import type { GmError } from '../base/error.ts'
import type { SqlErrorInfo } from './adapter.ts'

// Beside the error and not in it: GmError stays one plain class, and what a log prints holds no SQL by accident.
const details = new WeakMap<Error, SqlErrorInfo>()

/** Keeps with an error what is needed to place it in the user's file. */
export function attachSqlError(error: GmError, info: SqlErrorInfo): GmError {
  details.set(error, info)
  return error
}

/** What the database said about an error that an adapter threw; undefined for errors from elsewhere. */
export function sqlErrorOf(error: unknown): SqlErrorInfo | undefined {
  return error instanceof Error ? details.get(error) : undefined
}

/** Whether a lock was not to be had within the time that the transaction gave it. */
export function isLockTimeout(error: unknown): boolean {
  return sqlErrorOf(error)?.sqlState === '55P03'
}
