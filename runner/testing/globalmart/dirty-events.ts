import { randomFrom } from '../random.ts'
import type { EventFile, TopicName } from './stage-events.ts'

// Few users, products and moments, so that what is rare in a shop happens all the time: ties within
// a microsecond, names that go back and forth, one event told in two ways, moments on the edge of a month.

export interface DirtSettings {
  readonly seed: number
  readonly events: number
  /** Each becomes one file a topic. */
  readonly batches: number
  readonly from: string
  readonly days: number
  readonly users: number
  readonly products: number
  /**
   * What an event that is told in two ways changes: its figures and names, or anything, also its time, user
   * and product.
   */
  readonly contradictions: 'values' | 'anything'
}

type Event = Record<string, unknown>
type Draft = readonly [topic: TopicName, event: Event]

const DAY_MS = 86_400_000

/** The same settings give the same files, batch by batch. */
export function dirtyEvents(settings: DirtSettings): EventFile[][] {
  const random = randomFrom(settings.seed)
  const below = (n: number): number => Math.floor(random() * n)
  const chance = (p: number): boolean => random() < p
  const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T
  const start = Date.parse(`${settings.from}T00:00:00Z`)
  const sent: Draft[] = []
  const moments: string[] = []

  /** Mostly in the batch's part of the time, sometimes late, sometimes of a moment that was there already. */
  const moment = (batch: number): string => {
    if (moments.length > 0 && chance(0.15)) return pick(moments)
    const part = settings.days / settings.batches
    const day = chance(0.2) ? random() * (batch + 1) * part : (batch + random()) * part
    const ms = start + Math.floor(day * DAY_MS)
    const iso = new Date(ms).toISOString()
    const text = pick([
      iso,
      `${iso.slice(0, 19)}Z`,
      // The edges of a month.
      `${iso.slice(0, 7)}-01T00:00:00Z`,
      new Date(Date.parse(`${iso.slice(0, 7)}-01T00:00:00Z`) - 1).toISOString(),
      `${iso.slice(0, 19)}.000001Z`,
      `${iso.slice(0, 10)} ${iso.slice(11, 19)}`,
      `${iso.slice(0, 19)}+05:30`,
    ])
    moments.push(text)
    return text
  }
  const country = (): unknown =>
    pick(['Germany', 'France', 'Lithuania', 'Atlantis', 'Mu', '', null, undefined])
  const category = (): unknown => pick(['Laptops', 'Phones', 'Oddities', 'Wonders', ' ', null])
  const user = (): unknown => (chance(0.15) ? null : `u${below(settings.users)}`)
  const product = (): string => `p${below(settings.products)}`

  const sale = (): Event => {
    const isReturn = chance(0.15)
    const quantity = (1 + below(5)) * (isReturn ? -1 : 1)
    const unitPrice = chance(0.1) ? 0 : below(200_000) / pick([100, 10_000, 1_000_000])
    return {
      event_type: isReturn ? 'return' : 'purchase',
      transaction_id: `t${below(Math.ceil(settings.events / 20))}`,
      line_number: chance(0.9) ? below(4) : undefined,
      user_id: user(),
      product_id: product(),
      product_name: pick(['Lamp', 'Red lamp', '', '  ', null]),
      category: category(),
      brand: pick(['Acme', 'Bolt', null, undefined]),
      unit_price: unitPrice,
      quantity,
      discount_amount: pick([0, 0.05, 1.255, null, undefined]),
      total_amount: chance(0.5) ? undefined : Math.round(quantity * unitPrice * 100) / 100,
      payment_method: pick(['card', 'cash', '', null]),
      country: country(),
      stock_after: chance(0.5) ? below(100) : undefined,
    }
  }
  const view = (): Event => {
    const type = pick(['view', 'view', 'view', 'search', 'filter'])
    return {
      event_type: type,
      session_id: `s${below(settings.events)}`,
      user_id: user(),
      // Some are never sold; some searches name a product all the same.
      product_id: type === 'view' || chance(0.3) ? product() : null,
      category: category(),
      search_query: type === 'search' ? pick(['lamp', 'red "lamp"', 'a\\b', '']) : undefined,
      dwell_ms: pick([0, 1200, null, undefined]),
      device: pick(['mobile', 'desktop', '', null]),
      country: country(),
    }
  }
  const change = (): Event => {
    const type = pick(['add', 'remove', 'update', 'checkout'])
    return {
      event_type: type,
      session_id: `s${below(settings.events)}`,
      user_id: user(),
      product_id: type !== 'checkout' || chance(0.3) ? product() : null,
      quantity: pick([1, 2, 0, -1, null, undefined]),
      unit_price: chance(0.8) ? below(100_000) / 10_000 : null,
      cart_value: chance(0.8) ? below(100_000) / 100 : undefined,
      country: country(),
    }
  }

  const draft = (n: number, batch: number): Draft => {
    if (sent.length > 0 && chance(0.05)) return pick(sent)
    if (sent.length > 0 && chance(0.03)) {
      // The same id with another content: the first by coordinates is the event.
      const [topic, event] = pick(sent)
      const other = make(topic)
      return settings.contradictions === 'anything'
        ? [topic, { ...other, event_id: event['event_id'], timestamp: moment(batch) }]
        : [topic, { ...event, ...valuesOf(event, other) }]
    }
    const topic = pick(TOPICS)
    return [topic, { event_id: `e${n}`, ...make(topic), timestamp: moment(batch) }]
  }
  const make = (topic: TopicName): Event =>
    topic === 'transactions-topic' ? sale() : topic === 'product-views-topic' ? view() : change()

  const perBatch = Math.ceil(settings.events / settings.batches)
  return Array.from({ length: settings.batches }, (_, batch) => {
    const lines = new Map<TopicName, string[]>()
    for (let i = 0; i < perBatch; i++) {
      const [topic, event] = draft(batch * perBatch + i, batch)
      sent.push([topic, event])
      const json = JSON.stringify(event)
      const broken = [json.slice(0, -5), '[]', '', JSON.stringify({ ...event, event_type: 'gift' })]
      const line = chance(0.01) ? pick(broken) : json
      const own = lines.get(topic)
      if (own === undefined) lines.set(topic, [line])
      else own.push(line)
    }
    // Some files have names that come before those of earlier batches.
    const prefix = chance(0.3) ? 'again' : 'events'
    return [...lines].map(([topic, own]) => ({
      topic,
      name: `${prefix}-${String(batch).padStart(3, '0')}.jsonl`,
      text: `${own.join('\n')}\n`,
    }))
  })
}

/** What of another event may stand in this one without moving it to another key or making it another kind of line. */
function valuesOf(event: Event, other: Event): Event {
  const values = ['product_name', 'brand', 'payment_method', 'stock_after', 'dwell_ms', 'device']
  const isSale = 'transaction_id' in event
  return Object.fromEntries(
    [...values, ...(isSale ? [] : ['quantity', 'unit_price', 'cart_value'])]
      .filter((field) => field in event)
      .map((field) => [field, other[field]]),
  )
}

const TOPICS: readonly TopicName[] = [
  'transactions-topic',
  'transactions-topic',
  'product-views-topic',
  'cart-events-topic',
]
