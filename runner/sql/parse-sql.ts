import type { RawStmt } from 'libpg-query'
import { byteOffsets } from './byte-offsets.ts'

/** SQL as PostgreSQL's own grammar reads it. */
export interface ParsedSql {
  readonly statements: readonly RawStmt[]
  /** A node's `location`, which counts bytes of UTF-8, as code points from 0; `LineMap.locate` takes these. */
  offsetOf(location: number): number
}

/** Why PostgreSQL's grammar refuses a text. */
export interface SqlSyntaxError {
  readonly message: string
  /** Code points from 0; `undefined` when the parser names no place. */
  readonly offset: number | undefined
}

export type ParseSql = (sql: string) => ParsedSql | SqlSyntaxError

/**
 * PostgreSQL's parser, ready to be called. Loading takes some 50 ms the first time: ask for it only where SQL is
 * really read. A text without a statement gives no statements.
 */
export async function loadSqlParser(): Promise<ParseSql> {
  const { hasSqlDetails, loadModule, parseSync } = await import('libpg-query')
  await loadModule()
  return (sql) => {
    // The library calls an empty text an error.
    if (sql.trim() === '') return { statements: [], offsetOf: () => 0 }
    try {
      const { stmts = [] } = parseSync(sql)
      return { statements: stmts, offsetOf: byteOffsets(sql) }
    } catch (error) {
      if (!hasSqlDetails(error)) throw error
      const { message, cursorPosition } = error.sqlDetails ?? {
        message: error.message,
        cursorPosition: -1,
      }
      return { message, offset: cursorPosition < 0 ? undefined : cursorPosition }
    }
  }
}

export function isSyntaxError(parsed: ParsedSql | SqlSyntaxError): parsed is SqlSyntaxError {
  return 'message' in parsed
}
