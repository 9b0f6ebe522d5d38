/** What a place in a template is about. Offsets count UTF-16 units; a word that is still being typed ends at the cursor. */
export type Cursor =
  | { readonly about: 'ref'; readonly name: string; readonly package?: string }
  | { readonly about: 'source'; readonly source: string }
  | { readonly about: 'table'; readonly source: string; readonly table: string }
  | { readonly about: 'macro'; readonly name: string }
  | { readonly about: 'column'; readonly name: string; readonly alias?: string }

const STRING = /'([^']*)'|"([^"]*)"/y

/**
 * What stands at an offset of a template: an argument of `ref()` or `source()`, a name inside `{{ … }}` or `{% … %}`, or
 * a name in the SQL around them. `undefined` where there is no name, as in a comment.
 */
export function cursorAt(text: string, offset: number): Cursor | undefined {
  const tag = tagAround(text, offset)
  if (tag === 'comment') return undefined
  if (tag !== undefined) return call(text, tag, offset) ?? word(text, offset, 'macro')
  return word(text, offset, 'column')
}

/** The start of the tag that an offset stands in. */
function tagAround(text: string, offset: number): number | 'comment' | undefined {
  const open = Math.max(...['{{', '{%', '{#'].map((mark) => text.lastIndexOf(mark, offset - 1)))
  if (open === -1) return undefined
  const mark = text.slice(open, open + 2)
  const end = text.indexOf(mark === '{{' ? '}}' : mark === '{%' ? '%}' : '#}', open + 2)
  if (end !== -1 && end < offset) return undefined
  return mark === '{#' ? 'comment' : open
}

/** A `ref` or `source` whose arguments the offset stands in. */
function call(text: string, from: number, offset: number): Cursor | undefined {
  const calls = [...text.slice(from, offset).matchAll(/\b(ref|source)\(\s*/g)]
  const last = calls.at(-1)
  if (last === undefined) return undefined
  const strings: { value: string; start: number; end: number }[] = []
  let at = from + last.index + last[0].length
  for (;;) {
    STRING.lastIndex = at
    const found = STRING.exec(text)
    const isWhole = found !== null && !found[0].includes('\n')
    if (!isWhole) {
      // A string that has no end yet goes as far as the cursor.
      if (text[at] === "'" || text[at] === '"') {
        strings.push({ value: text.slice(at + 1, offset), start: at, end: offset })
      }
      break
    }
    strings.push({ value: found[1] ?? found[2] ?? '', start: at, end: at + found[0].length })
    const comma = /^\s*,\s*/.exec(text.slice(at + found[0].length))
    if (comma === null) break
    at += found[0].length + comma[0].length
  }
  const i = strings.findIndex(({ start, end }) => start < offset && offset <= end)
  if (i === -1) return undefined
  const [first = '', second] = strings.map(({ value }) => value)
  if (last[1] === 'ref') {
    return second === undefined
      ? { about: 'ref', name: first }
      : { about: 'ref', name: second, package: first }
  }
  return i === 0
    ? { about: 'source', source: first }
    : { about: 'table', source: first, table: second ?? '' }
}

function word(text: string, offset: number, about: 'macro' | 'column'): Cursor | undefined {
  const before = /(?:(\w+)\.)?(\w*)$/u.exec(text.slice(0, offset))
  const after = /^\w*/u.exec(text.slice(offset))
  const name = `${before?.[2] ?? ''}${after?.[0] ?? ''}`
  const alias = before?.[1]
  if (name === '' && alias === undefined) return undefined
  if (about === 'macro') return { about, name }
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset)
  if (line.includes('--')) return undefined
  return { about, name, ...(alias !== undefined && { alias }) }
}
