import type { Fault } from '../land/fault.ts'

/** PostgreSQL recurses into jsonb and stops at its stack's limit; no honest event is nested deeper. */
export const MAX_DEPTH = 100
/** `numeric` holds 131,072 digits before the point and 16,383 behind it. */
const MAX_DIGITS = 16_000
const LARGE_EXPONENT = /[\s:,[]-?\d+(?:\.\d+)?[eE][+-]?\d{3}/

/**
 * What `JSON.parse` accepts and jsonb does not: NUL, lone surrogates, numbers beyond `numeric`.
 * @param text valid JSON
 */
export function checkJsonText(text: string): Fault | undefined {
  if (text.includes('\\u')) {
    const fault = checkEscapes(text)
    if (fault !== undefined) return fault
  }
  // Only a three-digit exponent or a very long line can be out of range; the rest is not walked. What
  // stands before the number keeps identifiers in hexadecimal out.
  if (text.length > MAX_DIGITS || LARGE_EXPONENT.test(text)) return checkNumbers(text)
  return undefined
}

/** Depth of the deepest value, 0 for a scalar; stops counting beyond `MAX_DEPTH`. */
export function isNestedTooDeep(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (depth >= MAX_DEPTH) return true
  return Object.values(value).some((inner) => isNestedTooDeep(inner, depth + 1))
}

function checkEscapes(text: string): Fault | undefined {
  // An escape counts only after an even number of backslashes, so pairs are consumed too.
  let high = -1
  for (const m of text.matchAll(/\\(?:u([0-9a-fA-F]{4})|.)/gs)) {
    const unit = m[1] === undefined ? -1 : Number.parseInt(m[1], 16)
    if (unit === 0) return { reason: 'nul_character', message: 'holds the escape \\u0000' }
    const isLow = unit >= 0xdc00 && unit <= 0xdfff
    if (isLow !== (high !== -1 && m.index === high)) return lone()
    high = unit >= 0xd800 && unit <= 0xdbff ? m.index + 6 : -1
    if (high !== -1 && text.slice(high, high + 2) !== '\\u') return lone()
  }
  return undefined
}

function lone(): Fault {
  return { reason: 'lone_surrogate', message: 'holds half of a surrogate pair' }
}

function checkNumbers(text: string): Fault | undefined {
  for (const m of text.matchAll(/"(?:[^"\\]|\\.)*"|-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?/gs)) {
    if (m[1] === undefined) continue
    const exponent = Number(m[3] ?? 0)
    const digitsBefore = m[1].length + exponent
    const digitsBehind = (m[2]?.length ?? 0) - exponent
    if (digitsBefore > MAX_DIGITS || digitsBehind > MAX_DIGITS) {
      return {
        reason: 'number_out_of_range',
        message: `holds a number of more than ${MAX_DIGITS} digits`,
      }
    }
  }
  return undefined
}
