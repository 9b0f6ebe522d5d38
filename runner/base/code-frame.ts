import { codePoints } from './code-points.ts'
import { hidePassword } from './hide-password.ts'
import type { Location } from './location.ts'

/**
 * The line of a place with a caret under it, and one line before, each with its number:
 *
 *     11 | select
 *     12 |   sum(amout) as amount
 *        |       ^
 *
 * Empty when the text has no such line. Tabs are kept so that the caret stays under its character. Passwords of addresses are hidden.
 */
export function codeFrame(text: string, at: Pick<Location, 'line' | 'column'>): string {
  const lines = text.split('\n')
  const line = lines[at.line - 1]
  if (line === undefined) return ''
  const width = String(at.line).length
  const rows: string[] = []
  const before = lines[at.line - 2]
  if (before !== undefined && before.trim() !== '') {
    rows.push(`${String(at.line - 1).padStart(width)} | ${hidePassword(before.trimEnd())}`)
  }
  rows.push(`${at.line} | ${hidePassword(line.trimEnd())}`)
  const lead = codePoints(
    hidePassword(
      codePoints(line)
        .slice(0, at.column - 1)
        .join(''),
    ),
  ).map((c) => (c === '\t' ? '\t' : ' '))
  rows.push(`${' '.repeat(width)} | ${lead.join('')}^`)
  return rows.join('\n')
}
