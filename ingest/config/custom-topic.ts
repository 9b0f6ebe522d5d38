import * as z from 'zod'
import { amount, eventId, id, integer, moment, price, text } from '../topics/fields.ts'
import type { Topic } from '../topics/topic.ts'
import type { FIELD_KINDS, FieldFile } from './ingest-schema.ts'

const KINDS: Readonly<Record<(typeof FIELD_KINDS)[number], z.ZodType>> = {
  id,
  text,
  integer,
  number: z.number(),
  amount,
  price,
  boolean: z.boolean(),
  timestamp: moment,
}

export interface DeclaredTopic {
  readonly table: string
  readonly description: string | undefined
  readonly typeField: string
  readonly timeField: string
  readonly fields: Readonly<Record<string, FieldFile>>
}

/** A topic of the user's own, declared in `ingest.yml`. Its type and its time are always required. */
export function customTopic(name: string, declared: DeclaredTopic): Topic {
  const { table, description, typeField, timeField, fields } = declared
  const shape: Record<string, z.ZodType> = { event_id: eventId }
  for (const [field, given] of Object.entries(fields)) {
    const spec = typeof given === 'string' ? { type: given, required: false } : given
    const type = 'values' in spec ? z.enum(spec.values) : KINDS[spec.type]
    const isRequired = spec.required || field === typeField || field === timeField
    shape[field] = isRequired ? type : type.nullish()
  }
  // Whatever they are declared as, these two go into typed columns.
  if (!(shape[typeField] instanceof z.ZodEnum)) shape[typeField] = id
  shape[timeField] = moment
  return {
    name,
    table,
    description: description ?? `Events of ${name}.`,
    typeField,
    timeField,
    event: z.looseObject(shape),
  }
}
