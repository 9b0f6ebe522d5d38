import { describe, expect, test } from 'vitest'
import { gmErrorsOf } from '../base/error.ts'
import type { PropertiesFile, TestProperties } from './properties.ts'
import { readProperties } from './read-properties.ts'

const FILE = 'models/schema.yml'

function read(text: string): PropertiesFile {
  return readProperties(text, FILE, (setting) => `<${setting}>`)
}

function errorsOf(text: string): string[] {
  try {
    read(text)
  } catch (thrown) {
    return (gmErrorsOf(thrown) ?? [String(thrown)]).map(String)
  }
  return []
}

/** The one test of a model's column, written as the given YAML in one line. */
function readTest(entry: string): TestProperties | undefined {
  const file = read(`models: [{name: m, columns: [{name: id, data_tests: [${entry}]}]}]`)
  return file.models[0]?.columns[0]?.tests[0]
}

test('an empty file has no properties', () => {
  expect(read('')).toEqual({
    file: FILE,
    models: [],
    seeds: [],
    snapshots: [],
    sources: [],
    macros: [],
    analyses: [],
    dataTests: [],
    exposures: [],
    groups: [],
    unitTests: [],
    leftAside: [],
  })
})

describe('a model', () => {
  const text = [
    'version: 2',
    'models:',
    '  - name: orders',
    '    description: One row an order.',
    '    meta: {owner: sales}',
    '    config: {materialized: table, tags: daily, meta: {cost: 1}}',
    '    columns:',
    '      - name: id',
    '        data_type: bigint',
    '        tags: key',
    '        config: {tags: [pii], meta: {pii: true}}',
    '        data_tests: [unique]',
    '    tests:',
    '      - not_empty',
  ].join('\n')
  const model = read(text).models[0]

  test('has its place at its name', () => {
    expect(model?.at).toEqual({ file: FILE, line: 3, column: 11 })
  })

  test('has its configuration checked, with what dbt lets stand beside config', () => {
    expect(model?.config).toEqual({
      materialized: 'table',
      tags: ['daily'],
      meta: { owner: 'sales', cost: 1 },
    })
  })

  test('has columns with places, tags and meta of both forms, and tests', () => {
    expect(model?.columns).toEqual([
      {
        name: 'id',
        at: { file: FILE, line: 8, column: 15 },
        description: '',
        data_type: 'bigint',
        tags: ['key', 'pii'],
        meta: { pii: true },
        constraints: [],
        tests: [
          {
            test: 'unique',
            arguments: {},
            config: {},
            description: '',
            at: { file: FILE, line: 12, column: 22 },
            named: {
              name: 'unique_orders_id',
              hash: '1360ecc70e',
              checksum: '679ee03de7798fa89263c21360ecc70e',
            },
          },
        ],
      },
    ])
  })

  test('has tests of its own, under the older name as well', () => {
    expect(model?.tests.map((one) => one.test)).toEqual(['not_empty'])
  })
})

describe('a test', () => {
  test('is named by itself, the table, the column and its arguments, wherever it is listed', () => {
    const { models, sources } = read(`
models:
  - name: m
    tests: [{pkg.odd: {name: mine}}, pkg.odd: {low: 1}]
    columns: [{name: id, tests: [odd]}]
sources:
  - name: raw
    tables: [{name: t, tests: [odd], columns: [{name: id, tests: [odd]}]}]
`)
    const [model, table] = [models[0], sources[0]?.tables[0]]
    const listed = [model, model?.columns[0], table, table?.columns[0]]
    expect(listed.flatMap((place) => place?.tests.map(({ named }) => named.name))).toEqual([
      'mine',
      'pkg_odd_m_1',
      'odd_m_id',
      'source_odd_raw_t_',
      'source_odd_raw_t_id',
    ])
  })

  test.each([
    ['its name', 'not_null', { test: 'not_null', arguments: {} }],
    ['its name with nothing below', 'not_null: ', { test: 'not_null', arguments: {} }],
    [
      'arguments below its name',
      'accepted_values: {values: [1]}',
      { test: 'accepted_values', arguments: { values: [1] } },
    ],
    [
      'arguments:',
      'accepted_values: {arguments: {values: [1]}}',
      { test: 'accepted_values', arguments: { values: [1] } },
    ],
    [
      'test_name:',
      '{test_name: pkg.my_test, name: mine, description: Why, low: 1}',
      { test: 'pkg.my_test', name: 'mine', description: 'Why', arguments: { low: 1 } },
    ],
  ])('can be written as %s', (_what, entry, expected) => {
    expect(readTest(entry)).toMatchObject(expected)
  })

  test('takes configuration below config: and, as in older projects, beside the arguments', () => {
    const found = readTest('unique: {where: x > 1, config: {severity: warn, limit: 5}}')
    expect(found?.config).toEqual({ where: 'x > 1', severity: 'warn', limit: 5 })
    expect(found?.arguments).toEqual({})
  })

  test('keeps an argument named like a configuration key when it stands below arguments:', () => {
    const found = readTest('my_test: {arguments: {limit: 5}}')
    expect(found).toMatchObject({ arguments: { limit: 5 }, config: {} })
  })

  test.each([
    [
      'unique: null, where: x',
      'a test must have one key, its name; this has the keys unique, where',
    ],
    ['unique: [a]', '"unique" must be a mapping of arguments, not a list'],
    ['unique: {name: 5}', '"name" must be a text, not 5'],
    ['unique: {arguments: 5}', '"arguments" must be a mapping, not 5'],
    ['unique: {config: {sverity: warn}}', 'unknown key "sverity" in the configuration of a test'],
    ['test_name: 5', '"test_name" must be a text, not 5'],
  ])('written as {%s} is an error', (entry, message) => {
    const text = `models: [{name: m, data_tests: [{${entry}}]}]`
    expect(errorsOf(text)).toHaveLength(1)
    expect(errorsOf(text)[0]).toContain(message)
  })
})

