import { describe, expect, test } from 'vitest'
import { buildGraph } from '../../graph/build-graph.ts'
import { checkNodeConfig } from '../../manifest/config-schema.ts'
import { evaluateSetting } from '../../parse/evaluate-setting.ts'
import type { ParseResult } from '../../parse/parse-project.ts'
import { parseProject } from '../../parse/parse-project.ts'
import { loadProject } from '../../project/load-project.ts'
import type { Project } from '../../project/project.ts'
import { selectNodes } from '../../select/select-nodes.ts'
import fc from '../../testing/fast-check.ts'
import { memoryFiles } from '../../testing/memory-project.ts'
import { manifestArtifact } from './manifest-artifact.ts'
import { readEarlierState } from './read-earlier-state.ts'
import { artifactJson } from './write-artifact.ts'

/** All that decides what a project is: its files, the environment, the command line. */
interface Moment {
  readonly files: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string>>
  readonly vars: Readonly<Record<string, unknown>>
  readonly target: string
}

// Every number 7 that stands alone is one that an edit may replace; the word before it says where.
const FILES: Readonly<Record<string, string>> = {
  'project.yml': `name: shop
env: [SCHEMA, RAW, ALIAS, REGION, LIMIT, KIND, HOOK, IDLE, ROLE]
target: dev
targets:
  dev: {type: postgres, host: one, user: u, database: d1, schema: "{{ env_var('SCHEMA') }}"}
  prod: {type: postgres, host: two, user: u, database: d2, schema: prod}
dispatch:
  - {macro_namespace: tools, search_order: [tools, shop]}
vars:
  size: 7
  idle: 7
  tools: {depth: 7}
models:
  shop:
    named:
      +schema: "{{ env_var('SCHEMA') }}_named"
      +alias: "{{ target.name }}_all_alias"
      +sql_header: "-- {{ var('size') }}"
    switched:
      +materialized: "{{ 'table' if target.name == 'prod' else 'view' }}"
      +sql_header: "set work_mem to 7 -- project"
    kinds:
      +materialized: "{{ env_var('KIND') }}"
seeds:
  shop: {+quote_columns: true}
`,
  'models/plain.sql': "select 7 as one, '{{ target.schema }}' as made_in",
  'models/child.sql': "select * from {{ ref('plain') }}",
  'models/reads_var.sql': "select {{ var('size') }} as size",
  'models/reads_flag.sql': "select {{ var('flagged', 1) }} as flagged",
  'models/reads_env.sql': "select '{{ env_var('REGION') }}' as region",
  'models/in_config.sql':
    "{{ config(schema=env_var('SCHEMA'), alias='a_' ~ env_var('ALIAS')) }} select 1 as one",
  'models/env_kind.sql': "{{ config(materialized=env_var('KIND')) }} select 1 as one",
  'models/named/only.sql': 'select 1 as one',
  'models/switched/one.sql': 'select 1 as one',
  'models/kinds/kinded.sql': 'select 1 as one',
  'models/direct.sql': 'select {{ direct() }} as one',
  'models/through.sql': 'select {{ outer() }} as one',
  'models/dispatched.sql': 'select {{ tools.pick() }} as one',
  'models/packaged.sql': 'select {{ tools.deep() }} as one',
  'models/hooked.sql': '{{ config(post_hook="{{ audit() }}") }} select 1 as one',
  'models/hooked_yaml.sql': 'select 1 as one',
  'models/told.sql': 'select 1 as one',
  'models/untold.sql': 'select 1 as one',
  'models/reads_meta.sql': "select '{{ (config.get('meta') or {}).get('owner') }}' as owner",
  'models/from_source.sql': "select * from {{ source('raw', 'orders') }}",
  'models/grown.sql':
    "{{ config(materialized='incremental') }} select 1 as id {% if is_incremental() %}where {{ var('since', 1) }} = 1{% endif %}",
  'models/contract_v1.sql': 'select 1 as one',
  'models/contract_v2.sql': 'select 2 as one',
  'models/of_latest.sql': "select * from {{ ref('contract') }}",
  'models/of_first.sql': "select * from {{ ref('contract', v=1) }}",
  'models/schema.yml': `version: 2
models:
  - name: plain
    description: Plain, 7 words.
    columns:
      - name: one
        description: A column of 7.
        data_tests: [not_null, {small: {arguments: {most: "{{ var('most', 1) }}"}, config: {severity: warn, where: "one < 7 -- where"}}}]
  - name: told
    description: Told, 7 words.
    config: {persist_docs: {relation: true, columns: true}}
    columns: [{name: one, description: "{{ doc('word') }}"}]
  - name: untold
    config: {tags: [a], meta: {owner: m7}, group: people, access: public}
    columns: [{name: one, description: "{{ doc('word') }}"}]
  - name: reads_meta
    config: {meta: {owner: read7}}
  - name: hooked_yaml
    config: {pre_hook: "select '{{ env_var('HOOK') }}'", grants: {select: ["{{ env_var('ROLE') }}"]}}
  - name: grown
    config: {on_schema_change: ignore, unique_key: id}
  - name: contract
    latest_version: 1 # latest
    versions: [{v: 1}, {v: 2}]
groups: [{name: people, owner: {name: Ada}}, {name: others, owner: {name: Bo}}]
sources:
  - name: raw
    schema: "{{ env_var('RAW') }}"
    tables:
      - {name: orders, identifier: orders_t, loaded_at_field: at, freshness: {warn_after: {count: 7, period: hour}}, columns: [{name: id, data_tests: [unique]}]}
  - name: fixed
    schema: fixed_schema
    tables: [{name: rows_of}]
seeds:
  - name: rates
    config: {column_types: {rate: "numeric(7, 2)"}}
unit_tests:
  - name: twice
    description: Twice 7.
    model: child
    given:
      - {input: ref('plain'), rows: [{one: 7, made_in: x}]}
    expect: {rows: [{one: 7, made_in: said}]}
    overrides: {vars: {asked: 7}}
  - name: from_files
    model: child
    given: [{input: ref('plain'), format: csv, fixture: given_rows}]
    expect: {format: csv, rows: "one\\n7"}
exposures:
  - {name: board, type: dashboard, owner: {name: Ada}, depends_on: [ref('plain')]}
`,
  'models/words.md': '{% docs word %}A word, 7 times.{% enddocs %}',
  'seeds/rates.csv': 'id,rate\n1,7\n',
  'seeds/still.csv': 'id\n1\n',
  'snapshots/kept.sql':
    "{% snapshot kept %}{{ config(strategy='check', unique_key='id', check_cols='all') }} select 1 as id, 7 as kept {% endsnapshot %}{% snapshot other %}{{ config(strategy='check', unique_key='id', check_cols='all') }} select 1 as id {% endsnapshot %}",
  'macros/all.sql': `{% macro direct() %}7 {# direct #}{% endmacro %}
{% macro outer() %}{{ inner() }}{% endmacro %}
{% macro inner() %}7 {# inner #}{% endmacro %}
{% macro audit() %}select {{ noted() }}{% endmacro %}
{% macro noted() %}7 {# noted #} + {{ var('noted', 1) }}{% endmacro %}
{% macro unused() %}7 {# unused #}{% endmacro %}
{% macro default__pick() %}7 {# default of the project #}{% endmacro %}`,
  'tests/generic/small.sql':
    '{% test small(model, column_name, most) %}select 1 from {{ model }} where {{ column_name }} > {{ most }} + 7{% endtest %}',
  'tests/fixtures/given_rows.csv': 'one\n7\n',
  'tests/alone.sql': "select * from {{ ref('plain') }} where one = 7",
  'dbt_packages/tools/dbt_project.yml': 'name: tools\nvars: {depth: 1, breadth: 7}\n',
  'dbt_packages/tools/macros/pick.sql': `{% macro pick() %}{{ adapter.dispatch('pick', 'tools')() }}{% endmacro %}
{% macro postgres__pick() %}7 {# pick #}{% endmacro %}
{% macro deep() %}7 {# deep #}{% endmacro %}
{% macro idle() %}7 {# idle #}{% endmacro %}`,
  'dbt_packages/tools/models/tooled.sql':
    "select {{ var('depth') }} as d, {{ var('breadth') }} as b",
}

