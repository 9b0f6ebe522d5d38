import TinyQueue from 'tinyqueue'
import { describeCustomer } from './describe-customer.ts'
import { describeProduct } from './describe-product.ts'
import type { Happening, Visitor } from './happening.ts'
import { compareHappenings } from './happening.ts'
import type { GenerateOptions } from './options.ts'
import { spanOf } from './options.ts'
import type { Ending } from './plan-session.ts'
import { planSession } from './plan-session.ts'
import { createPopularity } from './popularity.ts'
import type { Random } from './random.ts'
import { createRandom, hash } from './random.ts'
import { planSlots } from './rhythm.ts'

/** Few products make most of the sales; customers differ less. */
const PRODUCT_SKEW = 0.8
const CUSTOMER_SKEW = 0.5

/**
 * Everything that happens in the shop, by time: exactly `events` of it, all within the days. Holds in memory the
 * sessions that have begun and the returns that are to come (less than half a percent of the events).
 * @param run part of the ids; two runs that land in one warehouse need different ones
 */
export function* planHappenings(options: GenerateOptions, run: string): Generator<Happening> {
  const { seed, events } = options
  const { startMs, endMs } = spanOf(options)
  const random = createRandom(hash(seed, startMs / 86_400_000))
  const visit = createVisits(options, run, random)
  const ahead = new TinyQueue<Happening>([], compareHappenings)
  const counts = { 'product-views-topic': 0, 'cart-events-topic': 0, 'transactions-topic': 0 }
  let planned = 0

  for (const slot of planSlots(startMs, options.days, events)) {
    while (planned < slot.eventsByEnd) {
      const atMs = slot.startMs + Math.floor(random() * (slot.endMs - slot.startMs))
      for (const happening of visit(chooseEnding(options.mix, counts, planned), atMs)) {
        // The last sessions are cut off by the end of the time, or of the events.
        if (happening.atMs >= endMs || planned === events) continue
        ahead.push(happening)
        counts[happening.topic] += 1
        planned += 1
      }
    }
    yield* takeBefore(ahead, slot.endMs)
  }
  yield* takeBefore(ahead, endMs)
}

/** The ending that brings the counts nearer to the mix; purchases need the longest run-up, so they come first. */
function chooseEnding(
  { views, cart, transactions }: GenerateOptions['mix'],
  counts: Readonly<Record<Happening['topic'], number>>,
  planned: number,
): Ending {
  const whole = views + cart + transactions
  if (counts['transactions-topic'] < (planned * transactions) / whole) return 'purchased'
  if (counts['cart-events-topic'] < (planned * cart) / whole) return 'abandoned'
  return 'browsed'
}

/** Sessions, each with a visitor who is picked for it. */
function createVisits(
  { seed, users, products, guests, returns }: GenerateOptions,
  run: string,
  random: Random,
): (ending: Ending, startMs: number) => readonly Happening[] {
  const pickUser = createPopularity(users, CUSTOMER_SKEW)
  const pickProduct = createPopularity(products, PRODUCT_SKEW)
  let order = 0
  let session = 0
  const nextOrder = (): number => order++
  return (ending, startMs) => {
    const number = (session++).toString(36).padStart(5, '0')
    const isGuest = random() < guests
    // Guests are customers who have not logged in, so they live and pay like them.
    const { id, ...rest } = describeCustomer(seed, pickUser(random()), startMs)
    const visitor: Visitor = { userId: isGuest ? null : id, sessionId: `S${run}${number}`, ...rest }
    return planSession({
      ending,
      startMs,
      visitor,
      random,
      pickProduct: (atMs) => describeProduct(seed, pickProduct(random()), atMs),
      nextOrder,
      returns,
      transactionId: `${run}${number}`,
    })
  }
}

function* takeBefore(queue: TinyQueue<Happening>, endMs: number): Generator<Happening> {
  for (;;) {
    const next = queue.peek()
    if (next === undefined || next.atMs >= endMs) return
    queue.pop()
    yield next
  }
}
