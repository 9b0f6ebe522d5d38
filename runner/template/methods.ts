import { formatBraces } from './format-text.ts'
import type { Native } from './native.ts'
import { native } from './native.ts'
import { printValue } from './print-value.ts'
import type { Run } from './run.ts'
import { charge, chargeString } from './run.ts'
import { sortValues } from './sort-values.ts'
import type { Dict, Value } from './values.ts'
import {
  anyType,
  defined,
  equals,
  expectInteger,
  expectString,
  fail,
  isTruthy,
  iterate,
  keyOf,
  or,
  Tuple,
} from './values.ts'

/*
 * The methods of Python's types that dbt projects use. A Map from name to function: what is not in it does not exist,
 * whatever JavaScript's own prototypes hold.
 */

type StringBody = (run: Run, text: string, args: readonly Value[]) => Value

function method(signature: string, body: StringBody): Native {
  return native(signature, (run, subject, args) =>
    body(run, expectString(subject, 'the value'), args),
  )
}

export const STRING_METHODS: ReadonlyMap<string, Native> = new Map([
  ['upper', method('', (_run, s) => s.toUpperCase())],
  ['lower', method('', (_run, s) => s.toLowerCase())],
  ['title', method('', (_run, s) => titleCase(s))],
  ['capitalize', method('', (_run, s) => capitalize(s))],
  ['swapcase', method('', (_run, s) => Array.from(s).map(swapCase).join(''))],
  ['strip', method('chars=None', (_run, s, [chars]) => strip(s, chars, true, true))],
  ['lstrip', method('chars=None', (_run, s, [chars]) => strip(s, chars, true, false))],
  ['rstrip', method('chars=None', (_run, s, [chars]) => strip(s, chars, false, true))],
  ['split', method('sep=None, maxsplit=-1', (run, s, [sep, max]) => split(run, s, sep, max))],
  ['rsplit', method('sep=None, maxsplit=-1', (run, s, [sep, max]) => rsplit(run, s, sep, max))],
  [
    'splitlines',
    method('keepends=False', (_run, s, [keep]) => splitLines(s, isTruthy(keep ?? false))),
  ],
  ['join', method('iterable', (run, s, [items]) => joinStrings(run, s, iterate(items ?? null)))],
  [
    'replace',
    method('old, new, count=-1', (run, s, [old, by, count]) =>
      replaceText(run, s, text(old), text(by), int(count)),
    ),
  ],
  ['startswith', method('prefix', (_run, s, [p]) => anyOf(p, (prefix) => s.startsWith(prefix)))],
  ['endswith', method('suffix', (_run, s, [p]) => anyOf(p, (suffix) => s.endsWith(suffix)))],
  [
    'removeprefix',
    method('prefix', (_run, s, [p]) => (s.startsWith(text(p)) ? s.slice(text(p).length) : s)),
  ],
  [
    'removesuffix',
    method('suffix', (_run, s, [p]) =>
      text(p) !== '' && s.endsWith(text(p)) ? s.slice(0, -text(p).length) : s,
    ),
  ],
  [
    'format',
    native('*args, **kwargs', (run, s, args, kwargs) =>
      formatBraces(run, expectString(s, 'the value'), args, kwargs),
    ),
  ],
  ['find', method('sub', (_run, s, [sub]) => position(s, s.indexOf(text(sub))))],
  ['rfind', method('sub', (_run, s, [sub]) => position(s, s.lastIndexOf(text(sub))))],
  [
    'index',
    method('sub', (_run, s, [sub]) => {
      const at = s.indexOf(text(sub))
      return at === -1 ? fail('GM3008', 'substring not found') : position(s, at)
    }),
  ],
  ['count', method('sub', (_run, s, [sub]) => countText(s, text(sub)))],
  ['zfill', method('width', (run, s, [width]) => zeroFill(run, s, int(width)))],
  [
    'ljust',
    method(
      "width, fill=' '",
      (run, s, [width, fill]) => s + padding(run, s, int(width), text(fill)),
    ),
  ],
  [
    'rjust',
    method(
      "width, fill=' '",
      (run, s, [width, fill]) => padding(run, s, int(width), text(fill)) + s,
    ),
  ],
  ['center', method('width', (run, s, [width]) => centerText(run, s, int(width)))],
  ['isdigit', method('', (_run, s) => /^\p{Nd}+$/u.test(s))],
  ['isnumeric', method('', (_run, s) => /^\p{N}+$/u.test(s))],
  ['isalpha', method('', (_run, s) => /^\p{L}+$/u.test(s))],
  ['isalnum', method('', (_run, s) => /^[\p{L}\p{N}]+$/u.test(s))],
  ['isspace', method('', (_run, s) => /^\s+$/u.test(s))],
  ['isupper', method('', (_run, s) => s === s.toUpperCase() && s !== s.toLowerCase())],
  ['islower', method('', (_run, s) => s === s.toLowerCase() && s !== s.toUpperCase())],
])

