/** What the random choices of this test run follow from: another one each time, unless one is to be repeated. */
export const SEED = Number(process.env['GM_TEST_SEED'] ?? Date.now() % 1_000_000)

/** Numbers from 0 up to 1, the same everywhere for the same seed, so that a test that failed can be run again (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Whole numbers from 0 up to what is asked for, the same everywhere for the same seed. */
export function randomBelow(seed: number): (below: number) => number {
  const random = randomFrom(seed)
  return (below) => Math.floor(random() * below)
}
