import { expect, test } from 'vitest'
import { formatLocation } from '../base/location.ts'
import fc from '../testing/fast-check.ts'
import { createTemplates } from './create-templates.ts'
import jinja from './jinja-cases.json' with { type: 'json' }
import { lineMap } from './line-map.ts'
import type { MacroFile, Rendered } from './template.ts'

const MACROS: MacroFile[] = [
  {
    package: 'shop',
    file: 'macros/m.sql',
    text: `{% macro cents(column) %}
  round({{ column }},
        2)
{%- endmacro %}
{% macro measured() %}{{ caller() | length }}{{ caller() | trim | replace('a', 'bb') }}{{ caller() }}{% endmacro %}
`,
  },
]
const templates = createTemplates(MACROS)
const scope = { values: { name: 'orders' }, functions: {} }

function render(text: string): Rendered {
  return templates.render({ file: 'models/a.sql', text }, scope)
}

/** Where the first occurrence of `needle` in the rendered text comes from. */
function origin(text: string, needle: string): string {
  const rendered = render(text)
  const offset = Array.from(rendered.text.slice(0, rendered.text.indexOf(needle))).length
  const at = rendered.lines.locate(offset)
  return at === undefined ? 'nowhere' : formatLocation(at)
}

test.each([
  ['select one,\n  two', 'two', 'models/a.sql:2:3'],
  ['select one,\n  two', 'ct', 'models/a.sql:1:5'],
  ['a {{ name }} b', 'ders', 'models/a.sql:1:6'],
  ['a {{ name }} b', ' b', 'models/a.sql:1:13'],
  ['é😀 {{ name }}\n  b', 'b', 'models/a.sql:2:3'],
  ['a\r\n  b\r\nc', 'c', 'models/a.sql:3:1'],
  ['{% if true -%}\n\n   x\n{%- endif %}', 'x', 'models/a.sql:3:4'],
  ['{# c\n#}\n  x', 'x', 'models/a.sql:3:3'],
  ["{% for i in ['p', 'q'] %}\n  {{ i }} x{{ i }}{% endfor %}", 'xq', 'models/a.sql:2:11'],
  ["a {{ cents('z') }}", 'round', 'macros/m.sql:2:3'],
  ["a {{ cents('z') }}", 'z', 'macros/m.sql:2:12'],
  ["a {{ cents('z') }}", '2)', 'macros/m.sql:3:9'],
  ["a {{ cents('z') | trim }} b", 'nd', 'macros/m.sql:2:6'],
  ["a {{ cents('z') | upper }} b", 'ROUND', 'models/a.sql:1:6'],
  ['{% set s %}\n  kept {{ name }}\n{% endset %}\n{{ s }}', 'kept', 'models/a.sql:2:3'],
  ['{% call measured() %} a q{% endcall %}', ' a q', 'models/a.sql:1:22'],
  ['{% raw %}\n {{ x }}{% endraw %}', '{{', 'models/a.sql:2:2'],
])('in %j the text %j comes from %s', (text, needle, expected) => {
  expect(origin(text, needle)).toBe(expected)
})

test('text that a macro measures or rewrites is the text without any map', () => {
  expect(render('{% call measured() %} a {% endcall %}').text).toBe('3bb a ')
})

test('an empty text has an empty map', () => {
  expect(render('').lines.locate(0)).toBeUndefined()
})

test('a map rebuilt from its stored segments gives the same places', () => {
  const { lines, text } = render("a {{ cents('z') }}\n  b")
  const again = lineMap(JSON.parse(JSON.stringify(lines.segments)) as typeof lines.segments)
  for (let i = 0; i <= text.length; i++) expect(again.locate(i)).toEqual(lines.locate(i))
})

const PIECES = [
  'a',
  ' ',
  '\n',
  '\r\n',
  '  b',
  '😀',
  '{{ name }}',
  '{{- name -}}',
  "{{ cents('z') }}",
  "{{ cents('z') | trim | indent }}",
  '{% if true -%} c {%- endif %}',
  '{% for i in [1, 2] %}\n d {{ i }}{% endfor %}',
  '{% set s %} e\n{% endset %}{{ s ~ s | length }}{{ s }}',
  '{% call measured() %} a\n f {% endcall %}',
  '{%- raw %} {{ g {% endraw -%}',
  '{#- h -#}',
  '{% filter upper %} i {{ name }} {% endfilter %}',
]

test('for any template the text is the same with and without the map, and every mark is true', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }), (pieces) => {
      const text = pieces.join('')
      const file = { file: 'models/a.sql', text }
      const mapped = templates.render(file, scope)
      expect(mapped.text).toBe(templates.render(file, scope, { lineMap: false }).text)
      const out = Array.from(mapped.text)
      for (const { offset, at, isText } of mapped.lines.segments) {
        if (isText !== true) continue
        const source = at.file === 'models/a.sql' ? text : (MACROS[0]?.text ?? '')
        const line = Array.from(source.split('\n')[at.line - 1] ?? '')
        expect(line[at.column - 1]).toBe(out[offset])
      }
    }),
  )
})

test('the map changes no byte of any case that is checked against Jinja2', () => {
  const { values, cases } = jinja
  for (const { template, expected } of cases) {
    if (expected === null) continue
    const file = { file: 'a.sql', text: template }
    expect(templates.render(file, { values, functions: {} }, { lineMap: false }).text).toBe(
      expected,
    )
  }
})
