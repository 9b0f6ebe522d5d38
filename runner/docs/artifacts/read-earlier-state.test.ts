import { describe, expect, test } from 'vitest'
import { buildGraph } from '../../graph/build-graph.ts'
import type { Project } from '../../project/project.ts'
import { selectNodes } from '../../select/select-nodes.ts'
import fc from '../../testing/fast-check.ts'
import { configTree, memoryProject, parseTexts } from '../../testing/memory-project.ts'
import { manifestArtifact } from './manifest-artifact.ts'
import type { ReadEarlierState } from './read-earlier-state.ts'
import { readEarlierState } from './read-earlier-state.ts'
import { artifactJson } from './write-artifact.ts'

/** A project as its files and its surroundings are at one moment. */
interface Moment {
  readonly texts: Readonly<Record<string, string>>
  readonly project: Partial<Project>
}

const TARGET = memoryProject().target

const BASE: Moment = {
  texts: {
    'models/stg.sql':
      "select {{ cents('amount') }} from {{ ref('raw') }} where day > '{{ var('from') }}'",
    'models/mart/fct.sql':
      "{{ config(alias='facts') }}\nselect * from {{ ref('stg') }} {{ region() }}",
    'models/switch.sql':
      "{{ config(materialized='table' if target.name == 'prod' else 'view') }} select 1 as id",
    'models/plain.sql': "select 1 as id, '{{ target.schema }}' as made_in",
    'seeds/raw.csv': 'id,amount\n1,2\n',
    'snapshots/two.sql':
      "{% snapshot one %}{{ config(strategy='events', unique_key='id', updated_at='at', check_cols=['id']) }} select 1 as id, now() as at {% endsnapshot %}\n{% snapshot other %}{{ config(strategy='events', unique_key='id', updated_at='at', check_cols=['id']) }} select 2 as id, now() as at {% endsnapshot %}",
    'macros/money.sql':
      '{% macro cents(x) %}{{ scaled(x) }}{% endmacro %}{% macro scaled(x) %}{{ x }} * 100{% endmacro %}',
    'macros/region.sql':
      "{% macro region() %}where region = '{{ env_var('REGION') }}'{% endmacro %}",
    'macros/unused.sql': '{% macro unused() %}nothing{% endmacro %}',
    'models/schema.yml': `models:
  - name: plain
    description: One row.
    config: {tags: [a]}
    columns: [{name: id, data_tests: [{accepted_values: {arguments: {values: [1]}}}]}]
`,
  },
  project: {
    vars: { from: 'monday', idle: 1 },
    env: new Map([
      ['REGION', 'north'],
      ['IDLE', 'x'],
    ]),
    envAllowed: new Set(['REGION', 'IDLE']),
  },
}

/** A change of the project, and the nodes that it makes another. `id` of tests is shortened to their names. */
interface Edit {
  readonly what: string
  readonly apply: (moment: Moment) => Moment
  readonly modified: readonly string[]
}

const text =
  (file: string, from: string, to: string) =>
  ({ texts, project }: Moment): Moment => {
    const before = texts[file] ?? ''
    if (!before.includes(from)) throw new Error(`${file} has no ${from}`)
    return { texts: { ...texts, [file]: before.replaceAll(from, to) }, project }
  }

const project =
  (changes: Partial<Project>) =>
  (moment: Moment): Moment => ({ ...moment, project: { ...moment.project, ...changes } })

const REAL: readonly Edit[] = [
  { what: 'SQL', apply: text('models/plain.sql', 'select 1', 'select 2'), modified: ['plain'] },
  { what: 'a seed row', apply: text('seeds/raw.csv', '1,2', '1,3'), modified: ['raw'] },
  {
    what: 'a macro that is called by a macro',
    apply: text('macros/money.sql', '* 100', '* 1000'),
    modified: ['stg'],
  },
  {
    what: 'one of two snapshots',
    apply: text('snapshots/two.sql', '2 as id', '3 as id'),
    modified: ['other'],
  },
  {
    what: 'a variable that is read',
    apply: (moment) => project({ vars: { ...moment.project.vars, from: 'tuesday' } })(moment),
    modified: ['stg'],
  },
  {
    what: 'an environment variable that a macro reads',
    apply: (moment) =>
      project({ env: new Map([...(moment.project.env ?? []), ['REGION', 'south']]) })(moment),
    modified: ['fct'],
  },
  {
    what: 'the arguments of a test',
    apply: text('models/schema.yml', 'values: [1]', 'values: [1, 2]'),
    // A test with other arguments is another test: it has another id.
    modified: ['accepted_values_plain_id'],
  },
  {
    what: 'folder configuration that decides a table',
    apply: project({
      resourceConfig: {
        ...memoryProject().resourceConfig,
        models: configTree(
          {},
          { shop: configTree({}, { mart: configTree({ materialized: 'table' }) }) },
        ),
      },
    }),
    modified: ['fct'],
  },
]

