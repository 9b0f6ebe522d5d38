import { offsetAt } from './places.ts'
import type { WrittenSql } from './sql-places.ts'
import type { TextChange } from './yaml-names.ts'
import { COLUMN_KEYS, wordOf } from './yaml-names.ts'

/** What a rename changes in a template outside of its SQL, and places of which nobody can say what they mean. */
export interface TemplateChanges {
  readonly changes: readonly TextChange[]
  readonly unclear: readonly { readonly offset: number; readonly message: string }[]
}

const TAG = /\{\{[^]*?\}\}|\{%[^]*?%\}|\{#[^]*?#\}/g
const SETTING = /(\w+)\s*=\s*(\[[^\]]*\]|'[^']*'|"[^"]*")/g
/** Settings that are SQL of their own. */
const SQL_KEYS = new Set([
  'incremental_predicates',
  'post_hook',
  'pre_hook',
  'sql_header',
  'indexes',
])

/**
 * Looks at every mention of a column in a template that is not in rendered SQL: columns in `config()` follow where the
 * column is the node's own; a string for a macro, and a branch that was not taken, are unclear.
 */
export function templateChanges(
  text: string,
  file: string,
  rendered: readonly WrittenSql[],
  column: string,
  to: string,
  isOwn: boolean,
): TemplateChanges {
  const word = new RegExp(wordOf(column).source, 'gu')
  const mentions = [...text.matchAll(word)].map(({ index }) => index)
  if (mentions.length === 0) return { changes: [], unclear: [] }
  const covered = rendered.flatMap((one) => stretchesOf(one, text, file))
  const tags = [...text.matchAll(TAG)].map((tag) => ({
    start: tag.index,
    end: tag.index + tag[0].length,
    text: tag[0],
  }))
  const changes: TextChange[] = []
  const unclear: { offset: number; message: string }[] = []
  for (const offset of mentions) {
    const tag = tags.find(({ start, end }) => start <= offset && offset < end)
    if (tag === undefined) {
      if (covered.some(([start, end]) => start <= offset && offset < end)) continue
      if (isInComment(text, offset)) continue
      unclear.push({
        offset,
        message: 'a branch of the template that is not taken names the column',
      })
      continue
    }
    if (tag.text.startsWith('{#')) continue
    if (/^\{\{-?\s*config\b/.test(tag.text)) {
      if (!isOwn) continue
      const key = [...tag.text.matchAll(SETTING)].findLast(
        ({ index }) => tag.start + index <= offset,
      )?.[1]
      if (isQuoted(text, offset, column.length) && key !== undefined && COLUMN_KEYS.has(key)) {
        changes.push({ start: offset, end: offset + column.length, text: to })
      } else if (key === undefined || SQL_KEYS.has(key)) {
        unclear.push({ offset, message: 'configuration of the model speaks of the column' })
      }
      continue
    }
    // What a macro prints is seen where it is printed; a name alone may also be left out by it, as from a star.
    const before = text.slice(tag.start, offset)
    const isString = isQuoted(text, offset, column.length)
    if (isString && !/\b(?:ref|source|var|env_var|doc)\([^()]*$/.test(before)) {
      unclear.push({
        offset,
        message: 'an expression of the template names the column in a string',
      })
    }
  }
  return { changes, unclear }
}

/** The parts of a file whose text went into SQL as it is; UTF-16 units. */
function stretchesOf({ lines }: WrittenSql, text: string, file: string): [number, number][] {
  const segments = lines?.segments ?? []
  return segments.flatMap(({ at, isText, offset }, i): [number, number][] => {
    if (isText !== true || at.file !== file) return []
    const start = offsetAt(text, at)
    // Characters beyond the basic plane only make the stretch shorter here, which is the careful side.
    return [[start, start + (segments[i + 1]?.offset ?? Infinity) - offset]]
  })
}

function isInComment(text: string, offset: number): boolean {
  return text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset).includes('--')
}

function isQuoted(text: string, offset: number, length: number): boolean {
  const quote = text[offset - 1]
  return (quote === "'" || quote === '"') && text[offset + length] === quote
}
