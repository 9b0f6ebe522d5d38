import { didYouMean } from '../base/nearest.ts'
import { FILTERS } from './filters.ts'
import type { Frame } from './frame.ts'
import { lookup, newFrame } from './frame.ts'
import { IS_TESTS } from './is-tests.ts'
import { attributeOf, itemOf, sliceOf } from './members.ts'
import type { Native } from './native.ts'
import { callNative } from './native.ts'
import { applySign, operate } from './operate.ts'
import { builtin } from './plain-data.ts'
import { printValue } from './print-value.ts'
import type { Run } from './run.ts'
import { charge, chargeString } from './run.ts'
import type { Arguments, CallExpr, Expr, FilterExpr } from './syntax.ts'
import { TemplateObject } from './template.ts'
import type { Dict, Key, Value } from './values.ts'
import {
  anyType,
  Callable,
  compare,
  defined,
  equals,
  fail,
  float,
  isIn,
  isTruthy,
  iterate,
  keyOf,
  LoopState,
  Tuple,
  Undefined,
  unwrap,
} from './values.ts'

/** The value of an expression that stands alone in its text. */
export function runValue(run: Run, expr: Expr): Value {
  run.position = expr.start
  return evaluate(run, expr, newFrame())
}

/** The value of an expression. It is a Text only straight from a macro, a block or a variable that holds one. */
export function evaluate(run: Run, expr: Expr, frame: Frame): Value {
  charge(run, 1)
  switch (expr.kind) {
    case 'const':
      return expr.value
    case 'float':
      return float(expr.value)
    case 'name':
      run.position = expr.start
      return lookup(run, expr.name, frame)
    case 'list':
      return expr.items.map((item) => unwrap(evaluate(run, item, frame)))
    case 'tuple':
      return new Tuple(expr.items.map((item) => unwrap(evaluate(run, item, frame))))
    case 'dict': {
      const dict: Dict = new Map<Key, Value>()
      for (const [key, value] of expr.pairs) {
        const name = evaluate(run, key, frame)
        run.position = key.start
        dict.set(keyOf(name), unwrap(evaluate(run, value, frame)))
      }
      return dict
    }
    case 'attribute': {
      const target = evaluate(run, expr.target, frame)
      run.position = expr.start
      return attributeOf(run, target, expr.name, label(expr.target))
    }
    case 'item': {
      const target = evaluate(run, expr.target, frame)
      const index = evaluate(run, expr.index, frame)
      run.position = expr.start
      return itemOf(run, target, index, label(expr.target))
    }
    case 'slice': {
      const [target, ...bounds] = [expr.target, expr.from, expr.to, expr.step].map((part) =>
        part === undefined ? null : evaluate(run, part, frame),
      )
      run.position = expr.start
      return sliceOf(target ?? null, bounds)
    }
    case 'call':
      return evaluateCall(run, expr, frame)
    case 'filter': {
      const subject = expr.target === undefined ? '' : evaluate(run, expr.target, frame)
      return applyFilter(run, subject, expr, frame)
    }
    case 'test': {
      const subject = evaluate(run, expr.target, frame)
      const { positional, named } = evaluateArguments(run, expr.args, frame)
      run.position = expr.nameStart
      const test = known(IS_TESTS, expr.name, 'test')
      run.position = expr.start
      return callNative(run, expr.name, test, subject, positional, named)
    }
    case 'unary': {
      const operand = evaluate(run, expr.operand, frame)
      run.position = expr.start
      return expr.op === 'not' ? !isTruthy(operand) : applySign(expr.op, operand)
    }
    case 'binary': {
      const left = evaluate(run, expr.left, frame)
      const right = evaluate(run, expr.right, frame)
      run.position = expr.start
      return operate(run, expr.op, left, right)
    }
    case 'and':
    case 'or': {
      const left = evaluate(run, expr.left, frame)
      run.position = expr.left.start
      return isTruthy(left) === (expr.kind === 'or') ? left : evaluate(run, expr.right, frame)
    }
    case 'concat': {
      let text = ''
      for (const part of expr.parts) {
        const value = evaluate(run, part, frame)
        run.position = part.start
        const piece = printValue(value)
        chargeString(run, text.length + piece.length, 0)
        text += piece
      }
      return text
    }
    case 'compare':
      return evaluateComparison(run, expr, frame)
    case 'conditional': {
      const test = evaluate(run, expr.test, frame)
      run.position = expr.test.start
      if (isTruthy(test)) return evaluate(run, expr.then, frame)
      return expr.otherwise === undefined ? '' : evaluate(run, expr.otherwise, frame)
    }
  }
}

