import { printFloat, printValue, reprValue } from './print-value.ts'
import type { Run } from './run.ts'
import { chargeString } from './run.ts'
import type { Float, Value } from './values.ts'
import { anyType, defined, fail, isFloat, isNumeric, numberOf, Tuple } from './values.ts'

const PERCENT = /%(?:\((\w+)\))?([-+ 0]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])/g

/** Python's `'…' % values`. @throws GmError GM3008 for a conversion that gm does not have, or a wrong number of values. */
export function formatPercent(run: Run, template: string, values: Value): string {
  const queue = values instanceof Tuple ? [...values.items] : [values]
  const isNamed = values instanceof Map
  let used = 0
  let size = template.length
  const stray = template.replace(PERCENT, '').indexOf('%')
  if (stray !== -1)
    fail('GM3008', 'the format has a "%" without a conversion', 'Write "%%" for a percent sign.')
  const text = template.replace(
    PERCENT,
    (
      _all,
      name: string | undefined,
      flags: string,
      width: string | undefined,
      digits: string | undefined,
      type: string,
    ) => {
      if (type === '%') return '%'
      size += Number(width ?? 0)
      chargeString(run, size)
      let value: Value | undefined
      if (name !== undefined) value = isNamed ? values.get(name) : undefined
      else value = queue[used++]
      if (value === undefined) return fail('GM3008', 'the format needs more values than are given')
      const precision = digits === undefined ? undefined : Number(digits)
      const body = convert(type, value, flags, precision)
      return pad(
        run,
        body,
        Number(width ?? 0),
        flags.includes('-') ? '<' : '>',
        flags.includes('0') && isNumeric(value) ? '0' : ' ',
      )
    },
  )
  if (!isNamed && used < queue.length)
    fail('GM3008', 'the format has fewer places than values are given')
  chargeString(run, text.length)
  return text
}

function convert(type: string, value: Value, flags: string, precision: number | undefined): string {
  if (type === 's') return cut(printValue(value), precision)
  if (type === 'r') return cut(reprValue(value), precision)
  const it = defined(value)
  if (!isNumeric(it)) return fail('GM3008', `"%${type}" needs a number, not ${anyType(it)}`)
  return signed(number(type, numberOf(it), precision), flags)
}

function cut(text: string, precision: number | undefined): string {
  return precision === undefined ? text : Array.from(text).slice(0, precision).join('')
}

function signed(text: string, flags: string): string {
  if (text.startsWith('-')) return text
  if (flags.includes('+')) return `+${text}`
  return flags.includes(' ') ? ` ${text}` : text
}

function number(type: string, value: number, precision = 6): string {
  switch (type) {
    case 'd':
    case 'i':
      return String(Math.trunc(value))
    case 'f':
    case 'F':
      return fixed(value, precision)
    case 'e':
      if (precision > 100) fail('GM3008', 'more than 100 digits are asked for')
      return value.toExponential(precision).replace(/e([+-])(\d)$/, 'e$10$2')
    case 'x':
      return Math.trunc(value).toString(16)
    case 'X':
      return Math.trunc(value).toString(16).toUpperCase()
    case 'o':
      return Math.trunc(value).toString(8)
    default:
      return fail('GM3008', `there is no conversion "%${type}"`)
  }
}

/** toFixed, rounding ties as Python does: by the exact binary value, which toFixed does too below 1e21. */
export function fixed(value: number, digits: number): string {
  if (digits > 100) fail('GM3008', 'more than 100 digits are asked for')
  return Math.abs(value) < 1e21 ? value.toFixed(digits) : BigInt(value).toString()
}

function pad(run: Run, text: string, width: number, align: string, fill: string): string {
  const missing = width - Array.from(text).length
  if (missing <= 0) return text
  chargeString(run, width)
  if (align === '<') return text + ' '.repeat(missing)
  if (align === '^') {
    const left = missing >> 1
    return fill.repeat(left) + text + fill.repeat(missing - left)
  }
  const sign = fill === '0' ? (/^[+-]/.exec(text)?.[0] ?? '') : ''
  return sign + fill.repeat(missing) + text.slice(sign.length)
}

const FIELD = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g
const SPEC = /^(?:(.)?([<>^]))?([-+ ])?(0)?(\d+)?(,)?(?:\.(\d+))?([a-zA-Z%])?$/u

/**
 * Python's `'…'.format(…)`. A field names an argument and a format; it cannot reach into attributes or items, which is
 * the way out of many a sandbox.
 */
export function formatBraces(
  run: Run,
  template: string,
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
): string {
  let next = 0
  const text = template.replace(FIELD, (all, field?: string) => {
    if (all === '{{' || all === '}}') return all.slice(1)
    if (field === undefined)
      return fail('GM3008', `a single "${all}" stands in a format`, `Write "${all}${all}".`)
    const [, name = '', conversion, spec = ''] =
      /^([^!:]*)(?:!([rs]))?(?::(.*))?$/s.exec(field) ?? []
    if (!/^\w*$/.test(name)) {
      fail(
        'GM3005',
        `the format field "{${name}}" reaches into a value`,
        'Give the attribute as an argument.',
      )
    }
    let value: Value | undefined
    if (name === '') value = args[next++]
    else value = /^\d+$/.test(name) ? args[Number(name)] : kwargs.get(name)
    if (value === undefined)
      return fail('GM3008', `format() is not given "${name === '' ? next - 1 : name}"`)
    return formatField(run, conversion === 'r' ? reprValue(value) : value, spec)
  })
  chargeString(run, text.length)
  return text
}

function formatField(run: Run, value: Value, spec: string): string {
  const it = defined(value)
  if (spec === '') return printValue(it)
  const match = SPEC.exec(spec)
  if (match === null) return fail('GM3008', `the format "${spec}" is not one that gm has`)
  const [, fill, align, sign = '', zero, width, comma, digits, type] = match
  const precision = digits === undefined ? undefined : Number(digits)
  let text: string
  if (isNumeric(it) && type !== 's') {
    text = signed(formatNumber(it, type, precision), sign)
    if (comma !== undefined)
      text = text.replace(/^([+-]?\d+)/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ','))
  } else text = cut(printValue(it), precision)
  const side = align ?? (isNumeric(it) ? '>' : '<')
  const filler = fill ?? (zero === undefined ? ' ' : '0')
  const missing = Number(width ?? 0) - Array.from(text).length
  if (missing <= 0) return text
  chargeString(run, text.length + missing)
  if (side === '<') return text + filler.repeat(missing)
  return pad(run, text, Number(width), side, filler)
}

function formatNumber(
  value: number | boolean | Float,
  type: string | undefined,
  precision: number | undefined,
): string {
  const raw = numberOf(value)
  if (type === '%') return `${fixed(raw * 100, precision ?? 6)}%`
  if (type !== undefined) return number(type, raw, precision)
  if (precision === undefined) return isFloat(value) ? printFloat(raw) : String(raw)
  return fail('GM3008', 'a precision needs a conversion', 'Write "f" behind it.')
}
