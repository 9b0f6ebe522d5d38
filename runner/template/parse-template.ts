import parser from 'nunjucks/src/parser.js'
import { GmError } from '../base/error.ts'
import { locationAt } from '../base/location.ts'
import { didYouMean } from '../base/nearest.ts'
import type { UnknownName } from './known-names.ts'
import { checkMethod, checkName } from './known-names.ts'
import type { Token } from './lexer.ts'
import { Lexer } from './lexer.ts'
import type {
  Arguments,
  BinaryOperator,
  CompareOperator,
  Expr,
  FilterExpr,
  MacroNode,
  Node,
  Parameter,
  SnapshotNode,
  Syntax,
  Target,
  TextNode,
  Uses,
} from './syntax.ts'
import type { TemplateFile } from './template.ts'

/**
 * The tree of a template.
 * @param checksNames whether a filter, test or method that there is not is an error also where it is never reached. In
 *   packages it is none until it is used: they are somebody else's, and may hold code for tools of other kinds.
 * @throws GmError GM2001 for a syntax error, GM2005 for an unknown name, GM2010 for a tag that gm does not have.
 */
export function parseTemplate(file: TemplateFile, checksNames = true): Syntax {
  const { start, end } = file.span ?? { start: 0, end: withoutLastNewline(file.text) }
  const grammar = new Grammar(file, start, end, checksNames)
  try {
    return grammar.parseFile()
  } catch (error) {
    if (error instanceof RangeError) {
      throw new GmError('GM2001', 'the template is nested too deep', {
        at: locationAt(file.text, grammar.position, file.file),
        cause: error,
      })
    }
    throw error
  }
}

/** Jinja2 drops one line end at the end of a file. */
function withoutLastNewline(text: string): number {
  if (text.endsWith('\r\n')) return text.length - 2
  return text.endsWith('\n') ? text.length - 1 : text.length
}

const TAGS = [
  'if',
  'for',
  'set',
  'do',
  'macro',
  'test',
  'call',
  'filter',
  'with',
  'raw',
  'snapshot',
  'docs',
  'break',
  'continue',
]
const REFUSED: Readonly<Record<string, string>> = {
  include: 'Macros of all files are visible everywhere by name; write a macro.',
  import: 'Macros of all files are visible everywhere by name; call it directly.',
  from: 'Macros of all files are visible everywhere by name; call it directly.',
  extends: 'Templates have no inheritance; write a macro and use {% call %}.',
  block: 'Templates have no inheritance; write a macro and use {% call %}.',
  autoescape: 'gm never escapes output.',
  trans: 'gm has no translations.',
  materialization:
    'Write it as a module: materializations: of the project file names one, see docs/materializations.md.',
  switch: 'Use {% if %} and {% elif %}.',
  asyncEach: 'Use {% for %}.',
  asyncAll: 'Use {% for %}.',
  ifAsync: 'Use {% if %}.',
  verbatim: 'Use {% raw %}.',
}
const RESERVED = new Set(['and', 'or', 'not', 'in', 'is', 'if', 'else', 'elif', 'for'])
const CONSTANTS: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null],
])
const COMPARISONS = new Set(['==', '!=', '<', '<=', '>', '>='])
const NO_ARGUMENTS: Arguments = { positional: [], named: [], rest: undefined, restNamed: undefined }

/** Names that a macro's body gets without a parameter; naming one is what makes the macro accept it. */
const IMPLICIT = new Set(['varargs', 'kwargs', 'caller'])

interface MutableUses extends Uses {
  readonly names: Set<string>
  readonly members: Set<string>
  readonly dispatched: Set<string>
}

/**
 * Jinja2's grammar on nunjucks' parser. The reading of tokens is nunjucks'; its rules are replaced, because they build
 * other trees than Jinja2's for precedence, filters, tests, slices, tuples, loops with a condition and `set`.
 */
class Grammar extends parser.Parser<Token> {
  position: number
  private readonly file: string
  private readonly text: string
  private readonly lexer: Lexer
  private readonly macros: MacroNode[] = []
  private readonly snapshots: SnapshotNode[] = []
  private uses: MutableUses = newUses()
  /** Start of the innermost open block and its name, for "never closed". */
  private readonly open: { readonly name: string; readonly start: number }[] = []

