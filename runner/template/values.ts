import type { Code } from '../base/codes.ts'
import { GmError } from '../base/error.ts'
import { TemplateObject } from './template.ts'

/*
 * What templates compute with. Strings, booleans and null are JavaScript's own; a list is an Array, a dict is a Map.
 * An integral number is a Python int; any other number is a float, and a float that happens to be integral is boxed,
 * because 10 / 2 must print 5.0.
 */

export class Float {
  readonly value: number
  constructor(value: number) {
    this.value = value
  }
}

export class Tuple {
  readonly items: readonly Value[]
  constructor(items: readonly Value[]) {
    this.items = items
  }
}

/** A name or member that does not exist. It may be asked for (`is defined`, `default`), never used. */
export class Undefined {
  readonly message: string
  /** Worked out only when the value is used: most undefined names are only asked for. */
  readonly hint: () => string | undefined
  constructor(message: string, hint: () => string | undefined = () => undefined) {
    this.message = message
    this.hint = hint
  }
}

/** `namespace()`: the one thing whose attributes `set` may change from inside a loop. */
export class Namespace {
  readonly values: Map<string, Value>
  constructor(values: Map<string, Value>) {
    this.values = values
  }
}

/** Anything that can be called. Only interpret.ts calls it, with the arguments already evaluated. */
export class Callable {
  readonly name: string
  readonly invoke: (run: Run, args: readonly Value[], kwargs: ReadonlyMap<string, Value>) => Value
  constructor(name: string, invoke: Callable['invoke']) {
    this.name = name
    this.invoke = invoke
  }
}

/** Output of a macro or a block that still knows where each piece came from. It is a string in every other respect. */
export class Text {
  readonly text: string
  readonly marks: readonly Mark[]
  constructor(text: string, marks: readonly Mark[]) {
    this.text = text
    this.marks = marks
  }
}

/** From a UTF-16 offset in output on, text comes from `source` (an offset in the file's text). */
export interface Mark {
  readonly offset: number
  readonly source: MarkSource
  readonly start: number
  /** Template text, copied one to one up to the line's end; false for what an expression printed. */
  readonly isText: boolean
  /** Where the output of the macro was printed; absent outside of macros. */
  readonly printedAt?: PrintedAt
}

/** A place that printed a macro's output, around the one inside that macro which printed another's. */
export interface PrintedAt {
  readonly source: MarkSource
  readonly start: number
  readonly inner: PrintedAt | undefined
}

export interface MarkSource {
  readonly file: string
  readonly text: string
  readonly package?: string
}

/** `loop`: read only, by name. */
export class LoopState {
  readonly name: string
  readonly get: (key: string) => Value | undefined
  constructor(name: string, get: (key: string) => Value | undefined) {
    this.name = name
    this.get = get
  }
}

export type Key = string | number | boolean | null | TemplateObject
export type Dict = Map<Key, Value>
export type Value =
  | string
  | number
  | boolean
  | null
  | Float
  | Value[]
  | Dict
  | Tuple
  | Undefined
  | Namespace
  | Callable
  | LoopState
  | Text
  | TemplateObject

export interface Limits {
  /** Characters that one render may write, or one string may hold. */
  readonly maxChars: number
  /** Expressions and statements evaluated, list items handled. */
  readonly maxSteps: number
  readonly maxMs: number
}

export interface Output {
  text: string
  /** Undefined when no line map is asked for. */
  readonly marks: Mark[] | undefined
}

export interface Site {
  readonly source: MarkSource
  readonly start: number
}

/** One rendering: where it stands, what it has written and used up. */
export interface Run {
  readonly limits: Limits
  /** Macros, the scope's functions and values, and globals. */
  readonly lookup: (name: string) => Value | undefined
  /** Every name that `lookup` knows, for hints. */
  readonly names: () => Iterable<string>
  readonly now: () => number
  readonly deadline: number
  /** Plain objects of the scope as template values; one object stays one dict for the whole run. */
  readonly converted: WeakMap<object, Value>
  /** The value of a setting is wanted, and not its text. */
  readonly isNative: boolean
  /** What macro files set outside of their macros, each once a run. The interpreter's frames. */
  readonly modules: Map<MarkSource, unknown>
  /** Calls under way, outermost first. An error leaves it as it was, so that its place can be told. */
  readonly calls: Site[]
  source: MarkSource
  position: number
  out: Output
  steps: number
  clockAt: number
  written: number
  /** Characters of intermediate strings. */
  made: number
}

