import type { GenerateOptions } from '../options.ts'
import { randomOf } from '../options.ts'
import { planVisits } from '../plan-visits.ts'
import { createPopularity } from '../popularity.ts'
import type { Random } from '../random.ts'
import { describeCustomer } from './describe-customer.ts'
import { describeProduct } from './describe-product.ts'
import type { Happening, Visitor } from './happening.ts'
import type { Ending } from './plan-session.ts'
import { planSession } from './plan-session.ts'

/** Few products make most of the sales; customers differ less. */
const PRODUCT_SKEW = 0.8
const CUSTOMER_SKEW = 0.5

/**
 * Everything that happens in the shop, by time: exactly `events` of it, all within the days. Returns are to come for two
 * weeks (less than half a percent of the events).
 * @param run part of the ids; two runs that land in one warehouse need different ones
 */
export function planHappenings(options: GenerateOptions, run: string): Iterable<Happening> {
  const random = randomOf(options)
  const visit = createVisits(options, run, random)
  const counts = { 'product-views-topic': 0, 'cart-events-topic': 0, 'transactions-topic': 0 }
  let planned = 0
  return planVisits(
    options,
    random,
    (atMs) => visit(chooseEnding(options.mix, counts, planned), atMs),
    ({ topic }) => {
      counts[topic] += 1
      planned += 1
    },
  )
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
