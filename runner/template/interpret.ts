import { GmError } from '../base/error.ts'
import { didYouMean } from '../base/nearest.ts'
import { FILTERS } from './filters.ts'
import { IS_TESTS } from './is-tests.ts'
import { attributeOf, itemOf, sliceOf } from './members.ts'
import type { Native } from './native.ts'
import { callNative } from './native.ts'
import { applySign, operate } from './operate.ts'
import { builtin, locate } from './plain-data.ts'
import { printValue } from './print-value.ts'
import type { Output, Run } from './run.ts'
import { capture, charge, chargeString, enterCall, write } from './run.ts'
import type {
  Arguments,
  CallExpr,
  Expr,
  FilterExpr,
  MacroNode,
  Node,
  Parameter,
  Target,
  TextNode,
} from './syntax.ts'
import { TemplateObject } from './template.ts'
import type { Dict, Key, MarkSource, PrintedAt, Value } from './values.ts'
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
  Namespace,
  or,
  Text,
  Tuple,
  Undefined,
  unwrap,
} from './values.ts'

/** Variables of one scope: the file, a macro, a loop's turn, a block's body. An `if` has none of its own. */
export interface Frame {
  readonly variables: Map<string, Value>
  readonly parent: Frame | undefined
}

export function newFrame(parent?: Frame): Frame {
  return { variables: new Map(), parent }
}

type Flow = 'break' | 'continue' | undefined

/** Thrown by `return()`, caught by the macro that it leaves. */
export class Return extends Error {
  readonly value: Value
  constructor(value: Value) {
    super('return() outside of a macro')
    this.value = value
  }
}

export const RETURN = new Callable('return', (_run, args) => {
  const limit = Error.stackTraceLimit
  // Control flow, not a failure: a stack trace would cost more than the macro.
  Error.stackTraceLimit = 0
  const signal = new Return(args[0] ?? null)
  Error.stackTraceLimit = limit
  throw signal
})

// Statements

export function runBody(run: Run, nodes: readonly Node[], frame: Frame): Flow {
  for (const node of nodes) {
    charge(run, 1)
    run.position = node.start
    const flow = runNode(run, node, frame)
    if (flow !== undefined) return flow
  }
  return undefined
}

function runNode(run: Run, node: Node, frame: Frame): Flow {
  switch (node.kind) {
    case 'text':
      writeText(run, node)
      return undefined
    case 'output':
      writeValue(run, node.start, evaluate(run, node.value, frame))
      return undefined
    case 'if': {
      const branch = node.branches.find(({ test }) => isTruthy(evaluate(run, test, frame)))
      return runBody(run, branch?.body ?? node.otherwise, frame)
    }
    case 'for':
      return runFor(run, node, frame)
    case 'set':
      assign(run, node.target, evaluate(run, node.value, frame), frame)
      return undefined
    case 'set-block': {
      const body = capture(run, () => void runBody(run, node.body, newFrame(frame)))
      assign(run, node.target, applyFilters(run, asText(body), node.filters, frame), frame)
      return undefined
    }
    case 'with': {
      const inner = newFrame(frame)
      const values = node.assignments.map(({ value }) => evaluate(run, value, frame))
      node.assignments.forEach(({ target }, i) => assign(run, target, values[i] ?? null, inner))
      return runBody(run, node.body, inner)
    }
    case 'do':
      evaluate(run, node.value, frame)
      return undefined
    case 'filter-block': {
      const body = capture(run, () => void runBody(run, node.body, newFrame(frame)))
      writeValue(run, node.start, applyFilters(run, asText(body), node.filters, frame))
      return undefined
    }
    case 'call-block': {
      const { caller, body } = callerOf(run, node, frame)
      const value = call(run, node.call, frame, caller)
      // A built-in gets the body as plain text; when it gives it back as it is, its places are known.
      const given = body()
      const isBody = given instanceof Text && given.text === value
      writeValue(run, node.call.start, isBody ? given : value)
      return undefined
    }
    case 'macro':
      frame.variables.set(node.name, macroCallable(node, run.source, frame))
      return undefined
    case 'break':
    case 'continue':
      return node.kind
    case 'snapshot':
      return fail(
        'GM2010',
        'a snapshot block stands in a file that is no snapshot',
        'Move it to a snapshots folder.',
      )
  }
}

function writeText(run: Run, node: TextNode): void {
  const { marks } = run.out
  if (marks !== undefined) {
    const base = run.out.text.length
    for (const { offset, start } of node.lines) {
      marks.push({ offset: base + offset, source: run.source, start, isText: true })
    }
  }
  write(run, node.value)
}

function writeValue(run: Run, start: number, value: Value): void {
  run.position = start
  const { marks } = run.out
  if (marks !== undefined) {
    const base = run.out.text.length
    if (value instanceof Text && value.marks.length > 0) {
      let printedAt: PrintedAt | undefined
      for (const mark of value.marks) {
        // Neighbours mostly come from the same calls and share the chain.
        if (printedAt === undefined || printedAt.inner !== mark.printedAt)
          printedAt = { source: run.source, start, inner: mark.printedAt }
        marks.push({ ...mark, offset: base + mark.offset, printedAt })
      }
    } else marks.push({ offset: base, source: run.source, start, isText: false })
  }
  write(run, printValue(value))
}

