import type { Happens } from '../plan-visits.ts'
import type { Product } from './describe-product.ts'

/** Somebody in a session, a guest or a customer. */
export interface Visitor {
  /** Null for a guest. */
  readonly userId: string | null
  readonly sessionId: string
  readonly country: string
  readonly device: string
  readonly paymentMethod: string
}

interface Moment extends Happens {
  readonly visitor: Visitor
}

export interface ViewHappening extends Moment {
  readonly topic: 'product-views-topic'
  readonly type: 'view' | 'search' | 'filter'
  /** Of a view. */
  readonly product: Product | null
  /** Of a view and a filter. */
  readonly category: string | null
  /** Of a search. */
  readonly query: string | null
  readonly dwellMs: number
}

export interface CartHappening extends Moment {
  readonly topic: 'cart-events-topic'
  readonly type: 'add' | 'remove' | 'update' | 'checkout'
  /** Null on a checkout, as is the quantity. */
  readonly product: Product | null
  /** Added, removed, or what there is after an update. */
  readonly quantity: number | null
  readonly cartCents: number
}

export interface SaleHappening extends Moment {
  readonly topic: 'transactions-topic'
  readonly type: 'purchase' | 'return'
  readonly transactionId: string
  /** From 1. */
  readonly line: number
  readonly product: Product
  /** Negative on a return. */
  readonly quantity: number
  readonly discountCents: number
}

/** What happens in the shop, whether anybody hears of it or not: the sending adds the dirt. */
export type Happening = ViewHappening | CartHappening | SaleHappening