  private readonly checksNames: boolean

  constructor(file: TemplateFile, start: number, end: number, checksNames: boolean) {
    const lexer = new Lexer(file.file, file.text, start, end)
    super(lexer)
    this.lexer = lexer
    this.checksNames = checksNames
    this.file = file.file
    this.text = file.text
    this.position = start
  }

  parseFile(): Syntax {
    const body = this.parseBody([])
    return {
      file: this.file,
      text: this.text,
      body,
      macros: this.macros,
      snapshots: this.snapshots,
      uses: this.uses,
    }
  }

  // Text and tags

  /** Nodes up to a tag of `ends` (left unread), or to the end of the file when `ends` is empty. */
  private parseBody(ends: readonly string[]): Node[] {
    const nodes: Node[] = []
    for (let token = this.nextToken(); token !== null; token = this.nextToken()) {
      if (token.type === 'data') {
        const node = this.textNode(token.start, token.end)
        if (node.value !== '') nodes.push(node)
      } else if (token.type === 'comment') {
        this.dropLeadingWhitespace = token.value.endsWith('-#}')
      } else if (token.type === 'variable-start') {
        this.dropLeadingWhitespace = false
        const value = this.tupleOrExpression()
        this.endTag('variable-end', '}}')
        nodes.push({ kind: 'output', start: value.start, value })
      } else {
        this.dropLeadingWhitespace = false
        const name = this.peek()
        if (name.type === 'symbol' && ends.includes(name.value)) return nodes
        const node = this.statement(token)
        if (node !== undefined) nodes.push(node)
      }
    }
    const open = this.open.at(-1)
    if (open !== undefined) {
      throw this.error_(
        `{% ${open.name} %} is never closed`,
        open.start,
        `Add {% end${open.name} %}.`,
      )
    }
    return nodes
  }

  private textNode(start: number, end: number): TextNode {
    let from = start
    let to = end
    if (this.dropLeadingWhitespace) {
      from += this.text.slice(from, to).search(/\S|$/)
      this.dropLeadingWhitespace = false
    }
    if (to < this.lexer.len && this.text[to + 2] === '-') {
      to = from + this.text.slice(from, to).trimEnd().length
    }
    return textNode(this.text, from, to)
  }

  private statement(tag: Token): Node | undefined {
    const name = this.expect_('symbol', 'the name of a tag')
    const start = tag.start
    switch (name.value) {
      case 'if':
        return this.ifStatement(start)
      case 'for':
        return this.forStatement(start)
      case 'set':
        return this.setStatement(start)
      case 'do': {
        const value = this.tupleOrExpression()
        this.endTag('block-end', '%}')
        return { kind: 'do', start, value }
      }
      case 'macro':
      case 'test':
        return this.macroStatement(start, name.value)
      case 'call':
        return this.callStatement(start)
      case 'filter':
        return this.filterStatement(start)
      case 'with':
        return this.withStatement(start)
      case 'raw':
        return this.rawStatement(start)
      case 'snapshot':
        return this.snapshotStatement(start)
      case 'docs':
        this.skipDocs(start)
        return undefined
      case 'break':
      case 'continue':
        if (!this.open.some((block) => block.name === 'for')) {
          throw this.error_(`{% ${name.value} %} stands outside of a loop`, start)
        }
        this.endTag('block-end', '%}')
        return { kind: name.value, start }
      default:
        throw this.unknownTag(name)
    }
  }

  private unknownTag(name: Token): GmError {
    const hint = Object.hasOwn(REFUSED, name.value) ? REFUSED[name.value] : undefined
    if (hint !== undefined) {
      return new GmError('GM2010', `gm has no tag "${name.value}"`, {
        at: this.at(name.start),
        hint,
      })
    }
    const open = this.open.at(-1)
    if (/^end|^else$|^elif$/.test(name.value)) {
      if (open === undefined) {
        return this.error_(
          `{% ${name.value} %} closes nothing`,
          name.start,
          'Remove it, or write the tag that it should close before it.',
        )
      }
      const { line } = this.at(open.start)
      return this.error_(
        `{% ${name.value} %} stands inside {% ${open.name} %} of line ${line}`,
        name.start,
        `Close it first with {% end${open.name} %}.`,
      )
    }
    return this.error_(`there is no tag "${name.value}"`, name.start, didYouMean(name.value, TAGS))
  }

