import * as z from 'zod'
import { count, country, eventId, id, moment, text } from '../fields.ts'
import type { Topic } from '../topic.ts'

/** What users look at and look for. */
export const productViews: Topic = {
  name: 'product-views-topic',
  table: 'product_views',
  description: 'Views of products, searches and filters; product_id is null unless it is a view.',
  typeField: 'event_type',
  timeField: 'timestamp',
  event: z
    .looseObject({
      event_id: eventId,
      event_type: z.enum(['view', 'search', 'filter']),
      session_id: id,
      user_id: id.nullish(),
      product_id: id.nullish(),
      category: text.nullish(),
      search_query: text.nullish(),
      dwell_ms: count.nullish(),
      device: text.nullish(),
      country: country.nullish(),
      timestamp: moment,
    })
    .refine((event) => event.event_type !== 'view' || typeof event.product_id === 'string', {
      path: ['product_id'],
      message: 'a view names its product',
    }),
}
