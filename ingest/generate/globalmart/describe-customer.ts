import type { NonEmpty } from '../random.ts'
import { fraction, hash, weightedAt } from '../random.ts'

/** A customer as they are at one moment. */
export interface Customer {
  readonly id: string
  readonly country: string
  readonly device: string
  readonly paymentMethod: string
}

interface Choice {
  readonly name: string
  readonly share: number
}

const DAY_MS = 86_400_000
const MOVED_EVERY_DAYS = 100

/** Where customers live. `leaving` is the share that moves to the next country of the list, and back. */
const COUNTRIES: NonEmpty<Choice & { readonly leaving: number }> = [
  { name: 'United States', share: 0.34, leaving: 0.04 },
  { name: 'United Kingdom', share: 0.22, leaving: 0.04 },
  { name: 'Germany', share: 0.2, leaving: 0.2 },
  { name: 'France', share: 0.14, leaving: 0.04 },
  { name: 'Japan', share: 0.1, leaving: 0.04 },
]
const DEVICES: NonEmpty<Choice> = [
  { name: 'mobile', share: 0.56 },
  { name: 'desktop', share: 0.34 },
  { name: 'tablet', share: 0.1 },
]
const PAYMENT_METHODS: NonEmpty<Choice> = [
  { name: 'credit_card', share: 0.44 },
  { name: 'paypal', share: 0.24 },
  { name: 'debit_card', share: 0.18 },
  { name: 'bank_transfer', share: 0.09 },
  { name: 'gift_card', share: 0.05 },
]

/** Properties of a customer, each of which draws bits of its own. */
const COUNTRY = 21
const LEAVING = 22
const PACE = 23
const DEVICE = 24
const PAYMENT = 25

/** A customer at a moment, from the seed, their number and the time alone. Some move to another country. */
export function describeCustomer(seed: number, number: number, atMs: number): Customer {
  const draw = (property: number): number => fraction(hash(seed, property), number)
  const home = weightedAt(COUNTRIES, draw(COUNTRY))
  const isMoving = draw(LEAVING) < home.leaving
  const moved = isMoving ? Math.floor(atMs / DAY_MS / MOVED_EVERY_DAYS + draw(PACE)) : 0
  const place = COUNTRIES.indexOf(home) + (moved % 2)
  return {
    id: `U${String(number + 1).padStart(8, '0')}`,
    country: COUNTRIES[place % COUNTRIES.length]?.name ?? home.name,
    device: weightedAt(DEVICES, draw(DEVICE)).name,
    paymentMethod: weightedAt(PAYMENT_METHODS, draw(PAYMENT)).name,
  }
}
