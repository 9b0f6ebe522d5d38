import { describe, expect, test } from 'vitest'
import { buildGraph } from '../graph/build-graph.ts'
import fc from '../testing/fast-check.ts'
import { idOf, manifestOf } from '../testing/manifest-of.ts'
import { parseTexts } from '../testing/memory-project.ts'
import { readSelectors } from './read-selectors.ts'
import type { SelectOptions } from './select-nodes.ts'
import { selectNodes } from './select-nodes.ts'

const manifest = manifestOf({
  'raw.orders': { kind: 'source', file: 'models/staging/sources.yml' },
  'raw.users': { kind: 'source', file: 'models/staging/sources.yml' },
  'crm.users': { kind: 'source', file: 'models/staging/sources.yml' },
  countries: { kind: 'seed', file: 'seeds/countries.csv' },
  stg_orders: {
    reads: ['raw.orders'],
    file: 'models/staging/stg_orders.sql',
    config: { tags: ['daily'], materialized: 'view' },
  },
  stg_users: {
    reads: ['raw.users'],
    file: 'models/staging/stg_users.sql',
    config: { meta: { owner: 'ann' }, materialized: 'view' },
  },
  dim_users: {
    kind: 'snapshot',
    reads: ['stg_users', 'countries'],
    file: 'snapshots/dim_users.sql',
  },
  fct_orders: {
    reads: ['stg_orders', 'dim_users'],
    file: 'models/marts/fct_orders.sql',
    config: { tags: ['daily', 'core'], materialized: 'incremental', unique_key: ['id'] },
  },
  report: {
    reads: ['fct_orders'],
    file: 'models/marts/report.sql',
    config: { materialized: 'table', full_refresh: false },
  },
  unique_stg_orders: {
    kind: 'test',
    reads: ['stg_orders'],
    file: 'models/staging/schema.yml',
    generic: 'unique',
  },
  relationships: {
    kind: 'test',
    reads: ['fct_orders', 'dim_users'],
    file: 'models/marts/schema.yml',
    generic: 'relationships',
  },
  assert_total: { kind: 'test', reads: ['report'], file: 'tests/assert_total.sql' },
  old_report: { config: { enabled: false } },
})
const graph = buildGraph(manifest)

type Given = Omit<SelectOptions, 'manifest' | 'graph'>

/** Names of what is selected, tests left out unless asked for. */
function names(select: string | string[], given: Given = {}): string[] {
  const values = typeof select === 'string' ? [select] : select
  const { nodes } = selectNodes({ indirect: 'empty', ...given, select: values, manifest, graph })
  return [...nodes].map((id) => id.replace(/^\w+\.shop\./, '')).toSorted()
}

const warnings = (select: string) =>
  selectNodes({ select: [select], manifest, graph }).warnings.map(({ code, message, hint }) => ({
    code,
    message,
    hint,
  }))

describe('without --select', () => {
  test('everything is selected, sources and tests included', () => {
    expect(selectNodes({ manifest, graph }).nodes).toEqual(new Set(manifest.nodes.keys()))
  })

  test('--exclude still takes away', () => {
    const { nodes } = selectNodes({ exclude: ['tag:daily', 'source:*'], manifest, graph })
    expect(nodes.has(idOf('fct_orders'))).toBe(false)
    expect(nodes.has(idOf('raw.orders', 'source'))).toBe(false)
    expect(nodes.has(idOf('report'))).toBe(true)
  })
})

describe('names', () => {
  test.each([
    ['the bare name', 'report', ['report']],
    ['a folder', 'marts', ['fct_orders', 'relationships', 'report']],
    ['package and folder', 'shop.marts', ['fct_orders', 'relationships', 'report']],
    ['the whole fqn', 'shop.marts.report', ['report']],
    ['folder and name', 'marts.report', ['report']],
    ['a name with a wildcard', 'stg_*', ['stg_orders', 'stg_users']],
    ['a single character', 'stg_?sers', ['stg_users']],
    ['a set of characters', '[fr]*t*', ['fct_orders', 'relationships', 'report']],
    ['a negated set', 'stg_[!o]*', ['stg_users']],
    ['a wildcard below a folder', 'marts.*', ['fct_orders', 'relationships', 'report']],
    ['fqn: in full', 'fqn:report', ['report']],
  ])('by %s: %s', (_what, select, expected) => {
    expect(names(select)).toEqual(expected)
  })

  test('never mean sources', () => {
    expect(names('*')).not.toContain('raw.orders')
    expect(names('orders')).toEqual([])
  })

  test('are matched as a whole, and by leading parts only', () => {
    expect(names('repor')).toEqual([])
    expect(names('shop.report')).toEqual([])
  })
})

