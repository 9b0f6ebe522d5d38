/**
 * Picks one of `count` numbers (0 and up) of which few come up often and most seldom, like sales of products: the
 * k-th most popular has a share of about k^-skew. Gives the number for a share between 0 and 1.
 * @param skew from 0 (all alike) to less than 1
 */
export function createPopularity(count: number, skew: number): (share: number) => number {
  // The inverse of the bounded Pareto distribution: exact enough for ranks, and no table of `count` numbers.
  const power = 1 - skew
  const reach = (count + 1) ** power - 1
  const stride = coprimeStride(count)
  return (share) => {
    const rank = Math.floor((share * reach + 1) ** (1 / power)) - 1
    // Ranks are spread over the numbers, so that the popular ones are not those with the lowest.
    return (Math.min(rank, count - 1) * stride + (count >>> 1)) % count
  }
}

/** A stride that visits every number below `count` once: near the golden section, without a common divisor. */
function coprimeStride(count: number): number {
  let stride = Math.max(1, Math.floor(count * 0.618))
  while (divisor(stride, count) !== 1) stride += 1
  return stride
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b)
}
