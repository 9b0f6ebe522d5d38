import * as z from 'zod'
import { country, eventId, id, integer, moment, positiveAmount, price, text } from '../fields.ts'
import type { Topic } from '../topic.ts'

/** Orders, each with all its items. */
export const purchases: Topic = {
  name: 'purchases',
  table: 'purchases',
  description: 'Orders, one event each, with their items.',
  typeField: 'event_type',
  timeField: 'timestamp',
  event: z.looseObject({
    event_id: eventId,
    event_type: z.literal('purchase'),
    order_id: id,
    session_id: id.nullish(),
    user_id: id.nullish(),
    items: z
      .array(
        z.looseObject({
          product_id: id,
          category: text.nullish(),
          quantity: integer.min(1),
          unit_price: price,
        }),
      )
      .min(1, 'an order has items')
      .max(1000),
    discount_amount: positiveAmount.nullish(),
    total_amount: positiveAmount,
    currency: z.string().length(3).nullish(),
    payment_method: text.nullish(),
    device_type: text.nullish(),
    country: country.nullish(),
    timestamp: moment,
  }),
}
