import { describe, expect, test } from 'vitest'
import type { GmError } from '../base/error.ts'
import { gmErrorsOf } from '../base/error.ts'
import { formatLocation } from '../base/location.ts'
import type { Node, NodeId } from '../manifest/node.ts'
import type { Project } from '../project/project.ts'
import { configTree, memoryProject, parseTexts } from '../testing/memory-project.ts'

type Texts = Readonly<Record<string, string>>

function nodeOf(texts: Texts, id: string, project: Partial<Project> = {}): Node {
  const node = parseTexts(texts, project).manifest.nodes.get(id as NodeId)
  if (node === undefined) throw new Error(`no node ${id}`)
  return node
}

/** What a user would read: code, place, message and hint of each mistake. */
function mistakes(texts: Texts, project: Partial<Project> = {}): string[] {
  try {
    parseTexts(texts, project)
  } catch (thrown) {
    return (gmErrorsOf(thrown) ?? []).map(
      (error: GmError) =>
        `${error.at === undefined ? '' : formatLocation(error.at)} ${error.code} ${error.message} | ${error.hint ?? ''}`,
    )
  }
  return []
}

describe('what decides a node', () => {
  const texts: Texts = {
    'models/a.sql': "{{ config(materialized='table') }} select {{ outer() }}, '{{ var('day') }}'",
    'macros/m.sql':
      "{% macro outer() %}{{ inner() }}{% endmacro %}{% macro inner() %}'{{ env_var('REGION') }}'{% endmacro %}{% macro other() %}{% endmacro %}",
    'models/s.yml':
      'models: [{name: a, config: {tags: [x]}}]\nmacros: [{name: inner, description: The region.}]',
  }
  const project = {
    vars: { day: 'monday' },
    env: new Map([['REGION', 'north']]),
    envAllowed: new Set(['REGION']),
  }

  test('macros count through other macros, variables and the environment wherever they are read', () => {
    expect(nodeOf(texts, 'model.shop.a', project)).toMatchObject({
      macros: ['macro.shop.inner', 'macro.shop.outer'],
      reads: { vars: ['day'], env: ['REGION'] },
    })
  })

  test('the written configuration is that of YAML without that of the file', () => {
    const node = nodeOf(texts, 'model.shop.a', project)
    expect(node.config).toMatchObject({ materialized: 'table', tags: ['x'] })
    expect(node.writtenConfig).toMatchObject({ materialized: 'view', tags: ['x'] })
    expect(node.describedIn).toBe('models/s.yml')
  })

  test('macros carry their descriptions', () => {
    const { manifest } = parseTexts(texts, project)
    expect(manifest.macros.map(({ name, description }) => [name, description])).toEqual([
      ['outer', ''],
      ['inner', 'The region.'],
      ['other', ''],
    ])
  })
})

describe('inputs', () => {
  test('refs, sources and changes() of a model become its inputs, with their places', () => {
    const node = nodeOf(
      {
        'models/a.sql':
          "select * from {{ ref('b') }}\njoin {{ changes(source('raw', 't')) }} t using (id)",
        'models/b.sql': 'select 1 as id',
        'models/s.yml': 'sources: [{name: raw, tables: [{name: t}]}]',
      },
      'model.shop.a',
    )
    expect(node).toMatchObject({
      dependsOn: ['model.shop.b', 'source.shop.raw.t'],
      changesOf: ['source.shop.raw.t'],
      keysOf: [],
      refs: [{ name: 'b', at: { file: 'models/a.sql', line: 1, column: 18 } }],
      sources: [{ source: 'raw', table: 't', at: { line: 2, column: 17 } }],
    })
  })

  test.each([
    ['{% if is_incremental() %}', 'is_incremental()'],
    ['{% if not is_incremental() %}', 'a first build'],
    ['{% if execute %}', 'execute'],
    ['{% set later = is_incremental() %}{% if later %}', 'a variable that holds is_incremental()'],
  ])('%s: what stands under %s is an input', (condition) => {
    const node = nodeOf(
      {
        'models/a.sql': `select 1 ${condition} union select * from {{ ref('b') }} {% endif %}`,
        'models/b.sql': 'select 1',
      },
      'model.shop.a',
    )
    expect(node.dependsOn).toEqual(['model.shop.b'])
  })

  test('a branch that a variable switches off is no input, even when its node does not exist', () => {
    const node = nodeOf(
      { 'models/a.sql': "select 1 {% if var('x', false) %}{{ ref('missing') }}{% endif %}" },
      'model.shop.a',
    )
    expect(node.dependsOn).toEqual([])
  })

  test('a "-- depends_on" comment adds an input', () => {
    const texts = {
      'models/a.sql': "-- depends_on: {{ ref('b') }}\nselect 1",
      'models/b.sql': 'select 1',
    }
    expect(nodeOf(texts, 'model.shop.a').dependsOn).toEqual(['model.shop.b'])
  })

  test('a ref inside a macro is an input of the model that calls it', () => {
    const texts = {
      'models/a.sql': 'select * from {{ base() }}',
      'models/b.sql': 'select 1',
      'macros/m.sql': "{% macro base() %}{{ ref('b') }}{% endmacro %}",
    }
    expect(nodeOf(texts, 'model.shop.a').dependsOn).toEqual(['model.shop.b'])
  })
})

