import type { Token as NunjucksToken, Tokenizer as NunjucksTokenizer } from 'nunjucks/src/lexer.js'
import lexer from 'nunjucks/src/lexer.js'
import { GmError } from '../base/error.ts'
import { locationAt } from '../base/location.ts'

export interface Token extends NunjucksToken {
  /** UTF-16 offsets in the file's text. */
  readonly start: number
  readonly end: number
}

// nunjucks exports a factory and keeps the class to itself.
const Tokenizer = lexer.lex('').constructor as new (text: string) => NunjucksTokenizer

const TAG = /\{[{%#]/g
const NAME = /[\p{L}_][\p{L}\p{N}_]*/uy
const NUMBER = /\d+(_\d+)*(\.\d+(_\d+)*)?([eE][+-]?\d+)?/y
const SPACE = /\s+/y
const SIGNED_END = /[+](?=%\}|\}\})/y

/**
 * nunjucks' tokenizer with what Jinja2 reads differently: every token has its offsets, `}}` inside a dict does not end
 * the expression, `#}` in plain text is text, strings have Python's escapes, and there are no regex literals.
 */
export class Lexer extends Tokenizer {
  readonly file: string
  /** Where the tag being read begins; what an unclosed one is reported at. */
  private tagStart = 0
  private openCurlies: number[] = []

  constructor(file: string, text: string, start: number, end: number) {
    super(text)
    this.file = file
    this.index = start
    this.len = end
  }

  error(message: string, offset: number, hint?: string): GmError {
    return new GmError('GM2001', message, { at: locationAt(this.str, offset, this.file), hint })
  }

  override nextToken(): Token | null {
    const start = this.index
    if (start >= this.len) {
      if (!this.in_code) return null
      const tag = this.str.slice(this.tagStart, this.tagStart + 2)
      throw this.error(
        `"${tag}" is never closed`,
        this.tagStart,
        `Add "${tag === '{{' ? '}}' : '%}'}".`,
      )
    }
    return this.in_code ? this.codeToken(start) : this.textToken(start)
  }

  private textToken(start: number): Token {
    const opening = this.str.slice(start, start + 2)
    if (opening === '{{' || opening === '{%') {
      this.in_code = true
      this.tagStart = start
      this.openCurlies = []
      const sign = this.str[start + 2]
      const length = sign === '-' || (sign === '+' && opening === '{%') ? 3 : 2
      const value = sign === '-' ? `${opening}-` : opening
      return this.take(opening === '{{' ? 'variable-start' : 'block-start', start + length, value)
    }
    if (opening === '{#') {
      const close = this.str.indexOf('#}', start + 2)
      if (close === -1 || close + 2 > this.len) {
        throw this.error('the comment is never closed', start, 'Add "#}".')
      }
      return this.take('comment', close + 2)
    }
    TAG.lastIndex = start
    const tag = TAG.exec(this.str)
    return this.take('data', tag === null || tag.index > this.len ? this.len : tag.index)
  }

  private codeToken(start: number): Token {
    const char = this.str[start] ?? ''
    const space = matchAt(SPACE, this.str, start)
    if (space !== undefined)
      return this.take('whitespace', Math.min(start + space.length, this.len))
    const name = matchAt(NAME, this.str, start)
    if (name !== undefined) return this.take('symbol', start + name.length)
    const number = matchAt(NUMBER, this.str, start)
    if (number !== undefined) {
      return this.take(/[.eE]/.test(number) ? 'float' : 'int', start + number.length)
    }
    if (char === '}' && this.openCurlies.pop() !== undefined)
      return this.take('right-curly', start + 1)
    if (char === '{') this.openCurlies.push(start)
    if (matchAt(SIGNED_END, this.str, start) !== undefined) this.index += 1
    if (!'"\'()[]{}%*-+~/#,:|.<>=!'.includes(char)) {
      throw this.error(
        `unexpected character "${String.fromCodePoint(this.str.codePointAt(start) ?? 0)}"`,
        start,
      )
    }
    const token = super.nextToken()
    if (token === null) return null as never
    return { ...token, start, end: this.index }
  }

  /** Called by nunjucks' tokenizer at an opening quote. */
  override _parseString(quote: string): string {
    const start = this.index
    let end = start + 1
    while (end < this.len && this.str[end] !== quote) end += this.str[end] === '\\' ? 2 : 1
    if (end >= this.len) {
      throw this.error('the string is never closed', start, `Add ${quote} at its end.`)
    }
    this.index = end + 1
    return unescape(this.str.slice(start + 1, end))
  }

  private take(type: string, end: number, value = this.str.slice(this.index, end)): Token {
    const start = this.index
    this.index = end
    return { type, value, lineno: 0, colno: 0, start, end }
  }
}

function matchAt(pattern: RegExp, text: string, offset: number): string | undefined {
  pattern.lastIndex = offset
  return pattern.exec(text)?.[0]
}

const ESCAPE =
  /\\(?:\r?\n|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|([\\'"abfnrtv]))/g
const SINGLE: Readonly<Record<string, string>> = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

/** Python's escapes; an unknown one such as `\d` keeps its backslash, which regular expressions in SQL rely on. */
function unescape(body: string): string {
  const text = body.replaceAll('\r\n', '\n')
  if (!text.includes('\\')) return text
  return text.replace(
    ESCAPE,
    (_all: string, x?: string, u?: string, long?: string, octal?: string, single?: string) => {
      const hex = x ?? u ?? long
      if (hex !== undefined) return String.fromCodePoint(Math.min(parseInt(hex, 16), 0x10ffff))
      if (octal !== undefined) return String.fromCodePoint(parseInt(octal, 8))
      return single === undefined ? '' : (SINGLE[single] ?? '')
    },
  )
}
