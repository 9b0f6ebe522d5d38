/** A space, a string, a word, the end of a tag, or any one character; with `y` it moves from token to token. */
const TOKEN = /\s+|"(?:\\[^]|[^"\\])*"|'(?:\\[^]|[^'\\])*'|[A-Za-z_]\w*|[-+]?[%}]\}|[^]/y
const TAG = /\{[{%#]/g
const END_RAW = /\{%[-+]?\s*endraw\s*[-+]?%\}/g

/** A word, string or sign inside a tag. */
export interface Token {
  readonly text: string
  readonly offset: number
}

/** A `{% … %}` or `{{ … }}`; `offset` and `end` are those of the whole tag. */
export interface Tag {
  readonly isStatement: boolean
  readonly offset: number
  readonly end: number
  readonly tokens: readonly Token[]
}

/**
 * The tags of a template in order, by their tokens alone: enough to find what stands literally in a text without
 * compiling it. Comments and raw blocks are skipped; an unfinished tag ends the list, rendering will report it.
 */
export function* templateTags(text: string): Generator<Tag> {
  let position = 0
  for (;;) {
    TAG.lastIndex = position
    const open = TAG.exec(text)
    if (open === null) return
    if (open[0] === '{#') {
      const end = text.indexOf('#}', open.index + 2)
      if (end === -1) return
      position = end + 2
      continue
    }
    const tokens: Token[] = []
    const close = open[0] === '{{' ? '}}' : '%}'
    position = open.index + 2
    let openBraces = 0
    for (;;) {
      TOKEN.lastIndex = position
      let token = TOKEN.exec(text)?.[0]
      if (token === undefined) return
      // `{{ {'a': {}} }}`: the first two braces end mappings.
      if (token === '}}' && openBraces > 0) token = '}'
      if (token === '{') openBraces += 1
      if (token === '}') openBraces -= 1
      position += token.length
      if (token.length >= 2 && token.endsWith(close)) break
      if (token.trim() !== '') tokens.push({ text: token, offset: position - token.length })
    }
    if (close === '%}' && tokens.find((token) => !/^[-+]$/.test(token.text))?.text === 'raw') {
      END_RAW.lastIndex = position
      if (END_RAW.exec(text) === null) return
      position = END_RAW.lastIndex
      continue
    }
    yield { isStatement: close === '%}', offset: open.index, end: position, tokens }
  }
}
