import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { gmErrorsOf } from '../../runner/base/error.ts'
import { parseMapping } from './read-mapping.ts'

const GOOD = `topic: transactions-topic
fields:
  transaction_id: { column: No }
  quantity: { column: Qty, transforms: [integer] }
`

function errorsOf(text: string): string[] {
  try {
    parseMapping(text, 'm.yml')
    return []
  } catch (error) {
    return (gmErrorsOf(error) ?? []).map((e) => `${String(e)} | ${e.hint ?? ''}`)
  }
}

describe('reading a mapping', () => {
  test('the mapping of Online Retail that the project carries is sound', () => {
    const file = join(import.meta.dirname, '..', 'mappings', 'online-retail.yml')
    expect(parseMapping(readFileSync(file, 'utf8'), file).topic).toBe('transactions-topic')
  })

  test.for([
    [
      'an unknown key at the top',
      `${GOOD}delimeter: ;\n`,
      'm.yml:5:1  GM7002  Unknown key "delimeter". | Did you mean "delimiter"?',
    ],
    [
      'an unknown key of a field',
      GOOD.replace('column: No', 'colum: No'),
      'm.yml:3:21  GM7002  Unknown key "colum". | Did you mean "column"?',
    ],
    [
      'an unknown field',
      GOOD.replace('quantity:', 'quantty:'),
      'm.yml:4:3  GM7002  Events of transactions-topic have no field "quantty". | Did you mean "quantity"?',
    ],
    [
      'an unknown topic',
      GOOD.replace('transactions-topic', 'transaction-topic'),
      'm.yml:1:8  GM7002  There is no topic "transaction-topic". | Did you mean "transactions-topic"?',
    ],
    [
      'an amount of a field that is not mapped',
      `${GOOD}  total_amount: { amount: { multiply: [quantity, price], scale: 2 } }\n`,
      'm.yml:5:3  GM7002  The amount needs "price", which is not mapped above it. | ',
    ],
    [
      'a pattern that is none',
      `${GOOD}reject: [{ column: No, matches: '(', because: x }]\n`,
      'm.yml:5:33  GM7002  "(" is no regular expression. | ',
    ],
  ] as const)('%s is an error at its place, with what to do', ([, text, expected]) => {
    expect(errorsOf(text)).toEqual([expected])
  })

  test('YAML that cannot be read is an error at its place', () => {
    expect(errorsOf('topic: [a\nfields: {}\n')[0]).toMatch(/^m\.yml:\d+:\d+ {2}GM7002/)
  })

  test('all mistakes are told at once', () => {
    expect(errorsOf(`${GOOD}  a: { constant: 1 }\n  b: { constant: 1 }\n`)).toHaveLength(2)
  })
})
