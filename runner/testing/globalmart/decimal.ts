// Decimals in the oracle: a bigint counts units of the last digit, so 2.55 of scale 4 is 25500n.
// Whatever is rounded, is rounded half away from zero.

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i

/** A number as JSON gives it, in units of `scale`. Its digits are taken from its text. */
export function toUnits(value: number | string, scale: number): bigint {
  const match = NUMBER.exec(String(value))
  if (match === null) throw new Error(`${String(value)} is no number`)
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match
  const shift = scale + Number(exponent) - fraction.length
  const digits = BigInt(sign + whole + fraction)
  return shift >= 0 ? digits * 10n ** BigInt(shift) : divide(digits, 10n ** BigInt(-shift))
}

/** The quotient, rounded to an integer. */
export function divide(dividend: bigint, divisor: bigint): bigint {
  if (divisor < 0n) return divide(-dividend, -divisor)
  return dividend < 0n
    ? -((-dividend * 2n + divisor) / (divisor * 2n))
    : (dividend * 2n + divisor) / (divisor * 2n)
}

/** As PostgreSQL prints a numeric: 25500n of scale 4 is `2.5500`. */
export function printUnits(units: bigint, scale: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0')
  return `${units < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

export function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n)
}