describe('configuration', () => {
  const trees = {
    ...memoryProject().resourceConfig,
    models: configTree(
      { materialized: 'table', tags: ['all'] },
      { shop: configTree({}, { mart: configTree({ schema: 'warehouse' }) }) },
    ),
  }

  test('project.yml is overridden by the properties YAML, and that by config() in the file', () => {
    const texts = {
      'models/mart/a.sql': "{{ config(alias='own', tags='file') }} select 1",
      'models/mart/p.yml':
        'models: [{name: a, config: {alias: yaml, materialized: incremental, tags: [yaml]}}]',
    }
    expect(nodeOf(texts, 'model.shop.a', { resourceConfig: trees })).toMatchObject({
      config: { materialized: 'incremental', tags: ['all', 'yaml', 'file'] },
      relation: { schema: 'warehouse', identifier: 'own' },
      fqn: ['shop', 'mart', 'a'],
    })
  })

  test("a project's generate_schema_name and generate_alias_name decide the relation", () => {
    const texts = {
      'models/a.sql': "{{ config(schema='mart') }} select 1",
      'macros/names.sql': `{% macro generate_schema_name(custom_schema_name, node) %}
  {{ target.schema }}_{{ custom_schema_name }}
{% endmacro %}
{% macro generate_alias_name(custom_alias_name, node) %}v_{{ node.name }}{% endmacro %}`,
    }
    expect(nodeOf(texts, 'model.shop.a')).toMatchObject({
      relation: { schema: 'public_mart', identifier: 'v_a' },
    })
  })

  test("a version names its relation through the project's macro, which sees the version", () => {
    const texts = {
      'models/a_v2.sql': 'select 1',
      'models/m.yml': 'models: [{name: a, versions: [{v: 2}]}]',
      'macros/names.sql': `{% macro generate_alias_name(custom_alias_name=none, node=none) -%}
  {{ node.name }}{{ '_version' ~ node.version if node.version }}
{%- endmacro %}`,
    }
    expect(nodeOf(texts, 'model.shop.a.v2')).toMatchObject({
      relation: { identifier: 'a_version2' },
    })
  })

  test("a snapshot's target_schema is past the project's naming macro", () => {
    const texts = {
      'snapshots/s.sql':
        "{{ config(target_schema='kept', schema='other', strategy='check', unique_key='id', check_cols='all') }} select 1 as id",
      'macros/names.sql':
        '{% macro generate_schema_name(custom_schema_name, node) %}x_{{ custom_schema_name }}{% endmacro %}',
    }
    expect(nodeOf(texts, 'snapshot.shop.s')).toMatchObject({ relation: { schema: 'kept' } })
  })

  test('a name beyond 63 bytes is shortened for the database only', () => {
    const name = 'a'.repeat(70)
    const node = nodeOf({ [`models/${name}.sql`]: 'select 1' }, `model.shop.${name}`)
    expect(node.kind === 'model' && node.relation.identifier).toMatch(/^a{52}_[0-9a-f]{10}$/)
  })

  test('configuration in project.yml that reaches no node is a warning', () => {
    const { warnings } = parseTexts({ 'models/a.sql': 'select 1' }, { resourceConfig: trees })
    expect(warnings.map(String)).toEqual([
      'project.yml:1:1  GM2007  this configuration in project.yml applies to no node',
    ])
  })

  test('a disabled model is set apart, and its tests with it', () => {
    const { manifest } = parseTexts({
      'models/a.sql': '{{ config(enabled=false) }} select 1',
      'models/p.yml': 'models: [{name: a, columns: [{name: id, data_tests: [unique]}]}]',
    })
    expect([...manifest.nodes.keys()]).toEqual([])
    expect([...manifest.disabled.keys()]).toEqual(['model.shop.a'])
  })
})

