import { GmError } from '../base/error.ts'
import type { UnknownName } from './known-names.ts'
import { checkMethod, checkName } from './known-names.ts'
import type { Token } from './lexer.ts'
import { CONSTANTS, RESERVED } from './reserved-words.ts'
import type { Arguments, Expr, FilterExpr } from './syntax.ts'
import type { TemplateFile } from './template.ts'
import { TokenStream } from './token-stream.ts'
import type { UsedNames } from './used-names.ts'
import { addUsedNames, noUsedNames } from './used-names.ts'

const NO_ARGUMENTS: Arguments = { positional: [], named: [], rest: undefined, restNamed: undefined }

/**
 * What operators stand between: literals, names and parentheses, and what follows them directly (members, subscripts,
 * calls, filters and tests).
 */
export abstract class PrimaryParser extends TokenStream {
  /** Of the macro being read, else of the file. */
  protected uses: UsedNames = noUsedNames()
  private readonly checksNames: boolean

  constructor(file: TemplateFile, start: number, end: number, checksNames: boolean) {
    super(file, start, end)
    this.checksNames = checksNames
  }

  /** A whole expression, as it stands between parentheses, in a list or as an argument. */
  protected abstract expression(): Expr

  protected primary(): Expr {
    const token = this.next()
    const { start, type, value } = token
    this.position = start
    switch (type) {
      case 'string': {
        let text = value
        // Neighbouring strings are one, as in Python.
        while (this.peek().type === 'string') text += this.next().value
        return { kind: 'const', start, value: text }
      }
      case 'int': {
        const number = Number(value.replaceAll('_', ''))
        if (!Number.isSafeInteger(number))
          throw this.error_(`the integer ${value} is too large`, start)
        return { kind: 'const', start, value: number }
      }
      case 'float':
        return { kind: 'float', start, value: Number(value.replaceAll('_', '')) }
      case 'symbol':
        return this.nameOrConstant(token)
      case 'left-paren':
        return this.parenthesised(start)
      case 'left-bracket': {
        const items: Expr[] = []
        while (!this.skip('right-bracket')) {
          if (items.length > 0) {
            if (!this.skip('comma')) throw this.unexpected('"," or "]"')
            if (this.skip('right-bracket')) break
          }
          items.push(this.expression())
        }
        return { kind: 'list', start, items }
      }
      case 'left-curly':
        return this.dict(start)
      default:
        this.pushToken(token)
        throw this.unexpected('an expression')
    }
  }

  private nameOrConstant(token: Token): Expr {
    const { start, value } = token
    const constant = CONSTANTS.get(value)
    if (constant !== undefined) return { kind: 'const', start, value: constant }
    if (RESERVED.has(value)) {
      this.pushToken(token)
      throw this.unexpected('an expression')
    }
    this.uses.names.add(value)
    return { kind: 'name', start, name: value }
  }

  private parenthesised(start: number): Expr {
    const items: Expr[] = []
    let isTuple = false
    while (!this.skip('right-paren')) {
      if (items.length > 0) {
        if (!this.skip('comma')) throw this.unexpected('"," or ")"')
        isTuple = true
        if (this.skip('right-paren')) break
      }
      items.push(this.expression())
    }
    const [first] = items
    return first !== undefined && !isTuple ? first : { kind: 'tuple', start, items }
  }

  private dict(start: number): Expr {
    const pairs: (readonly [Expr, Expr])[] = []
    while (!this.skip('right-curly')) {
      if (pairs.length > 0) {
        if (!this.skip('comma')) throw this.unexpected('"," or "}"')
        if (this.skip('right-curly')) break
      }
      const key = this.expression()
      if (!this.skip('colon')) throw this.unexpected('":"')
      pairs.push([key, this.expression()])
    }
    return { kind: 'dict', start, pairs }
  }

  protected postfix(value: Expr): Expr {
    let node = value
    for (;;) {
      const token = this.peek()
      if (token.type === 'operator' && token.value === '.') {
        this.nextToken()
        const name = this.next()
        if (name.type === 'int') {
          const index: Expr = { kind: 'const', start: name.start, value: Number(name.value) }
          node = { kind: 'item', start: node.start, target: node, index }
        } else if (name.type === 'symbol') {
          node = {
            kind: 'attribute',
            start: node.start,
            target: node,
            name: name.value,
            nameStart: name.start,
          }
          addUsedNames(this.uses, node)
        } else {
          this.pushToken(name)
          throw this.unexpected('the name of an attribute')
        }
      } else if (token.type === 'left-bracket') {
        this.nextToken()
        node = this.subscript(node)
      } else if (token.type === 'left-paren') {
        this.nextToken()
        if (node.kind === 'attribute')
          this.refuse(checkMethod(node.target, node.name), node.nameStart)
        node = { kind: 'call', start: node.start, callee: node, args: this.arguments() }
        addUsedNames(this.uses, node)
      } else return node
    }
  }

