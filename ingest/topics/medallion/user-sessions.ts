import * as z from 'zod'
import { count, country, eventId, id, moment, text } from '../fields.ts'
import type { Topic } from '../topic.ts'

/** Sessions as they begin and end. */
export const userSessions: Topic = {
  name: 'user-sessions',
  table: 'user_sessions',
  description: 'Beginnings and ends of sessions; the duration comes with the end.',
  typeField: 'event_type',
  timeField: 'timestamp',
  event: z
    .looseObject({
      event_id: eventId,
      event_type: z.enum(['session_start', 'session_end']),
      session_id: id,
      user_id: id.nullish(),
      traffic_source: text.nullish(),
      device_type: text.nullish(),
      country: country.nullish(),
      page_count: count.nullish(),
      duration_ms: count.nullish(),
      timestamp: moment,
    })
    .refine(
      (event) => event.event_type !== 'session_end' || typeof event.duration_ms === 'number',
      {
        path: ['duration_ms'],
        message: 'the end of a session tells its duration',
      },
    ),
}
