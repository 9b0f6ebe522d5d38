import { didYouMean } from '../base/nearest.ts'
import { formatPercent } from './format-text.ts'
import { IS_TESTS } from './is-tests.ts'
import { attributeOf, itemOf } from './members.ts'
import { asDict, capitalize, centerText, dictItems, replaceText, strip } from './methods.ts'
import type { Native } from './native.ts'
import { callNative, native } from './native.ts'
import { NATIVE_FILTERS } from './native-filters.ts'
import { applySign, operate } from './operate.ts'
import { toPlain } from './plain-data.ts'
import { printValue } from './print-value.ts'
import type { Run } from './run.ts'
import { charge, chargeString } from './run.ts'
import { foldCase, sortValues } from './sort-values.ts'
import { TemplateObject } from './template.ts'
import type { Value } from './values.ts'
import {
  anyType,
  compare,
  defined,
  equals,
  expectInteger,
  expectString,
  Float,
  fail,
  float,
  integer,
  isFloat,
  isNumeric,
  isTruthy,
  iterate,
  numberOf,
  or,
  Text,
  Tuple,
  typeName,
  Undefined,
} from './values.ts'

const NO_KWARGS: ReadonlyMap<string, Value> = new Map<string, Value>()

/** What may follow `|`. */
export const FILTERS: ReadonlyMap<string, Native> = new Map<string, Native>([
  // Text
  ['upper', onText('', (_run, s) => s.toUpperCase())],
  ['lower', onText('', (_run, s) => s.toLowerCase())],
  ['title', onText('', (_run, s) => titleWords(s))],
  ['capitalize', onText('', (_run, s) => capitalize(s))],
  ['trim', native('chars=None', (_run, value, [chars]) => trimText(value, chars ?? null))],
  ['string', onText('', (_run, s) => s)],
  ['safe', native('', (_run, value) => value)],
  [
    'replace',
    onText('old, new, count=None', (run, s, [old, by, count]) =>
      replaceText(run, s, print(old), print(by), count === null ? -1 : int(count)),
    ),
  ],
  ['center', onText('width=80', (run, s, [width]) => centerText(run, s, int(width)))],
  ['indent', onText('width=4, first=False, blank=False', indent)],
  ['wordcount', onText('', (_run, s) => (s.match(/[\p{L}\p{N}_]+/gu) ?? []).length)],
  ['truncate', onText("length=255, killwords=False, end='...', leeway=5", truncate)],
  [
    'format',
    native('*args, **kwargs', (run, value, args, kwargs) => {
      const values = kwargs.size > 0 ? new Map(kwargs) : new Tuple(args)
      return formatPercent(run, printValue(value), values)
    }),
  ],
  ['tojson', native('indent=None', (run, value, [width]) => toJson(run, value, width ?? null))],
  // Numbers
  [
    'abs',
    native('', (_run, value) =>
      numberOf(numeric(value)) < 0 ? applySign('-', value) : defined(value),
    ),
  ],
  [
    'int',
    native('default=0, base=10', (_run, value, [other, base]) =>
      toInt(value, other ?? 0, int(base)),
    ),
  ],
  [
    'float',
    native('default=None', (_run, value, [other]) => toFloat(value, other ?? new Float(0))),
  ],
  [
    'round',
    native("precision=0, method='common'", (_run, value, [digits, how]) =>
      round(value, int(digits), print(how)),
    ),
  ],
  // Anything
  ['default', native("default_value='', boolean=False", orElse)],
  ['d', native("default_value='', boolean=False", orElse)],
  ['length', native('', (_run, value) => lengthOf(value))],
  ['count', native('', (_run, value) => lengthOf(value))],
  [
    'attr',
    native('name', (run, value, [name]) => {
      // Unlike a dot, it never reads a dict's keys.
      const it = defined(value)
      const key = expectString(name ?? null, 'the name')
      const found = it instanceof Map ? undefined : attributeOf(run, it, key, undefined)
      return found ?? new Undefined(`the ${typeName(it)} has no attribute "${key}"`)
    }),
  ],
  // Lists
  ['list', onItems('', (_run, items) => [...items])],
  [
    'first',
    onItems('', (_run, items) => or(items[0], () => new Undefined('the list has no first item'))),
  ],
  [
    'last',
    onItems('', (_run, items) =>
      or(items.at(-1), () => new Undefined('the list has no last item')),
    ),
  ],
  ['join', onItems("d='', attribute=None", join)],
  ['sum', onItems('attribute=None, start=0', sum)],
  [
    'min',
    onItems('case_sensitive=False, attribute=None', (run, items, args) =>
      extreme(run, items, args, -1),
    ),
  ],
  [
    'max',
    onItems('case_sensitive=False, attribute=None', (run, items, args) =>
      extreme(run, items, args, 1),
    ),
  ],
  [
    'reverse',
    native('', (run, value) => {
      const it = defined(value)
      charge(run, 1)
      return typeof it === 'string' ? Array.from(it).reverse().join('') : [...iterate(it)].reverse()
    }),
  ],
  [
    'sort',
    onItems(
      'reverse=False, case_sensitive=False, attribute=None',
      (run, items, [reverse, isCased, path]) =>
        sortValues(
          run,
          items,
          sortKey(run, path ?? null, isTruthy(isCased ?? false)),
          isTruthy(reverse ?? false),
        ),
    ),
  ],
  ['unique', onItems('case_sensitive=False, attribute=None', unique)],
  ['groupby', onItems('attribute, default=None, case_sensitive=False', groupBy)],
  ['batch', onItems('linecount, fill_with=None', batch)],
  ['slice', onItems('slices, fill_with=None', slices)],
  [
    'map',
    native('*args, **kwargs', (run, value, args, kwargs) => {
      const each = mapper(run, args, kwargs)
      return [...iterate(value)].map((item) => {
        charge(run, 1)
        return each(item)
      })
    }),
  ],
  ['select', selection(false, true)],
  ['reject', selection(false, false)],
  ['selectattr', selection(true, true)],
  ['rejectattr', selection(true, false)],
  // Dicts
  [
    'items',
    native('', (run, value) => (value instanceof Undefined ? [] : dictItems(run, asDict(value)))),
  ],
  ['dictsort', native("case_sensitive=False, by='key', reverse=False", dictSort)],
  // dbt's: templates give text here, so they change nothing but refuse what cannot be meant.
  ...NATIVE_FILTERS,
])

