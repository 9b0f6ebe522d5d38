import * as z from 'zod'
import { eventId, id, moment } from '../fields.ts'
import type { Topic } from '../topic.ts'

/**
 * A topic of the learning platform. All of them share an envelope: event_category, event_type, user_id and a timestamp in UTC
 * (`YYYY-MM-DD HH:MM:SS`); the other fields are those of the types.
 * @param fields optional fields, and for each type which of them it needs
 */
export function learningTopic(
  category: string,
  description: string,
  types: Readonly<Record<string, readonly string[]>>,
  fields: z.ZodRawShape,
): Topic {
  const name = category.toLowerCase()
  return {
    name: `${name}_topic`,
    table: `${name}_events`,
    description,
    typeField: 'event_type',
    timeField: 'timestamp',
    event: z
      .looseObject({
        event_id: eventId,
        event_category: z.literal(category),
        event_type: z.enum(Object.keys(types)),
        user_id: id,
        timestamp: moment,
        ...fields,
      })
      .superRefine((event: Readonly<Record<string, unknown>>, context) => {
        for (const field of types[String(event['event_type'])] ?? []) {
          if (event[field] !== undefined && event[field] !== null) continue
          context.addIssue({
            code: 'custom',
            path: [field],
            message: `an event of the type ${String(event['event_type'])} has a ${field}`,
          })
        }
      }),
  }
}
