/** The next number of a sequence: at least 0, less than 1. */
export type Random = () => number

export type NonEmpty<Item> = readonly [Item, ...Item[]]

const TWO_32 = 2 ** 32

/**
 * A sequence that depends on the seed alone, the same on every machine. For data, not for secrets.
 * Source: sfc32, the small fast counting generator of PractRand.
 */
export function createRandom(seed: number): Random {
  let a = hash(seed, 1)
  let b = hash(seed, 2)
  let c = hash(seed, 3)
  let counter = 1
  return () => {
    const mixed = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + mixed) | 0
    return (mixed >>> 0) / TWO_32
  }
}

/**
 * 32 bits that depend on both numbers. What a product or a customer is like is derived from them and never stored,
 * so that millions of either cost no memory.
 * Source: the finalizer of MurmurHash3, once per number.
 */
export function hash(seed: number, value: number): number {
  return finalize((finalize(seed | 0) + Math.imul(value | 0, 0x9e3779b1)) | 0)
}

/** As `hash`, as a number that is at least 0 and less than 1. */
export function fraction(seed: number, value: number): number {
  return hash(seed, value) / TWO_32
}

function finalize(bits: number): number {
  let h = bits ^ (bits >>> 16)
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** A whole number from `least` to `most`, both included, all of them equally likely. */
export function between(random: Random, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1))
}

/** The item at a share of a list that is not empty: 0 is the first, almost 1 the last. */
export function itemAt<Item>(items: NonEmpty<Item>, share: number): Item {
  return items[Math.floor(share * items.length)] ?? items[0]
}

/** The item at a share of a list whose items have shares of their own, which add up to 1. */
export function weightedAt<Item extends { readonly share: number }>(
  items: NonEmpty<Item>,
  share: number,
): Item {
  let rest = share
  for (const item of items) {
    rest -= item.share
    if (rest < 0) return item
  }
  return items[0]
}