describe('methods', () => {
  test.each([
    ['tag:daily', ['fct_orders', 'stg_orders']],
    ['tag:c*', ['fct_orders']],
    ['path:models\\marts', ['fct_orders', 'relationships', 'report']],
    ['models\\marts\\report.sql', ['report']],
    ['path:models/marts', ['fct_orders', 'relationships', 'report']],
    ['models/marts/', ['fct_orders', 'relationships', 'report']],
    ['./models/marts/report.sql', ['report']],
    ['path:models/*/report.sql', ['report']],
    ['path:**/stg_*.sql', ['stg_orders', 'stg_users']],
    ['report.sql', ['report']],
    ['file:report', ['report']],
    ['countries.csv', ['countries']],
    ['source:raw', ['raw.orders', 'raw.users']],
    ['source:raw.users', ['raw.users']],
    ['source:*.users', ['crm.users', 'raw.users']],
    ['source:shop.crm.users', ['crm.users']],
    ['source:*', ['crm.users', 'raw.orders', 'raw.users']],
    ['resource_type:snapshot', ['dim_users']],
    ['test_name:unique', ['unique_stg_orders']],
    ['test_type:singular', ['assert_total']],
    ['test_type:generic', ['relationships', 'unique_stg_orders']],
    ['config.materialized:table', ['report']],
    ['config.unique_key:id', ['fct_orders']],
    ['config.materialized:seed', ['countries']],
    ['config.severity:error', ['assert_total', 'relationships', 'unique_stg_orders']],
    ['test_type:schema', ['relationships', 'unique_stg_orders']],
    ['config.full_refresh:False', ['report']],
    ['config.meta.owner:ann', ['stg_users']],
    ['config.meta:owner', ['stg_users']],
    ['package:other', []],
    ['package:this,tag:core', ['fct_orders']],
  ])('%s', (select, expected) => {
    expect(names(select)).toEqual(expected)
  })

  test('an unknown method is GM3002 with the nearest that there is', () => {
    expect(() => names('stat:modified')).toThrow(
      expect.objectContaining({ code: 'GM3002', hint: 'Did you mean "state"?' }),
    )
  })

  test('a comparison without an earlier state is GM3011 and says what to pass', () => {
    for (const select of ['state:modified', 'result:error', 'source_status:fresher']) {
      expect(() => names(select)).toThrow(
        expect.objectContaining({
          code: 'GM3011',
          message: `"${select}" compares with an earlier run, and none is given`,
        }),
      )
    }
  })

  test.each(['resource_type:modle', 'test_type:units', 'source:a.b.c.d', 'config:x', 'tag.x:y'])(
    '%s is GM3002, not an empty selection',
    (select) => {
      expect(() => names(select)).toThrow(expect.objectContaining({ code: 'GM3002' }))
    },
  )
})

test('versions, access, groups and exposures are methods of their own', () => {
  const { manifest: parsed } = parseTexts({
    'models/orders_v1.sql': 'select 1 as id',
    'models/orders_v2.sql': 'select 2 as id',
    'models/orders_v3.sql': 'select 3 as id',
    'models/plain.sql': "select * from {{ ref('orders', v=3) }}",
    'models/s.yml': `
groups: [{name: sales, owner: {name: Ann}}]
exposures: [{name: board, type: dashboard, owner: {name: Ann}, depends_on: ["ref('plain')"]}]
models:
  - {name: plain, config: {group: sales, access: public}}
  - {name: orders, latest_version: 2, versions: [{v: 1}, {v: 2}, {v: 3}]}
`,
  })
  const of = (select: string): string[] => [
    ...selectNodes({
      select: [select],
      manifest: parsed,
      graph: buildGraph(parsed),
      indirect: 'empty',
    }).nodes,
  ]
  const [v1, v2, v3] = [1, 2, 3].map((v) => `model.shop.orders.v${v}`)
  expect(of('orders')).toEqual([v1, v2, v3])
  expect(of('orders.v2')).toEqual([v2])
  expect(of('orders_v3')).toEqual([v3])
  expect(of('version:latest')).toEqual([v2])
  expect(of('version:old')).toEqual([v1])
  expect(of('version:prerelease')).toEqual([v3])
  expect(of('version:none')).toEqual(['model.shop.plain'])
  expect(of('group:sal*')).toEqual(['model.shop.plain'])
  expect(of('access:protected')).toEqual([v1, v2, v3])
  expect(of('exposure:board')).toEqual(['exposure.shop.board'])
  expect(of('1+exposure:shop.board')).toEqual(['exposure.shop.board', 'model.shop.plain'])
})

