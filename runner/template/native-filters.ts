import type { Native } from './native.ts'
import { native } from './native.ts'
import { printValue } from './print-value.ts'
import type { Value } from './values.ts'
import { defined, fail, float, unwrap } from './values.ts'

/**
 * dbt's filters that say what the text of a setting becomes. In models, where everything becomes text, they change
 * nothing, as in dbt.
 */
export const NATIVE_FILTERS: readonly (readonly [string, Native])[] = [
  ['as_text', native('', (_run, value) => printValue(value))],
  ['as_bool', inSettings((value) => booleanOf(value) ?? refuse(value, 'true or false'))],
  ['as_number', inSettings((value) => numberIn(value) ?? refuse(value, 'a number'))],
  ['as_native', inSettings((value) => booleanOf(value) ?? numberIn(value) ?? noneOr(value))],
]

function inSettings(convert: (value: Value) => Value): Native {
  return native('', (run, value) => (run.isNative ? convert(defined(value)) : defined(value)))
}

function booleanOf(value: Value): boolean | undefined {
  if (typeof value === 'boolean') return value
  // dbt takes `True` alone; what shells and YAML call true is meant as well.
  const text = printValue(value).trim().toLowerCase()
  return text === 'true' ? true : text === 'false' ? false : undefined
}

function numberIn(value: Value): Value | undefined {
  if (typeof value === 'number') return value
  const text = printValue(value).trim()
  if (/^[-+]?\d+$/.test(text)) return Number(text)
  return /^[-+]?(\d+\.\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? float(Number(text)) : undefined
}

function noneOr(value: Value): Value {
  return unwrap(value) === 'None' ? null : value
}

function refuse(value: Value, expected: string): never {
  return fail('GM3008', `"${printValue(value)}" is not ${expected}`)
}
