import { expect, test } from 'vitest'
import { gmErrorsOf } from '../base/error.ts'
import { manifestArtifact } from '../docs/artifacts/manifest-artifact.ts'
import { artifactJson } from '../docs/artifacts/write-artifact.ts'
import type { Project } from '../project/project.ts'
import fc from '../testing/fast-check.ts'
import {
  configTree,
  memoryBytes,
  memoryFiles,
  memoryProject,
  parseTexts,
} from '../testing/memory-project.ts'
import type { ByteStore } from './byte-store.ts'
import { parseProject } from './parse-project.ts'
import type { TextStore } from './text-store.ts'

interface Store extends TextStore {
  readonly writes: string[]
}

function store(): Store {
  const writes: string[] = []
  return { writes, read: () => writes.at(-1), write: (text) => writes.push(text) }
}

type Texts = Record<string, string>

/** Where parsing keeps what it has found: by file, and as a whole. */
interface Stores {
  readonly cache: TextStore
  readonly kept: ByteStore
}

const AT = new Date('2026-01-02T03:04:05Z')

/** All that parsing gives: the manifest with its artifact's bytes, and what compiling makes of it; or the errors. */
function outcome(texts: Texts, given: Partial<Project>, stores?: Stores): unknown {
  try {
    const parsed = parseTexts(texts, given, stores?.cache, stores?.kept)
    const { manifest, templates, warnings } = parsed
    const artifact = manifestArtifact({
      project: memoryProject(given),
      manifest,
      templates,
      invocation: { id: 'one', startedAt: AT, version: 'test' },
      now: AT,
    })
    return {
      manifest,
      artifact: [...artifactJson(artifact)].join(''),
      macros: templates.macros,
      warnings: warnings.map((warning) => `${String(warning)} ${warning.hint ?? ''}`),
    }
  } catch (thrown) {
    const errors = gmErrorsOf(thrown)
    if (errors === undefined) throw thrown
    return errors.map((error) => `${String(error)} ${error.hint ?? ''}`)
  }
}

const ALLOWED: Partial<Project> = { envAllowed: new Set(['E']) }

const BASE: Texts = {
  'models/a.sql': "{{ config(tags=['x']) }} select {{ var('v', 1) }}, '{{ env_var('E', 'none') }}'",
  'models/b.sql':
    "select * from {{ ref('a') }}{% if is_incremental() %}, {{ ref('s') }}{% endif %}",
  'models/c.sql': 'select {{ pick() }}',
  'macros/m.sql': "{% macro pick() %}{{ ref('a') }}{% endmacro %}",
  'macros/t.sql': '{% test odd(model, column_name) %}select 1{% endtest %}',
  'seeds/s.csv': 'id,x\n1,2\n',
  'models/p.yml': 'models: [{name: a, columns: [{name: id, data_tests: [unique, odd]}]}]',
  'models/q.yml': `
groups: [{name: people, owner: {name: Ann}}]
sources: [{name: web, tables: [{name: hits, columns: [{name: id, data_tests: [not_null]}]}]}]
exposures: [{name: board, type: dashboard, owner: {name: Ann}, depends_on: ["ref('b')"]}]
models: [{name: c, description: "{{ doc('told') }}", config: {tags: "t{{ var('v', 1) }}", meta: {n: -0.5}}}]
unit_tests: [{name: adds, model: b, given: [{input: "ref('a')", rows: [{id: 1}]}], expect: {rows: [{id: 1}]}}]
`,
  'models/told.md': '{% docs told %}What c is.{% enddocs %}',
  'models/off.sql': '{{ config(enabled=false) }} select 1',
  'tests/none.sql': "select 1 from {{ ref('b') }} where false",
}

/** Each changes one thing; together they reach everything that a recording may depend on. */
const EDITS: readonly ((texts: Texts, project: Partial<Project>) => [Texts, Partial<Project>])[] = [
  (texts, project) => [{ ...texts, 'models/a.sql': 'select 1' }, project],
  (texts, project) => [{ ...texts, 'models/a.sql': '\n\nselect {{ ref("s") }}' }, project],
  (texts, project) => [{ ...texts, 'models/d.sql': "select {{ ref('b') }}" }, project],
  (texts, project) => {
    const left = Object.entries(texts).filter(([file]) => file !== 'models/c.sql')
    return [Object.fromEntries(left), project]
  },
  (texts, project) => [
    { ...texts, 'macros/m.sql': "{% macro pick() %}{{ ref('s') }}{% endmacro %}" },
    project,
  ],
  (texts, project) => [{ ...texts, 'macros/m.sql': '{% macro peck() %}{% endmacro %}' }, project],
  (texts, project) => [
    { ...texts, 'macros/n.sql': "{% macro var(x, y) %}{{ ref('s') }}{% endmacro %}" },
    project,
  ],
  (texts, project) => [
    {
      ...texts,
      'macros/t.sql': "{% test odd(model, column_name) %}select {{ ref('s') }}{% endtest %}",
    },
    project,
  ],
  (texts, project) => [{ ...texts, 'seeds/s.csv': 'id,x\nz,2\n' }, project],
  (texts, project) => [
    { ...texts, 'seeds/p.yml': 'seeds: [{name: s, config: {delimiter: "|"}}]' },
    project,
  ],
  (texts, project) => [
    { ...texts, 'models/p.yml': 'models: [{name: b, columns: [{name: id, data_tests: [odd]}]}]' },
    project,
  ],
  (texts, project) => [
    {
      ...texts,
      'models/a.sql': "select {{ ref('s') if var('v', 1) == 2 else ref('s') }}{{ var('w') }}",
    },
    project,
  ],
  (texts, project) => [
    {
      ...texts,
      'models/c.sql':
        "{% if var('v', 1) == 2 %}{{ ref('a') }}{% endif %}{% if env_var('E', '') == 'y' %}{{ ref('s') }}{% endif %}select 1",
    },
    project,
  ],
  (texts, project) => [texts, { ...project, vars: { v: 2 } }],
  (texts, project) => [texts, { ...project, vars: { v: 2, w: { deep: [1] } } }],
  (texts, project) => [texts, { ...project, envAllowed: new Set(['E']) }],
  (texts, project) => [
    texts,
    { ...project, envAllowed: new Set(['E']), env: new Map([['E', 'y']]) },
  ],
  (texts, project) => [texts, { ...project, name: 'other' }],
  (texts, project) => [texts, project],
  (texts, project) => [texts, project],
  (texts, project) => [
    { ...texts, 'models/told.md': '{% docs told %}Something else.{% enddocs %}' },
    project,
  ],
  (texts, project) => {
    const { 'models/q.yml': moved = '', ...others } = texts
    return [{ ...others, 'models/deep/q.yml': moved }, project]
  },
  (texts, project) => {
    const { 'models/b.sql': moved = '', ...others } = texts
    return [{ ...others, 'models/deep/b.sql': moved }, project]
  },
  (texts, project) => [
    {
      ...texts,
      'macros/n.sql':
        "{% macro generate_schema_name(custom, node) %}{{ var('v', 'x') }}{% endmacro %}",
    },
    project,
  ],
  (texts, project) => [
    texts,
    {
      ...project,
      resourceConfig: {
        ...memoryProject().resourceConfig,
        models: configTree({ tags: ['new'] }, { gone: configTree({ enabled: false }) }),
      },
    },
  ],
  (texts, project) => [
    texts,
    { ...project, target: { ...memoryProject().target, schema: 'elsewhere' } },
  ],
  (texts, project) => [texts, { ...project, isDbt: true, threads: 7 }],
  () => [BASE, {}],
]