export const LIST_METHODS: ReadonlyMap<string, Native> = new Map([
  ['append', onList('item', (run, list, [item]) => push(run, list, [item ?? null]))],
  ['extend', onList('items', (run, list, [items]) => push(run, list, [...iterate(items ?? null)]))],
  [
    'insert',
    onList('index, item', (run, list, [index, item]) => {
      charge(run, list.length >>> 4)
      list.splice(int(index), 0, item ?? null)
      return null
    }),
  ],
  [
    'pop',
    onList('index=-1', (_run, list, [index]) => {
      const at = int(index) < 0 ? int(index) + list.length : int(index)
      if (at < 0 || at >= list.length) fail('GM3008', `the list has no item ${int(index)} to pop`)
      return list.splice(at, 1)[0] ?? null
    }),
  ],
  [
    'remove',
    onList('item', (run, list, [item]) => {
      charge(run, list.length)
      const at = list.findIndex((v) => equals(v, item ?? null))
      if (at === -1) fail('GM3008', 'the list has no such item to remove')
      list.splice(at, 1)
      return null
    }),
  ],
  ['index', onList('item', (run, list, [item]) => indexIn(run, list, item ?? null))],
  ['count', onList('item', (run, list, [item]) => countIn(run, list, item ?? null))],
  [
    'sort',
    onList('reverse=False', (run, list, [reverse]) => {
      const sorted = sortValues(run, list, (v) => v, isTruthy(reverse ?? false))
      list.splice(0, list.length, ...sorted)
      return null
    }),
  ],
  [
    'reverse',
    onList('', (run, list) => {
      charge(run, list.length)
      list.reverse()
      return null
    }),
  ],
  [
    'copy',
    onList('', (run, list) => {
      charge(run, list.length)
      return [...list]
    }),
  ],
  [
    'clear',
    onList('', (_run, list) => {
      list.length = 0
      return null
    }),
  ],
])

export const TUPLE_METHODS: ReadonlyMap<string, Native> = new Map([
  ['index', native('item', (run, t, [item]) => indexIn(run, iterate(t), item ?? null))],
  ['count', native('item', (run, t, [item]) => countIn(run, iterate(t), item ?? null))],
])

export const DICT_METHODS: ReadonlyMap<string, Native> = new Map([
  ['items', onDict('', (run, dict) => dictItems(run, dict))],
  [
    'keys',
    onDict('', (run, dict) => {
      charge(run, dict.size)
      return [...dict.keys()]
    }),
  ],
  [
    'values',
    onDict('', (run, dict) => {
      charge(run, dict.size)
      return [...dict.values()]
    }),
  ],
  [
    'get',
    onDict('key, default=None', (_run, dict, [key, other]) =>
      or(dict.get(keyOf(key ?? null)), () => other ?? null),
    ),
  ],
  [
    'pop',
    native('key, *default', (_run, subject, [key, ...other]) => {
      const dict = asDict(subject)
      const name = keyOf(key ?? null)
      const known = dict.get(name)
      const value = known === undefined ? other[0] : known
      dict.delete(name)
      return or(value, () =>
        fail('GM3008', `the dict has no key ${printValue(key ?? null)} to pop`),
      )
    }),
  ],
  [
    'setdefault',
    onDict('key, default=None', (_run, dict, [key, other]) => {
      const name = keyOf(key ?? null)
      const value = or(dict.get(name), () => other ?? null)
      dict.set(name, value)
      return value
    }),
  ],
  [
    'update',
    native('*other, **kwargs', (run, subject, [other], kwargs) => {
      const dict = asDict(subject)
      for (const [key, value] of pairsOf(run, other)) dict.set(key, value)
      for (const [key, value] of kwargs) dict.set(key, value)
      return null
    }),
  ],
  [
    'copy',
    onDict('', (run, dict) => {
      charge(run, dict.size)
      return new Map(dict)
    }),
  ],
  [
    'clear',
    onDict('', (_run, dict) => {
      dict.clear()
      return null
    }),
  ],
])