  /** The body of a block up to its end tag, which is read; `else` parts are left to the caller. */
  private block(
    name: string,
    start: number,
    ...others: readonly string[]
  ): { body: Node[]; end: Token } {
    this.open.push({ name, start })
    const body = this.parseBody([`end${name}`, ...others])
    this.open.pop()
    return { body, end: this.expect_('symbol', `end${name}`) }
  }

  private ifStatement(start: number): Node {
    const branches: { test: Expr; body: Node[] }[] = []
    let otherwise: Node[] = []
    for (let word = 'if'; word !== 'endif'; ) {
      if (word === 'else') {
        this.endTag('block-end', '%}')
        const { body, end } = this.block('if', start)
        otherwise = body
        word = end.value
      } else {
        const test = this.expression()
        this.endTag('block-end', '%}')
        const { body, end } = this.block('if', start, 'elif', 'else')
        branches.push({ test, body })
        word = end.value
      }
    }
    this.endTag('block-end', '%}')
    return { kind: 'if', start, branches, otherwise }
  }

  private forStatement(start: number): Node {
    const target = this.target(false)
    if (!this.skipSymbol('in')) throw this.unexpected('"in"')
    const iterable = this.tupleOrExpression(true)
    const filter = this.skipSymbol('if') ? this.expression() : undefined
    const isRecursive = this.skipSymbol('recursive')
    this.endTag('block-end', '%}')
    const loop = this.block('for', start, 'else')
    let otherwise: Node[] = []
    if (loop.end.value === 'else') {
      this.endTag('block-end', '%}')
      otherwise = this.block('for', start).body
    }
    this.endTag('block-end', '%}')
    return { kind: 'for', start, target, iterable, filter, isRecursive, body: loop.body, otherwise }
  }

  private setStatement(start: number): Node {
    const target = this.target(true)
    if (this.skipValue('operator', '=')) {
      const value = this.tupleOrExpression()
      this.endTag('block-end', '%}')
      return { kind: 'set', start, target, value }
    }
    if (target.kind === 'tuple') throw this.unexpected('"="')
    const filters = this.filterChain()
    this.endTag('block-end', '%}')
    const { body } = this.block('set', start)
    this.endTag('block-end', '%}')
    return { kind: 'set-block', start, target, filters, body }
  }

  private withStatement(start: number): Node {
    const assignments: { target: Target; value: Expr }[] = []
    while (this.peek().type !== 'block-end') {
      if (assignments.length > 0 && !this.skip('comma')) throw this.unexpected('","')
      const target = this.target(false)
      if (!this.skipValue('operator', '=')) throw this.unexpected('"="')
      assignments.push({ target, value: this.expression() })
    }
    this.endTag('block-end', '%}')
    const { body } = this.block('with', start)
    this.endTag('block-end', '%}')
    return { kind: 'with', start, assignments, body }
  }

  private filterStatement(start: number): Node {
    const first = this.filterCall(undefined)
    const filters = [first, ...this.filterChain()]
    this.endTag('block-end', '%}')
    const { body } = this.block('filter', start)
    this.endTag('block-end', '%}')
    return { kind: 'filter-block', start, filters, body }
  }

  private filterChain(): FilterExpr[] {
    const filters: FilterExpr[] = []
    while (this.skip('pipe')) filters.push(this.filterCall(undefined))
    return filters
  }

  private callStatement(start: number): Node {
    const parameters = this.peek().type === 'left-paren' ? this.parameters() : []
    const call = this.expression()
    if (call.kind !== 'call') {
      throw this.error_(
        '{% call %} needs the call of a macro',
        call.start,
        'Write {% call my_macro() %}.',
      )
    }
    this.endTag('block-end', '%}')
    const { body } = this.block('call', start)
    this.endTag('block-end', '%}')
    return { kind: 'call-block', start, call, parameters, body }
  }