const NOISE: readonly Edit[] = [
  {
    what: 'another target',
    apply: project({ target: { ...TARGET, name: 'prod', schema: 'prod' } }),
    modified: [],
  },
  {
    what: 'an environment variable that nothing reads',
    apply: (moment) =>
      project({ env: new Map([...(moment.project.env ?? []), ['IDLE', 'y']]) })(moment),
    modified: [],
  },
  {
    what: 'a variable that nothing reads',
    apply: (moment) => project({ vars: { ...moment.project.vars, idle: 2 } })(moment),
    modified: [],
  },
  {
    what: 'a macro that nothing calls',
    apply: text('macros/unused.sql', 'nothing', 'more'),
    modified: [],
  },
  { what: 'a description', apply: text('models/schema.yml', 'One row.', 'A row.'), modified: [] },
  { what: 'a tag', apply: text('models/schema.yml', 'tags: [a]', 'tags: [a, b]'), modified: [] },
  { what: 'line ends', apply: text('models/mart/fct.sql', '\n', '\r\n'), modified: [] },
  {
    what: 'a file in another folder',
    apply: ({ texts, project: of }) => {
      const { 'models/plain.sql': moved = '', ...rest } = texts
      return { texts: { ...rest, 'models/deep/er/plain.sql': moved }, project: of }
    },
    modified: [],
  },
  { what: 'more threads', apply: project({ threads: 9 }), modified: [] },
]

function stateSince(before: Moment, now: Moment): { state: ReadEarlierState; modified: string[] } {
  const then = parseTexts(before.texts, before.project)
  const at = new Date('2026-01-02T03:04:05Z')
  const artifact = manifestArtifact({
    ...then,
    project: memoryProject(before.project),
    invocation: { id: 'x', startedAt: at, version: '1' },
    now: at,
  })
  const written = [...artifactJson(artifact)].join('')
  const { manifest, templates } = parseTexts(now.texts, now.project)
  const state = readEarlierState({
    folder: 'earlier',
    read: (file) => (file === 'manifest.json' ? written : undefined),
    readCurrent: () => undefined,
    project: memoryProject(now.project),
    manifest,
    templates,
  })
  const { nodes } = selectNodes({
    select: ['state:modified'],
    manifest,
    graph: buildGraph(manifest),
    indirect: 'empty',
    state,
  })
  return {
    state,
    modified: [...nodes].map((id) => (id.split('.')[2] ?? '').replace(/__1__2$|__1$/, '')).sort(),
  }
}

describe('state:modified', () => {
  test.each(REAL.map((edit) => [edit.what, edit] as const))(
    '%s makes its node another',
    (_what, edit) => {
      expect(stateSince(BASE, edit.apply(BASE)).modified).toEqual(edit.modified)
    },
  )

  test.each(NOISE.map((edit) => [edit.what, edit] as const))(
    '%s makes no node another',
    (_what, edit) => {
      expect(stateSince(BASE, edit.apply(BASE)).modified).toEqual([])
    },
  )

  test('whatever is edited together, exactly the nodes of the edits are modified', () => {
    fc.assert(
      fc.property(fc.subarray([...REAL, ...NOISE]), (edits) => {
        const now = edits.reduce((moment, edit) => edit.apply(moment), BASE)
        const expected = new Set(edits.flatMap((edit) => edit.modified))
        expect(stateSince(BASE, now).modified).toEqual([...expected].sort())
      }),
      { numRuns: 40 },
    )
  })
})

