import parser from 'nunjucks/src/parser.js'
import { GmError } from '../base/error.ts'
import { locationAt } from '../base/location.ts'
import type { Token } from './lexer.ts'
import { Lexer } from './lexer.ts'
import type { BinaryOperator } from './syntax.ts'
import type { TemplateFile } from './template.ts'

/**
 * The tokens of a template, one ahead: what the parsers read from, and how they say that something else was expected.
 * The reading is nunjucks' own parser's; its rules are replaced, because they build other trees than Jinja2's for
 * precedence, filters, tests, slices, tuples, loops with a condition and `set`.
 */
export class TokenStream extends parser.Parser<Token> {
  /** Offset of the expression read last: where a template that is nested too deep is reported. */
  position: number
  protected readonly file: string
  protected readonly text: string
  protected readonly lexer: Lexer

  constructor(file: TemplateFile, start: number, end: number) {
    const lexer = new Lexer(file.file, file.text, start, end)
    super(lexer)
    this.lexer = lexer
    this.file = file.file
    this.text = file.text
    this.position = start
  }

  protected operator<T extends BinaryOperator>(...ops: readonly T[]): T | undefined {
    const token = this.peek()
    const op = ops.find((o) => token.type === 'operator' && token.value === o)
    if (op !== undefined) this.nextToken()
    return op
  }

  protected next(): Token {
    const token = this.nextToken()
    // The lexer throws inside an unclosed tag, so the end of the file is never met here.
    if (token === null) throw this.error_('unexpected end of the file', this.lexer.index)
    return token
  }

  protected peek(): Token {
    const token = this.next()
    this.pushToken(token)
    return token
  }

  protected expect_(type: string, what: string): Token {
    if (this.peek().type !== type) throw this.unexpected(what)
    return this.next()
  }

  protected endTag(type: 'variable-end' | 'block-end', what: string): Token {
    const token = this.expect_(type, `"${what}"`)
    this.dropLeadingWhitespace = token.value.startsWith('-')
    return token
  }

  protected unexpected(wanted: string): GmError {
    const token = this.peek()
    const found = token.type === 'string' ? 'a string' : `"${token.value}"`
    return this.error_(`expected ${wanted}, found ${found}`, token.start)
  }

  protected error_(message: string, offset: number, hint?: string): GmError {
    return new GmError('GM2001', message, { at: this.at(offset), hint })
  }

  protected at(offset: number): ReturnType<typeof locationAt> {
    return locationAt(this.text, offset, this.file)
  }
}