  private macroStatement(start: number, tag: 'macro' | 'test'): MacroNode {
    const name = this.expect_('symbol', 'the name of the macro')
    const parameters = this.parameters()
    this.endTag('block-end', '%}')
    const outer = this.uses
    this.uses = newUses()
    for (const { value } of parameters) if (value !== undefined) this.mention(value)
    const { body } = this.block(tag, start)
    const { end } = this.endTag('block-end', '%}')
    const node: MacroNode = {
      kind: 'macro',
      start,
      name: tag === 'test' ? `test_${name.value}` : name.value,
      nameStart: name.start,
      parameters,
      body,
      end,
      uses: this.uses,
    }
    for (const name of this.uses.names) if (!IMPLICIT.has(name)) outer.names.add(name)
    for (const member of this.uses.members) outer.members.add(member)
    for (const name of this.uses.dispatched) outer.dispatched.add(name)
    this.uses = outer
    this.macros.push(node)
    return node
  }

  private rawStatement(start: number): Node | undefined {
    this.endTag('block-end', '%}')
    const from = this.lexer.index
    const end = /\{%([-+]?)\s*endraw\s*([-+]?)%\}/g
    end.lastIndex = from
    const match = end.exec(this.text)
    if (match === null || match.index >= this.lexer.len) {
      throw this.error_('{% raw %} is never closed', start, 'Add {% endraw %}.')
    }
    let text = this.text.slice(from, match.index)
    const lead = this.dropLeadingWhitespace ? text.length - text.trimStart().length : 0
    if (match[1] === '-') text = text.trimEnd()
    this.dropLeadingWhitespace = match[2] === '-'
    this.lexer.index = match.index + match[0].length
    return textNode(this.text, from + lead, Math.max(from + lead, from + text.length))
  }

  private snapshotStatement(start: number): SnapshotNode {
    const name = this.expect_('symbol', 'the name of the snapshot')
    if (this.open.length > 0) {
      throw this.error_('a snapshot cannot stand inside another block', start)
    }
    const opening = this.endTag('block-end', '%}')
    const { end } = this.block('snapshot', start)
    const tagStart = this.text.lastIndexOf('{%', end.start)
    let bodyStart = opening.end
    if (opening.value.startsWith('-')) {
      bodyStart += this.text.slice(bodyStart, tagStart).search(/\S|$/)
    }
    const bodyEnd =
      this.text[tagStart + 2] === '-'
        ? bodyStart + this.text.slice(bodyStart, tagStart).trimEnd().length
        : tagStart
    this.endTag('block-end', '%}')
    const node: SnapshotNode = { kind: 'snapshot', start, name: name.value, bodyStart, bodyEnd }
    this.snapshots.push(node)
    return node
  }

  /** Documentation is not a template's text; docs-blocks.ts collects it. */
  private skipDocs(start: number): void {
    this.expect_('symbol', 'the name of the docs block')
    this.endTag('block-end', '%}')
    const end = /\{%-?\s*enddocs\s*(-?)%\}/g
    end.lastIndex = this.lexer.index
    const match = end.exec(this.text)
    if (match === null) throw this.error_('{% docs %} is never closed', start, 'Add {% enddocs %}.')
    this.dropLeadingWhitespace = match[1] === '-'
    this.lexer.index = match.index + match[0].length
  }

  private parameters(): Parameter[] {
    if (!this.skip('left-paren')) throw this.unexpected('"("')
    const found: Parameter[] = []
    while (!this.skip('right-paren')) {
      if (found.length > 0) {
        if (!this.skip('comma')) throw this.unexpected('"," or ")"')
        if (this.skip('right-paren')) break
      }
      const name = this.expect_('symbol', 'the name of a parameter')
      if (found.some((p) => p.name === name.value)) {
        throw this.error_(`the parameter "${name.value}" is named twice`, name.start)
      }
      const value = this.skipValue('operator', '=') ? this.expression() : undefined
      if (value === undefined && found.at(-1)?.value !== undefined) {
        throw this.error_(
          `the parameter "${name.value}" needs a default, as the one before has one`,
          name.start,
        )
      }
      found.push({ name: name.value, value })
    }
    return found
  }

  private target(canBeAttribute: boolean): Target {
    const first = this.singleTarget(canBeAttribute)
    if (this.peek().type !== 'comma') return first
    const items = [first]
    while (this.skip('comma')) {
      const { type } = this.peek()
      if (type !== 'symbol' && type !== 'left-paren') break
      items.push(this.singleTarget(canBeAttribute))
    }
    return { kind: 'tuple', start: first.start, items }
  }

