import type { Position, Range } from 'vscode-languageserver'
import { codePoints } from '../base/code-points.ts'
import type { Location } from '../base/location.ts'

/** A place of ours, which counts characters from 1, as one of the editor's, which counts UTF-16 units from 0. */
export function positionOf(text: string | undefined, { line, column }: Location): Position {
  const row = text?.split('\n')[line - 1]
  if (row === undefined) return { line: line - 1, character: column - 1 }
  return {
    line: line - 1,
    character: codePoints(row)
      .slice(0, column - 1)
      .join('').length,
  }
}

/** The word that stands at a place, else one character. */
export function rangeAt(text: string | undefined, at: Location): Range {
  const start = positionOf(text, at)
  const row = text?.split('\n')[start.line] ?? ''
  const [word = ' '] = /^(?:[\w\u0080-\uffff]+|.)/u.exec(row.slice(start.character)) ?? []
  return { start, end: { line: start.line, character: start.character + word.length } }
}

/** UTF-16 units from the start of the text. */
export function offsetOf(text: string, { line, character }: Position): number {
  let start = 0
  for (let i = 0; i < line; i++) {
    const end = text.indexOf('\n', start)
    if (end === -1) return text.length
    start = end + 1
  }
  return Math.min(text.length, start + character)
}

/** The UTF-16 offset of a place of ours. */
export function offsetAt(text: string, at: Location): number {
  return offsetOf(text, positionOf(text, at))
}

/** The place of a UTF-16 offset. */
export function locationAt(file: string, text: string, offset: number): Location {
  const before = text.slice(0, offset)
  const start = before.lastIndexOf('\n') + 1
  const line = before.split('\n').length
  return { file, line, column: codePoints(before.slice(start)).length + 1 }
}

/** A stretch of UTF-16 offsets as the editor's range. */
export function rangeOf(text: string, { start, end }: { start: number; end: number }): Range {
  const position = (offset: number): Position => {
    const before = text.slice(0, offset)
    return {
      line: before.split('\n').length - 1,
      character: offset - before.lastIndexOf('\n') - 1,
    }
  }
  return { start: position(start), end: position(end) }
}
