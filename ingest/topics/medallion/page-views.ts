import * as z from 'zod'
import { count, country, eventId, id, moment, text } from '../fields.ts'
import type { Topic } from '../topic.ts'

/** Pages that were looked at. */
export const pageViews: Topic = {
  name: 'page-views',
  table: 'page_views',
  description: 'Pages that were looked at; product_id is null unless it is the page of a product.',
  typeField: 'event_type',
  timeField: 'timestamp',
  event: z.looseObject({
    event_id: eventId,
    event_type: z.literal('page_view'),
    session_id: id,
    user_id: id.nullish(),
    page_url: z.string().min(1).max(2000),
    page_type: text.nullish(),
    product_id: id.nullish(),
    category: text.nullish(),
    referrer: text.nullish(),
    traffic_source: text.nullish(),
    device_type: text.nullish(),
    country: country.nullish(),
    duration_ms: count.nullish(),
    timestamp: moment,
  }),
}