  private singleTarget(canBeAttribute: boolean): Target {
    if (this.skip('left-paren')) {
      const inner = this.target(false)
      if (!this.skip('right-paren')) throw this.unexpected('")"')
      return inner
    }
    const { value: name, start } = this.expect_('symbol', 'a name')
    if (CONSTANTS.has(name) || RESERVED.has(name)) {
      throw this.error_(`"${name}" cannot be assigned to`, start)
    }
    if (!canBeAttribute || !this.skipValue('operator', '.')) return { kind: 'name', start, name }
    const attribute = this.expect_('symbol', 'the name of an attribute').value
    return { kind: 'attribute', start, name, attribute }
  }

  // Expressions, loosest binding first

  /** `1, 2` is a tuple where Jinja2 allows it without parentheses. */
  private tupleOrExpression(isLoop = false): Expr {
    const first = isLoop ? this.or() : this.expression()
    if (this.peek().type !== 'comma') return first
    const items = [first]
    while (this.skip('comma')) {
      if (this.peek().type.endsWith('-end')) break
      items.push(isLoop ? this.or() : this.expression())
    }
    return { kind: 'tuple', start: first.start, items }
  }

  private expression(): Expr {
    let value = this.or()
    while (this.skipSymbol('if')) {
      const test = this.or()
      const otherwise = this.skipSymbol('else') ? this.expression() : undefined
      value = { kind: 'conditional', start: value.start, test, then: value, otherwise }
    }
    return value
  }

  private or(): Expr {
    let left = this.and()
    while (this.skipSymbol('or')) left = { kind: 'or', start: left.start, left, right: this.and() }
    return left
  }

  private and(): Expr {
    let left = this.not()
    while (this.skipSymbol('and'))
      left = { kind: 'and', start: left.start, left, right: this.not() }
    return left
  }

  private not(): Expr {
    const { start } = this.peek()
    if (this.skipSymbol('not')) return { kind: 'unary', start, op: 'not', operand: this.not() }
    return this.comparison()
  }

  private comparison(): Expr {
    const first = this.sum()
    const rest: { op: CompareOperator; right: Expr }[] = []
    for (;;) {
      const token = this.peek()
      if (token.type === 'operator' && COMPARISONS.has(token.value)) {
        this.nextToken()
        rest.push({ op: token.value as CompareOperator, right: this.sum() })
      } else if (this.skipSymbol('in')) rest.push({ op: 'in', right: this.sum() })
      else if (token.type === 'symbol' && token.value === 'not') {
        this.nextToken()
        if (!this.skipSymbol('in')) throw this.unexpected('"in"')
        rest.push({ op: 'not in', right: this.sum() })
      } else if (token.value === '===' || token.value === '!==') {
        throw this.error_(
          `"${token.value}" is not an operator`,
          token.start,
          `Write "${token.value.slice(0, -1)}".`,
        )
      } else break
    }
    return rest.length === 0 ? first : { kind: 'compare', start: first.start, first, rest }
  }

  private sum(): Expr {
    let left = this.concatenation()
    for (let op = this.operator('+', '-'); op !== undefined; op = this.operator('+', '-')) {
      left = { kind: 'binary', start: left.start, op, left, right: this.concatenation() }
    }
    return left
  }

  private concatenation(): Expr {
    const first = this.product()
    const parts = [first]
    while (this.skip('tilde')) parts.push(this.product())
    return parts.length === 1 ? first : { kind: 'concat', start: first.start, parts }
  }

  private product(): Expr {
    let left = this.power()
    for (
      let op = this.operator('*', '/', '//', '%');
      op !== undefined;
      op = this.operator('*', '/', '//', '%')
    ) {
      left = { kind: 'binary', start: left.start, op, left, right: this.power() }
    }
    return left
  }

  /** Left to right and looser than a sign, unlike Python: Jinja2 reads `-2 ** 2` as 4. */
  private power(): Expr {
    let left = this.sign(true)
    while (this.operator('**') !== undefined) {
      left = { kind: 'binary', start: left.start, op: '**', left, right: this.sign(true) }
    }
    return left
  }

