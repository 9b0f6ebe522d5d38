import { countCodePoints } from '../base/code-points.ts'
import { GmError } from '../base/error.ts'
import type { Rendered } from '../template/template.ts'
import { joinRendered, sliceRendered } from './join-rendered.ts'
import { sqlTokens } from './sql-tokens.ts'

/**
 * The statement without blanks around it and without the semicolons after it, so that it can stand inside another
 * one; comments stay. Empty when there is nothing but blanks, comments and semicolons.
 * @throws GmError GM3010 for a second statement, which would run beside what gm builds and outside of its plan.
 */
export function trimStatement(rendered: Rendered): Rendered {
  const { text } = rendered
  /** The end of the last thing that is neither blank, nor comment, nor semicolon. */
  let codeEnd = 0
  let semicolons: number[] = []
  for (const { kind, start, end } of sqlTokens(text)) {
    if (kind !== 'other') continue
    if (text[start] === ';') semicolons.push(start)
    else {
      const [semicolon] = semicolons
      if (semicolon !== undefined && codeEnd > 0) throw secondStatement(rendered, semicolon)
      codeEnd = end
      semicolons = []
    }
  }
  if (codeEnd === 0) return { text: '', lines: rendered.lines }
  const start = text.length - text.trimStart().length
  const end = text.trimEnd().length
  const pieces: Rendered[] = []
  let from = start
  for (const semicolon of semicolons) {
    pieces.push(sliceRendered(rendered, from, semicolon))
    from = semicolon + 1
  }
  pieces.push(sliceRendered(rendered, from, Math.max(from, end)))
  const joined = joinRendered(pieces.filter((piece) => piece.text !== ''))
  return sliceRendered(joined, 0, joined.text.trimEnd().length)
}

function secondStatement({ text, lines }: Rendered, semicolon: number): GmError {
  const offset = countCodePoints(text.slice(0, semicolon))
  return new GmError('GM3010', 'something follows the semicolon that ends the statement', {
    at: lines.locate(offset),
    calledFrom: lines.callersOf(offset),
    hint: 'A node is one query. Move the rest into a node of its own, or remove the semicolon.',
  })
}
