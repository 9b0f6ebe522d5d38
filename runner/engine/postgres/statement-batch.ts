import { countCodePoints } from '../../base/code-points.ts'
import type { Statement } from '../statement.ts'

/** Statements that are sent as one text in one round trip. */
export interface Batch {
  readonly text: string
  readonly parts: readonly BatchPart[]
}

export interface BatchPart {
  readonly statement: Statement
  /** Where the part begins in `text`, in code points. */
  readonly offset: number
}

/** The separator begins with a line break, so that a comment at a statement's end does not swallow it. */
const SEPARATOR = '\n;\n'

/**
 * Whether a statement may share a round trip. Users' SQL goes alone, so that nothing it holds can reach into its
 * neighbours; so does what is sent in another way than as plain text.
 */
export function canShare(statement: Statement): boolean {
  return (
    statement.user === undefined &&
    statement.isUsers === undefined &&
    statement.copyFrom === undefined &&
    statement.returnsRows === undefined &&
    (statement.binds === undefined || statement.binds === 'counts')
  )
}

export function joinStatements(statements: readonly Statement[]): Batch {
  const parts: BatchPart[] = []
  let text = ''
  let offset = 0
  for (const statement of statements) {
    if (text !== '') {
      text += SEPARATOR
      offset += SEPARATOR.length
    }
    parts.push({ statement, offset })
    text += statement.sql
    offset += countCodePoints(statement.sql)
  }
  return { text, parts }
}

/**
 * The part of a batch that an error belongs to. A position decides where the server gives one (a syntax error is
 * found before anything has run); otherwise the number of commands that had completed.
 * @param position code points from 0 in the batch's text.
 */
export function failingPart(
  batch: Batch,
  position: number | undefined,
  completedCount: number,
): BatchPart | undefined {
  if (position === undefined) return batch.parts[completedCount] ?? batch.parts.at(-1)
  return batch.parts.findLast((part) => part.offset <= position)
}
