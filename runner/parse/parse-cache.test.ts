import fc from 'fast-check'
import { expect, test } from 'vitest'
import { gmErrorsOf } from '../base/error.ts'
import type { Project } from '../project/project.ts'
import { parseTexts } from '../testing/memory-project.ts'
import type { TextStore } from './text-store.ts'

interface Store extends TextStore {
  readonly writes: string[]
}

function store(): Store {
  const writes: string[] = []
  return { writes, read: () => writes.at(-1), write: (text) => writes.push(text) }
}

type Texts = Record<string, string>

/** All that parsing says, as text: the manifest, or the errors. */
function outcome(texts: Texts, project: Partial<Project>, cache?: TextStore): string {
  try {
    const { manifest, warnings } = parseTexts(texts, project, cache)
    return JSON.stringify([
      [...manifest.nodes.values()].map((node) => [node, [...node.columns]]),
      [...manifest.disabled.keys()],
      manifest.macros,
      warnings.map(String),
    ])
  } catch (thrown) {
    const errors = gmErrorsOf(thrown)
    if (errors === undefined) throw thrown
    return errors.map((error) => `${String(error)} ${error.hint ?? ''}`).join('\n')
  }
}

const BASE: Texts = {
  'models/a.sql': "{{ config(tags=['x']) }} select {{ var('v', 1) }}, '{{ env_var('E', 'none') }}'",
  'models/b.sql':
    "select * from {{ ref('a') }}{% if is_incremental() %}, {{ ref('s') }}{% endif %}",
  'models/c.sql': 'select {{ pick() }}',
  'macros/m.sql': "{% macro pick() %}{{ ref('a') }}{% endmacro %}",
  'macros/t.sql': '{% test odd(model, column_name) %}select 1{% endtest %}',
  'seeds/s.csv': 'id,x\n1,2\n',
  'models/p.yml': 'models: [{name: a, columns: [{name: id, data_tests: [unique, odd]}]}]',
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
  () => [BASE, {}],
]

// Three seconds of work: on a busy machine more than a test usually gets.
test('after any series of edits, parsing with the cache gives what parsing without it gives', {
  timeout: 60_000,
}, () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...EDITS), { maxLength: 12 }), (edits) => {
      const cache = store()
      let texts = BASE
      let project: Partial<Project> = { envAllowed: new Set(['E']) }
      expect(outcome(texts, project, cache)).toBe(outcome(texts, project))
      for (const edit of edits) {
        ;[texts, project] = edit(texts, project)
        expect(outcome(texts, project, cache)).toBe(outcome(texts, project))
      }
    }),
    { numRuns: 30 },
  )
})

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
