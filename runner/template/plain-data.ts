import type { Location } from '../base/location.ts'
import { locationAt } from '../base/location.ts'
import type { Run, Site } from './run.ts'
import type { Builtin, Call } from './template.ts'
import { TemplateObject } from './template.ts'
import type { Key, Value } from './values.ts'
import {
  anyType,
  Callable,
  defined,
  Float,
  fail,
  integer,
  keyText,
  LoopState,
  Namespace,
  printable,
  Tuple,
} from './values.ts'

/**
 * A value of the scope, or the result of a built-in, as a template value. Objects are copied: nothing that a template
 * does reaches the original. `undefined` prints as nothing, as `config()` does.
 * @throws TypeError for anything but plain data, TemplateObject and functions: a bug of gm's.
 */
export function fromPlain(run: Pick<Run, 'converted'>, name: string, value: unknown): Value {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'undefined':
      return ''
    case 'number':
      return value
    case 'bigint':
      return integer(Number(value))
    case 'function':
      return builtin(name, value as Builtin)
    case 'object':
      break
    default:
      throw new TypeError(`${name}: a ${typeof value} cannot enter a template`)
  }
  if (value === null || value instanceof TemplateObject || value instanceof Callable) return value
  const known = run.converted.get(value)
  if (known !== undefined) return known
  if (Array.isArray(value)) {
    const list: Value[] = []
    run.converted.set(value, list)
    for (const item of value) list.push(fromPlain(run, name, item))
    return list
  }
  const entries = entriesOf(value)
  if (entries === undefined) throw new TypeError(`${name}: only plain data can enter a template`)
  const dict = new Map<Key, Value>()
  run.converted.set(value, dict)
  for (const [key, item] of entries) dict.set(key, fromPlain(run, name, item))
  return dict
}

function entriesOf(value: object): Iterable<readonly [Key, unknown]> | undefined {
  if (value instanceof Map) return value as Map<Key, unknown>
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null ? Object.entries(value) : undefined
}

/** A built-in as something that a template can call. */
export function builtin(name: string, body: Builtin): Callable {
  return new Callable(name, (run, args, kwargs) => {
    const plain: Record<string, unknown> = {}
    let caller: (() => string) | undefined
    for (const [key, value] of kwargs) {
      if (key === 'caller' && value instanceof Callable) {
        caller = () => printable(value.invoke(run, [], new Map()))
      } else define(plain, key, toPlain(value))
    }
    const given = args.map((value) => toPlain(value))
    return fromPlain(run, name, body(new BuiltinCall(run, given, plain, caller)))
  })
}

/**
 * Its places are worked out only when asked for: most calls succeed and never need one. A class: V8 makes a hidden class
 * for each object that is written with a getter of its own (docs/adr/0014).
 */
class BuiltinCall implements Call {
  readonly args: readonly unknown[]
  readonly kwargs: Readonly<Record<string, unknown>>
  declare readonly package?: string
  declare readonly caller?: () => string
  readonly #site: Site
  readonly #callers: readonly Site[]

  constructor(
    run: Run,
    args: readonly unknown[],
    kwargs: Readonly<Record<string, unknown>>,
    caller: (() => string) | undefined,
  ) {
    this.args = args
    this.kwargs = kwargs
    this.#site = { source: run.source, start: run.position }
    this.#callers = run.calls.length === 0 ? NO_CALLERS : run.calls.toReversed()
    if (run.source.package !== undefined) this.package = run.source.package
    if (caller !== undefined) this.caller = caller
  }

  get at(): Location {
    return locate(this.#site)
  }

  get calledFrom(): readonly Location[] {
    return this.#callers.map(locate)
  }
}

const NO_CALLERS: readonly Site[] = []

export function locate({ source, start }: Site): Location {
  return locationAt(source.text, start, source.file)
}

/** A template value as plain data for a built-in; dicts become objects, tuples arrays. */
export function toPlain(value: Value, depth = 0): unknown {
  if (depth > 100)
    fail(
      'GM3006',
      'a value that contains itself, or is nested too deep, is given to a function',
      'Give the part of it that the function needs.',
    )
  const it = defined(value)
  if (it === null || typeof it !== 'object') return it
  if (it instanceof Float) return it.value
  if (Array.isArray(it)) return it.map((item) => toPlain(item, depth + 1))
  if (it instanceof Tuple) return it.items.map((item) => toPlain(item, depth + 1))
  if (it instanceof Map) {
    const plain: Record<string, unknown> = {}
    for (const [key, item] of it) define(plain, keyText(key), toPlain(item, depth + 1))
    return plain
  }
  if (it instanceof TemplateObject || it instanceof Callable) return it
  if (it instanceof Namespace || it instanceof LoopState) {
    return fail(
      'GM3008',
      `${anyType(it)} cannot be given to a function`,
      'Give one of its attributes.',
    )
  }
  return it
}

function define(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    fail('GM3005', 'a dict that is given to a function cannot have the key "__proto__"')
  target[key] = value
}