describe('neighbours', () => {
  test.each([
    [
      '+fct_orders',
      [
        'countries',
        'dim_users',
        'fct_orders',
        'raw.orders',
        'raw.users',
        'stg_orders',
        'stg_users',
      ],
    ],
    ['1+fct_orders', ['dim_users', 'fct_orders', 'stg_orders']],
    ['0+fct_orders', ['fct_orders']],
    ['dim_users+', ['assert_total', 'dim_users', 'fct_orders', 'relationships', 'report']],
    ['dim_users+1', ['dim_users', 'fct_orders', 'relationships']],
    ['1+dim_users+1', ['countries', 'dim_users', 'fct_orders', 'relationships', 'stg_users']],
    [
      '@countries',
      [
        'assert_total',
        'countries',
        'dim_users',
        'fct_orders',
        'raw.orders',
        'raw.users',
        'relationships',
        'report',
        'stg_orders',
        'stg_users',
      ],
    ],
    [
      '+tag:core',
      [
        'countries',
        'dim_users',
        'fct_orders',
        'raw.orders',
        'raw.users',
        'stg_orders',
        'stg_users',
      ],
    ],
    ['source:raw.users+1', ['raw.users', 'stg_users']],
  ])('%s', (select, expected) => {
    expect(names(select)).toEqual(expected)
  })
})

describe('union, intersection, difference', () => {
  test('spaces and several values are union, commas intersection', () => {
    expect(names('report countries')).toEqual(['countries', 'report'])
    expect(names(['report', 'countries'])).toEqual(['countries', 'report'])
    expect(names('tag:daily,marts')).toEqual(['fct_orders'])
    expect(names('tag:daily,marts countries')).toEqual(['countries', 'fct_orders'])
  })

  test('--exclude takes away from whatever was selected, and kinds are kept last', () => {
    expect(names('+fct_orders', { exclude: ['+dim_users'] })).toEqual([
      'fct_orders',
      'raw.orders',
      'stg_orders',
    ])
    expect(names('+fct_orders', { resourceTypes: ['seed', 'snapshot'] })).toEqual([
      'countries',
      'dim_users',
    ])
    expect(names('+fct_orders', { excludeResourceTypes: ['source', 'model'] })).toEqual([
      'countries',
      'dim_users',
    ])
  })
})

describe('tests of what is selected', () => {
  test('come along when any of their parents is selected', () => {
    expect(names('dim_users', { indirect: 'eager' })).toEqual(['dim_users', 'relationships'])
    expect(names('stg_orders', { indirect: 'eager' })).toEqual(['stg_orders', 'unique_stg_orders'])
  })

  test('go with any of their parents that is excluded, as dbt does it', () => {
    expect(names('fct_orders', { indirect: 'eager', exclude: ['dim_users'] })).toEqual([
      'fct_orders',
    ])
  })
})

describe('--indirect-selection', () => {
  // relationships reads fct_orders and dim_users; unique_stg_orders only its model; assert_total only report.
  test.each([
    ['eager', 'dim_users', ['dim_users', 'relationships']],
    ['cautious', 'dim_users', ['dim_users']],
    ['empty', 'dim_users', ['dim_users']],
    ['buildable', 'dim_users', ['dim_users']],
    // dim_users is not selected, but stands above what is.
    ['buildable', 'fct_orders', ['fct_orders', 'relationships']],
    ['cautious', 'fct_orders', ['fct_orders']],
    ['cautious', 'stg_orders', ['stg_orders', 'unique_stg_orders']],
    ['empty', 'stg_orders', ['stg_orders']],
    // The test's parents come from two parts of the selection.
    ['cautious', 'fct_orders dim_users', ['dim_users', 'fct_orders', 'relationships']],
    ['empty', 'fct_orders dim_users', ['dim_users', 'fct_orders']],
  ] as const)('%s: %s', (indirect, select, expected) => {
    expect(names(select, { indirect })).toEqual(expected)
  })

  test('each mode takes no more tests along than the one before it', () => {
    const some = fc.subarray(['dim_users', 'fct_orders', 'stg_orders', 'report', 'raw.users'], {
      minLength: 1,
    })
    fc.assert(
      fc.property(some, (select) => {
        const [eager, buildable, cautious, empty] = (
          ['eager', 'buildable', 'cautious', 'empty'] as const
        ).map((indirect) => names(select, { indirect }))
        expect(eager).toEqual(expect.arrayContaining(buildable ?? []))
        expect(buildable).toEqual(expect.arrayContaining(cautious ?? []))
        expect(cautious).toEqual(expect.arrayContaining(empty ?? []))
      }),
    )
  })
})