describe('the parts of a change', () => {
  const changesOf = (edit: (moment: Moment) => Moment, name: string): string[] => {
    const now = edit(BASE)
    const { state } = stateSince(BASE, now)
    const node = [...parseTexts(now.texts, now.project).manifest.nodes.values()].find(
      (found) => found.name === name,
    )
    if (node === undefined) throw new Error(`no node ${name}`)
    return [...(state.changesOf(node) ?? ['new'])].sort()
  }

  test.each([
    ['body', text('models/plain.sql', '1', '2'), 'plain', ['body']],
    ['body', text('seeds/raw.csv', '1,2', '1,3'), 'raw', ['body']],
    ['macros', text('macros/money.sql', '100', '10'), 'stg', ['macros']],
    ['values', project({ vars: { from: 'x' } }), 'stg', ['values']],
    ['relation', text('models/mart/fct.sql', 'facts', 'fact_table'), 'fct', ['body', 'relation']],
    [
      'configs',
      text('models/mart/fct.sql', "alias='facts'", "alias='facts', materialized='table'"),
      'fct',
      ['body', 'configs'],
    ],
  ] as const)('%s', (_part, edit, name, expected) => {
    expect(changesOf(edit, name)).toEqual(expected)
  })

  test('a macro that names schemas counts for everything that has one', () => {
    const naming = (schema: string) => ({
      ...BASE,
      texts: {
        ...BASE.texts,
        'macros/names.sql': `{% macro generate_schema_name(custom, node) %}${schema}{% endmacro %}`,
      },
    })
    expect(stateSince(naming('a'), naming('b')).modified).toEqual([
      'fct',
      'one',
      'other',
      'plain',
      'raw',
      'stg',
      'switch',
    ])
  })

  test('a node that was not there is new, and all but its macros are modified', () => {
    const now = { ...BASE, texts: { ...BASE.texts, 'models/late.sql': 'select 1' } }
    const { state } = stateSince(BASE, now)
    const { manifest } = parseTexts(now.texts, now.project)
    const select = (value: string): string[] => {
      const { nodes } = selectNodes({
        select: [`state:${value}`],
        manifest,
        graph: buildGraph(manifest),
        state,
      })
      return [...nodes]
    }
    expect(select('new')).toEqual(['model.shop.late'])
    expect(select('modified.body')).toEqual(['model.shop.late'])
    expect(select('modified.macros')).toEqual([])
    expect(select('old')).not.toContain('model.shop.late')
    expect(select('unmodified')).toEqual(select('old'))
  })
})

describe('artifacts that are not as they should be', () => {
  const stateOf = (
    files: Readonly<Record<string, string>>,
    current: Readonly<Record<string, string>> = {},
  ) => {
    const { manifest, templates } = parseTexts(BASE.texts, BASE.project)
    return readEarlierState({
      folder: 'earlier',
      read: (file) => files[file],
      readCurrent: (file) => current[file],
      project: memoryProject(BASE.project),
      manifest,
      templates,
    })
  }

  test.each([
    ['results', {}, 'there is no run_results.json in earlier'],
    ['results', { 'run_results.json': '{"re' }, 'run_results.json in earlier is no JSON'],
    ['fresherSources', { 'sources.json': '{}' }, 'there is no sources.json in target'],
  ] as const)('%s of %j is GM3011', (ask, files, message) => {
    expect(() => stateOf(files)[ask]()).toThrow(
      expect.objectContaining({ code: 'GM3011', message }),
    )
  })

  test('statuses and fresher sources are read from what dbt and gm write', () => {
    const sources = (...found: [string, string][]): string =>
      JSON.stringify({
        results: found.map(([unique_id, max_loaded_at]) => ({ unique_id, max_loaded_at })),
      })
    const state = stateOf(
      {
        'run_results.json': JSON.stringify({
          results: [
            { unique_id: 'model.shop.stg', status: 'error' },
            { unique_id: 'a', status: 'success', adapter_response: { _message: 'REUSED' } },
          ],
        }),
        'sources.json': sources(['a', '2026-01-01T00:00:00Z'], ['b', '2026-01-01T00:00:00+00:00']),
      },
      {
        'sources.json': sources(
          ['a', '2026-01-01T00:00:00.000Z'],
          ['b', '2026-01-01T00:00:01Z'],
          ['c', '2020-01-01T00:00:00Z'],
        ),
      },
    )
    expect([...state.results()]).toEqual([
      ['model.shop.stg', 'error'],
      ['a', 'reused'],
    ])
    expect([...state.fresherSources()]).toEqual(['b', 'c'])
  })
})
