import { describe, expect, test } from 'vitest'
import { GmError, GmErrors } from '../base/error.ts'
import { formatLocation } from '../base/location.ts'
import { createTemplates } from './create-templates.ts'
import type { Call, MacroFile, Scope } from './template.ts'

const MACROS: MacroFile[] = [
  {
    package: 'shop',
    file: 'macros/money.sql',
    text: `{% macro cents(column) %}
  round({{ column }} * 100)
{% endmacro %}
{% macro outer() %}
  {{ inner() }}
{% endmacro %}
{% macro inner() %}
  a, {{ missing }}
{% endmacro %}
{% macro uses_ref(name) %}é {{ ref(name) }}{% endmacro %}
{% macro wrap() %}({{ caller() }}){% endmacro %}
`,
  },
]

const calls: Call[] = []
const scope: Scope = {
  values: { target: { name: 'dev' } },
  functions: {
    ref: (call) => {
      calls.push(call)
      if (call.args[0] === 'nope') throw new GmError('GM2003', 'there is no model "nope"')
      return 't'
    },
  },
}

/** What is said of a name that is like no other. */
function undefinedHint(name: string): string {
  return `Give it a value with {% set ${name} = … %}; a variable of the project is read with var('${name}'), and a text is '${name}' in quotes.`
}

/** The error as a user reads it: place, code, message, callers, hint. */
function failure(text: string, macros: readonly MacroFile[] = MACROS): string {
  try {
    createTemplates(macros).render({ file: 'models/a.sql', text }, scope)
  } catch (error) {
    if (!(error instanceof GmError)) throw error
    const from = error.calledFrom.map((at) => `\n  from ${formatLocation(at)}`).join('')
    return `${String(error)}${from}${error.hint === undefined ? '' : `\n  ${error.hint}`}`
  }
  return 'no error'
}

describe('an error names the exact line and column', () => {
  test.each([
    [
      'select 1,\n  {{ amout }}',
      `models/a.sql:2:6  GM3004  "amout" is undefined\n  ${undefinedHint('amout')}`,
    ],
    [
      '{% set amount = 1 %}\n{{ amout }}',
      'models/a.sql:2:4  GM3004  "amout" is undefined\n  Did you mean "amount"?',
    ],
    [
      '\n {{ cent(1) }}',
      'models/a.sql:2:5  GM2005  there is no macro or function "cent"\n  Did you mean "cents"?',
    ],
    ['a {{ shop.cent(1) }}', 'models/a.sql:1:6  GM2005  there is no macro or function "shop.cent"'],
    [
      "é😀 {{ 'a' | uper }}",
      'models/a.sql:1:13  GM2005  there is no filter "uper"\n  Did you mean "upper"?',
    ],
    [
      "{% if false %}{{ 'a' | uper }}{% endif %}",
      'models/a.sql:1:24  GM2005  there is no filter "uper"\n  Did you mean "upper"?',
    ],
    [
      '{% macro never(x) %}{% if x is iterabel %}{% endif %}{% endmacro %}',
      'models/a.sql:1:32  GM2005  there is no test "iterabel"\n  Did you mean "iterable"?',
    ],
    [
      "{% if false %}{{ ', '.jion(x) }}{% endif %}",
      'models/a.sql:1:23  GM2005  a string has no method "jion"\n  Did you mean "join"?',
    ],
    ['{{ 1 is od }}', 'models/a.sql:1:9  GM2005  there is no test "od"\n  Did you mean "odd"?'],
    [
      '{{ target.nam }}',
      'models/a.sql:1:4  GM3004  target has no attribute "nam"\n  Did you mean "name"?',
    ],
    ["x\n{{ ref('nope') }}", 'models/a.sql:2:4  GM2003  there is no model "nope"'],
    ['{{ 1 + }}', 'models/a.sql:1:8  GM2001  expected an expression, found "}}"'],
    ['a\n{% if x %}\nb', 'models/a.sql:2:1  GM2001  {% if %} is never closed\n  Add {% endif %}.'],
    [
      '{% for a in b %}\n{% if x %}\n{% endfor %}',
      'models/a.sql:3:4  GM2001  {% endfor %} stands inside {% if %} of line 2\n  Close it first with {% endif %}.',
    ],
    [
      '{% endif %}',
      'models/a.sql:1:4  GM2001  {% endif %} closes nothing\n  Remove it, or write the tag that it should close before it.',
    ],
    ['a {{ b', 'models/a.sql:1:3  GM2001  "{{" is never closed\n  Add "}}".'],
    ['a {# b', 'models/a.sql:1:3  GM2001  the comment is never closed\n  Add "#}".'],
    ["{{ 'abc }}", "models/a.sql:1:4  GM2001  the string is never closed\n  Add ' at its end."],
    ['{{ a ? b }}', 'models/a.sql:1:6  GM2001  unexpected character "?"'],
    ['{{ a === b }}', 'models/a.sql:1:6  GM2001  "===" is not an operator\n  Write "==".'],
    ['{% fro a in b %}', 'models/a.sql:1:4  GM2001  there is no tag "fro"\n  Did you mean "for"?'],
    [
      "{% include 'a' %}",
      'models/a.sql:1:4  GM2010  gm has no tag "include"\n  Macros of all files are visible everywhere by name; write a macro.',
    ],
    ['{{ 0 ** -1 }}', 'models/a.sql:1:4  GM3008  division by zero'],
    ["{{ '\\U00110000' }}", 'models/a.sql:1:4  GM2001  there is no character \\U00110000'],
    [
      "{{ 'a' + 1 }}",
      'models/a.sql:1:4  GM3008  "+" cannot be applied to a string and an integer\n  Join texts with "~", which turns both sides into text.',
    ],
    [
      '{{ cents() }}',
      'macros/money.sql:2:12  GM3004  the argument "column" of cents() is not given\n  from models/a.sql:1:4',
    ],
    [
      'b\n {{ cents(colum=1) }}',
      'models/a.sql:2:5  GM2008  cents() has no argument "colum"\n  Did you mean "column"?',
    ],
    ['{{ cents(1, 2) }}', 'models/a.sql:1:4  GM2008  cents() takes at most 1 argument, 2 given'],
  ])('%s', (text, expected) => {
    expect(failure(text)).toBe(expected)
  })
})

