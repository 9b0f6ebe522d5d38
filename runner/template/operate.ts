import { formatPercent } from './format-text.ts'
import type { Run } from './run.ts'
import { charge, chargeString } from './run.ts'
import type { BinaryOperator } from './syntax.ts'
import { TemplateObject } from './template.ts'
import type { Value } from './values.ts'
import {
  anyType,
  defined,
  expectInteger,
  fail,
  float,
  integer,
  isFloat,
  isNumeric,
  numberOf,
  Tuple,
} from './values.ts'

/** Python's arithmetic and its meanings for strings and lists. @throws GmError GM3004, GM3006, GM3008. */
export function operate(run: Run, op: BinaryOperator, a: Value, b: Value): Value {
  const left = defined(a)
  const right = defined(b)
  if (op === '%' && typeof left === 'string') return formatPercent(run, left, right)
  if (isNumeric(left) && isNumeric(right)) {
    const x = numberOf(left)
    const y = numberOf(right)
    const isFloating = op === '/' || isFloat(left) || isFloat(right) || (op === '**' && y < 0)
    const result = arithmetic(op, x, y)
    return isFloating ? float(result) : integer(result)
  }
  if (op === '+') {
    if (typeof left === 'string' && typeof right === 'string') {
      chargeString(run, left.length + right.length, 0)
      return left + right
    }
    if (Array.isArray(left) && Array.isArray(right)) {
      charge(run, left.length + right.length)
      return [...left, ...right]
    }
    if (left instanceof Tuple && right instanceof Tuple) {
      charge(run, left.items.length + right.items.length)
      return new Tuple([...left.items, ...right.items])
    }
  }
  if (
    (op === '+' || op === '-') &&
    left instanceof TemplateObject &&
    right instanceof TemplateObject
  ) {
    const result = left.plus?.(right, op === '+' ? 1 : -1)
    if (result !== undefined) return result
  }
  if (op === '*') {
    if (isNumeric(left) && !isNumeric(right)) return repeat(run, right, left)
    if (isNumeric(right)) return repeat(run, left, right)
  }
  return fail(
    'GM3008',
    `"${op}" cannot be applied to ${anyType(left)} and ${anyType(right)}`,
    op === '+' ? 'Join texts with "~", which turns both sides into text.' : undefined,
  )
}

/** `-x` and `+x`. */
export function applySign(op: '-' | '+', value: Value): Value {
  const it = defined(value)
  if (!isNumeric(it)) return fail('GM3008', `"${op}" cannot be applied to ${anyType(it)}`)
  const number = op === '-' ? -numberOf(it) : numberOf(it)
  return isFloat(it) ? float(number) : integer(number)
}

function arithmetic(op: BinaryOperator, x: number, y: number): number {
  switch (op) {
    case '+':
      return x + y
    case '-':
      return x - y
    case '*':
      return x * y
    case '**':
      if (x === 0 && y < 0) fail('GM3008', 'division by zero')
      if (x < 0 && !Number.isInteger(y))
        fail('GM3008', 'the root of a negative number is no number')
      return x ** y
    default:
      if (y === 0) fail('GM3008', 'division by zero')
  }
  if (op === '/') return x / y
  if (op === '//') return Math.floor(x / y)
  // The result has the sign of the divisor, unlike JavaScript's.
  const rest = x % y
  return rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest
}

function repeat(run: Run, value: Value, times: Value): Value {
  const count = Math.max(0, expectInteger(times, 'the factor'))
  if (typeof value === 'string') {
    chargeString(run, value.length * count)
    return value.repeat(count)
  }
  if (Array.isArray(value) || value instanceof Tuple) {
    const items = Array.isArray(value) ? value : value.items
    charge(run, items.length * count)
    const repeated = Array.from({ length: count }, () => items).flat()
    return Array.isArray(value) ? repeated : new Tuple(repeated)
  }
  return fail('GM3008', `"*" cannot be applied to ${anyType(value)} and an integer`)
}
