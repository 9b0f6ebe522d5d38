import { identifier } from '../manifest/quoted.ts'
import type { Rendered } from '../template/template.ts'
import type { Piece } from './join-rendered.ts'
import { joinRendered, sliceRendered } from './join-rendered.ts'
import { sqlTokens } from './sql-tokens.ts'

export interface Cte {
  /** Unquoted. */
  readonly name: string
  readonly sql: Rendered
}

/**
 * The statement with these CTEs in front of its own. A statement that begins with `with recursive` stays recursive.
 * Each CTE stands on lines of its own, so a comment at its end does no harm.
 */
export function prependCtes(ctes: readonly Cte[], statement: Rendered): Rendered {
  if (ctes.length === 0) return statement
  const own = ownWith(statement.text)
  const pieces: Piece[] = [own.isRecursive ? 'with recursive ' : 'with ']
  for (const [i, { name, sql }] of ctes.entries()) {
    if (i > 0) pieces.push(', ')
    pieces.push(`${identifier(name)} as (\n`, sql, '\n)')
  }
  if (own.end === undefined) return joinRendered([...pieces, '\n', statement])
  const rest = sliceRendered(statement, own.end, statement.text.length)
  return joinRendered([...pieces, ',', rest])
}

/** Where the statement's own `with` or `with recursive` ends, if it begins with one. */
function ownWith(sql: string): { end?: number; isRecursive: boolean } {
  let end: number | undefined
  for (const token of sqlTokens(sql)) {
    if (token.kind !== 'other') continue
    const word = sql.slice(token.start, token.end).toLowerCase()
    if (end === undefined) {
      if (word !== 'with') return { isRecursive: false }
      end = token.end
    } else if (word === 'recursive') return { end: token.end, isRecursive: true }
    else break
  }
  return end === undefined ? { isRecursive: false } : { end, isRecursive: false }
}
