import { SYSTEMS } from '../../topics/registry.ts'
import type { Message } from '../message.ts'
import type { GenerateOptions } from '../options.ts'
import { isUnheard } from '../options.ts'
import type { System } from '../system.ts'
import { createStock } from './create-stock.ts'
import { eventText } from './event-text.ts'
import { planHappenings } from './plan-happenings.ts'

/** GlobalMart's shop: what people look at, put into carts, buy and bring back. */
export const globalmart: System = {
  topics: SYSTEMS.globalmart,
  removable: {
    'product-views-topic': {
      required: ['event_type', 'session_id', 'timestamp'],
      optional: ['dwell_ms', 'device', 'country'],
    },
    'cart-events-topic': {
      required: ['event_type', 'session_id', 'timestamp'],
      optional: ['cart_value', 'unit_price', 'country'],
    },
    'transactions-topic': {
      required: [
        'event_type',
        'transaction_id',
        'product_id',
        'unit_price',
        'quantity',
        'timestamp',
      ],
      optional: ['product_name', 'category', 'brand', 'country', 'payment_method', 'total_amount'],
    },
  },
  *messages(options: GenerateOptions, run: string): Generator<Message> {
    const stock = createStock(options.seed, options.products)
    for (const happening of planHappenings(options, run)) {
      const { topic, visitor, atMs } = happening
      const stockAfter =
        topic === 'transactions-topic' ? stock(happening.product.number, happening.quantity) : 0
      if (isUnheard(options, atMs)) continue
      const id = `E${run}${happening.order.toString(36).padStart(6, '0')}`
      yield { topic, key: visitor.userId, atMs, text: eventText(happening, id, stockAfter) }
    }
  },
}
