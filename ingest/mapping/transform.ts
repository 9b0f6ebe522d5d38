import { decimalText, readDecimal } from './decimal.ts'
import type { Transform } from './mapping-schema.ts'

/** A value on its way from a cell to a field: the digits of a number, or a text. */
export type Step = (value: string) => string | Complaint

/** What is wrong with a value, to be put behind the name of its field. */
export interface Complaint {
  readonly wrong: string
}

/** Whether the value that comes out of the transforms is a number in JSON. */
export function isNumeric(transforms: readonly Transform[]): boolean {
  const last = transforms.at(-1)
  return last === 'integer' || (typeof last === 'object' && 'decimal' in last)
}

export function compileTransform(transform: Transform): Step {
  if (transform === 'upper') return (value) => value.toUpperCase()
  if (transform === 'lower') return (value) => value.toLowerCase()
  if (transform === 'text') return (value) => value
  if (transform === 'integer') return readInteger
  if ('decimal' in transform) return (value) => readScaled(value, transform.decimal)
  return timestampReader(transform.timestamp)
}

/** `17850`, and `17850.0` as spreadsheets and data frames write it. */
function readInteger(value: string): string | Complaint {
  if (/^(0|-?[1-9]\d{0,39})$/.test(value)) return value
  const m = /^[+-]?0*\d{1,40}(?:\.0*)?$/.exec(value)
  const number = m === null ? undefined : readDecimal(value)
  return number === undefined ? { wrong: `"${value}" is no integer` } : decimalText(number)
}

function readScaled(value: string, scale: number): string | Complaint {
  const number = readDecimal(value)
  if (number === undefined) return { wrong: `"${value}" is no decimal number` }
  const text = decimalText(number)
  const point = text.indexOf('.')
  if (point !== -1 && text.length - point - 1 > scale) {
    return { wrong: `"${value}" has more than ${scale} digits behind the point` }
  }
  return text
}

const PARTS: Readonly<Record<string, string>> = {
  YYYY: '(?<year>\\d{4})',
  MM: '(?<month>\\d{1,2})',
  DD: '(?<day>\\d{1,2})',
  HH: '(?<hour>\\d{1,2})',
  mm: '(?<minute>\\d{1,2})',
  ss: '(?<second>\\d{1,2})',
}

/** Gives ISO 8601 in UTC; whether the calendar has the moment is checked with the event. */
function timestampReader(format: string): Step {
  if (format === 'iso') return (value) => value
  const source = format
    .split(/(YYYY|MM|DD|HH|mm|ss)/)
    .map((part) => PARTS[part] ?? part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('')
  const pattern = new RegExp(`^${source}$`)
  return (value) => {
    const m = pattern.exec(value)?.groups
    if (m === undefined) return { wrong: `"${value}" is not written ${format}` }
    const two = (part: string): string => (m[part] ?? '0').padStart(2, '0')
    const date = `${m.year ?? '0000'}-${two('month')}-${two('day')}`
    return `${date}T${two('hour')}:${two('minute')}:${two('second')}Z`
  }
}
