import { countCodePoints } from './code-points.ts'

/** A place in a file that the user wrote. Lines and columns count from 1; columns count code points. */
export interface Location {
  /** Path relative to the project root, with forward slashes. */
  readonly file: string
  readonly line: number
  readonly column: number
}

/** `models/a.sql:12:8`, the form that editors and terminals open on a click. */
export function formatLocation(at: Location): string {
  return `${at.file}:${at.line}:${at.column}`
}

/**
 * The place of an offset in a text.
 * @param offset UTF-16 units from the start of `text`; beyond the end counts as the end.
 */
export function locationAt(text: string, offset: number, file: string): Location {
  const before = text.slice(0, Math.max(0, offset))
  const lineStart = before.lastIndexOf('\n') + 1
  let line = 1
  for (let i = before.indexOf('\n'); i !== -1; i = before.indexOf('\n', i + 1)) line += 1
  return { file, line, column: countCodePoints(before.slice(lineStart)) + 1 }
}
