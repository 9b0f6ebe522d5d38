import * as z from 'zod'
import {
  amount,
  count,
  country,
  eventId,
  id,
  integer,
  moment,
  positiveAmount,
  price,
  text,
} from '../fields.ts'
import type { Topic } from '../topic.ts'

/** One event per line of a sale or a return. */
export const transactions: Topic = {
  name: 'transactions-topic',
  table: 'transactions',
  description: 'Purchases and returns, one event per line of a transaction.',
  typeField: 'event_type',
  timeField: 'timestamp',
  event: z
    .looseObject({
      event_id: eventId,
      event_type: z.enum(['purchase', 'return']),
      transaction_id: id,
      line_number: count.nullish(),
      user_id: id.nullish(),
      product_id: id,
      product_name: text.nullish(),
      category: text.nullish(),
      brand: text.nullish(),
      unit_price: price,
      quantity: integer,
      discount_amount: positiveAmount.nullish(),
      total_amount: amount.nullish(),
      payment_method: text.nullish(),
      country: country.nullish(),
      stock_after: integer.nullish(),
      timestamp: moment,
    })
    .refine((event) => event.event_type !== 'return' || event.quantity < 0, {
      path: ['quantity'],
      message: 'a return has a negative quantity',
    })
    // Models compute the amount where the event brings none: it must fit numeric(18,2) too.
    .refine((event) => Math.abs(event.quantity * event.unit_price) < 9e15, {
      path: ['total_amount'],
      message: 'quantity times unit_price is out of range',
    }),
}