describe('resources', () => {
  test('a seed has its columns with types, and column_types come first', () => {
    const texts = {
      'seeds/zips.csv': 'zip,city,n\n01234,x,1\n',
      'seeds/p.yml': 'seeds: [{name: zips, config: {column_types: {n: numeric}}}]',
    }
    expect(nodeOf(texts, 'seed.shop.zips')).toMatchObject({
      fields: [
        { name: 'zip', type: 'text' },
        { name: 'city', type: 'text' },
        { name: 'n', type: 'numeric' },
      ],
    })
  })

  test('a snapshot file is one plain query, or blocks with names of their own', () => {
    const { manifest } = parseTexts({
      'snapshots/plain.sql':
        "{{ config(strategy='timestamp', unique_key='id', updated_at='t') }} select 1",
      'snapshots/two.sql':
        "{% snapshot one %}{{ config(strategy='check', check_cols='all', unique_key='id') }} select 1{% endsnapshot %}\n{% snapshot other %}{{ config(strategy='check', check_cols=['a'], unique_key=['id', 'b']) }}select * from {{ ref('plain') }}{% endsnapshot %}",
    })
    expect(
      [...manifest.nodes.values()].map((node) => [node.id, node.at.line, node.dependsOn]),
    ).toEqual([
      ['snapshot.shop.one', 1, []],
      ['snapshot.shop.other', 2, ['snapshot.shop.plain']],
      ['snapshot.shop.plain', 1, []],
    ])
  })

  test('generic tests depend on the table under test and on what their arguments name', () => {
    const { manifest } = parseTexts({
      'models/a.sql': 'select 1',
      'models/b.sql': 'select 1',
      'models/p.yml': `models:
  - name: a
    columns:
      - name: id
        data_tests:
          - relationships: {arguments: {to: ref('b'), field: id}, config: {severity: warn}}`,
    })
    const [found] = [...manifest.nodes.values()].filter((node) => node.kind === 'test')
    expect(found).toMatchObject({
      name: 'relationships_a_id__id__ref_b_',
      dependsOn: ['model.shop.a', 'model.shop.b'],
      config: { severity: 'warn' },
      generic: { name: 'relationships', column: 'id', on: 'model.shop.a' },
      at: { file: 'models/p.yml', line: 6 },
    })
  })

  test("a project's own test is found in macros and in tests/generic, with the refs of its body", () => {
    const { manifest } = parseTexts({
      'models/a.sql': 'select 1',
      'models/b.sql': 'select 1',
      'tests/generic/t.sql':
        "{% test fits(model, column_name) %}select * from {{ model }} join {{ ref('b') }} using ({{ column_name }}){% endtest %}",
      'tests/single.sql': "select * from {{ ref('a') }}",
      'models/p.yml': 'models: [{name: a, columns: [{name: id, data_tests: [fits]}]}]',
    })
    const tests = [...manifest.nodes.values()].filter((node) => node.kind === 'test')
    expect(tests.map(({ name, dependsOn }) => [name, dependsOn])).toEqual([
      ['fits_a_id', ['model.shop.a', 'model.shop.b']],
      ['single', ['model.shop.a']],
    ])
  })
})

