import { expect, test } from 'vitest'
import fc from '../testing/fast-check.ts'
import type { GivenConfig } from './config-schema.ts'
import { mergeConfig, stackConfig } from './merge-config.ts'

test('no levels give the defaults of the kind', () => {
  expect(mergeConfig('model', [])).toEqual({
    enabled: true,
    tags: [],
    meta: {},
    unique_key: [],
    indexes: [],
    materialized: 'view',
    on_schema_change: 'ignore',
  })
  expect(mergeConfig('test', [])).toMatchObject({
    severity: 'error',
    warn_if: '!= 0',
    error_if: '!= 0',
    fail_calc: 'count(*)',
  })
})

test('tags of all levels add up without doubles, meta merges by key, the last level wins for the rest', () => {
  const merged = mergeConfig('model', [
    { tags: ['daily'], meta: { owner: 'a', cost: 1 }, schema: 'staging' },
    { tags: ['daily', 'core'], meta: { owner: 'b' }, schema: 'warehouse' },
  ])
  expect(merged.tags).toEqual(['daily', 'core'])
  expect(merged.meta).toEqual({ owner: 'b', cost: 1 })
  expect(merged.schema).toBe('warehouse')
})

test('lists other than tags are replaced, not added to', () => {
  const merged = mergeConfig('model', [{ unique_key: ['a'] }, { unique_key: ['b', 'c'] }])
  expect(merged.unique_key).toEqual(['b', 'c'])
})

test('null takes a key back to the default of the kind', () => {
  const merged = mergeConfig('model', [
    { materialized: 'table', schema: 'x' },
    { materialized: null, schema: null },
  ])
  expect(merged.materialized).toBe('view')
  expect('schema' in merged).toBe(false)
})

test('an incremental model with a key merges, one without appends, unless it says otherwise', () => {
  const incremental = { materialized: 'incremental' } as const
  const key = { unique_key: ['id'] }
  expect(mergeConfig('model', [incremental, key]).incremental_strategy).toBe('merge')
  expect(mergeConfig('model', [incremental]).incremental_strategy).toBe('append')
  expect(
    mergeConfig('model', [incremental, key, { incremental_strategy: 'append' }])
      .incremental_strategy,
  ).toBe('append')
  expect(mergeConfig('model', [key]).incremental_strategy).toBeUndefined()
})

test('levels may be put together in any grouping', () => {
  const level: fc.Arbitrary<GivenConfig> = fc.record(
    {
      tags: fc.array(fc.constantFrom('a', 'b', 'c')),
      meta: fc.dictionary(fc.constantFrom('x', 'y'), fc.integer()),
      schema: fc.option(fc.constantFrom('s1', 's2')),
      unique_key: fc.array(fc.constantFrom('id', 'day')),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(level, level, level, (a, b, c) => {
      const leftFirst = stackConfig([stackConfig([a, b]), c])
      expect(stackConfig([a, stackConfig([b, c])])).toEqual(leftFirst)
    }),
  )
})

test('a privilege with a plus adds to the lower levels, also when its levels are stacked before they are merged', () => {
  const lower: GivenConfig = { grants: { select: ['reader'], update: ['writer'] } }
  const upper = stackConfig([{ grants: { '+select': ['analyst'] } }])
  expect(mergeConfig('model', [lower, upper]).grants).toEqual({
    select: ['reader', 'analyst'],
    update: ['writer'],
  })
  expect(mergeConfig('model', [upper]).grants).toEqual({ select: ['analyst'] })
  expect(mergeConfig('model', [upper, lower]).grants).toEqual(lower.grants)
})