const BASE: Moment = {
  files: FILES,
  env: {
    SCHEMA: 'ada',
    RAW: 'raw_dev',
    ALIAS: 'x',
    REGION: '7',
    KIND: 'view',
    HOOK: '7',
    IDLE: '7',
    ROLE: 'reader',
  },
  vars: { flagged: 7 },
  target: 'dev',
}

/** An edit with a value of its own, and the nodes whose results it changes, by name; a value of 7 leaves all as it was. */
interface Edit {
  readonly what: string
  readonly apply: (moment: Moment, value: number) => Moment
  readonly modified: readonly string[]
}

function inFile(file: string, marker: string, replacement?: string) {
  return ({ files, ...moment }: Moment, value: number): Moment => {
    const before = files[file] ?? ''
    if (!before.includes(marker)) throw new Error(`${file} has no ${marker}`)
    const after = replacement ?? marker.replace('7', String(value))
    return { ...moment, files: { ...files, [file]: before.replace(marker, () => after) } }
  }
}

const inEnv =
  (name: string, valueOf: (value: number) => string = String) =>
  (moment: Moment, value: number): Moment => ({
    ...moment,
    env: { ...moment.env, [name]: valueOf(value) },
  })

const withText =
  (file: string, change: (text: string) => string) =>
  (moment: Moment): Moment => ({
    ...moment,
    files: { ...moment.files, [file]: change(moment.files[file] ?? '') },
  })

