import { createHash } from 'node:crypto'
import { cartEvents } from '../../../ingest/topics/globalmart/cart-events.ts'
import { productViews } from '../../../ingest/topics/globalmart/product-views.ts'
import { transactions } from '../../../ingest/topics/globalmart/transactions.ts'
import { divide, toUnits } from './decimal.ts'
import { compare } from './group.ts'
import type { Day, Moment } from './moment.ts'
import { dayOf, readMoment } from './moment.ts'

export type TopicName = 'transactions-topic' | 'product-views-topic' | 'cart-events-topic'

/** A file of JSON lines as it is landed, uncompressed. */
export interface EventFile {
  readonly topic: TopicName
  readonly name: string
  readonly text: string
}

/** What all staged events have. */
export interface Staged {
  readonly event_id: string
  readonly event_type: string
  readonly time: Moment
  /** The UTC date of `time`. */
  readonly day: Day
  readonly user_id: string | null
  readonly product_id: string | null
  readonly country: string | null
  readonly file: string
  /** sha256 of the file's content. */
  readonly hash: string
  readonly line: number
}

/** A line of a purchase or a return. */
export interface Sale extends Staged {
  readonly transaction_id: string
  readonly line_number: number | null
  readonly product_id: string
  readonly product_name: string | null
  readonly category: string | null
  readonly brand: string | null
  /** In 1/10,000. */
  readonly unitPrice: bigint
  readonly quantity: number
  /** In 1/100. */
  readonly discount: bigint
  /** In 1/100; negative on a return. */
  readonly total: bigint
  readonly payment_method: string | null
  readonly stock_after: number | null
}

/** A view of a product, a search or a filter. */
export interface View extends Staged {
  readonly session_id: string
  readonly category: string | null
  readonly search_query: string | null
  readonly dwell_ms: number | null
  readonly device: string | null
}

/** A change of a cart, or a checkout. */
export interface CartEvent extends Staged {
  readonly session_id: string
  readonly quantity: number | null
  /** In 1/10,000. */
  readonly unitPrice: bigint | null
  /** In 1/100. */
  readonly cartValue: bigint | null
}

/** The events of three topics, each once, in the order of their coordinates. */
export interface StagedEvents {
  readonly sales: readonly Sale[]
  readonly views: readonly View[]
  readonly cartEvents: readonly CartEvent[]
  /** Lines that could be landed. */
  readonly landed: number
  /** Lines that could not. */
  readonly deadLetters: number
}

interface Line extends Pick<Staged, 'event_id' | 'event_type' | 'time' | 'file' | 'hash' | 'line'> {
  readonly event: Readonly<Record<string, unknown>>
}

/** Digits enough for any amount that an event brings. */
const EXACT = 20

/** What can be landed is not the oracle's question: the topics' own definitions say it. */
const TOPICS = {
  'transactions-topic': transactions,
  'product-views-topic': productViews,
  'cart-events-topic': cartEvents,
} as const

/**
 * Section 1: "An event that its producer sent twice (same `event_id`) is two raw rows and one staged
 * row: the first by coordinates (files by name and line […])."
 */
export function stageEvents(files: readonly EventFile[]): StagedEvents {
  let landed = 0
  let deadLetters = 0
  const firstOf = <E extends Staged>(topic: TopicName, read: (line: Line) => E): E[] => {
    const events = new Map<string, E>()
    for (const line of linesOf(files, topic)) {
      if (line === undefined) {
        deadLetters += 1
        continue
      }
      landed += 1
      if (!events.has(line.event_id)) events.set(line.event_id, read(line))
    }
    return [...events.values()]
  }
  const sales = firstOf('transactions-topic', readSale)
  const views = firstOf('product-views-topic', readView)
  const changes = firstOf('cart-events-topic', readCartEvent)
  return { sales, views, cartEvents: changes, landed, deadLetters }
}

