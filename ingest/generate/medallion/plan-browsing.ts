import { describeCustomer } from '../globalmart/describe-customer.ts'
import type { Product } from '../globalmart/describe-product.ts'
import { describeProduct } from '../globalmart/describe-product.ts'
import type { GenerateOptions } from '../options.ts'
import { createPopularity } from '../popularity.ts'
import type { NonEmpty, Random } from '../random.ts'
import { between, itemAt } from '../random.ts'
import type { VisitEvent, VisitLog } from '../visit-log.ts'
import { createVisitLog } from '../visit-log.ts'

const SOURCES: NonEmpty<string> = ['organic', 'paid_search', 'social', 'email', 'direct']
const PAGES: NonEmpty<string> = ['home', 'category', 'search', 'help']
const DISTRACTIONS: NonEmpty<string> = ['click', 'scroll', 'form_focus', 'video_play']

interface Browsing {
  readonly log: VisitLog
  readonly random: Random
  /** What all events of the visit have in common. */
  readonly common: Readonly<Record<string, unknown>>
  readonly pickProduct: () => Product
}

/** Visits to a shop, as its pages report them: a session, the pages in it, what is done on them, and perhaps an order. */
export function createBrowsing(
  { seed, users, products, guests }: GenerateOptions,
  run: string,
  random: Random,
): (atMs: number) => readonly VisitEvent[] {
  const pickUser = createPopularity(users, 0.5)
  const pickProduct = createPopularity(products, 0.8)
  let order = 0
  let visits = 0
  return (atMs) => {
    const id = `${run}${(visits++).toString(36).padStart(5, '0')}`
    const customer = describeCustomer(seed, pickUser(random()), atMs)
    const userId = random() < guests ? null : customer.id
    const log = createVisitLog(atMs, userId, random, () => order++)
    const place = { device_type: customer.device, country: customer.country }
    const common = { session_id: `M${id}`, ...place }
    const traffic = { traffic_source: itemAt(SOURCES, random()) }
    const browsing: Browsing = {
      log,
      random,
      common,
      pickProduct: () => describeProduct(seed, pickProduct(random()), log.now()),
    }

    log.say('user-sessions', 'session_start', { ...common, ...traffic })
    const looked: Product[] = []
    let pages = 0
    do {
      pages += 1
      const product = random() < 0.6 ? browsing.pickProduct() : undefined
      if (product !== undefined) looked.push(product)
      look(browsing, product, pages === 1 ? traffic : {})
    } while (random() < 0.75)
    if (looked.length > 0 && random() < 0.12) {
      buy(browsing, looked, `O${id}`, customer.paymentMethod)
    }
    log.say('user-sessions', 'session_end', {
      ...common,
      page_count: pages,
      duration_ms: log.now() - atMs,
    })
    return log.events
  }
}

function look(
  { log, random, common }: Browsing,
  product: Product | undefined,
  traffic: Readonly<Record<string, unknown>>,
): void {
  const page =
    product === undefined
      ? { page_type: itemAt(PAGES, random()) }
      : { page_type: 'product', product_id: product.id, category: product.category }
  const url = product === undefined ? `/${page.page_type}` : `/product/${product.id}`
  const startMs = log.now()
  // The view is told when the page is left, and the clock has moved on by then; both times are of one moment.
  const durationMs = log.stay(35) * 1000
  log.sayLater((startMs - log.now()) / 1000, 'page-views', 'page_view', {
    ...common,
    ...page,
    ...traffic,
    page_url: url,
    duration_ms: durationMs,
  })
  while (random() < 0.5) {
    log.stay(3)
    log.say('raw-events', itemAt(DISTRACTIONS, random()), {
      ...common,
      page_url: url,
      properties: { x: between(random, 0, 1280), y: between(random, 0, 4000) },
    })
  }
}

function buy(
  { log, random, common }: Browsing,
  looked: readonly Product[],
  orderId: string,
  paymentMethod: string,
): void {
  const wanted = [...new Map(looked.map((product) => [product.id, product])).values()].slice(0, 6)
  const items = wanted.map((product) => ({
    product_id: product.id,
    category: product.category,
    quantity: random() < 0.8 ? 1 : between(random, 2, 5),
    unit_price: product.priceCents / 100,
  }))
  const cents = items.reduce(
    (sum, { quantity, unit_price: price }) => sum + quantity * Math.round(price * 100),
    0,
  )
  const discountCents = random() < 0.1 ? Math.round(cents * 0.1) : 0
  log.say('raw-events', 'add_to_cart', { ...common, properties: { items: items.length } })
  log.stay(90)
  log.say('purchases', 'purchase', {
    ...common,
    order_id: orderId,
    items,
    discount_amount: discountCents / 100,
    total_amount: (cents - discountCents) / 100,
    currency: 'USD',
    payment_method: paymentMethod,
  })
}