const YAML = 'models/schema.yml'
const MACROS = 'macros/all.sql'
const TOOLS = 'dbt_packages/tools/macros/pick.sql'

/** Edits whose value counts: another than 7 changes the nodes named. */
const REAL: readonly Edit[] = [
  { what: 'SQL', apply: inFile('models/plain.sql', 'select 7'), modified: ['plain'] },
  {
    what: 'a variable of project.yml',
    apply: inFile('project.yml', 'size: 7'),
    modified: ['only', 'reads_var'],
  },
  {
    what: 'a variable of the command line',
    apply: (moment, value) => ({ ...moment, vars: { ...moment.vars, flagged: value } }),
    modified: ['reads_flag'],
  },
  {
    what: 'a variable of a package in project.yml',
    apply: inFile('project.yml', 'depth: 7'),
    modified: ['tooled'],
  },
  {
    what: 'a variable of a package of its own',
    apply: inFile('dbt_packages/tools/dbt_project.yml', 'breadth: 7'),
    modified: ['tooled'],
  },
  { what: 'an environment variable in SQL', apply: inEnv('REGION'), modified: ['reads_env'] },
  { what: 'an environment variable in a hook', apply: inEnv('HOOK'), modified: ['hooked_yaml'] },
  {
    what: 'a variable that an incremental run alone reads',
    apply: (moment, value) =>
      value === 7 ? moment : { ...moment, vars: { ...moment.vars, since: value } },
    modified: ['grown'],
  },
  {
    what: 'a variable of a macro of a hook',
    apply: (moment, value) =>
      value === 7 ? moment : { ...moment, vars: { ...moment.vars, noted: value } },
    modified: ['hooked'],
  },
  {
    what: 'configuration of project.yml',
    apply: inFile('project.yml', 'work_mem to 7 -- project'),
    modified: ['one'],
  },
  { what: 'a macro', apply: inFile(MACROS, '7 {# direct #}'), modified: ['direct'] },
  { what: 'a macro of a macro', apply: inFile(MACROS, '7 {# inner #}'), modified: ['through'] },
  {
    what: 'a macro of a macro of a hook',
    apply: inFile(MACROS, '7 {# noted #}'),
    modified: ['hooked'],
  },
  { what: 'a macro of a package', apply: inFile(TOOLS, '7 {# deep #}'), modified: ['packaged'] },
  {
    what: 'a macro that is dispatched to',
    apply: inFile(TOOLS, '7 {# pick #}'),
    modified: ['dispatched'],
  },
  { what: 'a row of a seed', apply: inFile('seeds/rates.csv', '1,7'), modified: ['rates'] },
  { what: 'the type of a column of a seed', apply: inFile(YAML, 'numeric(7'), modified: ['rates'] },
  {
    what: 'one of two snapshots',
    apply: inFile('snapshots/kept.sql', '7 as kept'),
    modified: ['kept'],
  },
  { what: 'a singular test', apply: inFile('tests/alone.sql', 'one = 7'), modified: ['alone'] },
  {
    what: 'a row that a unit test is given',
    apply: inFile(YAML, '{one: 7, made_in: x}'),
    modified: ['twice'],
  },
  {
    what: 'a row that a unit test expects',
    apply: inFile(YAML, '{one: 7, made_in: said}'),
    modified: ['twice'],
  },
  { what: 'a variable of a unit test', apply: inFile(YAML, 'asked: 7'), modified: ['twice'] },
  {
    what: 'the file of rows of a unit test',
    apply: inFile('tests/fixtures/given_rows.csv', '7'),
    modified: ['from_files'],
  },
  {
    what: 'the macro of a test',
    apply: inFile('tests/generic/small.sql', '+ 7'),
    modified: ['small_plain_one'],
  },
  {
    what: 'the rows that a test looks at',
    apply: inFile(YAML, 'one < 7 -- where'),
    modified: ['small_plain_one'],
  },
  { what: 'how fresh a source must be', apply: inFile(YAML, 'count: 7'), modified: ['orders'] },
  {
    what: 'a description that the database is told',
    apply: inFile(YAML, 'Told, 7'),
    modified: ['told'],
  },
  {
    what: 'a block of a description that the database is told',
    apply: inFile('models/words.md', '7'),
    modified: ['told'],
  },
  { what: 'meta that a template reads', apply: inFile(YAML, 'read7'), modified: ['reads_meta'] },
]

