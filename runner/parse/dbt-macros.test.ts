import { expect, test } from 'vitest'
import { compileInline } from '../compile/compile-node.ts'
import { memoryProject, parseTexts } from '../testing/memory-project.ts'

function render(text: string, macros = ''): string {
  const project = memoryProject()
  const { manifest, templates } = parseTexts({ 'macros/own.sql': macros }, project)
  const state = {
    isIncremental: false,
    vars: {},
    changes: () => '',
    changedKeys: () => '',
  }
  return compileInline(text, manifest, project, templates, state).sql
}

test.each([
  ["{{ dbt.date_trunc('month', 'd') }}", "date_trunc('month', d)"],
  ["{{ date_trunc('month', 'd') }}", "date_trunc('month', d)"],
  ["{{ dbt.dateadd('day', -3, 'd') }}", "d + ((interval '1 day') * (-3))"],
  ["{{ dbt.datediff('a', 'b', 'day') }}", '((b)::date - (a)::date)'],
  ["{{ dbt.safe_cast('x', dbt.type_string()) }}", 'cast(x as text)'],
  ["{{ dbt.concat(['a', 'b']) }}", 'a || b'],
  ["{{ dbt.hash('a') }}", 'md5(cast(a as text))'],
  ["{{ dbt.listagg('a', \"'; '\", 'order by b') }}", "string_agg(a, '; ' order by b)"],
  ["{{ dbt.split_part('a', \"'-'\", 2) }}", "split_part(a, '-', 2)"],
  ["{{ api.Column.translate_type('string') }}", 'text'],
  ['{{ fromjson(\'{"a": [1]}\').a[0] }}', '1'],
  ['{{ tojson({"b": 1, "a": [true]}, sort_keys=true) }}', '{"a": [true], "b": 1}'],
  ["{{ set([1, 2, 1]) | join('-') }} {{ fromyaml('a: 2').a }}", '1-2 2'],
  ["{% set c = cycler('x', 'y') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}", 'xyx'],
  ["{% set j = joiner('+') %}{% for i in [1, 2] %}{{ j() }}{{ i }}{% endfor %}", '1+2'],
  [
    "{{ var.has_var('zz') }} {{ flags.FULL_REFRESH }} {{ local_md5('a')[:6] }}",
    'False False 0cc175',
  ],
  ["{{ graph.nodes | length }} {{ run_started_at.strftime('%Y') | length }}", '0 4'],
])('%s is %s', (template, sql) => {
  expect(render(template)).toBe(sql)
})

test('a macro of the project overrides what dbt does on every database', () => {
  const own = '{% macro postgres__hash(field) %}sha256({{ field }}){% endmacro %}'
  expect(render("{{ dbt.hash('a') }}", own)).toBe('sha256(a)')
})

test('a macro called ref goes before the function, which it reaches through builtins', () => {
  const own = '{% macro source(s, t) %}{{ builtins.source(s, t) }} as x{% endmacro %}'
  const project = memoryProject()
  const yml = 'sources: [{name: s, tables: [{name: t}]}]'
  const { manifest, templates } = parseTexts({ 'macros/o.sql': own, 'models/s.yml': yml }, project)
  const state = { isIncremental: false, vars: {}, changes: () => '', changedKeys: () => '' }
  const text = "select 1 from {{ source('s', 't') }}"
  expect(compileInline(text, manifest, project, templates, state).sql).toBe(
    'select 1 from "s"."t" as x',
  )
})