describe('mistakes are told with code, place, message and hint', () => {
  const a = { 'models/customers.sql': 'select 1' }

  test.each<[string, Texts, string]>([
    [
      'an unknown ref',
      { ...a, 'models/b.sql': "select *\nfrom {{ ref('custmers') }}" },
      'models/b.sql:2:9 GM2003 there is no model, seed or snapshot "custmers" | Did you mean "customers"?',
    ],
    [
      'a ref to a disabled model',
      {
        'models/off.sql': '{{ config(enabled=false) }} select 1',
        'models/b.sql': "{{ ref('off') }}",
      },
      'models/b.sql:1:4 GM2003 there is no model, seed or snapshot "off" | models/off.sql defines it, but it is switched off (enabled: false).',
    ],
    [
      'an unknown source',
      {
        'models/s.yml': 'sources: [{name: raw, tables: [{name: events}]}]',
        'models/b.sql': "{{ source('raw', 'event') }}",
      },
      'models/b.sql:1:4 GM2004 there is no source "raw.event" | Did you mean "raw.events"?',
    ],
    [
      'an unknown macro',
      { 'models/b.sql': '\n{{ centz(1) }}', 'macros/m.sql': '{% macro cents(x) %}{% endmacro %}' },
      'models/b.sql:2:4 GM2005 there is no macro or function "centz" | Did you mean "cents"?',
    ],
    [
      'two nodes of one name',
      { ...a, 'seeds/customers.csv': 'id\n1' },
      'seeds/customers.csv:1:1 GM2002 there are two nodes of the name "customers" | The other is the model at models/customers.sql:1:1. Rename one of them.',
    ],
    [
      'two nodes for one relation',
      { ...a, 'models/b.sql': "{{ config(alias='customers') }} select 1" },
      'models/customers.sql:1:1 GM2002 "customers" and "b" would both be built as "public"."customers" | The other is at models/b.sql:1:1. Give one another alias or schema.',
    ],
    [
      'properties for a model that does not exist',
      { ...a, 'models/p.yml': 'models:\n  - name: customer' },
      'models/p.yml:2:11 GM2007 there is no model "customer" | Did you mean "customers"?',
    ],
    [
      'properties in the wrong list',
      { ...a, 'models/p.yml': 'seeds:\n  - name: customers' },
      'models/p.yml:2:11 GM2007 there is no seed "customers" | It is a model: describe it under models.',
    ],
    [
      'an unknown test',
      {
        ...a,
        'models/p.yml': 'models: [{name: customers, columns: [{name: id, data_tests: [uniqe]}]}]',
      },
      'models/p.yml:1:62 GM2009 there is no test "uniqe" | Did you mean "unique"?',
    ],
    [
      'a missing argument of a test',
      {
        ...a,
        'models/p.yml':
          'models: [{name: customers, columns: [{name: id, data_tests: [accepted_values]}]}]',
      },
      'models/p.yml:1:62 GM2008 the test "accepted_values" needs the argument "values" | It is accepted_values(model, column_name, values, [quote]).',
    ],
    [
      'a column test on a table',
      { ...a, 'models/p.yml': 'models: [{name: customers, data_tests: [unique]}]' },
      'models/p.yml:1:41 GM2008 the test "unique" needs a column | List it under a column, or give column_name.',
    ],
    [
      'an unknown key in config()',
      { 'models/b.sql': "\n{{ config(materialised='table') }} select 1" },
      'models/b.sql:2:11 GM1002 unknown key "materialised" in the configuration of a model | Did you mean "materialized"?',
    ],
    [
      'an unknown key in config() of a macro that a model calls',
      {
        'macros/m.sql': "{% macro daily() %}\n{{ config(materialised='table') }}{% endmacro %}",
        'models/b.sql': '{{ daily() }} select 1',
      },
      'macros/m.sql:2:11 GM1002 unknown key "materialised" in the configuration of a model | Did you mean "materialized"?',
    ],
    [
      'a value of config() in a block of a snapshot file',
      {
        'snapshots/s.sql':
          "{% snapshot s %}\n{{ config(unique_key='id', strategy='tiemstamp') }}\nselect 1 as id{% endsnapshot %}",
      },
      'snapshots/s.sql:2:37 GM1003 "strategy" must be one of events, timestamp, check, not "tiemstamp" | Did you mean "timestamp"?',
    ],
    [
      'a variable without a value',
      { 'models/b.sql': "select {{ var('as_off') }}" },
      'models/b.sql:1:11 GM3003 the variable "as_off" has no value | Did you mean "as_of"?',
    ],
    [
      'an environment variable that is not allowed',
      { 'models/b.sql': "select {{ env_var('HOME') }}" },
      'models/b.sql:1:11 GM1006 templates may not read the environment variable "HOME" | Add HOME to env: in project.yml if it holds no secret.',
    ],
    [
      'an environment variable that is not set',
      { 'models/b.sql': "select {{ env_var('REGION') }}" },
      "models/b.sql:1:11 GM1005 the environment variable \"REGION\" is not set | Set REGION in the environment or in .env, or write env_var('REGION', 'a default').",
    ],
    [
      'changes() of something else than an input',
      { 'models/b.sql': "select {{ changes('x') }}" },
      "models/b.sql:1:11 GM2008 changes() takes what ref() or source() returns | Write changes(ref('x')) or changes(source('s', 't')).",
    ],
    [
      'an error that the project raises',
      { 'models/b.sql': "{{ exceptions.raise_compiler_error('no') }}" },
      'models/b.sql:1:4 GM3007 no | The code at this place checks something and raised this error: mend what it says, or the check.',
    ],
  ])('%s', (_what, texts, expected) => {
    const project = { vars: { as_of: 1 }, envAllowed: new Set(['REGION']) }
    expect(mistakes(texts, project)).toEqual([expected])
  })

  test('mistakes of several files are told together, and a ref to a broken file is none of them', () => {
    const codes = mistakes({
      'models/a.sql': '{{ nothing() }}',
      'models/b.sql': "{{ ref('a') }} {{ ref('zzz') }}",
      'models/p.yml': 'models: [{name: qqq}]',
    }).map((line) => line.split(' ')[1])
    expect(codes).toEqual(['GM2007', 'GM2005', 'GM2003'])
  })

  test.each([
    ['a source', { 'models/b.sql': "select * from {{ source('shop', 'orders') }}" }],
    ['a snapshot', { 'models/b.sql': "select * from {{ ref('kept') }}" }],
    ['a group', { 'models/b.sql': "{{ config(group='sales') }} select 1" }],
    ['a strategy', { 'snapshots/kept.sql': 'select 1 as id' }],
    ['a contract', { 'models/b.sql': "{{ config(contract={'enforced': true}) }} select 1 as id" }],
  ])('%s that a properties file with a mistake may give is no second mistake', (_what, texts) => {
    const unread = { 'models/p.yml': 'sources: [{nam: shop}]' }
    const codes = mistakes({ ...texts, ...unread }).map((line) => line.split(' ')[1])
    expect(codes).toEqual(['GM1002'])
    expect(mistakes(texts)).toHaveLength('snapshots/kept.sql' in texts ? 2 : 1)
  })

  test.each([
    [
      'models:\n  - name: a\n    description: {{ doc("x") }}',
      /begins with \{ or \[ stands in quotes/,
    ],
    ['models:\n\t- name: a', /Indent with blanks/],
  ])('YAML that is not what it looks like says how to write it: %j', (text, hint) => {
    expect(mistakes({ 'models/p.yml': text })[0]).toMatch(hint)
  })

  test('a unit test of a model with a mistake is no second one', () => {
    const codes = mistakes({
      'models/a.sql': '{{ nothing() }}',
      'models/p.yml': 'unit_tests: [{name: u, model: a, given: [], expect: {rows: []}}]',
    }).map((line) => line.split(' ')[1])
    expect(codes).toEqual(['GM2005'])
  })
})

test('a template sees no password, user or host', () => {
  const texts = { 'models/a.sql': 'select {{ target.password }}' }
  expect(mistakes(texts)[0]).toContain('GM3004')
  for (const name of ['user', 'host', 'connection', 'pass']) {
    expect(mistakes({ 'models/a.sql': `select {{ target.${name} }}` })).toHaveLength(1)
  }
})
