import { withoutByteOrderMark } from './byte-order-mark.ts'
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
 * Empty when the text has no such line. The caret stays under its character behind tabs and wide characters. Passwords of addresses are hidden.
 */
export function codeFrame(text: string, at: Pick<Location, 'line' | 'column'>): string {
  const lines = withoutByteOrderMark(text).split('\n')
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
  ).map(blankLike)
  rows.push(`${' '.repeat(width)} | ${lead.join('')}^`)
  return rows.join('\n')
}

const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3001-\u303e\uff01-\uff60]/u
const WITHOUT_WIDTH = /[\p{Mn}\p{Me}\p{Cf}]/u

/** As wide as the character: a tab is a tab, and the ideographic blank is as wide as an ideograph. */
function blankLike(character: string): string {
  if (character === '\t') return '\t'
  if (character <= '~') return ' '
  if (WITHOUT_WIDTH.test(character)) return ''
  return WIDE.test(character) ? '\u3000' : ' '
}
