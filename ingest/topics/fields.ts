import * as z from 'zod'
import type { FieldKind } from './topic.ts'

// The bounds are those of the columns that staging models cast to. A value that passes here can be
// cast there, so that one event can never stop a model.

/** Identifiers are keys of models: an index entry holds at most 2,704 bytes. */
export const id = z.string().min(1).max(200)
export const text = z.string().max(2000)
export const country = z.string().max(100)
/** `integer` of PostgreSQL. */
export const integer = z.int32()
export const count = z.int32().min(0)
/** `numeric(18,4)`, never negative. */
export const price = z.number().min(0).lt(1e14)
/** `numeric(18,2)`. */
export const amount = z.number().gt(-1e16).lt(1e16)
export const positiveAmount = amount.min(0)
/** The text is read by `readEventTime`, which also says what is wrong with it. */
export const moment = z.string().min(1).max(64)
/** Files may come without; they get one from their content (see `land-file.ts`). */
export const eventId = id.nullish()

/** The kind of a topic's field, read off its schema; undefined for a field of another shape. */
export function fieldKind(field: z.core.$ZodType): FieldKind | undefined {
  let inner: z.core.$ZodType = field
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodNullable) inner = inner.unwrap()
  if (inner instanceof z.ZodString || inner instanceof z.ZodEnum) return 'text'
  if (inner instanceof z.ZodNumber) return inner.format === null ? 'decimal' : 'integer'
  return undefined
}