function onList(
  signature: string,
  body: (run: Run, list: Value[], args: readonly Value[]) => Value,
): Native {
  return native(signature, (run, subject, args) => {
    if (!Array.isArray(subject)) return fail('GM3008', `${anyType(subject)} is no list`)
    return body(run, subject, args)
  })
}

function onDict(
  signature: string,
  body: (run: Run, dict: Dict, args: readonly Value[]) => Value,
): Native {
  return native(signature, (run, subject, args) => body(run, asDict(subject), args))
}

export function asDict(value: Value): Dict {
  const it = defined(value)
  return it instanceof Map ? it : fail('GM3008', `a dict is needed, not ${anyType(it)}`)
}

export function dictItems(run: Run, dict: Dict): Value[] {
  charge(run, dict.size)
  return [...dict].map(([key, value]) => new Tuple([key, value]))
}

/** What `dict(…)` and `update(…)` take: a dict, or pairs. */
export function pairsOf(run: Run, value: Value | undefined): Dict {
  if (value === undefined) return new Map()
  const it = defined(value)
  if (it instanceof Map) return it
  const dict: Dict = new Map()
  for (const pair of iterate(it)) {
    charge(run, 1)
    const [key, item, ...more] = iterate(pair)
    if (key === undefined || item === undefined || more.length > 0)
      fail('GM3008', 'a dict is made of pairs')
    dict.set(keyOf(key), item)
  }
  return dict
}

function push(run: Run, list: Value[], items: readonly Value[]): Value {
  charge(run, items.length)
  for (const item of items) list.push(item)
  return null
}

function indexIn(run: Run, list: readonly Value[], item: Value): Value {
  charge(run, list.length)
  const at = list.findIndex((v) => equals(v, item))
  return at === -1 ? fail('GM3008', 'the list has no such item') : at
}

function countIn(run: Run, list: readonly Value[], item: Value): Value {
  charge(run, list.length)
  return list.filter((v) => equals(v, item)).length
}

// Strings

function text(value: Value | undefined): string {
  return expectString(value ?? null, 'the argument')
}

function int(value: Value | undefined): number {
  return expectInteger(value ?? null, 'the argument')
}

/** UTF-16 offset to Python's, which counts code points. */
function position(s: string, at: number): number {
  return at === -1 ? -1 : Array.from(s.slice(0, at)).length
}

function anyOf(value: Value | undefined, holds: (text: string) => boolean): boolean {
  const it = value ?? null
  return it instanceof Tuple ? it.items.some((item) => holds(text(item))) : holds(text(it))
}

/** As str.title(): the first letter of every run of letters. */
export function titleCase(s: string): string {
  return s.replace(/\p{L}+/gu, (word) => capitalize(word))
}

export function capitalize(s: string): string {
  const [first = '', ...rest] = s
  return first.toUpperCase() + rest.join('').toLowerCase()
}

function swapCase(char: string): string {
  return char === char.toUpperCase() ? char.toLowerCase() : char.toUpperCase()
}

