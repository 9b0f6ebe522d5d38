import { expect, test } from 'vitest'
import type { NodeConfig, TestNode } from '../manifest/node.ts'
import { storedAs } from './store-failures.ts'

test('what the configuration says of failing rows decides over --store-failures, which decides where it says nothing', () => {
  const stored = (config: Partial<NodeConfig>, isAsked: boolean): string | undefined =>
    storedAs({ config } as unknown as TestNode, isAsked)
  expect(stored({}, true)).toBe('table')
  expect(stored({}, false)).toBeUndefined()
  expect(stored({ store_failures: false }, true)).toBeUndefined()
  expect(stored({ store_failures: true }, false)).toBe('table')
  expect(stored({ store_failures: false, store_failures_as: 'view' }, false)).toBe('view')
  expect(stored({ store_failures: true, store_failures_as: 'ephemeral' }, true)).toBeUndefined()
})
