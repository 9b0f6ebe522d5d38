import { describe, expect, test } from 'vitest'
import { gmErrorsOf } from '../base/error.ts'
import type { Manifest, Node } from '../manifest/node.ts'
import { parseTexts } from '../testing/memory-project.ts'

function parse(files: Readonly<Record<string, string>>): Manifest {
  return parseTexts(files).manifest
}

function node(manifest: Manifest, id: string): Node | undefined {
  return [...manifest.nodes.values()].find((one) => one.id === id)
}

function errorsOf(files: Readonly<Record<string, string>>): string[] {
  try {
    parse(files)
  } catch (thrown) {
    return (gmErrorsOf(thrown) ?? [String(thrown)]).map(String)
  }
  return []
}

describe('exposures and analyses', () => {
  const files = {
    'models/a.sql': 'select 1',
    'analyses/look.sql': "select * from {{ ref('a') }}",
    'models/a.yml': `exposures:
  - name: board
    type: dashboard
    owner: {email: x@example.com}
    description: "{{ doc('board') }}"
    depends_on: [ref('a')]
analyses: [{name: look, description: A look.}]`,
    'models/docs.md': '{% docs board %}\nFor **all**.\n{% enddocs %}',
  }

  test('are nodes that nothing is built for', () => {
    const manifest = parse(files)
    expect(node(manifest, 'exposure.shop.board')).toMatchObject({
      exposureType: 'dashboard',
      description: 'For **all**.',
      dependsOn: ['model.shop.a'],
    })
    expect(node(manifest, 'analysis.shop.look')).toMatchObject({
      fqn: ['shop', 'analysis', 'look'],
      description: 'A look.',
      dependsOn: ['model.shop.a'],
    })
  })

  test('without what they name are errors at the name', () => {
    const yml = files['models/a.yml']
      .replace("[ref('a')]", "[ref('b')]")
      .replace("'board'", "'bord'")
    expect(errorsOf({ ...files, 'models/a.yml': yml })).toEqual([
      'models/a.yml:6:18  GM2003  there is no model, seed or snapshot "b"',
      'models/a.yml:5:22  GM2011  there is no docs block "bord"',
    ])
  })
})

describe('versions of a model', () => {
  const files = {
    'models/dim_v1.sql': 'select 1 as id',
    'models/dim_new.sql': 'select 1 as id, 2 as extra',
    'models/latest.sql': "select * from {{ ref('dim') }}",
    'models/first.sql': "select * from {{ ref('dim', v=1) }}",
    'models/dim.yml': `models:
  - name: dim
    latest_version: 2
    columns: [{name: id, data_tests: [unique]}, {name: extra}]
    versions:
      - v: 1
        columns: [{include: all, exclude: [extra]}]
        deprecation_date: 2030-01-01
      - v: 2
        defined_in: dim_new
        config: {materialized: table}`,
  }

  test('are nodes of their own, with tests, columns and relations of their own', () => {
    const manifest = parse(files)
    const first = node(manifest, 'model.shop.dim.v1')
    expect(first).toMatchObject({
      version: 1,
      latestVersion: 2,
      deprecationDate: '2030-01-01',
      relation: { identifier: 'dim_v1' },
      fqn: ['shop', 'dim', 'v1'],
    })
    expect([...(first?.columns.keys() ?? [])]).toEqual(['id'])
    expect(node(manifest, 'model.shop.dim.v2')?.config.materialized).toBe('table')
    // dbt's own ids.
    expect([...manifest.nodes.keys()].filter((id) => id.startsWith('test.'))).toEqual([
      expect.stringMatching(/^test\.shop\.unique_dim_v1_id\.[0-9a-f]{10}$/),
      expect.stringMatching(/^test\.shop\.unique_dim_v2_id\.[0-9a-f]{10}$/),
    ])
  })

  test('are what ref() with v means; without it the latest is meant', () => {
    const manifest = parse(files)
    expect(node(manifest, 'model.shop.latest')?.dependsOn).toEqual(['model.shop.dim.v2'])
    expect(node(manifest, 'model.shop.first')?.dependsOn).toEqual(['model.shop.dim.v1'])
  })

  test('that do not exist are errors where they are asked for and where they are listed', () => {
    expect(
      errorsOf({ ...files, 'models/first.sql': "select * from {{ ref('dim', v=3) }}" }),
    ).toEqual(['models/first.sql:1:18  GM2003  "dim" has no version 3'])
    const kept = Object.entries(files).filter(([file]) => !/dim_v1|first/.test(file))
    expect(errorsOf(Object.fromEntries(kept))).toEqual([
      'models/dim.yml:6:12  GM2007  no file defines version 1 of "dim"',
    ])
  })
})

describe('a private model', () => {
  const files = (group: string) => ({
    'models/secret.sql': 'select 1',
    'models/reader.sql': "select * from {{ ref('secret') }}",
    'models/all.yml': `groups: [{name: finance, owner: {name: Ann}}, {name: sales, owner: {name: Bob}}]
models:
  - {name: secret, access: private, group: finance, data_tests: []}
  - {name: reader, config: {group: ${group}}}`,
  })

  test('is read by its group', () => {
    expect(errorsOf(files('finance'))).toEqual([])
  })

  test('is refused to others at their ref', () => {
    expect(errorsOf(files('sales'))).toEqual([
      'models/reader.sql:1:18  GM2012  "reader" may not refer to "secret", which is private to the group "finance"',
    ])
  })

  test('of an unknown group is an error with the nearest name', () => {
    expect(errorsOf(files('fnance')).at(0)).toMatch('GM2007  there is no group "fnance"')
  })
})

test('what gm leaves aside in properties is a warning at its place', () => {
  const { warnings } = parseTexts({ 'models/a.yml': 'metrics:\n  - {name: m}\n' })
  expect(warnings.map(String)).toEqual(['models/a.yml:1:1  GM1008  "metrics" is left aside'])
})