export function strip(
  s: string,
  chars: Value | undefined,
  atStart: boolean,
  atEnd: boolean,
): string {
  if (chars === undefined || chars === null) {
    if (atStart && atEnd) return s.trim()
    return atStart ? s.trimStart() : s.trimEnd()
  }
  const set = new Set(text(chars))
  const all = Array.from(s)
  let from = 0
  let to = all.length
  while (atStart && from < to && set.has(all[from] ?? '')) from += 1
  while (atEnd && to > from && set.has(all[to - 1] ?? '')) to -= 1
  return all.slice(from, to).join('')
}

function split(run: Run, s: string, sep: Value | undefined, max: Value | undefined): Value {
  charge(run, s.length >>> 2)
  const limit = int(max)
  if (sep === null || sep === undefined) {
    const body = s.trim()
    if (body === '') return []
    if (limit < 0) return body.split(/\s+/)
    const found: string[] = []
    let rest = body
    while (found.length < limit) {
      const space = /\s+/.exec(rest)
      if (space === null) break
      found.push(rest.slice(0, space.index))
      rest = rest.slice(space.index + space[0].length)
    }
    return [...found, rest]
  }
  const by = separator(sep)
  const parts = s.split(by)
  if (limit < 0 || parts.length <= limit + 1) return parts
  return [...parts.slice(0, limit), parts.slice(limit).join(by)]
}

function rsplit(run: Run, s: string, sep: Value | undefined, max: Value | undefined): Value {
  const limit = int(max)
  if (limit < 0) return split(run, s, sep, max)
  if (sep === null || sep === undefined) fail('GM3008', 'rsplit() with a limit needs a separator')
  charge(run, s.length >>> 2)
  const by = separator(sep)
  const parts = s.split(by)
  if (parts.length <= limit + 1) return parts
  const cut = parts.length - limit
  return [parts.slice(0, cut).join(by), ...parts.slice(cut)]
}

function separator(sep: Value): string {
  const by = text(sep)
  return by === '' ? fail('GM3008', 'the separator is empty') : by
}

function splitLines(s: string, keepEnds: boolean): Value {
  const lines: string[] = []
  let from = 0
  for (const { index, 0: end } of s.matchAll(/\r\n|[\n\r\v\f\u0085\u2028\u2029]/g)) {
    lines.push(s.slice(from, keepEnds ? index + end.length : index))
    from = index + end.length
  }
  if (from < s.length) lines.push(s.slice(from))
  return lines
}

function joinStrings(run: Run, by: string, items: readonly Value[]): string {
  const parts = items.map((item) => expectString(item, 'each item of join()'))
  chargeString(
    run,
    parts.reduce((sum, part) => sum + part.length + by.length, 0),
  )
  return parts.join(by)
}

export function replaceText(run: Run, s: string, old: string, by: string, count: number): string {
  const found = old === '' ? Array.from(s).length + 1 : countText(s, old)
  const times = count < 0 ? found : Math.min(count, found)
  chargeString(run, s.length + times * by.length)
  if (old === '') {
    const chars = Array.from(s)
    return (
      chars.map((char, i) => (i < times ? by + char : char)).join('') +
      (times > chars.length ? by : '')
    )
  }
  const parts = s.split(old)
  return (
    parts.slice(0, times + 1).join(by) +
    parts
      .slice(times + 1)
      .map((part) => old + part)
      .join('')
  )
}

function countText(s: string, sub: string): number {
  return sub === '' ? Array.from(s).length + 1 : s.split(sub).length - 1
}

function zeroFill(run: Run, s: string, width: number): string {
  const sign = /^[+-]/.exec(s)?.[0] ?? ''
  return sign + padding(run, s, width, '0') + s.slice(sign.length)
}

function padding(run: Run, s: string, width: number, fill: string): string {
  const missing = Math.max(0, width - Array.from(s).length)
  if (Array.from(fill).length !== 1) fail('GM3008', 'the fill must be one character')
  chargeString(run, s.length + missing * fill.length)
  return fill.repeat(missing)
}

/** The odd blank goes where Python puts it: to the left only when the width is odd too. */
export function centerText(run: Run, s: string, width: number): string {
  const blanks = padding(run, s, width, ' ')
  const left = (blanks.length >> 1) + (blanks.length & width & 1)
  return blanks.slice(0, left) + s + blanks.slice(left)
}
