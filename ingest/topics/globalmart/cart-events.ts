import * as z from 'zod'
import { country, eventId, id, integer, moment, positiveAmount, price } from '../fields.ts'
import type { Topic } from '../topic.ts'

/** What users do to their carts. */
export const cartEvents: Topic = {
  name: 'cart-events-topic',
  table: 'cart_events',
  description: 'Changes of carts and checkouts; product_id is null on a checkout.',
  typeField: 'event_type',
  timeField: 'timestamp',
  event: z
    .looseObject({
      event_id: eventId,
      event_type: z.enum(['add', 'remove', 'update', 'checkout']),
      session_id: id,
      user_id: id.nullish(),
      product_id: id.nullish(),
      quantity: integer.nullish(),
      unit_price: price.nullish(),
      cart_value: positiveAmount.nullish(),
      country: country.nullish(),
      timestamp: moment,
    })
    .refine((event) => event.event_type === 'checkout' || typeof event.product_id === 'string', {
      path: ['product_id'],
      message: 'a change of a cart names its product',
    }),
}
