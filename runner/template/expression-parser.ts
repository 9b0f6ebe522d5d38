import { PrimaryParser } from './primary-parser.ts'
import type { CompareOperator, Expr } from './syntax.ts'

const COMPARISONS = new Set(['==', '!=', '<', '<=', '>', '>='])

/** Operators by precedence, loosest binding first. */
export abstract class ExpressionParser extends PrimaryParser {
  /** `1, 2` is a tuple where Jinja2 allows it without parentheses. */
  protected tupleOrExpression(isLoop = false): Expr {
    const first = isLoop ? this.or() : this.expression()
    if (this.peek().type !== 'comma') return first
    const items = [first]
    while (this.skip('comma')) {
      if (this.peek().type.endsWith('-end')) break
      items.push(isLoop ? this.or() : this.expression())
    }
    return { kind: 'tuple', start: first.start, items }
  }

  protected override expression(): Expr {
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
}
