import { ExpressionParser } from './expression-parser.ts'
import type { Token } from './lexer.ts'
import { CONSTANTS, RESERVED } from './reserved-words.ts'
import type {
  Expr,
  FilterExpr,
  MacroNode,
  Node,
  Parameter,
  SnapshotNode,
  Syntax,
  Target,
  TextNode,
} from './syntax.ts'
import { textNode } from './text-node.ts'
import type { OpenBlock } from './unknown-tag.ts'
import { unknownTag } from './unknown-tag.ts'
import { addUsedNames, addUsedNamesOfMacro, noUsedNames } from './used-names.ts'

/** A file as statements: text, `{{ }}` and `{% %}` with the blocks that they open and close. */
export class StatementParser extends ExpressionParser {
  private readonly macros: MacroNode[] = []
  private readonly snapshots: SnapshotNode[] = []
  /** Blocks not closed yet, the innermost last. */
  private readonly open: OpenBlock[] = []

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
        throw unknownTag(name, this.open.at(-1), (offset) => this.at(offset))
    }
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
    this.uses = noUsedNames()
    for (const { value } of parameters) if (value !== undefined) addUsedNames(this.uses, value)
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
    addUsedNamesOfMacro(outer, this.uses)
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
}