/** Edits that always count. */
const WHOLE: readonly Edit[] = [
  {
    what: 'the kind, by an environment variable',
    apply: inEnv('KIND', () => 'table'),
    modified: ['env_kind', 'kinded'],
  },
  { what: 'whom a grant is for', apply: inEnv('ROLE', () => 'writer'), modified: ['hooked_yaml'] },
  {
    what: 'a key of configuration',
    apply: inFile(YAML, 'on_schema_change: ignore', 'on_schema_change: fail'),
    modified: ['grown'],
  },
  {
    what: 'the severity of a test',
    apply: inFile(YAML, 'severity: warn', 'severity: error'),
    modified: ['small_plain_one'],
  },
  {
    what: 'the schema of a source',
    apply: inFile(YAML, 'fixed_schema', 'moved_schema'),
    modified: ['rows_of'],
  },
  {
    what: 'the table of a source',
    apply: inFile(YAML, 'orders_t', 'orders_u'),
    modified: ['orders'],
  },
  {
    what: 'the latest version',
    apply: inFile(YAML, '1 # latest', '2 # latest'),
    modified: ['of_latest'],
  },
  {
    what: 'a new model',
    apply: withText('models/late.sql', () => 'select 1 as one'),
    modified: ['late'],
  },
  {
    what: 'where macros are looked for',
    apply: inFile('project.yml', '[tools, shop]', '[shop, tools]'),
    modified: ['dispatched'],
  },
]

