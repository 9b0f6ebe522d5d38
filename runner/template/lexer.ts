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
const NAME = /\p{L}[\p{L}\p{N}_]*/uy
const NAME_REST = /[\p{L}\p{N}_]+/uy
const NUMBER = /\d+(_\d+)*(\.\d+(_\d+)*)?([eE][+-]?\d+)?/y
const BLANKS = ' \t\n\r\f\v'
const CODE_CHARACTERS = '"\'()[]{}%*-+~/#,:|.<>=!'

/**
 * nunjucks' tokenizer with what Jinja2 reads differently: every token has its offsets, `}}` inside a dict does not end
 * the expression, `#}` in plain text is text, strings have Python's escapes, and there are no regex literals.
 */
export class Lexer extends Tokenizer {
  readonly file: string
  /** Where the tag being read begins; what an unclosed one is reported at. */
  private tagStart = 0
  private openCurlies = 0

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
    if (this.in_code) return this.codeToken(start)
    return start >= this.len ? null : this.textToken(start)
  }

  private textToken(start: number): Token {
    const opening = this.str.slice(start, start + 2)
    if (opening === '{{' || opening === '{%') {
      this.in_code = true
      this.tagStart = start
      this.openCurlies = 0
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

  private codeToken(from: number): Token {
    const start = this.skipBlanks(from)
    if (start >= this.len) return this.unclosed()
    this.index = start
    const code = this.str.charCodeAt(start)
    const nameEnd = this.nameEnd(start)
    if (nameEnd > start) return this.take('symbol', nameEnd)
    if (code >= 48 && code <= 57) {
      NUMBER.lastIndex = start
      const number = NUMBER.exec(this.str)?.[0] ?? ''
      return this.take(/[.eE]/.test(number) ? 'float' : 'int', start + number.length)
    }
    const char = this.str[start] ?? ''
    if (char === '}' && this.openCurlies > 0) {
      this.openCurlies -= 1
      return this.take('right-curly', start + 1)
    }
    if (char === '{') this.openCurlies += 1
    if (char === '+' && /^\+[%}]\}/.test(this.str.slice(start, start + 3))) this.index += 1
    if (!CODE_CHARACTERS.includes(char)) {
      const found = String.fromCodePoint(this.str.codePointAt(start) ?? 0)
      throw this.error(`unexpected character "${found}"`, start)
    }
    const token = super.nextToken()
    if (token === null) return this.unclosed()
    const { type, value } = token
    return { type, value, lineno: 0, colno: 0, start, end: this.index }
  }

  private unclosed(): never {
    const tag = this.str.slice(this.tagStart, this.tagStart + 2)
    throw this.error(
      `"${tag}" is never closed`,
      this.tagStart,
      `Add "${tag === '{{' ? '}}' : '%}'}".`,
    )
  }

  private skipBlanks(start: number): number {
    let end = start
    while (end < this.len && BLANKS.includes(this.str[end] ?? '')) end += 1
    return end
  }

  /** Plain loops over plain letters: with a regular expression alone, reading 10,000 files took half as long again. */
  private nameEnd(start: number): number {
    let end = start
    for (;;) {
      const code = this.str.charCodeAt(end)
      const isLetter = (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95
      if (isLetter || (end > start && code >= 48 && code <= 57)) end += 1
      else if (code > 127) {
        const pattern = end === start ? NAME : NAME_REST
        pattern.lastIndex = end
        const more = pattern.exec(this.str)?.[0] ?? ''
        if (more === '') return end
        end += more.length
      } else return end
    }
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
    const beyond = /\\U(?!000[0-9a-fA-F]{5}|0010[0-9a-fA-F]{4})[0-9a-fA-F]{8}/.exec(
      this.str.slice(start, end),
    )
    if (beyond !== null) throw this.error(`there is no character ${beyond[0]}`, start)
    return unescape(this.str.slice(start + 1, end))
  }

  private take(type: string, end: number, value = this.str.slice(this.index, end)): Token {
    const start = this.index
    this.index = end
    return { type, value, lineno: 0, colno: 0, start, end }
  }
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
      if (hex !== undefined) return String.fromCodePoint(parseInt(hex, 16))
      if (octal !== undefined) return String.fromCodePoint(parseInt(octal, 8))
      return single === undefined ? '' : (SINGLE[single] ?? '')
    },
  )
}