function asText({ text, marks }: Output): Value {
  return marks === undefined ? text : new Text(text, marks)
}

interface ForNode extends Extract<Node, { kind: 'for' }> {
  readonly kind: 'for'
}

function runFor(run: Run, node: ForNode, frame: Frame): Flow {
  runLoop(run, node, evaluate(run, node.iterable, frame), frame, 0)
  return undefined
}

function runLoop(run: Run, node: ForNode, iterable: Value, frame: Frame, depth: number): void {
  run.position = node.iterable.start
  let items: readonly Value[] = [...iterate(iterable)]
  charge(run, items.length)
  const { filter } = node
  if (filter !== undefined) {
    items = items.filter((item) => {
      const inner = newFrame(frame)
      assign(run, node.target, item, inner)
      return isTruthy(evaluate(run, filter, inner))
    })
  }
  if (items.length === 0) {
    runBody(run, node.otherwise, newFrame(frame))
    return
  }
  let index = 0
  let changed: readonly Value[] | undefined
  const recurse = new Callable('loop', (_run, args) =>
    asText(capture(run, () => runLoop(run, node, args[0] ?? null, frame, depth + 1))),
  )
  const loop = new LoopState('loop', (name) => {
    switch (name) {
      case 'index':
        return index + 1
      case 'index0':
        return index
      case 'revindex':
        return items.length - index
      case 'revindex0':
        return items.length - index - 1
      case 'first':
        return index === 0
      case 'last':
        return index === items.length - 1
      case 'length':
        return items.length
      case 'depth':
        return depth + 1
      case 'depth0':
        return depth
      case 'previtem':
        return or(items[index - 1], () => new Undefined('there is no previous item'))
      case 'nextitem':
        return or(items[index + 1], () => new Undefined('there is no next item'))
      case 'cycle':
        return new Callable('loop.cycle', (_run, args) =>
          args.length === 0
            ? fail('GM2008', 'loop.cycle() needs at least one argument')
            : (args[index % args.length] ?? null),
        )
      case 'changed':
        return new Callable('loop.changed', (_run, args) => {
          const before = changed
          changed = args
          return before === undefined || !equals([...before], [...args])
        })
      case 'call':
        return node.isRecursive ? recurse : undefined
      default:
        return undefined
    }
  })
  for (; index < items.length; index++) {
    charge(run, 1)
    const inner = newFrame(frame)
    inner.variables.set('loop', loop)
    run.position = node.target.start
    assign(run, node.target, items[index] ?? null, inner)
    if (runBody(run, node.body, inner) === 'break') break
  }
}

function assign(run: Run, target: Target, value: Value, frame: Frame): void {
  switch (target.kind) {
    case 'name':
      frame.variables.set(target.name, value)
      return
    case 'tuple': {
      run.position = target.start
      const items = iterate(value)
      if (items.length !== target.items.length) {
        fail('GM3008', `${items.length} values cannot be assigned to ${target.items.length} names`)
      }
      target.items.forEach((t, i) => assign(run, t, items[i] ?? null, frame))
      return
    }
    case 'attribute': {
      run.position = target.start
      const owner = lookup(run, target.name, frame)
      if (!(owner instanceof Namespace)) {
        fail(
          'GM3008',
          `"${target.name}" is not a namespace, so its attributes cannot be set`,
          'Make it with namespace().',
        )
      }
      owner.values.set(target.attribute, unwrap(value))
    }
  }
}

// Expressions

/** The value of an expression that stands alone in its text. */
export function runValue(run: Run, expr: Expr): Value {
  run.position = expr.start
  return evaluate(run, expr, newFrame())
}