  private sign(hasFilters: boolean): Expr {
    const { start, value, type } = this.peek()
    let node: Expr
    if (type === 'operator' && (value === '-' || value === '+')) {
      this.nextToken()
      node = { kind: 'unary', start, op: value, operand: this.sign(false) }
    } else node = this.postfix(this.primary())
    return hasFilters ? this.filters(node) : node
  }

  private primary(): Expr {
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

  private postfix(value: Expr): Expr {
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
          this.mention(node)
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
        this.mention(node)
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
    const named: { name: string; value: Expr }[] = []
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
          const { name } = value
          if (named.some((n) => n.name === name)) {
            throw this.error_(`the argument "${name}" is given twice`, value.start)
          }
          named.push({ name, value: this.expression() })
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

  private filters(value: Expr): Expr {
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

  private filterCall(target: Expr | undefined): FilterExpr {
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

  // Small pieces

  private refuse(unknown: UnknownName | undefined, start: number): void {
    if (unknown === undefined || !this.checksNames) return
    const { message, hint } = unknown
    throw new GmError('GM2005', message, { at: this.at(start), hint })
  }

  private mention(node: Expr): void {
    if (node.kind === 'attribute' && node.target.kind === 'name') {
      this.uses.members.add(`${node.target.name}.${node.name}`)
    }
    if (node.kind === 'name') this.uses.names.add(node.name)
    if (
      node.kind === 'call' &&
      node.callee.kind === 'attribute' &&
      node.callee.name === 'dispatch'
    ) {
      const first =
        node.args.positional[0] ?? node.args.named.find((n) => n.name === 'macro_name')?.value
      if (first?.kind === 'const' && typeof first.value === 'string')
        this.uses.dispatched.add(first.value)
    }
  }

  private operator<T extends BinaryOperator>(...ops: readonly T[]): T | undefined {
    const token = this.peek()
    const op = ops.find((o) => token.type === 'operator' && token.value === o)
    if (op !== undefined) this.nextToken()
    return op
  }

  private next(): Token {
    const token = this.nextToken()
    // The lexer throws inside an unclosed tag, so the end of the file is never met here.
    if (token === null) throw this.error_('unexpected end of the file', this.lexer.index)
    return token
  }

  private peek(): Token {
    const token = this.next()
    this.pushToken(token)
    return token
  }

  private expect_(type: string, what: string): Token {
    if (this.peek().type !== type) throw this.unexpected(what)
    return this.next()
  }

  private endTag(type: 'variable-end' | 'block-end', what: string): Token {
    const token = this.expect_(type, `"${what}"`)
    this.dropLeadingWhitespace = token.value.startsWith('-')
    return token
  }

  private unexpected(wanted: string): GmError {
    const token = this.peek()
    const found = token.type === 'string' ? 'a string' : `"${token.value}"`
    return this.error_(`expected ${wanted}, found ${found}`, token.start)
  }

  private error_(message: string, offset: number, hint?: string): GmError {
    return new GmError('GM2001', message, { at: this.at(offset), hint })
  }

  private at(offset: number): ReturnType<typeof locationAt> {
    return locationAt(this.text, offset, this.file)
  }
}

function newUses(): MutableUses {
  return { names: new Set(), members: new Set(), dispatched: new Set() }
}

function startsOperand(token: Token): boolean {
  if (['string', 'int', 'float', 'left-bracket', 'left-curly'].includes(token.type)) return true
  return (
    token.type === 'symbol' &&
    !['else', 'or', 'and', 'is', 'if', 'not', 'in', 'recursive'].includes(token.value)
  )
}

function textNode(text: string, from: number, to: number): TextNode {
  const raw = text.slice(from, to)
  const value = raw.includes('\r') ? raw.replace(/\r\n?/g, '\n') : raw
  const lines: { offset: number; start: number }[] = []
  // A lone \r is a line end for Jinja2 but not for editors; it shifts no offset.
  let offset = 0
  let start = 0
  while (offset < value.length) {
    const end = value.indexOf('\n', offset)
    const stop = end === -1 ? value.length : end
    if (value.slice(offset, stop).trim() !== '') lines.push({ offset, start: from + start })
    start += stop - offset + 1
    if (raw[start - 1] === '\r' && raw[start] === '\n') start += 1
    offset = stop + 1
  }
  return { kind: 'text', start: from, value, lines }
}