/** Edits that change no result, whatever their value. */
const NOISE: readonly Edit[] = [
  { what: 'a variable that nothing reads', apply: inFile('project.yml', 'idle: 7'), modified: [] },
  { what: 'an environment variable that nothing reads', apply: inEnv('IDLE'), modified: [] },
  {
    what: 'the schema of the target',
    apply: inEnv('SCHEMA', (value) => `dev_${value}`),
    modified: [],
  },
  {
    what: 'the schema of a source, by the environment',
    apply: inEnv('RAW', (value) => `raw_${value}`),
    modified: [],
  },
  {
    what: 'an alias, by the environment',
    apply: inEnv('ALIAS', (value) => `a${value}`),
    modified: [],
  },
  {
    what: 'another target and database',
    apply: (moment) => ({ ...moment, target: 'prod' }),
    modified: [],
  },
  { what: 'a macro that nothing calls', apply: inFile(MACROS, '7 {# unused #}'), modified: [] },
  {
    what: 'a macro of a package that nothing calls',
    apply: inFile(TOOLS, '7 {# idle #}'),
    modified: [],
  },
  { what: 'a description', apply: inFile(YAML, 'Plain, 7'), modified: [] },
  { what: 'a description of a unit test', apply: inFile(YAML, 'Twice 7'), modified: [] },
  { what: 'a description of a column', apply: inFile(YAML, 'column of 7'), modified: [] },
  { what: 'meta that nothing reads', apply: inFile(YAML, 'owner: m7'), modified: [] },
  { what: 'a tag', apply: inFile(YAML, 'tags: [a]', 'tags: [a, b]'), modified: [] },
  { what: 'a group', apply: inFile(YAML, 'group: people', 'group: others'), modified: [] },
  {
    what: 'who answers for an exposure',
    apply: inFile(YAML, 'type: dashboard', 'type: notebook'),
    modified: [],
  },
  {
    what: 'comments in YAML',
    apply: withText(YAML, (text) => text.replaceAll('\n', ' # said\n')),
    modified: [],
  },
  {
    what: 'quotes in YAML',
    apply: withText(YAML, (text) => text.replaceAll('name: plain', 'name: "plain"')),
    modified: [],
  },
  {
    what: 'line ends',
    apply: withText('models/child.sql', (text) => `${text.replaceAll('\n', '\r\n')}\r\n`),
    modified: [],
  },
  {
    what: 'a file in another folder',
    apply: ({ files, ...moment }) => {
      const { 'models/child.sql': moved = '', ...rest } = files
      return { ...moment, files: { ...rest, 'models/deep/child.sql': moved } }
    },
    modified: [],
  },
]

interface Read extends ParseResult {
  readonly project: Project
}

function read({ files, env, vars, target }: Moment): Read {
  const project = loadProject({
    startDir: '/shop',
    env,
    flags: { vars, target },
    checkConfig: checkNodeConfig,
    evaluate: evaluateSetting,
    disk: {
      read: (path) => files[path.replace('/shop/', '')],
      folders: (path) => (path === '/shop/dbt_packages' ? ['tools'] : []),
    },
  })
  return { ...parseProject(project, { files: memoryFiles(files), version: 'test' }), project }
}

const AT = new Date('2026-01-02T03:04:05Z')

/** The manifest.json that a run in this moment leaves. */
function manifestJson(moment: Moment): string {
  const invocation = { id: 'x', startedAt: AT, version: '1' }
  return [...artifactJson(manifestArtifact({ ...read(moment), invocation, now: AT }))].join('')
}

const EARLIER = manifestJson(BASE)