function onText(
  signature: string,
  body: (run: Run, text: string, args: readonly Value[]) => Value,
): Native {
  return native(signature, (run, value, args) => {
    const text = printValue(value)
    charge(run, text.length >>> 6)
    return body(run, text, args)
  })
}

function onItems(
  signature: string,
  body: (run: Run, items: readonly Value[], args: readonly Value[]) => Value,
): Native {
  return native(signature, (run, value, args) => {
    const items = iterate(value)
    charge(run, items.length)
    return body(run, items, args)
  })
}

function print(value: Value | undefined): string {
  return printValue(value ?? null)
}

function int(value: Value | undefined): number {
  return expectInteger(value ?? null, 'the argument')
}

function numeric(value: Value): number | Float | boolean {
  const it = defined(value)
  return isNumeric(it) ? it : fail('GM3008', `a number is needed, not ${anyType(it)}`)
}

// Text

/** Keeps the line map of a macro's output: the marks of what remains move with it. */
function trimText(value: Value, chars: Value): Value {
  const text = printValue(value)
  const trimmed = strip(text, chars, true, true)
  if (!(value instanceof Text) || trimmed === '') return trimmed
  const cut = text.length - strip(text, chars, true, false).length
  const marks = value.marks
    .filter(({ offset }) => offset < cut + trimmed.length)
    .map((mark) => {
      const skipped = Math.max(0, cut - mark.offset)
      return {
        ...mark,
        offset: mark.offset + skipped - cut,
        start: mark.start + (mark.isText ? skipped : 0),
      }
    })
  return new Text(trimmed, marks)
}

