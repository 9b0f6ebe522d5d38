import { countCodePoints } from '../base/code-points.ts'
import { lineMap } from '../template/line-map.ts'
import type { LineMap, LineMapSegment, Rendered } from '../template/template.ts'

/** Text that gm adds, or part of a rendered text. */
export type Piece = string | Rendered

/** One text of several pieces, with a line map in which the places of the rendered ones are kept. */
export function joinRendered(pieces: readonly Piece[]): Rendered {
  let text = ''
  let offset = 0
  const segments: LineMapSegment[] = []
  for (const piece of pieces) {
    const own = typeof piece === 'string' ? piece : piece.text
    if (typeof piece !== 'string') {
      for (const segment of piece.lines.segments) {
        segments.push({ ...segment, offset: segment.offset + offset })
      }
    }
    text += own
    offset += countCodePoints(own)
  }
  return { text, lines: lineMap(segments) }
}

/**
 * Part of a rendered text, its places unchanged.
 * @param from first UTF-16 unit.
 * @param to the unit after the last.
 */
export function sliceRendered({ text, lines }: Rendered, from: number, to: number): Rendered {
  if (from === 0 && to === text.length) return { text, lines }
  const start = countCodePoints(text.slice(0, from))
  const end = start + countCodePoints(text.slice(from, to))
  const inside = lines.segments.filter(({ offset }) => offset > start && offset < end)
  const segments = inside.map((segment) => ({ ...segment, offset: segment.offset - start }))
  const first = firstSegment(lines, start)
  return {
    text: text.slice(from, to),
    lines: lineMap(first === undefined ? segments : [first, ...segments]),
  }
}

/** The segment that covers an offset, moved to the beginning. */
function firstSegment(lines: LineMap, offset: number): LineMapSegment | undefined {
  const at = lines.locate(offset)
  if (at === undefined) return undefined
  const covering = lines.segments.findLast((segment) => segment.offset <= offset)
  return { ...covering, offset: 0, at }
}
