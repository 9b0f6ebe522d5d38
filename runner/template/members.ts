import { didYouMean } from '../base/nearest.ts'
import { DICT_METHODS, LIST_METHODS, STRING_METHODS, TUPLE_METHODS } from './methods.ts'
import type { Native } from './native.ts'
import { callNative } from './native.ts'
import { builtin, fromPlain } from './plain-data.ts'
import type { Run } from './run.ts'
import { TemplateObject } from './template.ts'
import type { Value } from './values.ts'
import {
  anyType,
  Callable,
  defined,
  expectInteger,
  fail,
  keyOf,
  keyText,
  LoopState,
  Namespace,
  or,
  Tuple,
  typeName,
  Undefined,
} from './values.ts'

const NO_METHODS: ReadonlyMap<string, Native> = new Map<string, Native>()

/** `target.name`: a method from a fixed table, or a dict's key, or a member that an object lists. Nothing else exists. */
export function attributeOf(
  run: Run,
  target: Value,
  name: string,
  label: string | undefined,
): Value {
  const it = defined(target)
  const method = methodsOf(it).get(name)
  if (method !== undefined) return boundMethod(it, name, method)
  return or(ownMember(run, it, name), () => missing(it, name, label))
}

/** `target[index]`: an item, or else an attribute of that name. */
export function itemOf(run: Run, target: Value, index: Value, label: string | undefined): Value {
  const it = defined(target)
  const key = defined(index)
  if (Array.isArray(it) || it instanceof Tuple || typeof it === 'string') {
    if (typeof key === 'string') return attributeOf(run, it, key, label)
    const items = typeof it === 'string' ? Array.from(it) : Array.isArray(it) ? it : it.items
    const position = expectInteger(key, 'the index')
    const item = items.at(position)
    return or(
      item,
      () => new Undefined(`${label ?? `the ${typeName(it)}`} has no item ${position}`),
    )
  }
  if (it instanceof TemplateObject && it.items !== undefined && typeof key === 'number') {
    const item = it.items.at(key)
    return item === undefined
      ? new Undefined(`${label ?? `the ${it.type}`} has no item ${key}`)
      : item
  }
  if (it instanceof Map) {
    const value = it.get(keyOf(key))
    if (value !== undefined) return value
  }
  if (typeof key === 'string') return attributeOf(run, it, key, label)
  return new Undefined(`${label ?? `the ${typeName(it)}`} has no item ${keyText(keyOf(key))}`)
}

/** `target[from:to:step]` with Python's rules. */
export function sliceOf(target: Value, bounds: readonly Value[]): Value {
  const it = defined(target)
  const items =
    typeof it === 'string'
      ? Array.from(it)
      : Array.isArray(it)
        ? it
        : it instanceof Tuple
          ? it.items
          : undefined
  if (items === undefined) return fail('GM3008', `${anyType(it)} cannot be sliced`)
  const [from, to, by] = bounds.map((b) =>
    defined(b) === null ? undefined : expectInteger(b, 'a bound of a slice'),
  )
  const step = by ?? 1
  if (step === 0) return fail('GM3008', 'the step of a slice cannot be zero')
  const { length } = items
  const lowest = step > 0 ? 0 : -1
  const highest = step > 0 ? length : length - 1
  const clamp = (bound: number): number =>
    Math.min(highest, Math.max(lowest, bound < 0 ? bound + length : bound))
  const start = from === undefined ? (step > 0 ? 0 : highest) : clamp(from)
  const stop = to === undefined ? (step > 0 ? highest : lowest) : clamp(to)
  const found: Value[] = []
  for (let i = start; step > 0 ? i < stop : i > stop; i += step)
    found.push(or(items[i], () => null))
  if (typeof it === 'string')
    return found.map((char) => (typeof char === 'string' ? char : '')).join('')
  return Array.isArray(it) ? found : new Tuple(found)
}

function methodsOf(value: Value): ReadonlyMap<string, Native> {
  if (typeof value === 'string') return STRING_METHODS
  if (Array.isArray(value)) return LIST_METHODS
  if (value instanceof Map) return DICT_METHODS
  if (value instanceof Tuple) return TUPLE_METHODS
  return NO_METHODS
}

function boundMethod(subject: Value, name: string, method: Native): Callable {
  return new Callable(name, (run, args, kwargs) =>
    callNative(run, name, method, subject, args, kwargs),
  )
}

function ownMember(run: Run, value: Value, name: string): Value | undefined {
  if (value instanceof Map) return value.get(name)
  if (value instanceof Namespace) return value.values.get(name)
  if (value instanceof LoopState) return name === 'call' ? undefined : value.get(name)
  if (!(value instanceof TemplateObject)) return undefined
  const { functions, values } = value
  if (Object.hasOwn(functions, name)) {
    const body = functions[name]
    return body === undefined ? undefined : builtin(`${value.type}.${name}`, body)
  }
  if (!Object.hasOwn(values, name)) return undefined
  return fromPlain(run, `${value.type}.${name}`, values[name])
}

function missing(value: Value, name: string, label: string | undefined): Undefined {
  const owner = label ?? `the ${typeName(value)}`
  return new Undefined(`${owner} has no attribute "${name}"`, () =>
    didYouMean(name, memberNames(value)),
  )
}

function memberNames(value: Value): string[] {
  const names = [...methodsOf(value).keys()]
  if (value instanceof Map) names.push(...[...value.keys()].map(String))
  if (value instanceof Namespace) names.push(...value.values.keys())
  if (value instanceof TemplateObject) {
    names.push(...Object.keys(value.functions), ...Object.keys(value.values))
  }
  return names
}