/** `??` for values, where null is a value of its own: Python's None. */
export function or(value: Value | undefined, otherwise: () => Value): Value {
  return value === undefined ? otherwise() : value
}

/** Throws without a place; the interpreter knows where it stands and adds it. */
export function fail(code: Code, message: string, hint?: string): never {
  throw new GmError(code, message, { hint })
}

export function unwrap(value: Value): Exclude<Value, Text> {
  return value instanceof Text ? value.text : value
}

export function typeName(value: Value): string {
  if (value === null) return 'none'
  if (typeof value === 'string' || value instanceof Text) return 'string'
  if (typeof value === 'boolean') return 'boolean'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'float'
  if (value instanceof Float) return 'float'
  if (Array.isArray(value)) return 'list'
  if (value instanceof Map) return 'dict'
  if (value instanceof Tuple) return 'tuple'
  if (value instanceof Undefined) return 'undefined'
  if (value instanceof Namespace) return 'namespace'
  if (value instanceof Callable) return 'function'
  if (value instanceof TemplateObject) return value.type
  return value.name
}

/** `an integer`, `a list`, for messages. */
export function anyType(value: Value): string {
  const name = typeName(value)
  return `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`
}

/** @throws GmError GM3004 for an undefined value. */
export function defined(value: Value): Exclude<Value, Undefined | Text> {
  if (value instanceof Undefined) fail('GM3004', value.message, value.hint())
  return value instanceof Text ? value.text : value
}

export function isNumeric(value: Value): value is number | Float | boolean {
  return typeof value === 'number' || typeof value === 'boolean' || value instanceof Float
}

export function isFloat(value: Value): boolean {
  return value instanceof Float || (typeof value === 'number' && !Number.isInteger(value))
}

/** The number behind an int, float or boolean (True is 1). */
export function numberOf(value: number | Float | boolean): number {
  return value instanceof Float ? value.value : Number(value)
}

export function float(value: number): Value {
  return Number.isInteger(value) ? new Float(value) : value
}

/** Python's integers have no end; gm's stop where JavaScript would begin to round. */
export function integer(value: number): number {
  if (Number.isSafeInteger(value)) return value === 0 ? 0 : value
  return fail(
    'GM3008',
    `the integer ${String(value)} is too large`,
    'Let the database do this sum.',
  )
}

export function expectString(value: Value, what: string): string {
  const it = defined(value)
  return typeof it === 'string'
    ? it
    : fail('GM3008', `${what} must be a string, not ${typeName(it)}`)
}

export function expectInteger(value: Value, what: string): number {
  const it = defined(value)
  if (typeof it === 'boolean') return Number(it)
  if (typeof it === 'number' && Number.isInteger(it)) return it
  return fail('GM3008', `${what} must be an integer, not ${typeName(it)}`)
}

export function isTruthy(value: Value): boolean {
  const it = defined(value)
  if (it === null || it === false || it === 0 || it === '') return false
  if (it instanceof Float) return it.value !== 0
  if (Array.isArray(it)) return it.length > 0
  if (it instanceof Map) return it.size > 0
  if (it instanceof Tuple) return it.items.length > 0
  if (it instanceof TemplateObject && it.items !== undefined) return it.items.length > 0
  return true
}

/** Dict keys that Python can hash; 1.0 and 1 are one key. */
export function keyOf(value: Value): Key {
  const it = defined(value)
  if (it instanceof Float) return it.value
  if (it === null || typeof it === 'string' || typeof it === 'number' || typeof it === 'boolean')
    return it
  if (it instanceof TemplateObject && it.type === 'relation') return sameRelation(it)
  return fail('GM3008', `${anyType(it)} cannot be a dict key`, 'Use a string or a number.')
}

/** A dict's key as text. */
export function keyText(key: Key): string {
  return key instanceof TemplateObject ? (key.text ?? key.type) : String(key)
}