  private subscript(target: Expr): Expr {
    const { start } = target
    const bounds: (Expr | undefined)[] = [undefined]
    for (;;) {
      if (this.skip('colon')) bounds.push(undefined)
      else if (this.skip('right-bracket')) break
      else if (bounds.at(-1) !== undefined || bounds.length > 3) throw this.unexpected('"]"')
      else bounds[bounds.length - 1] = this.expression()
    }
    const [from, to, step] = bounds
    if (bounds.length > 1) return { kind: 'slice', start, target, from, to, step }
    if (from === undefined) throw this.unexpected('an index')
    return { kind: 'item', start, target, index: from }
  }

  /** After the opening parenthesis, up to and with the closing one. */
  private arguments(): Arguments {
    const positional: Expr[] = []
    const named: { name: string; start: number; value: Expr }[] = []
    let rest: Expr | undefined
    let restNamed: Expr | undefined
    let isFirst = true
    while (!this.skip('right-paren')) {
      if (!isFirst) {
        if (!this.skip('comma')) throw this.unexpected('"," or ")"')
        if (this.skip('right-paren')) break
      }
      isFirst = false
      if (this.operator('**') !== undefined) restNamed = this.expression()
      else if (this.operator('*') !== undefined) rest = this.expression()
      else {
        const value = this.expression()
        if (value.kind === 'name' && this.skipValue('operator', '=')) {
          const { name, start } = value
          if (named.some((n) => n.name === name)) {
            throw this.error_(`the argument "${name}" is given twice`, start)
          }
          named.push({ name, start, value: this.expression() })
        } else if (named.length > 0 || restNamed !== undefined) {
          throw this.error_('a positional argument follows a named one', value.start)
        } else positional.push(value)
      }
    }
    if (isFirst) return NO_ARGUMENTS
    // Trees of thousands of files are kept: calls share the empty lists.
    return {
      positional: positional.length === 0 ? NO_ARGUMENTS.positional : positional,
      named: named.length === 0 ? NO_ARGUMENTS.named : named,
      rest,
      restNamed,
    }
  }

  protected filters(value: Expr): Expr {
    let node = value
    for (;;) {
      if (this.skip('pipe')) node = this.filterCall(node)
      else if (this.skipSymbol('is')) node = this.test(node)
      else if (this.peek().type === 'left-paren') {
        this.nextToken()
        node = { kind: 'call', start: node.start, callee: node, args: this.arguments() }
      } else return node
    }
  }

  protected filterCall(target: Expr | undefined): FilterExpr {
    const name = this.expect_('symbol', 'the name of a filter')
    this.refuse(checkName('filter', name.value), name.start)
    const args = this.skip('left-paren') ? this.arguments() : NO_ARGUMENTS
    return {
      kind: 'filter',
      start: target?.start ?? name.start,
      target,
      name: name.value,
      nameStart: name.start,
      args,
    }
  }

  private test(target: Expr): Expr {
    const isNegated = this.skipSymbol('not')
    const name = this.expect_('symbol', 'the name of a test')
    this.refuse(checkName('test', name.value), name.start)
    let args = NO_ARGUMENTS
    const next = this.peek()
    if (this.skip('left-paren')) args = this.arguments()
    else if (startsOperand(next)) {
      args = { ...NO_ARGUMENTS, positional: [this.postfix(this.primary())] }
    }
    const test: Expr = {
      kind: 'test',
      start: target.start,
      target,
      name: name.value,
      nameStart: name.start,
      args,
    }
    return isNegated ? { kind: 'unary', start: target.start, op: 'not', operand: test } : test
  }

  private refuse(unknown: UnknownName | undefined, start: number): void {
    if (unknown === undefined || !this.checksNames) return
    const { message, hint } = unknown
    throw new GmError('GM2005', message, { at: this.at(start), hint })
  }
}

function startsOperand(token: Token): boolean {
  if (['string', 'int', 'float', 'left-bracket', 'left-curly'].includes(token.type)) return true
  return (
    token.type === 'symbol' &&
    !['else', 'or', 'and', 'is', 'if', 'not', 'in', 'recursive'].includes(token.value)
  )
}