function evaluateComparison(
  run: Run,
  expr: Extract<Expr, { kind: 'compare' }>,
  frame: Frame,
): boolean {
  let left = evaluate(run, expr.first, frame)
  for (const { op, right: operand } of expr.rest) {
    const right = evaluate(run, operand, frame)
    run.position = left instanceof Undefined ? expr.start : operand.start
    let holds: boolean
    if (op === '==' || op === '!=') holds = equals(left, right) === (op === '==')
    else if (op === 'in' || op === 'not in') {
      const container = defined(right)
      charge(run, typeof container === 'string' ? container.length >>> 4 : 1)
      holds = isIn(left, container) === (op === 'in')
    } else {
      const order = compare(left, right)
      if (op === '<') holds = order < 0
      else if (op === '<=') holds = order <= 0
      else if (op === '>') holds = order > 0
      else holds = order >= 0
    }
    if (!holds) return false
    left = right
  }
  return true
}

/** How messages call the thing before a dot or bracket. */
function label(expr: Expr): string | undefined {
  if (expr.kind === 'name') return expr.name
  if (expr.kind !== 'attribute') return undefined
  const target = label(expr.target)
  return target === undefined ? undefined : `${target}.${expr.name}`
}

/** @param caller the body of a `{% call %}` block, as a macro. */
export function evaluateCall(run: Run, expr: CallExpr, frame: Frame, caller?: Callable): Value {
  const callee = unwrap(evaluate(run, expr.callee, frame))
  const { positional, named } = evaluateArguments(run, expr.args, frame)
  run.position = expr.start
  if (caller !== undefined) named.set('caller', caller)
  if (callee instanceof Undefined) {
    const name = label(expr.callee)
    if (name === undefined) fail('GM3004', callee.message, callee.hint())
    fail('GM2005', `there is no macro or function "${name}"`, callee.hint())
  }
  const target = callable(callee)
  if (!(target instanceof Callable)) {
    return fail(
      'GM3008',
      `${label(expr.callee) ?? 'this'} is ${anyType(callee)} and cannot be called`,
    )
  }
  return target.invoke(run, positional, named)
}

function callable(value: Value): Value | undefined {
  if (value instanceof LoopState) return value.get('call')
  if (value instanceof TemplateObject && value.call !== undefined) {
    return builtin(value.type, value.call)
  }
  return value
}

interface EvaluatedArguments {
  readonly positional: Value[]
  readonly named: Map<string, Value>
}

function evaluateArguments(run: Run, args: Arguments, frame: Frame): EvaluatedArguments {
  const positional = args.positional.map((arg) => evaluate(run, arg, frame))
  const named = new Map<string, Value>()
  for (const { name, value } of args.named) named.set(name, evaluate(run, value, frame))
  if (args.rest !== undefined) positional.push(...iterate(evaluate(run, args.rest, frame)))
  if (args.restNamed !== undefined) {
    const rest = defined(evaluate(run, args.restNamed, frame))
    run.position = args.restNamed.start
    if (!(rest instanceof Map)) fail('GM3008', `"**" needs a dict, not ${anyType(rest)}`)
    for (const [key, value] of rest) {
      if (typeof key !== 'string') fail('GM3008', 'the names of arguments must be strings')
      if (named.has(key)) fail('GM2008', `the argument "${key}" is given twice`)
      named.set(key, value)
    }
  }
  return { positional, named }
}

/** The filters of a block, the first one first. */
export function applyFilters(
  run: Run,
  value: Value,
  filters: readonly FilterExpr[],
  frame: Frame,
): Value {
  return filters.reduce((subject, filter) => applyFilter(run, subject, filter, frame), value)
}

function applyFilter(run: Run, subject: Value, expr: FilterExpr, frame: Frame): Value {
  const { positional, named } = evaluateArguments(run, expr.args, frame)
  run.position = expr.nameStart
  const filter = known(FILTERS, expr.name, 'filter')
  run.position = expr.start
  return callNative(run, expr.name, filter, subject, positional, named)
}

function known(table: ReadonlyMap<string, Native>, name: string, kind: string): Native {
  const found = table.get(name)
  return found ?? fail('GM2005', `there is no ${kind} "${name}"`, didYouMean(name, table.keys()))
}