const relations = new Map<string, WeakRef<TemplateObject>>()

/** One object for a relation's name, so that each `ref` to it finds what another has put into a dict. */
function sameRelation(relation: TemplateObject): TemplateObject {
  const name = relation.text ?? ''
  const known = relations.get(name)?.deref()
  if (known === undefined) relations.set(name, new WeakRef(relation))
  return known ?? relation
}

/** The items that a loop or a list filter goes through: a dict gives its keys, a string its characters. */
export function iterate(value: Value): readonly Value[] {
  const it = defined(value)
  if (Array.isArray(it)) return it
  if (it instanceof Tuple) return it.items
  if (it instanceof Map) return [...it.keys()]
  if (typeof it === 'string') return Array.from(it)
  if (it instanceof TemplateObject && it.items !== undefined) return it.items
  return fail('GM3008', `${anyType(it)} cannot be iterated over`)
}

/** How deep values are followed that are compared. */
const MAX_COMPARED = 200

function tooDeep(): never {
  fail(
    'GM3006',
    'values are nested too deep to be compared',
    'Compare the parts of them that matter; a value that contains itself has no end.',
  )
}

export function equals(a: Value, b: Value, depth = 0): boolean {
  const x = defined(a)
  const y = defined(b)
  if (x === y) return true
  if (depth > MAX_COMPARED) tooDeep()
  if (isNumeric(x) && isNumeric(y)) return numberOf(x) === numberOf(y)
  if (Array.isArray(x) && Array.isArray(y)) return sameItems(x, y, depth)
  if (x instanceof Tuple && y instanceof Tuple) return sameItems(x.items, y.items, depth)
  if (x instanceof Map && y instanceof Map) {
    if (x.size !== y.size) return false
    for (const [key, value] of x) {
      const other = y.get(key)
      if (other === undefined || !equals(value, other, depth + 1)) return false
    }
    return true
  }
  if (x instanceof TemplateObject && y instanceof TemplateObject) {
    return x.text !== undefined && x.type === y.type && x.text === y.text
  }
  return false
}

function sameItems(x: readonly Value[], y: readonly Value[], depth: number): boolean {
  return x.length === y.length && x.every((v, i) => equals(v, y[i] ?? null, depth + 1))
}

/** Negative, zero or positive; strings by code point, lists item by item. */
export function compare(a: Value, b: Value, depth = 0): number {
  const x = defined(a)
  const y = defined(b)
  if (depth > MAX_COMPARED) tooDeep()
  if (isNumeric(x) && isNumeric(y)) return numberOf(x) - numberOf(y)
  if (typeof x === 'string' && typeof y === 'string') return compareCodePoints(x, y)
  if ((Array.isArray(x) && Array.isArray(y)) || (x instanceof Tuple && y instanceof Tuple)) {
    const left = iterate(x)
    const right = iterate(y)
    for (let i = 0; i < Math.min(left.length, right.length); i++) {
      const order = compare(left[i] ?? null, right[i] ?? null, depth + 1)
      if (order !== 0) return order
    }
    return left.length - right.length
  }
  return fail('GM3008', `${anyType(x)} cannot be compared with ${anyType(y)}`)
}

function compareCodePoints(a: string, b: string): number {
  if (a === b) return 0
  for (let i = 0; ; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x === y) continue
    if (Number.isNaN(x)) return -1
    if (Number.isNaN(y)) return 1
    // A surrogate stands for a code point beyond every other UTF-16 unit.
    const isHighX = x >= 0xd800 && x <= 0xdfff
    const isHighY = y >= 0xd800 && y <= 0xdfff
    if (isHighX !== isHighY) return isHighX ? 1 : -1
    return x - y
  }
}

export function isIn(item: Value, container: Value): boolean {
  const it = defined(container)
  if (typeof it === 'string') return it.includes(expectString(item, 'what is searched in a string'))
  if (it instanceof Map) return it.has(keyOf(item))
  return iterate(it).some((v) => equals(v, item))
}

/** A value that is already text, as text. */
export function printable(value: Value): string {
  return expectString(value, 'the result')
}