/** The value of an expression. It is a Text only straight from a macro, a block or a variable that holds one. */
function evaluate(run: Run, expr: Expr, frame: Frame): Value {
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
      return call(run, expr, frame)
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

function lookup(run: Run, name: string, frame: Frame): Value {
  for (let scope: Frame | undefined = frame; scope !== undefined; scope = scope.parent) {
    const value = scope.variables.get(name)
    if (value !== undefined) return value
  }
  return or(
    run.lookup(name),
    () =>
      new Undefined(
        `"${name}" is undefined`,
        () =>
          inPackage(name, run) ??
          didYouMean(name, visibleNames(run, frame)) ??
          `Give it a value with {% set ${name} = … %}; a variable of the project is read with var('${name}').`,
      ),
  )
}

/** A package's macro that is called as if it were the project's own. */
function inPackage(name: string, run: Run): string | undefined {
  const found = [...run.names()].find((known) => known.endsWith(`.${name}`))
  return found === undefined ? undefined : `Did you mean "${found}"?`
}

function visibleNames(run: Run, frame: Frame): Set<string> {
  const names = new Set(run.names())
  for (let scope: Frame | undefined = frame; scope !== undefined; scope = scope.parent) {
    for (const name of scope.variables.keys()) names.add(name)
  }
  return names
}

/** How messages call the thing before a dot or bracket. */
function label(expr: Expr): string | undefined {
  if (expr.kind === 'name') return expr.name
  if (expr.kind !== 'attribute') return undefined
  const target = label(expr.target)
  return target === undefined ? undefined : `${target}.${expr.name}`
}

function call(run: Run, expr: CallExpr, frame: Frame, caller?: Callable): Value {
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

function applyFilters(run: Run, value: Value, filters: readonly FilterExpr[], frame: Frame): Value {
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

// Macros

export function macroCallable(
  node: MacroNode,
  source: MarkSource,
  frame: Frame | undefined,
  /** The `set`s of its file that stand outside of macros. */
  sets: readonly Node[] = [],
): Callable {
  return new Callable(node.name, (run, args, kwargs) =>
    enterCall(run, source, () => {
      const depth = run.calls.length
      const { out } = run
      try {
        const inner = newFrame(sets.length === 0 ? frame : moduleFrame(run, source, sets))
        // Wrong arguments are the caller's fault, so they are reported at the call.
        const site = run.calls.at(-1)
        bindParameters(run, node.name, node.parameters, node.uses.names, args, kwargs, inner, site)
        return asText(capture(run, () => void runBody(run, node.body, inner)))
      } catch (signal) {
        if (!(signal instanceof Return)) throw signal
        run.calls.length = depth
        run.source = source
        run.out = out
        return signal.value
      }
    }),
  )
}

/** The variables of a macro file, set the first time that a run calls one of its macros. */
function moduleFrame(run: Run, source: MarkSource, sets: readonly Node[]): Frame {
  const known = run.modules.get(source) as Frame | undefined
  if (known !== undefined) return known
  const frame = newFrame()
  run.modules.set(source, frame)
  capture(run, () => void runBody(run, sets, frame))
  return frame
}

function callerOf(
  run: Run,
  node: Extract<Node, { kind: 'call-block' }>,
  frame: Frame,
): { readonly caller: Callable; readonly body: () => Value | undefined } {
  const { source } = run
  let body: Value | undefined
  const caller = new Callable('caller', (inside, args, kwargs) =>
    enterCall(inside, source, () => {
      const inner = newFrame(frame)
      const site = inside.calls.at(-1)
      bindParameters(inside, 'caller', node.parameters, NO_NAMES, args, kwargs, inner, site)
      body = asText(capture(inside, () => void runBody(inside, node.body, inner)))
      return body
    }),
  )
  return { caller, body: () => body }
}

const NO_NAMES: ReadonlySet<string> = new Set<string>()

function bindParameters(
  run: Run,
  name: string,
  parameters: readonly Parameter[],
  uses: ReadonlySet<string>,
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
  frame: Frame,
  site: Run['calls'][number] | undefined,
): void {
  const refuse = (message: string, hint?: string): never => {
    if (site === undefined) return fail('GM2008', message, hint)
    throw new GmError('GM2008', message, {
      at: locate(site),
      calledFrom: run.calls.slice(0, -1).toReversed().map(locate),
      hint,
    })
  }
  const { variables } = frame
  for (const [i, { name: key }] of parameters.entries()) {
    const value = args[i]
    if (value !== undefined && kwargs.has(key))
      refuse(`the argument "${key}" of ${name}() is given twice`)
    const given = value === undefined ? kwargs.get(key) : value
    if (given !== undefined) variables.set(key, given)
  }
  const surplus = args.slice(parameters.length)
  if (uses.has('varargs')) variables.set('varargs', new Tuple(surplus.map(unwrap)))
  else if (surplus.length > 0) {
    refuse(
      `${name}() takes at most ${parameters.length} argument${parameters.length === 1 ? '' : 's'}, ${args.length} given`,
    )
  }
  const names = parameters.map((p) => p.name)
  const open: Dict = new Map<Key, Value>()
  for (const [key, value] of kwargs) {
    if (names.includes(key)) continue
    if (key === 'caller') {
      if (!uses.has('caller'))
        refuse(`${name}() does not call caller(), so {% call %} has no use for it`)
      variables.set('caller', value)
    } else if (uses.has('kwargs')) open.set(key, unwrap(value))
    else refuse(`${name}() has no argument "${key}"`, didYouMean(key, names))
  }
  if (uses.has('kwargs')) variables.set('kwargs', open)
  if (uses.has('caller') && !variables.has('caller')) {
    variables.set(
      'caller',
      new Undefined(`${name}() is not called with {% call %}, so it has no caller`),
    )
  }
  // Defaults see the parameters before them, as in Jinja2.
  for (const { name: key, value } of parameters) {
    if (variables.has(key)) continue
    variables.set(
      key,
      value === undefined
        ? new Undefined(`the argument "${key}" of ${name}() is not given`)
        : evaluate(run, value, frame),
    )
  }
}
