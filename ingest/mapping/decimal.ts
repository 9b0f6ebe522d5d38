/** An exact decimal number: `units` · 10^-`scale`. */
export interface Decimal {
  readonly units: bigint
  readonly scale: number
}

/** Reads `-12.50`, `+3`, `.5`; undefined for anything else (exponents, separators, more than 40 digits). */
export function readDecimal(text: string): Decimal | undefined {
  const m = /^([+-]?)(\d{0,40})(?:\.(\d{0,40}))?$/.exec(text)
  if (m === null) return undefined
  const [, sign = '', whole = '', fraction = ''] = m
  if (whole === '' && fraction === '') return undefined
  const units = BigInt(whole + fraction)
  return { units: sign === '-' ? -units : units, scale: fraction.length }
}

/** The shortest text of the number, valid JSON: `2.5` for 2.50, `0` for -0.0. */
export function decimalText({ units, scale }: Decimal): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0')
  const whole = digits.slice(0, digits.length - scale)
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, '')
  return `${units < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`
}

/** Rounds half away from zero, as `round(numeric, scale)` of PostgreSQL does. */
export function roundDecimal(value: Decimal, scale: number): Decimal {
  if (value.scale <= scale) return value
  const unit = 10n ** BigInt(value.scale - scale)
  const half = value.units < 0n ? -unit / 2n : unit / 2n
  return { units: (value.units + half) / unit, scale }
}

export function multiplyDecimals(a: Decimal, b: Decimal): Decimal {
  return { units: a.units * b.units, scale: a.scale + b.scale }
}

export function subtractDecimals(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale)
  const raise = (d: Decimal): bigint => d.units * 10n ** BigInt(scale - d.scale)
  return { units: raise(a) - raise(b), scale }
}
