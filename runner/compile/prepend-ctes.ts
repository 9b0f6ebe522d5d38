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
  const start = own?.start ?? 0
  // Comments before the statement stay in front.
  const pieces: Piece[] = [sliceRendered(statement, 0, start)]
  pieces.push(own?.isRecursive === true ? 'with recursive ' : 'with ')
  for (const [i, { name, sql }] of ctes.entries()) {
    if (i > 0) pieces.push(', ')
    pieces.push(`${identifier(name)} as (\n`, sql, '\n)')
  }
  const rest = sliceRendered(statement, own?.end ?? 0, statement.text.length)
  return joinRendered([...pieces, own === undefined ? '\n' : ',', rest])
}

interface OwnWith {
  readonly start: number
  /** After `with`, or after `recursive`. */
  readonly end: number
  readonly isRecursive: boolean
}

/** The statement's own `with` or `with recursive`, if it begins with one. */
function ownWith(sql: string): OwnWith | undefined {
  let own: OwnWith | undefined
  for (const token of sqlTokens(sql)) {
    if (token.kind !== 'other') continue
    const word = sql.slice(token.start, token.end).toLowerCase()
    if (own !== undefined) {
      return word === 'recursive' ? { ...own, end: token.end, isRecursive: true } : own
    }
    if (word !== 'with') return undefined
    own = { start: token.start, end: token.end, isRecursive: false }
  }
  return own
}
