import * as z from 'zod'
import { country, eventId, id, moment, text } from '../fields.ts'
import type { Topic } from '../topic.ts'

/** Everything that the shop's pages report, as they report it: the bronze layer takes it as it comes. */
export const rawEvents: Topic = {
  name: 'raw-events',
  table: 'raw_events',
  description: 'Everything that pages report: clicks, scrolls, views, purchases; the type is free.',
  typeField: 'event_type',
  timeField: 'timestamp',
  event: z.looseObject({
    event_id: eventId,
    event_type: z.string().min(1).max(100),
    session_id: id.nullish(),
    user_id: id.nullish(),
    page_url: text.nullish(),
    device_type: text.nullish(),
    country: country.nullish(),
    properties: z.record(z.string(), z.unknown()).nullish(),
    timestamp: moment,
  }),
}
