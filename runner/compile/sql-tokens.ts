/** A line comment, a string of any kind, a quoted name, a dollar-quoted body, a word, or any one character. */
const TOKEN =
  /--[^\n]*|\/\*|[eE]'(?:\\[^]|''|[^'\\])*'?|'(?:''|[^'])*'?|"(?:""|[^"])*"?|\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$|[\w\u0080-\uffff]+|[^]/y

export interface SqlToken {
  readonly kind: 'comment' | 'space' | 'other'
  /** UTF-16 units. */
  readonly start: number
  readonly end: number
}

/**
 * Splits SQL just far enough to know what is a comment and what is code; block comments nest, as in PostgreSQL.
 * Unfinished comments and strings end with the text: the server will say what is wrong with them.
 */
export function* sqlTokens(sql: string): Generator<SqlToken> {
  let start = 0
  while (start < sql.length) {
    TOKEN.lastIndex = start
    const text = TOKEN.exec(sql)?.[0] ?? ''
    let end = start + text.length
    let kind: SqlToken['kind'] = 'other'
    if (text.startsWith('--')) kind = 'comment'
    else if (text === '/*') {
      kind = 'comment'
      end = endOfComment(sql, end)
    } else if (text.trim() === '') kind = 'space'
    else if (text.startsWith('$') && text.length > 1) {
      const close = sql.indexOf(text, end)
      end = close === -1 ? sql.length : close + text.length
    }
    yield { kind, start, end }
    start = end
  }
}

function endOfComment(sql: string, from: number): number {
  const bounds = /\/\*|\*\//g
  bounds.lastIndex = from
  let depth = 1
  for (let bound = bounds.exec(sql); bound !== null; bound = bounds.exec(sql)) {
    depth += bound[0] === '/*' ? 1 : -1
    if (depth === 0) return bounds.lastIndex
  }
  return sql.length
}
