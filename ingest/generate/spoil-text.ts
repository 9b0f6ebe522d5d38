import type { Happening } from './happening.ts'
import type { Random } from './random.ts'
import { between, itemAt } from './random.ts'

/** What can be wrong with an event's text. The first two cannot be landed; a blank field can. */
export type Flaw = 'bad_json' | 'missing_field' | 'blank_field'

/** Fields without which an event is refused, and fields that it may come without. */
const FIELDS = {
  'product-views-topic': {
    required: ['event_type', 'session_id', 'timestamp'],
    optional: ['dwell_ms', 'device', 'country'],
  },
  'cart-events-topic': {
    required: ['event_type', 'session_id', 'timestamp'],
    optional: ['cart_value', 'unit_price', 'country'],
  },
  'transactions-topic': {
    required: ['event_type', 'transaction_id', 'product_id', 'unit_price', 'quantity', 'timestamp'],
    optional: ['product_name', 'category', 'brand', 'country', 'payment_method', 'total_amount'],
  },
} as const

/** The event's text with a flaw. */
export function spoilText(
  text: string,
  flaw: Flaw,
  topic: Happening['topic'],
  random: Random,
): string {
  switch (flaw) {
    case 'bad_json':
      // Cut off anywhere, as by a producer that died, or written by something that is no JSON writer.
      return random() < 0.7
        ? text.slice(0, between(random, 1, text.length - 1))
        : text.replaceAll('"', "'")
    case 'missing_field':
      return without(text, itemAt(FIELDS[topic].required, random()))
    case 'blank_field':
      return without(text, itemAt(FIELDS[topic].optional, random()))
  }
}

function without(text: string, field: string): string {
  const fields = Object.entries(JSON.parse(text) as Record<string, unknown>)
  return JSON.stringify(Object.fromEntries(fields.filter(([name]) => name !== field)))
}
