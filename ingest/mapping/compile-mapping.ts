import { GmError } from '../../runner/base/error.ts'
import { didYouMean } from '../../runner/base/nearest.ts'
import type { Fault } from '../land/fault.ts'
import { fieldKind } from '../topics/fields.ts'
import type { Topic } from '../topics/topic.ts'
import {
  decimalText,
  multiplyDecimals,
  readDecimal,
  roundDecimal,
  subtractDecimals,
} from './decimal.ts'
import type {
  Condition,
  MappedField,
  MappingFile,
  PlainField,
  Transform,
} from './mapping-schema.ts'
import type { Complaint } from './transform.ts'
import { compileTransform, isNumeric } from './transform.ts'

/** A record as an event of its topic. */
export interface MappedEvent {
  /** The fields in the order of the topic's schema, numbers as far as JavaScript holds them. */
  readonly event: Readonly<Record<string, unknown>>
  /**
   * The same as JSON text, every digit kept, without the fields that are null: the payload, and what
   * an event without an id is known by. So a field added to a topic later changes no id.
   */
  readonly json: string
}

export type MapRecord = (cells: readonly string[]) => MappedEvent | Fault

type Cells = readonly string[]
/** Digits of a number, a text, or null where the event does not have the field. */
type Value = string | null
type Values = Map<string, Value>

interface FieldReader {
  readonly name: string
  readonly isNumber: boolean
  read(cells: Cells, values: Values): Value | Complaint
}

/**
 * Prepares a mapping for files with one header.
 * @throws GmError GM7003 for columns that the header does not have.
 */
export function compileMapping(
  mapping: MappingFile,
  topic: Topic,
  header: readonly string[],
  file: string,
): MapRecord {
  const indexOf = (column: string): number => {
    const index = header.indexOf(column)
    if (index !== -1) return index
    throw new GmError('GM7003', `The header has no column "${column}", which the mapping needs.`, {
      at: { file, line: 1, column: 1 },
      hint: didYouMean(column, header) ?? `The columns are ${header.join(', ')}.`,
    })
  }
  const rejects = mapping.reject.map((rule) => ({
    test: compileCondition(rule, indexOf(rule.column)),
    fault: { reason: 'rejected_by_mapping', message: rule.because } satisfies Fault,
  }))
  const readers = Object.entries(mapping.fields).map(([name, field]) =>
    compileField(name, field, indexOf, topic),
  )
  const order = Object.keys(topic.event.shape)
  const numbers = new Set(readers.filter((r) => r.isNumber).map((r) => r.name))

  return (cells) => {
    for (const { test, fault } of rejects) if (test(cells)) return fault
    const values: Values = new Map()
    for (const reader of readers) {
      const value = reader.read(cells, values)
      if (typeof value === 'object' && value !== null) {
        return { reason: 'schema_violation', message: `${reader.name}: ${value.wrong}` }
      }
      values.set(reader.name, value)
    }
    return writeEvent(order, values, numbers)
  }
}

/**
 * The mapping of files whose columns are named after the topic's fields.
 * @throws GmError GM7003 where a column is no field.
 */
export function mappingByName(topic: Topic, header: readonly string[], file: string): MappingFile {
  const known = Object.keys(topic.event.shape)
  const fields: Record<string, MappedField> = {}
  for (const column of header) {
    if (!known.includes(column)) {
      throw new GmError('GM7003', `Events of ${topic.name} have no field "${column}".`, {
        at: { file, line: 1, column: 1 },
        hint:
          didYouMean(column, known) ??
          'Give a mapping of columns to fields, as ingest/mappings/online-retail.yml is one.',
      })
    }
    const field = topic.event.shape[column]
    const kind = field === undefined ? 'text' : fieldKind(field)
    const transforms: Transform[] =
      kind === 'integer' ? ['integer'] : kind === 'decimal' ? [{ decimal: 18 }] : []
    fields[column] = { column, transforms }
  }
  return { topic: topic.name, delimiter: ',', reject: [], fields }
}

function writeEvent(order: readonly string[], values: Values, numbers: Set<string>): MappedEvent {
  const event: Record<string, unknown> = {}
  let json = ''
  for (const name of order) {
    const value = values.get(name)
    if (value === undefined || value === null) continue
    const isNumber = numbers.has(name)
    event[name] = isNumber ? Number(value) : value
    json += `${json === '' ? '{' : ','}"${name}":${isNumber ? value : JSON.stringify(value)}`
  }
  return { event, json: json === '' ? '{}' : `${json}}` }
}

type IndexOf = (column: string) => number

function compileField(
  name: string,
  field: MappedField,
  indexOf: IndexOf,
  topic: Topic,
): FieldReader {
  if ('amount' in field) {
    return { name, isNumber: true, read: (_cells, values) => amountOf(field.amount, values) }
  }
  if ('cases' in field) {
    const branches = field.cases.map((branch) => ({
      test: compileCondition(branch.when, indexOf(branch.when.column)),
      read: compilePlain(branch, indexOf),
    }))
    const otherwise = compilePlain(field.otherwise, indexOf)
    return {
      name,
      isNumber: isNumberField(topic, name),
      read: (cells) => (branches.find(({ test }) => test(cells))?.read ?? otherwise)(cells),
    }
  }
  const isNumber =
    'constant' in field ? typeof field.constant === 'number' : isNumeric(field.transforms)
  return { name, isNumber, read: compilePlain(field, indexOf) }
}

function isNumberField(topic: Topic, name: string): boolean {
  const field = topic.event.shape[name]
  const kind = field === undefined ? 'text' : fieldKind(field)
  return kind === 'integer' || kind === 'decimal'
}

function compilePlain(field: PlainField, indexOf: IndexOf): (cells: Cells) => Value | Complaint {
  if ('constant' in field) {
    const value = field.constant === null ? null : String(field.constant)
    return () => value
  }
  const index = indexOf(field.column)
  const steps = field.transforms.map(compileTransform)
  return (cells) => {
    let value: string | Complaint = (cells[index] ?? '').trim()
    if (value === '') return null
    for (const step of steps) {
      value = step(value)
      if (typeof value !== 'string') return value
    }
    return value
  }
}

function compileCondition(condition: Condition, index: number): (cells: Cells) => boolean {
  const { equals, starts_with: start, matches, blank } = condition
  const cell = (cells: Cells): string => (cells[index] ?? '').trim()
  if (equals !== undefined) return (cells) => cell(cells) === equals
  if (start !== undefined) return (cells) => cell(cells).startsWith(start)
  if (matches !== undefined) {
    const pattern = new RegExp(matches, 'u')
    return (cells) => pattern.test(cell(cells))
  }
  return (cells) => (cell(cells) === '') === blank
}

interface Amount {
  readonly multiply: readonly string[]
  readonly subtract?: string | undefined
  readonly scale: number
}

/** Null where one of its fields is. */
function amountOf(amount: Amount, values: Values): Value | Complaint {
  let result = { units: 1n, scale: 0 }
  for (const name of amount.multiply) {
    const factor = values.get(name)
    if (factor === undefined || factor === null) return null
    const decimal = readDecimal(factor)
    if (decimal === undefined) return { wrong: `${name} is no decimal number` }
    result = multiplyDecimals(result, decimal)
  }
  const less = amount.subtract === undefined ? '0' : values.get(amount.subtract)
  if (less === undefined || less === null) return null
  const decimal = readDecimal(less)
  if (decimal === undefined) return { wrong: `${amount.subtract ?? ''} is no decimal number` }
  return decimalText(roundDecimal(subtractDecimals(result, decimal), amount.scale))
}
