import type { Native } from './native.ts'
import { native } from './native.ts'
import { operate } from './operate.ts'
import { TemplateObject } from './template.ts'
import type { Value } from './values.ts'
import {
  Callable,
  compare,
  defined,
  equals,
  expectInteger,
  expectString,
  isFloat,
  isIn,
  isNumeric,
  Text,
  Tuple,
  Undefined,
  unwrap,
} from './values.ts'

/** What may follow `is`, and be named in `select` and `reject`. */
export const IS_TESTS: ReadonlyMap<string, Native> = new Map([
  ['defined', native('', (_run, value) => !(value instanceof Undefined))],
  ['undefined', native('', (_run, value) => value instanceof Undefined)],
  ['none', plain((it) => it === null)],
  ['boolean', plain((it) => typeof it === 'boolean')],
  ['true', plain((it) => it === true)],
  ['false', plain((it) => it === false)],
  ['string', plain((it) => typeof it === 'string')],
  ['number', plain((it) => isNumeric(it))],
  ['integer', plain((it) => typeof it === 'number' && Number.isInteger(it))],
  ['float', plain((it) => isFloat(it))],
  // Relations are mappings too, by which packages tell them from texts.
  [
    'mapping',
    plain((it) => it instanceof Map || (it instanceof TemplateObject && it.type === 'relation')),
  ],
  ['sequence', plain((it) => isSequence(it) || it instanceof Map)],
  ['iterable', plain((it) => isSequence(it) || it instanceof Map)],
  ['callable', plain((it) => it instanceof Callable)],
  ['odd', plain((it) => Math.abs(expectInteger(it, 'the value') % 2) === 1)],
  ['even', plain((it) => expectInteger(it, 'the value') % 2 === 0)],
  [
    'divisibleby',
    native('num', (run, value, [num]) => equals(operate(run, '%', value, num ?? null), 0)),
  ],
  ['lower', plain((it) => isCase(expectString(it, 'the value'), (s) => s.toLowerCase()))],
  ['upper', plain((it) => isCase(expectString(it, 'the value'), (s) => s.toUpperCase()))],
  ['in', native('seq', (_run, value, [seq]) => isIn(value, seq ?? null))],
  ['sameas', native('other', (_run, value, [other]) => unwrap(value) === other)],
  ...comparison(['eq', 'equalto'], (a, b) => equals(a, b)),
  ...comparison(['ne'], (a, b) => !equals(a, b)),
  ...comparison(['lt', 'lessthan'], (a, b) => compare(a, b) < 0),
  ...comparison(['le'], (a, b) => compare(a, b) <= 0),
  ...comparison(['gt', 'greaterthan'], (a, b) => compare(a, b) > 0),
  ...comparison(['ge'], (a, b) => compare(a, b) >= 0),
  // Operators are names of tests too, in select('>', 3).
  ...comparison(['=='], (a, b) => equals(a, b)),
  ...comparison(['!='], (a, b) => !equals(a, b)),
  ...comparison(['<'], (a, b) => compare(a, b) < 0),
  ...comparison(['<='], (a, b) => compare(a, b) <= 0),
  ...comparison(['>'], (a, b) => compare(a, b) > 0),
  ...comparison(['>='], (a, b) => compare(a, b) >= 0),
])

function plain(holds: (value: Value) => boolean): Native {
  return native('', (_run, value) => holds(defined(value)))
}

function comparison(
  names: readonly string[],
  holds: (a: Value, b: Value) => boolean,
): [string, Native][] {
  return names.map((name) => [
    name,
    native('other', (_run, value, [other]) => holds(value, other ?? null)),
  ])
}

function isSequence(value: Value): boolean {
  return (
    typeof value === 'string' ||
    Array.isArray(value) ||
    value instanceof Tuple ||
    value instanceof Text
  )
}

function isCase(text: string, change: (text: string) => string): boolean {
  return text === change(text) && /\p{Lu}|\p{Ll}/u.test(text)
}