/** Names of the nodes that differ, tests without the values in their names. */
function modified(moment: Moment, selector = 'state:modified', earlier = EARLIER): string[] {
  const { project, manifest, templates } = read(moment)
  const state = readEarlierState({
    folder: 'earlier',
    read: (file) => (file === 'manifest.json' ? earlier : undefined),
    readCurrent: () => undefined,
    project,
    manifest,
    templates,
  })
  const graph = buildGraph(manifest)
  const { nodes } = selectNodes({ select: [selector], manifest, graph, indirect: 'empty', state })
  return [...nodes]
    .map((id) => manifest.nodes.get(id)?.name ?? id)
    .map((name) => (name.startsWith('small_plain_one') ? 'small_plain_one' : name))
    .sort()
}

describe('state:modified', () => {
  test('of a project as it was selects nothing', () => {
    expect(modified(BASE)).toEqual([])
  })

  test.each([...REAL, ...WHOLE].map((edit) => [edit.what, edit] as const))(
    '%s makes exactly the nodes that it decides others',
    (_what, edit) => {
      expect(modified(edit.apply(BASE, 8))).toEqual(edit.modified)
    },
  )

  test.each(NOISE.map((edit) => [edit.what, edit] as const))(
    '%s makes no node another',
    (_what, edit) => {
      expect(modified(edit.apply(BASE, 8))).toEqual([])
    },
  )

  test('whatever is edited together, selects exactly the nodes whose result can differ', () => {
    const edits = fc.record({
      real: fc.subarray([...REAL]),
      whole: fc.subarray([...WHOLE], { maxLength: 4 }),
      noise: fc.subarray([...NOISE]),
      value: fc.integer({ min: 5, max: 9 }),
    })
    fc.assert(
      fc.property(edits, ({ real, whole, noise, value }) => {
        // Comments come last: other edits look for texts as they were.
        const moment = [...real, ...whole, ...noise].reduce(
          (at, edit) => edit.apply(at, value),
          BASE,
        )
        const expected = [...(value === 7 ? [] : real), ...whole].flatMap((edit) => edit.modified)
        expect(modified(moment)).toEqual([...new Set(expected)].sort())
      }),
      { numRuns: 40 },
    )
  })

  test('between targets selects what was edited, whichever of them wrote the artifacts', () => {
    const prod: Moment = {
      ...BASE,
      target: 'prod',
      env: { ...BASE.env, SCHEMA: 'unused', RAW: 'raw_prod', ALIAS: 'y' },
    }
    const earlier = manifestJson(prod)
    expect(modified(BASE, 'state:modified', earlier)).toEqual([])
    const edited = inFile('models/plain.sql', 'select 7')(BASE, 8)
    expect(modified(edited, 'state:modified', earlier)).toEqual(['plain'])
  })

  test.each([
    ['body', inFile('models/plain.sql', 'select 7'), ['plain']],
    ['body', inFile('seeds/rates.csv', '1,7'), ['rates']],
    ['configs', inFile(YAML, 'on_schema_change: ignore', 'on_schema_change: fail'), ['grown']],
    ['configs', inEnv('SCHEMA'), []],
    ['macros', inFile(MACROS, '7 {# noted #}'), ['hooked']],
    ['macros', inFile(TOOLS, '7 {# pick #}'), ['dispatched']],
    ['relation', inFile('project.yml', '_named"', '_other"'), ['only']],
    ['relation', inFile(YAML, 'orders_t', 'orders_u'), ['orders']],
    ['relation', inEnv('SCHEMA'), []],
    ['persisted_descriptions', inFile(YAML, 'Told, 7'), ['told']],
    ['persisted_descriptions', inFile(YAML, 'Plain, 7'), []],
  ] as const)('modified.%s sees its own part alone', (part, edit, expected) => {
    const parts = ['body', 'configs', 'macros', 'relation', 'persisted_descriptions']
    const moment = edit(BASE, 8)
    expect(modified(moment, `state:modified.${part}`)).toEqual(expected)
    for (const other of parts.filter((one) => one !== part)) {
      expect([other, modified(moment, `state:modified.${other}`)]).toEqual([other, []])
    }
  })
})