describe('selectors by name', () => {
  const selectors = new Map(
    [
      ...readSelectors(
        `selectors:
  - name: daily
    definition: {union: [{tag: daily}, {exclude: [{method: fqn, value: stg_*}]}]}
  - name: upstream
    definition: {method: selector, value: daily, parents: true, parents_depth: 1}
`,
        'selectors.yml',
      ),
    ].map(([name, { definition }]) => [name, definition]),
  )

  test('--selector takes the definition as it stands, with what it excludes', () => {
    expect(names([], { selector: 'daily', selectors })).toEqual(['fct_orders'])
  })

  test('selector:x is a method like the others, with its neighbours', () => {
    expect(names('selector:daily', { selectors })).toEqual(['fct_orders'])
    expect(names('selector:daily+1', { selectors })).toEqual([
      'fct_orders',
      'relationships',
      'report',
    ])
    expect(names('selector:upstream,stg_*', { selectors })).toEqual(['stg_orders'])
  })

  test('an unknown one is GM3002 with the nearest', () => {
    expect(() => names('selector:dayly', { selectors })).toThrow(
      expect.objectContaining({ code: 'GM3002', hint: 'Did you mean "daily"?' }),
    )
  })
})

describe('a criterion that matches nothing', () => {
  test('is a GM3001 warning with the nearest name; the others still count', () => {
    expect(warnings('fct_order report')).toEqual([
      {
        code: 'GM3001',
        message: '"fct_order" matches no node',
        hint: 'Did you mean "fct_orders"?',
      },
    ])
    expect(names('fct_order report')).toEqual(['report'])
  })

  test.each([
    ['tag:dayly', 'Did you mean "daily"?'],
    ['source:raw.order', 'Did you mean "raw.orders"?'],
    ['models/mart', 'Did you mean "models/marts"?'],
    ['old_report', 'The model old_report is switched off by enabled: false.'],
  ])('%s: %s', (select, hint) => {
    expect(warnings(select)[0]?.hint).toBe(hint)
  })
})

test.each(['+', 'a,', ',a', 'tag:', '@a+', 'a,+'])('%s is GM3002', (select) => {
  expect(() => names(select)).toThrow(expect.objectContaining({ code: 'GM3002' }))
})

describe('laws of sets', () => {
  const criterion = fc
    .tuple(
      fc.constantFrom('', '+', '1+', '@'),
      fc.constantFrom(
        'stg_*',
        'fct_orders',
        'tag:daily',
        'source:raw',
        'seeds/',
        'report',
        'dim_users',
      ),
      fc.constantFrom('', '+', '+1'),
    )
    .filter(([before, , after]) => before !== '@' || after === '')
    .map((parts) => parts.join(''))
  const set = (select: string, exclude: string[] = []): Set<string> =>
    new Set(names(select, { indirect: 'eager', exclude }))

  test('union and intersection are those of the single selections, in any order', () => {
    fc.assert(
      fc.property(criterion, criterion, (a, b) => {
        const [left, right] = [set(a), set(b)]
        expect(set(`${a} ${b}`)).toEqual(new Set([...left, ...right]))
        expect(set(`${a},${b}`)).toEqual(new Set([...left].filter((name) => right.has(name))))
        expect(set(`${b} ${a}`)).toEqual(set(`${a} ${b}`))
        expect(set(`${b},${a}`)).toEqual(set(`${a},${b}`))
      }),
    )
  })

  test('what is excluded and what is left make up the whole, and excluding oneself leaves nothing', () => {
    fc.assert(
      fc.property(criterion, criterion, (a, b) => {
        const kept = set(a, [b])
        const taken = set(`${a},${b}`)
        expect(new Set([...kept, ...taken])).toEqual(set(a))
        expect([...kept].filter((name) => taken.has(name))).toEqual([])
        expect(set(a, [a]).size).toBe(0)
      }),
    )
  })
})
