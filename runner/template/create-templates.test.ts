import { describe, expect, test } from 'vitest'
import { createTemplates } from './create-templates.ts'
import type { Scope } from './template.ts'

const GM = {
  package: 'gm',
  file: 'gm:names',
  text: `{% macro generate_alias_name(custom=none, node=none) %}{{ return(custom or node.name) }}{% endmacro %}
{% macro shared() %}gm's{% endmacro %}
{% macro datediff(a, b) %}{{ adapter.dispatch('datediff', 'gm')(a, b) }}{% endmacro %}
{% macro default__datediff(a, b) %}{{ a }} - {{ b }}{% endmacro %}`,
}
const templates = createTemplates(
  [
    {
      package: 'shop',
      file: 'macros/shop.sql',
      text: `{% set greeting = 'hello' %}{% set loud | upper %}{{ greeting }}!{% endset %}
{% macro shared() %}the shop's{% endmacro %}
{% macro outer(x) %}{{ inner(x) }}{% endmacro %}
{% macro inner(x, y=2) %}{{ x }}{{ y }}{{ this }}{% endmacro %}
{% test positive(model, column_name) %}
select * from {{ model }} where {{ column_name }} <= 0
{% endtest %}
{% macro greet() %}{{ greeting }} {{ loud }}{% endmacro %}`,
    },
    {
      package: 'tools',
      file: 'dbt_packages/tools/macros/tools.sql',
      text: `{% macro inner() %}the tools'{% endmacro %}
{% macro both() %}{{ inner() }} {{ shop.inner(1) }} {{ shared() }}{% endmacro %}`,
    },
  ],
  {
    builtIns: {
      gm: { generate_alias_name: GM, shared: GM, datediff: GM, default__datediff: GM },
    },
  },
)
const scope: Scope = { values: { this: 'shop.orders' }, functions: {} }
const render = (text: string, own: Scope = scope): string =>
  templates.render({ file: 'models/a.sql', text }, own).text

describe('macros', () => {
  test('are listed with their package, place and parameters; a test block is named test_…', () => {
    expect(
      templates.macros.map((m) => [m.package, m.name, m.parameters.join(), m.at.line]),
    ).toEqual([
      ['shop', 'shared', '', 2],
      ['shop', 'outer', 'x', 3],
      ['shop', 'inner', 'x,y', 4],
      ['shop', 'test_positive', 'model,column_name', 5],
      ['shop', 'greet', '', 8],
      ['tools', 'inner', '', 1],
      ['tools', 'both', '', 2],
    ])
    expect(templates.findMacro('shop.inner')?.text).toBe(
      '{% macro inner(x, y=2) %}{{ x }}{{ y }}{{ this }}{% endmacro %}',
    )
  })

  test("shadow gm's own by name, which stay reachable through the package", () => {
    expect(render('{{ shared() }} {{ gm.shared() }} {{ shop.shared() }}')).toBe(
      "the shop's gm's the shop's",
    )
  })

  test('of a package need its name outside of it, and come first inside of it', () => {
    expect(render('{{ tools.inner() }} {{ inner(1) }}')).toBe("the tools' 12shop.orders")
    expect(render('{{ tools.both() }}')).toBe("the tools' 12shop.orders the shop's")
    expect(() => render('{{ both() }}')).toThrow(
      expect.objectContaining({ hint: 'Did you mean "tools.both"?' }),
    )
  })

  test('see what their file sets outside of macros', () => {
    expect(render('{{ greet() }}')).toBe('hello HELLO!')
  })

  test('see the scope of the model that calls them, through other macros too', () => {
    expect(render('{{ outer(1) }}')).toBe('12shop.orders')
  })

  test('called by gm give what they return, or their text', () => {
    const { value } = templates.callMacro('generate_alias_name', [], { node: { name: 'n' } }, scope)
    expect(value).toBe('n')
    const { text, lines } = templates.callMacro('test_positive', ['t'], { column_name: 'c' }, scope)
    expect(text).toBe('\nselect * from t where c <= 0\n')
    expect(lines.locate(1)).toEqual({ file: 'macros/shop.sql', line: 6, column: 1 })
    expect(() => templates.callMacro('shard', [], {}, scope)).toThrow('there is no macro "shard"')
  })

  test('can be handed to the template by a built-in, as adapter.dispatch does', () => {
    const dispatch: Scope = {
      values: {},
      functions: { pick: ({ args }) => templates.macroValue(String(args[0])) },
    }
    expect(render("{{ pick('default__datediff')(1, 2) }}", dispatch)).toBe('1 - 2')
  })

  test('used by a file are found through other macros and dispatch', () => {
    const used = (text: string): string[] =>
      templates.macrosUsedBy({ file: 'a.sql', text }).map((m) => `${m.package}.${m.name}`)
    expect(used('select 1')).toEqual([])
    expect(used('{% if false %}{{ outer(1) }}{% endif %}')).toEqual(['shop.inner', 'shop.outer'])
    expect(used('{{ gm.datediff(1, 2) }}')).toEqual(['gm.datediff', 'gm.default__datediff'])
    expect(templates.macrosUsedByMacro('outer').map((m) => m.name)).toEqual(['inner'])
  })
})

test('return() outside of a macro is an error at its place', () => {
  expect(() => render('a {{ return(1) }}')).toThrow('return() stands outside of a macro')
})

test('a built-in renders the body of a call block when it wants it', () => {
  const own: Scope = {
    values: {},
    functions: { statement: ({ caller, args }) => `${String(args[0])}: ${caller?.() ?? ''}` },
  }
  expect(render("{% call statement('s') %}select {{ 1 }}{% endcall %}", own)).toBe('s: select 1')
})

describe('snapshot blocks', () => {
  const text = `-- before
{% snapshot one %}
  {{ config(strategy='events') }}
  select 1{% endsnapshot %}
{%- snapshot two -%}
  select {{ zzz }}
{%- endsnapshot -%}
`
  const file = { file: 'snapshots/s.sql', text }

  test('are found with their names and places, and render one by one', () => {
    const blocks = templates.snapshotBlocks(file)
    expect(blocks.map((b) => [b.name, b.at.line])).toEqual([
      ['one', 2],
      ['two', 5],
    ])
    const own = { values: {}, functions: { config: () => undefined } }
    const [one, two] = blocks
    const rendered = one === undefined ? undefined : templates.render(one.file, own)
    expect(rendered?.text).toBe('\n  \n  select 1')
    expect(rendered?.lines.locate(6)).toEqual({ file: 'snapshots/s.sql', line: 4, column: 3 })
    expect(() => two && templates.render(two.file, own)).toThrow(
      expect.objectContaining({ at: { file: 'snapshots/s.sql', line: 6, column: 13 } }),
    )
  })

  test('do not render as a part of a model', () => {
    expect(() => render('{% snapshot s %}{% endsnapshot %}')).toThrow('a snapshot block stands')
  })
})