describe('a source', () => {
  test('gives its name to its schema, and a table its name to its identifier, unless they are given', () => {
    const { sources } = read(
      'sources: [{name: raw, tables: [{name: a}]}, {name: s, schema: x, tables: [{name: b, identifier: B2, data_tests: [t]}]}]',
    )
    expect(sources).toMatchObject([
      { name: 'raw', schema: 'raw', tables: [{ name: 'a', identifier: 'a' }] },
      { name: 's', schema: 'x', tables: [{ identifier: 'B2', tests: [{ test: 't' }] }] },
    ])
  })

  test('takes the value of a template for its schema, and leaves its description for later', () => {
    const text = `sources:
  - {name: raw, schema: "{{ target.schema }}", description: "{{ doc('raw') }}"}`
    expect(read(text).sources).toMatchObject([
      { schema: '<{{ target.schema }}>', description: "{{ doc('raw') }}" },
    ])
  })
})

test('macros have their arguments, analyses their columns', () => {
  const { macros, analyses } = read(
    'macros: [{name: m, arguments: [{name: a, type: text}]}]\nanalyses: [{name: q, tags: x, columns: [{name: c}]}]',
  )
  expect(macros[0]?.arguments).toEqual([{ name: 'a', type: 'text', description: '' }])
  expect(analyses).toMatchObject([{ name: 'q', config: { tags: ['x'] }, columns: [{ name: 'c' }] }])
})

describe('errors', () => {
  test('of one file are reported together, from top to end', () => {
    const text = [
      'models:',
      '  - nme: orders',
      '    columns: [{name: id, entity: true}]',
      'functions: []',
      'modles: []',
    ].join('\n')
    expect(errorsOf(text)).toEqual([
      `${FILE}:2:5  GM1002  unknown key "nme"`,
      `${FILE}:3:26  GM1008  gm does not support "entity" yet`,
      `${FILE}:4:1  GM1008  gm does not support "functions" yet`,
      `${FILE}:5:1  GM1002  unknown key "modles"`,
    ])
  })

  test('in configurations have their place in the file', () => {
    expect(errorsOf('models:\n  - name: a\n    config:\n      materialized: tabel\n')).toEqual([
      `${FILE}:4:21  GM1003  "materialized" must be one of view, table, incremental, ephemeral, materialized_view, not "tabel"`,
    ])
  })

  test('are a column listed twice, and tests under both names', () => {
    const text = 'models: [{name: m, columns: [{name: a, tests: [], data_tests: []}, {name: a}]}]'
    expect(errorsOf(text)).toEqual([
      `${FILE}:1:40  GM1003  both "data_tests" and "tests" are given`,
      `${FILE}:1:75  GM2002  column "a" is listed twice`,
    ])
  })

  test('are a file that is no mapping, and a version other than 2', () => {
    expect(errorsOf('- a\n')[0]).toContain('the file must be a mapping, not a list')
    expect(errorsOf('version: 1\n')[0]).toContain('"version" must be 2, not 1')
  })
})
