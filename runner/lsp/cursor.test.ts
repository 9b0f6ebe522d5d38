import { describe, expect, test } from 'vitest'
import { cursorAt } from './cursor.ts'
import { yamlKeys } from './yaml-keys.ts'

const at = (marked: string): unknown => cursorAt(marked.replace('|', ''), marked.indexOf('|'))

describe('cursorAt', () => {
  test.each([
    [`select {{ ref('or|') }}`, { about: 'ref', name: 'or' }],
    [`select {{ ref('or|`, { about: 'ref', name: 'or' }],
    [`select {{ ref("pkg", 'ord|ers') }}`, { about: 'ref', name: 'orders', package: 'pkg' }],
    [`from {{ source('|') }}`, { about: 'source', source: '' }],
    [`from {{ source('raw', 'ev|') }}`, { about: 'table', source: 'raw', table: 'ev' }],
    [`from {{ changes(ref('a|b')) }}`, { about: 'ref', name: 'ab' }],
    [`select {{ date_k|ey('x') }}`, { about: 'macro', name: 'date_key' }],
    [`{% if is_inc| %}`, { about: 'macro', name: 'is_inc' }],
    [`select o.am|ount from x`, { about: 'column', alias: 'o', name: 'amount' }],
    [`select am| from {{ ref('x') }}`, { about: 'column', name: 'am' }],
    [`{{ ref('x') }} select o.|`, { about: 'column', alias: 'o', name: '' }],
    [`{# ref('x|') #}`, undefined],
    [`select 1 -- am|ount`, undefined],
    [`select |`, undefined],
  ])('%s', (marked, expected) => {
    expect(at(marked)).toEqual(expected)
  })
})

describe('yamlKeys', () => {
  const column = { properties: { name: {}, quote: { type: 'boolean' } } }
  const schema = {
    $defs: { model: { properties: { name: {}, columns: { items: column } } } },
    properties: { version: { enum: [2] }, models: { items: { $ref: '#/$defs/model' } } },
  }
  const keys = (marked: string): readonly string[] => {
    const before = marked.slice(0, marked.indexOf('|')).split('\n')
    const place = { line: before.length - 1, character: before.at(-1)?.length ?? 0 }
    return yamlKeys(marked.replace('|', ''), place, schema).map(({ label }) => label)
  }

  test.each([
    ['|', ['version', 'models']],
    ['version: |', ['2']],
    ['models:\n  - |', ['name', 'columns']],
    ['models:\n  - name: a\n    |', ['name', 'columns']],
    ['models:\n- name: a\n  |', ['name', 'columns']],
    ['models:\n  - name: a\n    columns:\n      - name: b\n        |', ['name', 'quote']],
    ['models:\n  - name: a\n    columns:\n      - name: b\n        quote: |', ['true', 'false']],
    ['models:\n  - name: a\n    columns:\n      - name: b\n    |', ['name', 'columns']],
    ['models:\n  - name: a\n|', ['version', 'models']],
  ])('%j', (marked, expected) => {
    expect(keys(marked)).toEqual(expected)
  })
})