/** The lines of a topic's files by coordinates; undefined for one that cannot be landed. */
function* linesOf(files: readonly EventFile[], topic: TopicName): Generator<Line | undefined> {
  const own = files
    .filter((file) => file.topic === topic)
    .map((file) => ({ ...file, hash: createHash('sha256').update(file.text).digest('hex') }))
    .sort((a, b) => compare(a.name, b.name) || compare(a.hash, b.hash))
  for (const { name, text, hash } of own) {
    for (const [i, json] of text.split('\n').entries()) {
      if (json.trim() === '') continue
      const event = parse(json)
      const time = readMoment(String(event?.['timestamp']))
      if (
        event === undefined ||
        time === undefined ||
        !TOPICS[topic].event.safeParse(event).success
      )
        yield undefined
      else
        yield {
          // An event of a file that brings no id has the MD5 of its content.
          event_id: readText(event, 'event_id') ?? createHash('md5').update(json).digest('hex'),
          event_type: String(event['event_type']),
          time,
          event,
          file: name,
          hash,
          line: i + 1,
        }
    }
  }
}

function parse(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

function readSale(line: Line): Sale {
  const { event } = line
  const price = readNumber(event, 'unit_price') ?? 0
  const quantity = readNumber(event, 'quantity') ?? 0
  const discount = readNumber(event, 'discount_amount') ?? 0
  const total = readNumber(event, 'total_amount')
  return {
    ...readCommon(line),
    transaction_id: readText(event, 'transaction_id') ?? '',
    line_number: readNumber(event, 'line_number'),
    product_id: readText(event, 'product_id') ?? '',
    product_name: readText(event, 'product_name'),
    category: readText(event, 'category'),
    brand: readText(event, 'brand'),
    unitPrice: toUnits(price, 4),
    quantity,
    discount: toUnits(discount, 2),
    // "an amount is rounded once, per line, half away from zero (total_amount = quantity ·
    // unit_price − discount_amount where the event brings none)": from what the event says, before
    // price and discount are rounded for themselves.
    total:
      total === null
        ? divide(
            BigInt(quantity) * toUnits(price, EXACT) - toUnits(discount, EXACT),
            10n ** BigInt(EXACT - 2),
          )
        : toUnits(total, 2),
    payment_method: readText(event, 'payment_method'),
    stock_after: readNumber(event, 'stock_after'),
  }
}

function readView(line: Line): View {
  const { event } = line
  const common = readCommon(line)
  return {
    ...common,
    // "product_id (null unless `view`)"
    product_id: common.event_type === 'view' ? common.product_id : null,
    session_id: readText(event, 'session_id') ?? '',
    category: readText(event, 'category'),
    search_query: readText(event, 'search_query'),
    dwell_ms: readNumber(event, 'dwell_ms'),
    device: readText(event, 'device'),
  }
}

function readCartEvent(line: Line): CartEvent {
  const { event } = line
  const common = readCommon(line)
  const unitPrice = readNumber(event, 'unit_price')
  const cartValue = readNumber(event, 'cart_value')
  return {
    ...common,
    // "product_id (null on `checkout`)"
    product_id: common.event_type === 'checkout' ? null : common.product_id,
    session_id: readText(event, 'session_id') ?? '',
    quantity: readNumber(event, 'quantity'),
    unitPrice: unitPrice === null ? null : toUnits(unitPrice, 4),
    cartValue: cartValue === null ? null : toUnits(cartValue, 2),
  }
}

function readCommon({ event, ...line }: Line): Staged {
  return {
    ...line,
    day: dayOf(line.time),
    user_id: readText(event, 'user_id'),
    product_id: readText(event, 'product_id'),
    country: readText(event, 'country'),
  }
}

/** A text of the payload; a blank one is null. */
function readText(event: Readonly<Record<string, unknown>>, field: string): string | null {
  const value = event[field]
  return typeof value === 'string' && value.trim() !== '' ? value : null
}

function readNumber(event: Readonly<Record<string, unknown>>, field: string): number | null {
  const value = event[field]
  return typeof value === 'number' ? value : null
}
