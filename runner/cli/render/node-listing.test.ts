import { describe, expect, test } from 'vitest'
import { mergeConfig } from '../../manifest/merge-config.ts'
import type { ModelNode, Node, NodeId, SourceNode } from '../../manifest/node.ts'
import { NOTHING_READ } from '../../manifest/node.ts'
import { nodeListing } from './node-listing.ts'

const model: ModelNode = {
  kind: 'model',
  id: 'model.shop.orders' as NodeId,
  name: 'orders',
  package: 'shop',
  at: { file: 'models/marts/orders.sql', line: 1, column: 1 },
  fqn: ['shop', 'marts', 'orders'],
  description: 'One row an order.',
  columns: new Map(),
  config: {
    enabled: true,
    tags: ['daily'],
    meta: { owner: 'sales' },
    materialized: 'table',
    unique_key: [],
    indexes: [],
  },
  writtenConfig: mergeConfig('model', []),
  checksum: 'c',
  dependsOn: ['source.shop.raw.orders' as NodeId],
  rawCode: 'select 1',
  refs: [],
  sources: [],
  changesOf: [],
  macros: [],
  reads: NOTHING_READ,
  keysOf: [],
  relation: { schema: 'marts', identifier: 'orders' },
}

const source: SourceNode = {
  kind: 'source',
  id: 'source.shop.raw.orders' as NodeId,
  sourceName: 'raw',
  name: 'orders',
  package: 'shop',
  at: model.at,
  fqn: model.fqn,
  description: '',
  columns: new Map(),
  config: model.config,
  writtenConfig: model.config,
  checksum: 'c',
  dependsOn: [],
  relation: { schema: 'raw', identifier: 'orders' },
}

describe('gm ls', () => {
  test.each([
    ['selector', 'shop.marts.orders', 'source:shop.raw.orders'],
    ['name', 'orders', 'raw.orders'],
    ['path', 'models/marts/orders.sql', 'models/marts/orders.sql'],
  ] as const)('--output %s prints one line that can be used again', (form, ofModel, ofSource) => {
    expect(nodeListing(model, form, [])).toBe(ofModel)
    expect(nodeListing(source, form, [])).toBe(ofSource)
  })

  test('an exposure is printed as it can be selected', () => {
    const exposure = { ...source, kind: 'exposure', name: 'board' } as unknown as Node
    expect(nodeListing(exposure, 'selector', [])).toBe('exposure:shop.board')
  })

  test('--output json has the keys of dbt', () => {
    expect(JSON.parse(nodeListing(model, 'json', []))).toMatchObject({
      unique_id: 'model.shop.orders',
      name: 'orders',
      resource_type: 'model',
      package_name: 'shop',
      original_file_path: 'models/marts/orders.sql',
      schema: 'marts',
      tags: ['daily'],
      depends_on: { nodes: ['source.shop.raw.orders'] },
    })
  })

  test('--output-keys keeps those asked for, reaches into values, and leaves out what is not there', () => {
    const keys = ['name', 'config.materialized', 'config.meta.owner', 'nonsense', 'name.length']
    expect(JSON.parse(nodeListing(model, 'json', keys))).toEqual({
      name: 'orders',
      'config.materialized': 'table',
      'config.meta.owner': 'sales',
    })
  })
})