/** The filter's rule differs from str.title(): a word begins after a blank, a hyphen or an opening bracket. */
function titleWords(s: string): string {
  return s.replace(/[^-\s({[<]+/gu, (word) => capitalize(word))
}

function indent(run: Run, s: string, [width, first, blank]: readonly Value[]): Value {
  const by =
    typeof width === 'string'
      ? width
      : ' '.repeat(Math.min(Math.max(0, int(width)), run.limits.maxChars))
  const lines = `${s}\n`.split('\n').slice(0, -1)
  chargeString(run, s.length + lines.length * by.length)
  const onBlank = isTruthy(blank ?? false)
  const [head = '', ...rest] = lines
  const body = [head, ...rest.map((line) => (line === '' && !onBlank ? line : by + line))].join(
    '\n',
  )
  return isTruthy(first ?? false) ? by + body : body
}

function truncate(_run: Run, s: string, [length, kill, end, leeway]: readonly Value[]): Value {
  const chars = Array.from(s)
  const tail = print(end)
  if (chars.length <= int(length) + int(leeway)) return s
  const kept = chars.slice(0, Math.max(0, int(length) - Array.from(tail).length)).join('')
  if (isTruthy(kill ?? false)) return kept + tail
  const space = kept.lastIndexOf(' ')
  return (space === -1 ? kept : kept.slice(0, space)) + tail
}

/** As Python's json.dumps with sorted keys, and the characters that HTML would read escaped, as Jinja2 does. */
function toJson(run: Run, value: Value, width: Value): Value {
  const by = width === null ? undefined : int(width)
  if (by !== undefined && (by < 0 || by > 100)) fail('GM3008', 'an indent is 0 to 100 blanks')
  const text = json(toPlainFloats(value), by, '')
    .replaceAll('<', '\\u003c')
    .replaceAll('>', '\\u003e')
    .replaceAll('&', '\\u0026')
    .replaceAll("'", '\\u0027')
  chargeString(run, text.length)
  return text
}

function toPlainFloats(value: Value): Value {
  toPlain(value)
  return value
}

function json(value: Value, by: number | undefined, margin: string): string {
  const it = defined(value)
  if (it === null) return 'null'
  if (typeof it === 'boolean') return String(it)
  if (isNumeric(it)) return printValue(it)
  if (typeof it === 'string') return jsonString(it)
  const inner = by === undefined ? '' : margin + ' '.repeat(by)
  const wrap = (open: string, items: readonly string[], close: string): string => {
    if (items.length === 0) return open + close
    if (by === undefined) return open + items.join(', ') + close
    return `${open}\n${inner}${items.join(`,\n${inner}`)}\n${margin}${close}`
  }
  if (Array.isArray(it))
    return wrap(
      '[',
      it.map((item) => json(item, by, inner)),
      ']',
    )
  if (it instanceof Tuple)
    return wrap(
      '[',
      it.items.map((item) => json(item, by, inner)),
      ']',
    )
  if (it instanceof Map) {
    const pairs = Array.from(it).map(([key, item]) => [jsonKey(key), item] as const)
    pairs.sort(([a], [b]) => compare(a, b))
    return wrap(
      '{',
      pairs.map(([key, item]) => `${jsonString(key)}: ${json(item, by, inner)}`),
      '}',
    )
  }
  return fail('GM3008', `${anyType(it)} has no JSON`)
}

function jsonKey(key: Value): string {
  return typeof key === 'string' ? key : json(key, undefined, '')
}

function jsonString(text: string): string {
  return JSON.stringify(text).replace(
    /[\x7f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

// Numbers

function toInt(value: Value, other: Value, base: number): Value {
  const it = defined(value)
  if (![2, 8, 10, 16].includes(base)) fail('GM3008', 'the base of int() is 2, 8, 10 or 16')
  if (typeof it === 'string') {
    const text = it.trim().replaceAll('_', '')
    const body = base === 16 ? text.replace(/^([+-]?)0[xX]/, '$1') : text
    const digits =
      base === 16
        ? /^[+-]?[0-9a-fA-F]+$/
        : base === 8
          ? /^[+-]?[0-7]+$/
          : base === 2
            ? /^[+-]?[01]+$/
            : /^[+-]?\d+$/
    if (digits.test(body)) return integer(parseInt(body, base))
    const number = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)
      ? Math.trunc(Number(text))
      : NaN
    return Number.isFinite(number) ? integer(number) : other
  }
  if (!isNumeric(it)) return other
  const number = Math.trunc(numberOf(it))
  return Number.isFinite(number) ? integer(number) : other
}

function toFloat(value: Value, other: Value): Value {
  const it = defined(value)
  if (isNumeric(it)) return float(numberOf(it))
  if (typeof it === 'string' && /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/.test(it))
    return float(Number(it))
  return other
}

/** `common` is Python's round(): halves go to the even side, and the result is a float. */
function round(value: Value, digits: number, how: string): Value {
  const it = numeric(value)
  const raw = numberOf(it)
  if (Math.abs(digits) > 300) fail('GM3008', 'a precision is -300 to 300')
  const scale = 10 ** digits
  if (how === 'ceil') return float(Math.ceil(raw * scale) / scale)
  if (how === 'floor') return float(Math.floor(raw * scale) / scale)
  if (how !== 'common')
    return fail('GM3008', `round() has no method "${how}"`, 'common, ceil or floor')
  const rounded = roundHalfEven(raw, digits)
  return isFloat(it) ? float(rounded) : integer(rounded)
}

function roundHalfEven(value: number, digits: number): number {
  if (digits > 0) {
    const text = value.toFixed(Math.min(digits, 100))
    return Number(text)
  }
  const scale = 10 ** -digits
  const scaled = value / scale
  const whole = Math.round(scaled)
  const isTie = Math.abs(scaled % 1) === 0.5
  return (isTie && whole % 2 !== 0 ? whole - 1 : whole) * scale
}

// Anything

function orElse(_run: Run, value: Value, [other, isBoolean]: readonly Value[]): Value {
  if (value instanceof Undefined) return other ?? ''
  return isTruthy(isBoolean ?? false) && !isTruthy(value) ? (other ?? '') : value
}

function lengthOf(value: Value): number {
  const it = defined(value)
  if (typeof it === 'string') return Array.from(it).length
  if (it instanceof Map) return it.size
  if (Array.isArray(it)) return it.length
  if (it instanceof Tuple) return it.items.length
  if (it instanceof TemplateObject && it.items !== undefined) return it.items.length
  return fail('GM3008', `${anyType(it)} has no length`)
}

// Lists

/** `a.b.0` as in `sort(attribute='a.b')`; the same lookup, and so the same sandbox, as in expressions. */
function pathReader(run: Run, path: Value, other: Value = null): (item: Value) => Value {
  if (path === null) return (item) => item
  const keys: Value[] =
    typeof path === 'number'
      ? [path]
      : expectString(path, 'the attribute')
          .split('.')
          .map((key) => (/^\d+$/.test(key) ? Number(key) : key))
  return (item) => {
    charge(run, 1)
    let value = item
    for (const key of keys) {
      value = itemOf(run, value, key, undefined)
      if (value instanceof Undefined && other !== null) value = other
    }
    return value
  }
}

function sortKey(run: Run, path: Value, isCased: boolean): (item: Value) => Value {
  const paths = typeof path === 'string' ? path.split(',') : [path]
  const readers = paths.map((p) => pathReader(run, p))
  const [only] = readers
  const fold = isCased ? (v: Value): Value => v : foldCase
  if (readers.length === 1 && only !== undefined) return (item) => fold(only(item))
  return (item) => readers.map((read) => fold(read(item)))
}

function join(run: Run, items: readonly Value[], [by, path]: readonly Value[]): Value {
  const read = pathReader(run, path ?? null)
  const parts = items.map((item) => printValue(read(item)))
  const glue = print(by)
  chargeString(
    run,
    parts.reduce((total, part) => total + part.length + glue.length, 0),
  )
  return parts.join(glue)
}

function sum(run: Run, items: readonly Value[], [path, start]: readonly Value[]): Value {
  const read = pathReader(run, path ?? null)
  return items.reduce((total, item) => operate(run, '+', total, read(item)), start ?? 0)
}

function extreme(
  run: Run,
  items: readonly Value[],
  [isCased, path]: readonly Value[],
  side: number,
): Value {
  const key = sortKey(run, path ?? null, isTruthy(isCased ?? false))
  let best: { readonly item: Value; readonly key: Value } | undefined
  for (const item of items) {
    const own = key(item)
    if (best === undefined || compare(own, best.key) * side > 0) best = { item, key: own }
  }
  return or(best?.item, () => new Undefined('the list has no items'))
}

function unique(run: Run, items: readonly Value[], [isCased, path]: readonly Value[]): Value {
  const key = sortKey(run, path ?? null, isTruthy(isCased ?? false))
  const seen = new Set<unknown>()
  const others: Value[] = []
  return items.filter((item) => {
    const own = defined(key(item))
    if (own === null || typeof own !== 'object') {
      if (seen.has(own)) return false
      seen.add(own)
      return true
    }
    charge(run, others.length)
    if (others.some((other) => equals(other, own))) return false
    others.push(own)
    return true
  })
}

function groupBy(
  run: Run,
  items: readonly Value[],
  [path, other, isCased]: readonly Value[],
): Value {
  const read = pathReader(run, path ?? null, other ?? null)
  const fold = isTruthy(isCased ?? false) ? (v: Value): Value => v : foldCase
  const sorted = sortValues(run, items, (item) => fold(read(item)), false)
  const groups: { readonly key: Value; readonly items: Value[] }[] = []
  for (const item of sorted) {
    const group = groups.at(-1)
    if (group !== undefined && equals(fold(group.key), fold(read(item)))) group.items.push(item)
    else groups.push({ key: read(item), items: [item] })
  }
  return groups.map((group) => new Tuple([group.key, group.items]))
}

function batch(run: Run, items: readonly Value[], [size, fill]: readonly Value[]): Value {
  const width = int(size)
  if (width < 1) return fail('GM3008', 'a batch needs at least one item')
  charge(run, width)
  const rows: Value[] = []
  for (let i = 0; i < items.length; i += width) {
    const row = items.slice(i, i + width)
    if (fill !== null && fill !== undefined) while (row.length < width) row.push(fill)
    rows.push(row)
  }
  return rows
}

function slices(run: Run, items: readonly Value[], [count, fill]: readonly Value[]): Value {
  const columns = int(count)
  if (columns < 1) return fail('GM3008', 'at least one slice is needed')
  charge(run, columns)
  const size = Math.floor(items.length / columns)
  const longer = items.length % columns
  let from = 0
  return Array.from({ length: columns }, (_, i) => {
    const length = size + (i < longer ? 1 : 0)
    const slice: Value[] = items.slice(from, from + length)
    from += length
    if (fill !== null && fill !== undefined && i >= longer) slice.push(fill)
    return slice
  })
}

function mapper(
  run: Run,
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
): (item: Value) => Value {
  const path = kwargs.get('attribute')
  if (path !== undefined && args.length === 0) {
    const surplus = [...kwargs.keys()].find((key) => key !== 'attribute' && key !== 'default')
    if (surplus !== undefined) fail('GM2008', `map() has no argument "${surplus}"`)
    return pathReader(run, path, kwargs.get('default') ?? null)
  }
  const [name, ...rest] = args
  const filter = named(FILTERS, name, 'filter', 'map')
  return (item) => callNative(run, print(name), filter, item, rest, kwargs)
}

/** select, reject and their -attr forms: a test by name with its arguments, or plain truth. */
function selection(byAttribute: boolean, keeps: boolean): Native {
  return native('*args, **kwargs', (run, value, args) => {
    const [path, ...afterPath] = args
    if (byAttribute && path === undefined) fail('GM2008', 'the attribute to select by is not given')
    const read = byAttribute ? pathReader(run, path ?? null) : (item: Value): Value => item
    const [name, ...rest] = byAttribute ? afterPath : args
    const test = name === undefined ? undefined : named(IS_TESTS, name, 'test', 'select')
    return iterate(value).filter((item) => {
      charge(run, 1)
      const subject = read(item)
      const holds =
        test === undefined
          ? isTruthy(subject)
          : isTruthy(callNative(run, print(name), test, subject, rest, NO_KWARGS))
      return holds === keeps
    })
  })
}

function named(
  table: ReadonlyMap<string, Native>,
  name: Value | undefined,
  kind: string,
  user: string,
): Native {
  if (name === undefined) return fail('GM2008', `${user}() needs the name of a ${kind}`)
  const text = expectString(name, `the name of the ${kind}`)
  return (
    table.get(text) ??
    fail('GM2005', `there is no ${kind} "${text}"`, didYouMean(text, table.keys()))
  )
}

// Dicts

function dictSort(run: Run, value: Value, [isCased, by, reverse]: readonly Value[]): Value {
  const side = print(by)
  if (side !== 'key' && side !== 'value') fail('GM3008', 'dictsort() sorts by "key" or "value"')
  const fold = isTruthy(isCased ?? false) ? (v: Value): Value => v : foldCase
  const items = dictItems(run, asDict(value))
  const read = (pair: Value): Value => fold(iterate(pair)[side === 'key' ? 0 : 1] ?? null)
  return sortValues(run, items, read, isTruthy(reverse ?? false))
}
