import { describe, expect, test } from 'vitest'
import { gmErrorsOf } from '../base/error.ts'
import { formatLocation } from '../base/location.ts'
import { parseTexts } from '../testing/memory-project.ts'

const ORDERS = { 'models/orders.sql': 'select 1 as id, now() as at' }

function mistakes(texts: Readonly<Record<string, string>>): string[] {
  try {
    parseTexts({ ...ORDERS, ...texts })
    return []
  } catch (thrown) {
    return (gmErrorsOf(thrown) ?? []).map(
      ({ at, code, message }) => `${at === undefined ? '' : formatLocation(at)} ${code} ${message}`,
    )
  }
}

describe('a snapshot in YAML', () => {
  test('is a node that reads its relation, with the configuration and tests of its entry', () => {
    const { manifest } = parseTexts({
      ...ORDERS,
      'snapshots/orders.yml': `snapshots:
  - name: orders_history
    relation: ref('orders')
    config: {strategy: timestamp, unique_key: id, updated_at: at, target_schema: kept}
    columns: [{name: id, data_tests: [not_null]}]
`,
    })
    const node = [...manifest.nodes.values()].find(({ kind }) => kind === 'snapshot')
    expect(node).toMatchObject({
      id: 'snapshot.shop.orders_history',
      at: { file: 'snapshots/orders.yml', line: 2 },
      dependsOn: ['model.shop.orders'],
      relation: { schema: 'kept', identifier: 'orders_history' },
      config: { strategy: 'timestamp', unique_key: ['id'] },
    })
    expect([...manifest.nodes.keys()].filter((id) => id.startsWith('test.'))).toHaveLength(1)
  })

  test('names the line of a relation that there is not', () => {
    expect(
      mistakes({
        'snapshots/o.yml':
          "snapshots:\n  - name: s\n    config: {strategy: check, check_cols: all, unique_key: id}\n    relation: ref('ordres')\n",
      })[0],
    ).toContain('snapshots/o.yml:4')
    expect(
      mistakes({
        'snapshots/o.yml':
          'snapshots:\n  - name: s\n    relation: orders\n    config: {strategy: check, check_cols: all, unique_key: id}\n',
      }),
    ).toEqual(['snapshots/o.yml:3:15 GM1003 "relation" of the snapshot "s" names no relation'])
  })
})

test('a snapshot without what its strategy needs is refused with all that is missing', () => {
  const file = 'snapshots/s.sql'
  const config = (text: string): Record<string, string> => ({
    [file]: `{{ config(${text}) }} select 1 as id`,
  })
  expect(mistakes(config(''))).toEqual([
    `${file}:1:1 GM3009 the snapshot "s" has no strategy`,
    `${file}:1:1 GM3009 the snapshot "s" has no unique_key`,
  ])
  expect(mistakes(config("strategy='timestamp', unique_key='id'"))).toEqual([
    `${file}:1:1 GM3009 the snapshot "s" has no updated_at`,
  ])
  expect(mistakes(config("strategy='check', unique_key='id'"))).toEqual([
    `${file}:1:1 GM3009 the snapshot "s" has no check_cols`,
  ])
  expect(
    mistakes(
      config(
        "strategy='events', unique_key='id', updated_at='at', check_cols='all', hard_deletes='ignore'",
      ),
    ),
  ).toEqual([
    `${file}:1:1 GM3009 the snapshot "s" has check_cols: all`,
    `${file}:1:1 GM3009 the snapshot "s" has configuration that strategy events has no use for`,
  ])
})
