import type { Random } from '../random.ts'
import { between } from '../random.ts'
import type { Product } from './describe-product.ts'
import type {
  CartHappening,
  Happening,
  SaleHappening,
  ViewHappening,
  Visitor,
} from './happening.ts'

/** How a session ends: nothing in the cart, a cart that is left behind, or a purchase. */
export type Ending = 'browsed' | 'abandoned' | 'purchased'

export interface SessionPlan {
  readonly ending: Ending
  readonly startMs: number
  readonly visitor: Visitor
  readonly random: Random
  /** Any product, the popular ones more often, as it is at the moment. */
  readonly pickProduct: (atMs: number) => Product
  readonly nextOrder: () => number
  /** Share of the lines bought at full price that come back. */
  readonly returns: number
  /** Part of the transactions' ids; unique to the session. */
  readonly transactionId: string
}

interface CartLine {
  readonly product: Product
  quantity: number
}

const DAY_MS = 86_400_000
const DISCOUNTS = [0.05, 0.1, 0.15, 0.2]

/**
 * All that happens in a session and what comes back of it later, in the order of time, returns last.
 * A visitor looks around, puts things into the cart, takes some out again, and buys or leaves.
 */
export function planSession(plan: SessionPlan): readonly Happening[] {
  const { random, visitor, ending, nextOrder } = plan
  const happenings: Happening[] = []
  const cart: CartLine[] = []
  let atMs = plan.startMs

  /** Moves the clock on by about so many seconds; most stays are short, a few are long. */
  const stay = (seconds: number): number => {
    const durationMs = Math.round(seconds * 1000 * (0.15 + 3.4 * random() ** 3))
    atMs += durationMs
    return durationMs
  }
  // Spreading objects into each other here would halve the speed of the whole generator.
  const view = (
    type: ViewHappening['type'],
    product: Product | null,
    category: string | null,
    query: string | null,
  ): void => {
    const startMs = atMs
    happenings.push({
      topic: 'product-views-topic',
      type,
      atMs: startMs,
      order: nextOrder(),
      visitor,
      product,
      category,
      query,
      dwellMs: stay(40),
    })
  }
  const changeCart = (
    type: CartHappening['type'],
    product: Product | null,
    quantity: number | null,
  ): void => {
    let cartCents = 0
    for (const line of cart) cartCents += line.quantity * line.product.priceCents
    happenings.push({
      topic: 'cart-events-topic',
      type,
      atMs,
      order: nextOrder(),
      visitor,
      product,
      quantity,
      cartCents,
    })
    stay(15)
  }

  const look = (product: Product): void => {
    view('view', product, product.category, null)
  }
  const lookAround = (): void => {
    const found = plan.pickProduct(atMs)
    const way = random()
    if (way < 0.16) {
      const word = found.category.toLowerCase()
      const query = random() < 0.4 ? `${found.brand.toLowerCase()} ${word}` : word
      view('search', null, null, query)
    } else if (way < 0.25) {
      view('filter', null, found.category, null)
    } else {
      look(found)
    }
  }
  const add = (): void => {
    const product = plan.pickProduct(atMs)
    look(product)
    const bulk = random() < 0.002 ? 40 : 1
    const quantity = (random() < 0.75 ? 1 : between(random, 2, 4)) * bulk
    const line = cart.find((candidate) => candidate.product.id === product.id)
    if (line === undefined) cart.push({ product, quantity })
    else line.quantity += quantity
    changeCart('add', product, quantity)
  }
  const update = (): void => {
    const line = cart[between(random, 0, cart.length - 1)]
    if (line === undefined) return
    line.quantity = between(random, 1, 5)
    changeCart('update', line.product, line.quantity)
  }
  const remove = (): void => {
    const [line] = cart.splice(between(random, 0, cart.length - 1), 1)
    if (line === undefined) return
    changeCart('remove', line.product, line.quantity)
  }
  const shop = (): void => {
    let wanted = 1
    while (wanted < 8 && random() < 0.5) wanted += 1
    for (let i = 0; i < wanted; i++) {
      if (random() < 0.5) lookAround()
      add()
      if (random() < 0.12) update()
      if (cart.length > 1 && random() < 0.08) remove()
    }
  }

  switch (ending) {
    case 'browsed':
      do lookAround()
      while (random() < 0.72)
      break
    case 'abandoned':
      shop()
      if (random() < 0.2) remove()
      if (cart.length > 0 && random() < 0.3) {
        changeCart('checkout', null, null)
      }
      break
    case 'purchased':
      shop()
      changeCart('checkout', null, null)
      stay(60)
      buy(plan, cart, atMs, happenings)
      break
  }
  return happenings
}

/** One line for each in the cart, all at one moment, and behind them the returns of some. */
function buy(
  plan: SessionPlan,
  cart: readonly CartLine[],
  atMs: number,
  happenings: Happening[],
): void {
  const { random, visitor, nextOrder } = plan
  const discount = random() < 0.12 ? (DISCOUNTS[between(random, 0, DISCOUNTS.length - 1)] ?? 0) : 0
  const bought = cart.map(
    ({ product, quantity }, i): SaleHappening => ({
      topic: 'transactions-topic',
      type: 'purchase',
      atMs,
      order: nextOrder(),
      visitor,
      transactionId: `T${plan.transactionId}`,
      line: i + 1,
      product,
      quantity,
      discountCents: Math.round(quantity * product.priceCents * discount),
    }),
  )
  happenings.push(...bought)
  for (const line of bought) {
    // What was sold at a discount is not taken back: a refund has no discount to subtract.
    if (line.discountCents > 0 || random() >= plan.returns) continue
    happenings.push({
      ...line,
      type: 'return',
      atMs: atMs + Math.round((1 + 13 * random()) * DAY_MS),
      order: nextOrder(),
      transactionId: `R${plan.transactionId}-${line.line}`,
      quantity: -between(random, 1, line.quantity),
      discountCents: 0,
    })
  }
}
