import * as z from 'zod'

const condition = z
  .strictObject({
    column: z.string().min(1),
    equals: z.string().optional(),
    starts_with: z.string().min(1).optional(),
    /** A regular expression of JavaScript, tried against the trimmed cell. */
    matches: z.string().min(1).optional(),
    blank: z.boolean().optional(),
  })
  .refine(
    (c) =>
      [c.equals, c.starts_with, c.matches, c.blank].filter((t) => t !== undefined).length === 1,
    {
      message: 'exactly one of equals, starts_with, matches and blank is needed',
    },
  )

const transform = z.union([
  z.enum(['upper', 'lower', 'integer', 'text']),
  /** Exact, with at most so many digits behind the point. */
  z.strictObject({ decimal: z.int().min(0).max(18) }),
  /** Made of YYYY MM DD HH mm ss and the characters between them, or `iso`; read as UTC. */
  z.strictObject({ timestamp: z.string().min(3).max(40) }),
])

const constant = z.union([z.string(), z.int(), z.boolean(), z.null()])

/** Where one field's value comes from. */
const fixed = z.strictObject({ constant })
const column = z.strictObject({
  column: z.string().min(1),
  transforms: z.array(transform).default([]),
})
const plain = z.union([fixed, column])

const field = z.union([
  plain,
  z.strictObject({
    cases: z
      .array(z.union([fixed.extend({ when: condition }), column.extend({ when: condition })]))
      .min(1),
    otherwise: plain,
  }),
  z.strictObject({
    /** Product of fields less a field, all of this event and decimal; half is rounded away from zero. */
    amount: z.strictObject({
      multiply: z.array(z.string()).min(1),
      subtract: z.string().optional(),
      scale: z.int().min(0).max(18),
    }),
  }),
])

/** A mapping file: how the columns of a CSV file become the fields of a topic's events. */
export const MappingFile = z.strictObject({
  topic: z.string(),
  /** One character. */
  delimiter: z.string().length(1).default(','),
  /** Records that are no events: they become dead letters with this reason. */
  reject: z.array(condition.safeExtend({ because: z.string().min(1) })).default([]),
  fields: z.record(z.string(), field),
})

export type MappingFile = Readonly<z.infer<typeof MappingFile>>
export type Condition = z.infer<typeof condition>
export type Transform = z.infer<typeof transform>
export type PlainField = z.infer<typeof plain>
export type MappedField = z.infer<typeof field>