describe('an error inside macros names the macro and the calls that led there', () => {
  test('two macros deep', () => {
    expect(failure('select\n  {{ outer() }}')).toBe(
      'macros/money.sql:8:9  GM3004  "missing" is undefined\n' +
        `  from macros/money.sql:5:6\n  from models/a.sql:2:6\n  ${undefinedHint('missing')}`,
    )
  })

  test('a built-in that a macro calls', () => {
    expect(failure("\n{{ uses_ref('nope') }}")).toBe(
      'macros/money.sql:10:32  GM2003  there is no model "nope"\n  from models/a.sql:2:4',
    )
  })

  test('the body of a call block stands in the calling file', () => {
    expect(failure('{% call wrap() %}\n {{ nothing }}{% endcall %}')).toBe(
      'models/a.sql:2:5  GM3004  "nothing" is undefined\n' +
        `  from macros/money.sql:11:23\n  from models/a.sql:1:9\n  ${undefinedHint('nothing')}`,
    )
  })

  test('an error behind a macro that returned early names the caller again', () => {
    const early = {
      package: 'shop',
      file: 'm.sql',
      text: '{% macro r() %}{{ return(1) }}{% endmacro %}',
    }
    expect(failure('{{ r() }}{{ zzz }}', [early])).toBe(
      `models/a.sql:1:13  GM3004  "zzz" is undefined\n  ${undefinedHint('zzz')}`,
    )
  })
})

test('a built-in learns where it is called, in the model and through a macro', () => {
  calls.length = 0
  createTemplates(MACROS).render(
    { file: 'models/a.sql', text: "select\n  {{ ref('a') }}, {{ uses_ref('b') }}" },
    scope,
  )
  expect(calls.map((c) => [formatLocation(c.at), c.calledFrom.map(formatLocation)])).toEqual([
    ['models/a.sql:2:6', []],
    ['macros/money.sql:10:32', ['models/a.sql:2:22']],
  ])
})

test('all macro files with errors are reported at once', () => {
  const broken = ['a', 'b'].map((name) => ({
    package: 'shop',
    file: `${name}.sql`,
    text: '{% macro %}',
  }))
  expect(() => createTemplates(broken)).toThrow(GmErrors)
  const twice = {
    package: 'shop',
    file: 'c.sql',
    text: '{% macro a() %}{% endmacro %}\n{% macro a() %}{% endmacro %}',
  }
  expect(() => createTemplates([twice])).toThrow('the macro "a" exists twice in shop')
})
