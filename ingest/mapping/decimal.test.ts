import { describe, expect, test } from 'vitest'
import fc from '../../runner/testing/fast-check.ts'
import type { Decimal } from './decimal.ts'
import {
  decimalText,
  multiplyDecimals,
  readDecimal,
  roundDecimal,
  subtractDecimals,
} from './decimal.ts'

function decimal(text: string): Decimal {
  const value = readDecimal(text)
  if (value === undefined) throw new Error(`${text} is no decimal`)
  return value
}

describe('exact decimals', () => {
  test.for([
    ['2.50', '2.5'],
    ['-0.0', '0'],
    ['007', '7'],
    ['.5', '0.5'],
    ['+3.', '3'],
    ['-12.3400', '-12.34'],
    ['1234567890123456789012345678901234567890', '1234567890123456789012345678901234567890'],
  ] as const)('%s is written %s', ([text, expected]) => {
    expect(decimalText(decimal(text))).toBe(expected)
  })

  test.for(['', '.', '-', '1e3', '1,000', '0x1', ' 1', '1 ', 'NaN'])('"%s" is not read', (text) => {
    expect(readDecimal(text)).toBeUndefined()
  })

  test.for([
    ['0.125', '0.13'],
    ['-0.125', '-0.13'],
    ['0.1249', '0.12'],
    ['-0.0049', '0'],
    ['1.005', '1.01'],
  ] as const)('%s rounds half away from zero to %s', ([text, expected]) => {
    expect(decimalText(roundDecimal(decimal(text), 2))).toBe(expected)
  })

  test('products and differences lose no digit', () => {
    expect(decimalText(multiplyDecimals(decimal('0.1'), decimal('0.2')))).toBe('0.02')
    expect(decimalText(subtractDecimals(decimal('0.3'), decimal('0.1')))).toBe('0.2')
  })

  test('what is written can be read again, for any number', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }),
        fc.nat(12),
        (units, scale) => {
          const again = decimal(decimalText({ units, scale }))
          expect(again.units * 10n ** BigInt(scale - again.scale)).toBe(units)
        },
      ),
    )
  })
})
