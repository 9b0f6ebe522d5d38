import { describe, expect, test } from 'vitest'
import { nameTest } from './name-test.ts'

const on = (name: string) => ({ kind: 'node', name }) as const

describe('names and hashes are those that dbt gives to the tests of its own example project', () => {
  test.each([
    ['unique', 'customers', 'customer_id', {}, 'unique_customers_customer_id', 'c5af1ff4b1'],
    ['not_null', 'customers', 'customer_id', {}, 'not_null_customers_customer_id', '5c9bf9911d'],
    [
      'unique',
      'stg_customers',
      'customer_id',
      {},
      'unique_stg_customers_customer_id',
      'c7614daada',
    ],
    [
      'accepted_values',
      'stg_orders',
      'status',
      { values: ['placed', 'shipped', 'completed', 'return_pending', 'returned'] },
      'accepted_values_stg_orders_status__placed__shipped__completed__return_pending__returned',
      '080fb20aad',
    ],
    [
      'relationships',
      'orders',
      'customer_id',
      { to: "ref('customers')", field: 'customer_id' },
      'relationships_orders_customer_id__customer_id__ref_customers_',
      'c6ec7f58f2',
    ],
  ])('%s on %s.%s', (test, model, column, args, name, hash) => {
    const named = nameTest({
      test,
      on: on(model),
      column,
      arguments: args,
    })
    expect(named).toMatchObject({ name, hash })
  })
})

test('a name of 64 characters or more gets an alias of 30 characters and an md5', () => {
  const { name, alias } = nameTest({
    test: 'accepted_values',
    on: on('stg_orders_with_a_long_name'),
    column: 'status',
    arguments: { values: ['placed', 'shipped'] },
  })
  expect(name).toBe('accepted_values_stg_orders_with_a_long_name_status__placed__shipped')
  expect(alias).toMatch(/^accepted_values_stg_orders_wit_[0-9a-f]{32}$/)
})

test('a test on a source names the source and its table', () => {
  const { name } = nameTest({
    test: 'not_null',
    on: { kind: 'source', source: 'raw', table: 'transactions' },
    column: 'event_id',
    arguments: {},
  })
  expect(name).toBe('source_not_null_raw_transactions_event_id')
})

test('tests that differ only in an argument which the name does not show still differ in their hash', () => {
  const hashes = ['a b', 'a-b'].map(
    (value) =>
      nameTest({
        test: 'accepted_values',
        on: on('m'),
        column: 'c',
        arguments: { values: [value] },
      }).hash,
  )
  expect(new Set(hashes).size).toBe(2)
})

test('a name given by the user is used as it is', () => {
  const named = nameTest({
    test: 'unique',
    on: on('m'),
    column: 'c',
    arguments: {},
    name: 'one_row_a_day',
  })
  expect(named).toMatchObject({ name: 'one_row_a_day', alias: 'one_row_a_day' })
})