// Three seconds of work: on a busy machine more than a test usually gets.
test('after any series of edits, parsing with the cache gives what parsing without it gives', {
  timeout: 60_000,
}, () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...EDITS), { maxLength: 12 }), (edits) => {
      const stores = { cache: store(), kept: memoryBytes() }
      let texts = BASE
      let project: Partial<Project> = { envAllowed: new Set(['E']) }
      expect(outcome(texts, project, stores)).toStrictEqual(outcome(texts, project))
      for (const edit of edits) {
        ;[texts, project] = edit(texts, project)
        expect(outcome(texts, project, stores)).toStrictEqual(outcome(texts, project))
      }
    }),
    { numRuns: 30 },
  )
})

test('the third parse of the same files reads no text, and gives what the first gave', () => {
  const stores = { cache: store(), kept: memoryBytes() }
  const first = outcome(BASE, ALLOWED, stores)
  expect(stores.kept.writes).toHaveLength(0)
  outcome(BASE, ALLOWED, stores)
  expect(stores.kept.writes).toHaveLength(1)
  const files = memoryFiles(BASE)
  const { manifest } = parseProject(memoryProject(ALLOWED), {
    files: {
      ...files,
      read: (file) => ({
        checksum: files.read(file).checksum,
        get text(): string {
          throw new Error(`${file} was read`)
        },
      }),
    },
    version: 'test',
    ...stores,
  })
  expect(first).toMatchObject({ manifest })
  expect(stores.kept.writes).toHaveLength(1)
})

test('what another version of gm has kept is not used', () => {
  const stores = { cache: store(), kept: memoryBytes() }
  for (const version of ['1', '1', '2', '2']) {
    parseProject(memoryProject(ALLOWED), { files: memoryFiles(BASE), version, ...stores })
  }
  expect(stores.kept.writes).toHaveLength(2)
})

test.each([0, 20, 200])(
  'a kept manifest that was cut off after %i bytes is as good as none',
  (length) => {
    const stores = { cache: store(), kept: memoryBytes() }
    outcome(BASE, ALLOWED, stores)
    outcome(BASE, ALLOWED, stores)
    stores.kept.writes.push((stores.kept.writes[0] ?? new Uint8Array()).subarray(0, length))
    expect(outcome(BASE, ALLOWED, stores)).toStrictEqual(outcome(BASE, ALLOWED))
  },
)

test('a second parse of the same files writes nothing', () => {
  const cache = store()
  const project = { envAllowed: new Set(['E']) }
  parseTexts(BASE, project, cache)
  parseTexts(BASE, project, cache)
  expect(cache.writes).toHaveLength(1)
})

test('a variable that a file does not read leaves the recording of that file valid', () => {
  const cache = store()
  const texts = { 'models/a.sql': "select {{ var('v') }}", 'models/b.sql': 'select 1' }
  parseTexts(texts, { vars: { v: 1 } }, cache)
  parseTexts(texts, { vars: { v: 1, w: 2 } }, cache)
  expect(cache.writes).toHaveLength(1)
  parseTexts(texts, { vars: { v: 2, w: 2 } }, cache)
  expect(cache.writes).toHaveLength(2)
})

test('a cache that was cut short is as good as none', () => {
  const cache = store()
  parseTexts({ 'models/a.sql': 'select 1' }, {}, cache)
  cache.writes.push((cache.writes[0] ?? '').slice(0, 40))
  expect(() => parseTexts({ 'models/a.sql': 'select 1' }, {}, cache)).not.toThrow()
})

test('values of variables and of the environment stand in the cache as hashes only', () => {
  const cache = store()
  parseTexts(
    { 'models/a.sql': "select {{ var('v') }} {{ env_var('E') }}" },
    { vars: { v: 'hush1' }, envAllowed: new Set(['E']), env: new Map([['E', 'hush2']]) },
    cache,
  )
  expect(cache.writes[0]).not.toContain('hush')
})
