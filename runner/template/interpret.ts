import { bindParameters } from './bind-parameters.ts'
import { applyFilters, evaluate, evaluateCall } from './evaluate.ts'
import type { Frame } from './frame.ts'
import { lookup, newFrame } from './frame.ts'
import { printValue } from './print-value.ts'
import { Return } from './return-signal.ts'
import type { Output, Run } from './run.ts'
import { capture, charge, enterCall, write } from './run.ts'
import type { MacroNode, Node, Target, TextNode } from './syntax.ts'
import type { MarkSource, PrintedAt, Value } from './values.ts'
import {
  Callable,
  equals,
  fail,
  isTruthy,
  iterate,
  LoopState,
  Namespace,
  or,
  Text,
  Undefined,
  unwrap,
} from './values.ts'

type Flow = 'break' | 'continue' | undefined

// Statements

/** Writes what statements give to the run's output; tells whether a loop around them ends here or goes on. */
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
      const value = evaluateCall(run, node.call, frame, caller)
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

// Macros

/** A macro as a value that can be called. */
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
