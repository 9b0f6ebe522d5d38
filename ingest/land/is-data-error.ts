import { DatabaseError } from 'pg'

/**
 * Whether the server refused what a row holds (SQLSTATE classes 22, 23 and 54) rather than the
 * statement or the connection: then the other rows can still be landed.
 */
export function isDataError(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && /^(22|23|54)/.test(error.code ?? '')
}
