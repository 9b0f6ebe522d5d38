// The parts of nunjucks that gm builds on. They have no published types, and loading them alone leaves out its
// environment, loaders and runtime, which gm must not use.

declare module 'nunjucks/src/lexer.js' {
  export interface Token {
    readonly type: string
    readonly value: string
    readonly lineno: number
    readonly colno: number
  }
  export class Tokenizer {
    constructor(text: string, options?: object)
    readonly str: string
    index: number
    len: number
    in_code: boolean
    nextToken(): Token | null
    isFinished(): boolean
    _parseString(quote: string): string
  }
  const lexer: { lex(text: string): Tokenizer }
  export default lexer
}

declare module 'nunjucks/src/parser.js' {
  import type { Token, Tokenizer } from 'nunjucks/src/lexer.js'
  export class Parser<T extends Token = Token> {
    constructor(tokens: Tokenizer)
    breakOnBlocks: readonly string[] | null
    dropLeadingWhitespace: boolean
    nextToken(withWhitespace?: boolean): T | null
    peekToken(): T | null
    pushToken(token: T | null): void
    skip(type: string): boolean
    skipValue(type: string, value: string): boolean
    skipSymbol(value: string): boolean
  }
  const parser: { Parser: typeof Parser }
  export default parser
}
