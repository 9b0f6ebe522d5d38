import { fraction, hash, itemAt } from '../random.ts'
import { CATEGORIES } from './categories.ts'

/** A product as it is at one moment. */
export interface Product {
  /** From 0. */
  readonly number: number
  readonly id: string
  readonly name: string
  readonly category: string
  readonly brand: string
  /** Price of one, in hundredths. */
  readonly priceCents: number
}

const DAY_MS = 86_400_000
const RENAMED = 0.12
const RENAMED_EVERY_DAYS = 75
const MOVED = 0.04
const MOVED_EVERY_DAYS = 90
const REBRANDED = 0.01
const REBRANDED_EVERY_DAYS = 120

const EDITIONS = ['', ' Plus', ' II'] as const
const QUALITIES = [
  'Classic',
  'Compact',
  'Deluxe',
  'Essential',
  'Everyday',
  'Light',
  'Modern',
  'Natural',
  'Original',
  'Premium',
  'Pro',
  'Pure',
  'Simple',
  'Smart',
  'Soft',
  'Solid',
  'Travel',
  'Urban',
] as const
const BRANDS = [
  'Alderway',
  'Bexley Row',
  'Brightmoor',
  'Calder',
  'Corvane',
  'Dunmere',
  'Eastlight',
  'Elmsworth',
  'Fairhold',
  'Fenwick Lane',
  'Glenhaven',
  'Harrowby',
  'Ilvara',
  'Jorvale',
  'Kestrel Bay',
  'Larkspur',
  'Marlowe',
  'Nordvik',
  'Oakhurst',
  'Pellwood',
  'Quillon',
  'Ravensend',
  'Silverbrook',
  'Tarnside',
  'Umbria',
  'Valemont',
  'Westerly',
  'Wyndale',
  'Yarrow',
  'Zephyr',
] as const

/** Properties of a product, each of which draws bits of its own. */
const CATEGORY = 11
const BRAND = 12
const QUALITY = 13
const PRICE = 14
const PACE = 15
const CHANGE = 16

/**
 * A product at a moment, from the seed, its number and the time alone: the same in every run with the seed. Prices
 * change every 10 to 40 days, some products are renamed, a few move to another category or brand.
 */
export function describeProduct(seed: number, number: number, atMs: number): Product {
  const draw = (property: number): number => fraction(hash(seed, property), number)
  const day = atMs / DAY_MS
  const pace = draw(PACE)
  const change = draw(CHANGE)
  /** How often a change has happened so far; 0 for a product that does not change in this way. */
  const timesOf = (from: number, share: number, everyDays: number): number =>
    change >= from && change < from + share ? Math.floor(day / everyDays + pace) : 0

  const renamed = timesOf(0, RENAMED, RENAMED_EVERY_DAYS)
  const moved = timesOf(RENAMED, MOVED, MOVED_EVERY_DAYS)
  const rebranded = timesOf(RENAMED + MOVED, REBRANDED, REBRANDED_EVERY_DAYS)
  const place = Math.floor(draw(CATEGORY) * CATEGORIES.length) + (moved % 2)
  const category = CATEGORIES[place % CATEGORIES.length] ?? CATEGORIES[0]
  const brand = BRANDS[(Math.floor(draw(BRAND) * BRANDS.length) + rebranded) % BRANDS.length]

  const week = Math.floor(day / (10 + 30 * pace) + pace)
  const movement = 0.88 + 0.24 * fraction(hash(seed, PRICE + week), number)
  // Evenly on a logarithmic scale: many cheap ones, few dear ones.
  const usual = category.cheapest * (category.dearest / category.cheapest) ** draw(PRICE)
  return {
    number,
    id: `P${String(number + 1).padStart(6, '0')}`,
    name: `${itemAt(QUALITIES, draw(QUALITY))} ${category.name} ${100 + (number % 900)}${EDITIONS[renamed % EDITIONS.length] ?? ''}`,
    category: category.name,
    brand: brand ?? BRANDS[0],
    priceCents: Math.max(50, Math.round(usual * movement * 20) * 5 - 1),
  }
}
