import { describe, expect, test } from 'vitest'
import type { Project } from '../../project/project.ts'
import { memoryProject, parseTexts } from '../../testing/memory-project.ts'
import { manifestArtifact } from './manifest-artifact.ts'
import { artifactJson } from './write-artifact.ts'

const TEXTS = {
  'models/marts/orders.sql':
    "{{ config(materialized='table', tags=['daily'], unique_key='id') }}\nselect {{ cents('amount') }}, '{{ var('day') }}' from {{ ref('raw_orders') }}",
  'models/off.sql': '{{ config(enabled=false) }} select 1',
  'seeds/raw_orders.csv': 'id,amount\n1,2\n',
  'macros/cents.sql':
    '{% macro cents(x) %}{{ scale(x) }}{% endmacro %}{% macro scale(x) %}{{ x }}{% endmacro %}',
  'models/marts/schema.yml': `
models:
  - name: orders
    description: One row an order.
    columns:
      - name: id
        data_tests:
          - accepted_values: {arguments: {values: [1, 2]}, config: {severity: warn}}
sources: [{name: shop, tables: [{name: events}]}]
`,
}

type Entry = Readonly<Record<string, unknown>>

interface Written {
  readonly metadata: Entry
  readonly nodes: Readonly<Record<string, Entry>>
  readonly macros: Readonly<Record<string, Entry>>
  readonly disabled: Readonly<Record<string, readonly Entry[]>>
  readonly parent_map: Readonly<Record<string, readonly string[]>>
  readonly child_map: Readonly<Record<string, readonly string[]>>
}

/** The file as a reader gets it. */
function manifestOf(project: Partial<Project> = {}): Written {
  const { manifest, templates } = parseTexts(TEXTS, { vars: { day: 'monday' }, ...project })
  const at = new Date('2026-01-02T03:04:05Z')
  const artifact = manifestArtifact({
    project: memoryProject({ vars: { day: 'monday' }, ...project }),
    manifest,
    templates,
    invocation: { id: 'one', startedAt: at, version: '1.2.3' },
    now: at,
    compiledCode: new Map([['model.shop.orders', 'select 1']]),
  })
  return JSON.parse([...artifactJson(artifact)].join('')) as Written
}

describe('manifest.json', () => {
  test('names the schema that it follows, the run and gm', () => {
    expect(manifestOf().metadata).toMatchObject({
      dbt_schema_version: 'https://schemas.getdbt.com/dbt/manifest/v12.json',
      invocation_id: 'one',
      env: { GM_VERSION: '1.2.3' },
      project_name: 'shop',
    })
  })

  test('a model has its paths, relation, inputs, macros and what was compiled', () => {
    expect(manifestOf().nodes['model.shop.orders']).toMatchObject({
      path: 'marts/orders.sql',
      original_file_path: 'models/marts/orders.sql',
      patch_path: 'shop://models/marts/schema.yml',
      relation_name: '"db"."public"."orders"',
      depends_on: {
        macros: ['macro.shop.cents', 'macro.shop.scale'],
        nodes: ['seed.shop.raw_orders'],
      },
      config: {
        materialized: 'table',
        tags: ['daily'],
        unique_key: 'id',
        on_schema_change: 'ignore',
      },
      unrendered_config: { materialized: 'view', tags: [] },
      compiled_code: 'select 1',
    })
  })

  test('a generic test says which test it is, of what, with which arguments', () => {
    const [, found] =
      Object.entries(manifestOf().nodes).find(([id]) => id.startsWith('test.')) ?? []
    expect(found).toMatchObject({
      attached_node: 'model.shop.orders',
      column_name: 'id',
      file_key_name: 'models.models/marts/schema.yml',
      test_metadata: { name: 'accepted_values', kwargs: { values: [1, 2], column_name: 'id' } },
      config: { severity: 'WARN' },
      schema: 'public_dbt_test__audit',
      relation_name: null,
    })
  })

  test('parents and children are each other turned round', () => {
    const { parent_map, child_map } = manifestOf()
    const pairs = (map: Readonly<Record<string, readonly string[]>>): [string, string][] =>
      Object.entries(map).flatMap(([from, to]) => to.map((id) => [from, id] as [string, string]))
    expect(
      pairs(child_map)
        .map(([a, b]) => `${b} ${a}`)
        .sort(),
    ).toEqual(
      pairs(parent_map)
        .map(([a, b]) => `${a} ${b}`)
        .sort(),
    )
    expect(Object.keys(parent_map)).toEqual(Object.keys(child_map))
  })

  test('what is switched off stands under disabled only', () => {
    const { nodes, disabled } = manifestOf()
    expect(nodes['model.shop.off']).toBeUndefined()
    expect(disabled['model.shop.off']).toHaveLength(1)
  })

  test('a macro has its own text and the macros that it calls', () => {
    expect(manifestOf().macros['macro.shop.cents']).toMatchObject({
      macro_sql: '{% macro cents(x) %}{{ scale(x) }}{% endmacro %}',
      depends_on: { macros: ['macro.shop.scale'] },
    })
  })

  test('values of variables and of the environment never stand in it, only whether they are the same', () => {
    const [one, other] = [manifestOf(), manifestOf({ vars: { day: 'planted-value' } })]
    expect(JSON.stringify(other)).not.toContain('planted-value')
    expect(other.nodes['model.shop.orders']?.['unrendered_config']).not.toEqual(
      one.nodes['model.shop.orders']?.['unrendered_config'],
    )
  })
})
