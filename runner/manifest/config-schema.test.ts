import { describe, expect, test } from 'vitest'
import type { PlaceOf } from '../project/explain-issues.ts'
import { checkNodeConfig } from './config-schema.ts'
import type { NodeKind } from './node.ts'

/** The path itself as the place: `unique_key.1` or, for a value, `=unique_key.1`. */
const placeOf: PlaceOf = (path, part) => ({
  file: (part === 'value' ? '=' : '') + path.join('.'),
  line: 1,
  column: 1,
})

function problems(kind: NodeKind, raw: Record<string, unknown>) {
  return checkNodeConfig(kind, raw, placeOf).errors.map((error) => ({
    code: error.code,
    message: error.message,
    at: error.at?.file,
    hint: error.hint,
  }))
}

describe('a configuration without errors', () => {
  test('comes out with single values as lists', () => {
    const raw = { tags: 'daily', unique_key: 'id', indexes: [{ columns: 'id', unique: true }] }
    expect(checkNodeConfig('model', raw, placeOf)).toEqual({
      config: { tags: ['daily'], unique_key: ['id'], indexes: [{ columns: ['id'], unique: true }] },
      errors: [],
    })
  })

  test('keeps null, which takes back what a level before it set', () => {
    expect(checkNodeConfig('model', { full_refresh: null }, placeOf)).toEqual({
      config: { full_refresh: null },
      errors: [],
    })
  })

  test('takes a severity in capitals, as dbt projects write it', () => {
    expect(checkNodeConfig('test', { severity: 'WARN' }, placeOf).config.severity).toBe('warn')
  })
})

describe('an unknown key', () => {
  test('is GM1002 at the key, with the nearest key', () => {
    expect(problems('model', { materialised: 'table' })).toEqual([
      {
        code: 'GM1002',
        message: 'unknown key "materialised" in the configuration of a model',
        at: 'materialised',
        hint: 'Did you mean "materialized"?',
      },
    ])
  })

  test('that another kind of node has is answered with that kind', () => {
    expect(problems('model', { delimiter: ';' })[0]?.hint).toBe('It belongs to seeds.')
  })

  test('inside a value is found as well', () => {
    expect(problems('model', { indexes: [{ columns: ['a'], uniqe: true }] })).toMatchObject([
      { code: 'GM1002', at: 'indexes.0.uniqe', hint: 'Did you mean "unique"?' },
    ])
  })

  test('named like a member of every object is unknown, too', () => {
    expect(problems('model', { constructor: 1, toString: 1 })).toMatchObject([
      { code: 'GM1002' },
      { code: 'GM1002' },
    ])
  })
})

describe('a wrong value', () => {
  test.each([
    [
      'a word that is not one of the possible ones',
      { materialized: 'tabel' },
      '"materialized" must be one of view, table, incremental, ephemeral, materialized_view, not "tabel"',
    ],
    ['a text for a boolean', { enabled: 'yes' }, '"enabled" must be true or false, not "yes"'],
    ['a number for a text', { schema: 5 }, '"schema" must be a text, not 5'],
    [
      'a mapping for a text or list',
      { tags: {} },
      '"tags" must be a text or a list, not a mapping',
    ],
    ['one item of a list', { unique_key: ['a', 5] }, '"unique_key[2]" must be a text, not 5'],
    ['a list without what it needs', { indexes: [{ unique: true }] }, '"columns" is missing'],
  ])('(%s) is GM1003 in plain words', (_what, raw, message) => {
    expect(problems('model', raw)).toMatchObject([{ code: 'GM1003', message }])
  })

  test('has its place at the value, and a hint for a misspelt word', () => {
    expect(problems('model', { materialized: 'tabel' })[0]).toMatchObject({
      at: '=materialized',
      hint: 'Did you mean "table"?',
    })
  })

  test('does not keep the other keys from being read', () => {
    const { config, errors } = checkNodeConfig('model', { enabled: 1, alias: 'x' }, placeOf)
    expect(config).toEqual({ alias: 'x' })
    expect(errors).toHaveLength(1)
  })
})

describe('what dbt has and gm does not have yet', () => {
  test.each(['quoting', 'on_error'])('the key %s is GM1008 and never dropped in silence', (key) => {
    expect(problems('model', { [key]: {} })).toMatchObject([
      { code: 'GM1008', message: `gm does not support "${key}" yet`, at: key },
    ])
  })

  test.each([['model', 'incremental_strategy', 'insert_overwrite']] as const)(
    'in a %s the value %s: %s is GM1008 with what to use instead',
    (kind, key, value) => {
      const [problem] = problems(kind, { [key]: value })
      expect(problem).toMatchObject({
        code: 'GM1008',
        message: `gm does not support ${key}: ${value} yet`,
      })
      expect(problem?.hint).toMatch(/^(Use|List) /)
    },
  )
})
