import { fraction, hash } from '../random.ts'

/** Takes so many of a product out of the store (puts them in where negative); gives how many are left. */
export type Stock = (product: number, quantity: number) => number

const STOCK = 31

/**
 * The store, full at the beginning: four bytes per product. A product is filled up just before a sale that
 * would not leave any, so the stock never falls below zero.
 */
export function createStock(seed: number, products: number): Stock {
  const capacityOf = (product: number): number =>
    40 + Math.floor(fraction(hash(seed, STOCK), product) * 460)
  const taken = new Int32Array(products)
  return (product, quantity) => {
    const capacity = capacityOf(product)
    const before = taken[product] ?? 0
    const after = before + quantity > capacity ? quantity : before + quantity
    taken[product] = after
    return Math.max(0, capacity - after)
  }
}
