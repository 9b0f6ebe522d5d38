import { describe, expect, test } from 'vitest'
import { GmError } from '../base/error.ts'
import { createTemplates } from './create-templates.ts'
import type { Call, Scope } from './template.ts'
import { TemplateObject } from './template.ts'

class Connection {
  readonly password = 'secret'
}

const calls: Call[] = []
const scope: Scope = {
  values: {
    text: 'abc',
    list: [1, 2],
    dict: { a: 1 },
    target: new TemplateObject('target', { text: 'prod', values: { name: 'prod' } }),
  },
  functions: {
    ref: (call) => {
      calls.push(call)
      return 'a_table'
    },
  },
}
const templates = createTemplates([
  {
    package: 'shop',
    file: 'macros/m.sql',
    text: '{% macro mine(a) %}{{ a }}{{ caller is defined }}{% endmacro %}',
  },
])

function render(text: string): string {
  return templates.render({ file: 'models/a.sql', text }, scope).text
}

function codeOf(text: string): string {
  try {
    return `rendered: ${render(text)}`
  } catch (error) {
    if (error instanceof GmError) return error.code
    throw error
  }
}

const OWNERS = [
  "''",
  'text',
  'list',
  '[]',
  '{}',
  'dict',
  '(1, 2)',
  '1',
  '1.5',
  'true',
  'target',
  'ref',
  'range',
  'dict',
  'namespace()',
  'namespace',
  'mine',
  'shop',
  'return',
  'text.upper',
  'list.append',
  'dict.items',
  "mine('x')",
  'zip',
]
const MEMBERS = [
  'constructor',
  '__proto__',
  'prototype',
  '__defineGetter__',
  '__defineSetter__',
  '__lookupGetter__',
  'hasOwnProperty',
  'isPrototypeOf',
  'toString',
  'valueOf',
  'toJSON',
  'call',
  'apply',
  'bind',
  'arguments',
  'caller',
  'callee',
  'length_',
  'invoke',
  'functions',
  'values_',
  '__class__',
  '__globals__',
  '__init__',
  '__subclasses__',
  '__mro__',
  'func_globals',
  'normalize',
  'matchAll',
  'at',
  'flatMap',
  'reduce',
  'entries',
  'forEach',
  'then',
]

describe('no value has a member beyond its own', () => {
  test.each(MEMBERS)('%s', (member) => {
    for (const owner of OWNERS) {
      expect(render(`{{ (${owner}).${member} is defined }}`), `${owner}.${member}`).toBe('False')
      expect(render(`{{ (${owner})['${member}'] is defined }}`), `${owner}['${member}']`).toBe(
        'False',
      )
      expect(render(`{{ ${owner} | attr('${member}') is defined }}`), `${owner}|attr`).toBe('False')
      expect(codeOf(`{{ (${owner}).${member}() }}`), `${owner}.${member}()`).toMatch(
        /^GM(3004|2005)$/,
      )
    }
  })

  test('a loop, a caller and the arguments of a macro have none either', () => {
    for (const member of MEMBERS) {
      expect(render(`{% for i in [1] %}{{ loop.${member} is defined }}{% endfor %}`)).toBe('False')
      expect(
        render(
          `{% macro m() %}{{ caller.${member} is defined }}{{ kwargs.${member} is defined }}{{ varargs.${member} is defined }}{{ caller() }}{% endmacro %}{% call m() %}{% endcall %}`,
        ),
        member,
      ).toBe('FalseFalseFalse')
    }
  })
})

describe('names reach nothing of JavaScript, Node or nunjucks', () => {
  test.each([
    'process',
    'global',
    'globalThis',
    'window',
    'require',
    'module',
    'Object',
    'Function',
    'eval',
    'this',
    'self',
    'env',
    'context',
    'frame',
    'runtime',
    'cycler',
    'joiner',
    'lipsum',
    '__dirname',
    'constructor',
    '__proto__',
    'toString',
    'hasOwnProperty',
    '__keywords',
  ])('%s', (name) => {
    expect(render(`{{ ${name} is defined }}`)).toBe('False')
    expect(codeOf(`{{ ${name}() }}`)).toBe('GM2005')
    expect(codeOf(`{{ 'a' | ${name} }}`)).toMatch(/^GM2005$/)
    expect(codeOf(`{{ 'a' is ${name} }}`)).toMatch(/^GM2005$/)
  })
})

describe('the known ways out are closed', () => {
  test.each([
    ["{{ ''.constructor.constructor('return process.env')() }}", 'GM3004'],
    ["{{ ''['con' ~ 'structor']['constructor']('return 1')() }}", 'GM3004'],
    ["{{ range.constructor('return process')() }}", 'GM2005'],
    ["{{ [1, 2] | sort(attribute='constructor') }}", 'GM3004'],
    ["{{ [{}] | map(attribute='constructor.constructor') | list }}", 'GM3004'],
    ["{{ [{}] | map(attribute='__proto__') | first }}", 'GM3004'],
    ["{{ [{}] | groupby('constructor') }}", 'GM3004'],
    ["{{ [{}] | sum(attribute='constructor') }}", 'GM3004'],
    ["{{ [''] | selectattr('constructor') | list }}", 'GM3004'],
    ["{{ [''] | map('constructor') | list }}", 'GM2005'],
    ["{{ [''] | select('constructor') | list }}", 'GM2005'],
    ["{{ '{0.constructor}'.format('') }}", 'GM3005'],
    ["{{ '{0[constructor]}'.format('') }}", 'GM3005'],
    ["{{ '{a.__class__.__mro__}'.format(a=1) }}", 'GM3005'],
    ["{{ '%(constructor)s' % {} }}", 'GM3008'],
    ["{{ '%(__proto__)s' % {} }}", 'GM3008'],
    ['{{ r/a+/g.constructor }}', 'GM2001'],
    ["{% include '/etc/passwd' %}", 'GM2010'],
    ["{% import '/etc/passwd' as p %}", 'GM2010'],
    ["{% from '/etc/passwd' import p %}", 'GM2010'],
    ["{% extends '/etc/passwd' %}", 'GM2010'],
    ['{% block a %}{% endblock %}', 'GM2010'],
    ['{% asyncEach a in list %}{% endeach %}', 'GM2010'],
    ["{% set target.name = 'x' %}", 'GM3008'],
    ["{% set dict.__proto__ = 'x' %}", 'GM3008'],
    ["{{ ref({'__proto__': {'a': 1}}) }}", 'GM3005'],
    ["{{ ref(**{'__proto__': {'a': 1}}) }}", 'GM3005'],
    ['{{ ref }}', 'GM3008'],
    ['{{ mine }}', 'GM3008'],
    ['{{ namespace() }}', 'GM3008'],
    ['{{ shop }}', 'GM3008'],
    ['{% for i in [1] %}{{ loop }}{% endfor %}', 'GM3008'],
    ['{{ ref(namespace()) }}', 'GM3008'],
    ['{{ ref | tojson }}', 'GM3008'],
    ['{% for k in target %}{{ k }}{% endfor %}', 'GM3008'],
    ['{{ target | list }}', 'GM3008'],
    ['{{ target | items | list }}', 'GM3008'],
    ['{{ dict(target) }}', 'GM3008'],
  ])('%s', (text, code) => {
    expect(codeOf(text)).toBe(code)
  })

  test('a dict may hold dangerous keys, and they are data', () => {
    expect(
      render(
        "{% set d = {'__proto__': 1, 'constructor': 2} %}{{ d.__proto__ }}{{ d.constructor }}{{ {}.x is defined }}{{ d }}",
      ),
    ).toBe("12False{'__proto__': 1, 'constructor': 2}")
    expect(Object.hasOwn(Object.prototype, 'x')).toBe(false)
    expect(render('{% set ns = namespace() %}{% set ns.__proto__ = 5 %}{{ ns.__proto__ }}')).toBe(
      '5',
    )
  })

  test('what a template does to a value of the scope stays in that rendering', () => {
    const values = { list: [1], dict: { a: [1] } }
    const text =
      '{% do list.append(2) %}{% do dict.a.append(2) %}{% do dict.update(b=1) %}{{ list }}{{ dict }}'
    const own = { values, functions: {} }
    expect(templates.render({ file: 'a.sql', text }, own).text).toBe("[1, 2]{'a': [1, 2], 'b': 1}")
    expect(values).toEqual({ list: [1], dict: { a: [1] } })
  })

  test('built-ins get plain data, whatever the template wraps it in', () => {
    calls.length = 0
    render("{{ ref('a', (1, 2.0), x={'k': [none, true]}, y=mine('q')) }}")
    expect(calls[0]?.args).toEqual(['a', [1, 2]])
    expect(calls[0]?.kwargs).toEqual({ x: { k: [null, true] }, y: 'qFalse' })
  })

  test('an object that is no plain data cannot be put into a scope', () => {
    const leak = { values: { connection: new Connection() }, functions: {} }
    expect(() =>
      templates.render({ file: 'a.sql', text: '{{ connection.password }}' }, leak),
    ).toThrow(TypeError)
  })
})

describe('a template that takes too much is stopped with GM3006', () => {
  const small = createTemplates([], { maxChars: 100_000, maxSteps: 100_000, maxMs: 2_000 })
  test.each([
    '{{ range(1000000000) }}',
    '{% for i in range(1000) %}{% for j in range(1000) %}{% endfor %}{% endfor %}',
    "{{ 'a' * 1000000000 }}",
    "{{ 'a'.zfill(1000000000) }}",
    "{{ 'a' | center(1000000000) }}",
    "{{ 'a' | indent(1000000000, true) }}",
    "{{ '%1000000000s' % 'a' }}",
    "{{ '{:>1000000000}'.format('a') }}",
    "{{ ('a' * 1000).replace('a', 'b' * 1000) }}",
    "{{ ('a' * 1000) | replace('', 'b' * 1000) }}",
    "{{ (['b' * 1000] * 1000) | join('c' * 1000) }}",
    '{{ [0] * 1000000000 }}',
    '{{ [1, 2] | batch(1000000000, 0) }}',
    "{% set ns = namespace(s='aa') %}{% for i in range(100) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
    '{% set ns = namespace(l=[1]) %}{% for i in range(100) %}{% set ns.l = ns.l + ns.l %}{% endfor %}',
    "{% set l = [] %}{% for i in range(1000) %}{% do l.append('a' * 90000) %}{% endfor %}",
    '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}',
    '{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}',
    "{% for i in range(1000) %}{{ 'a' * 1000 }}{% endfor %}",
    '{% set l = [] %}{% do l.append(l) %}{{ l }}',
    '{% set l = [] %}{% set k = [] %}{% do l.append(l) %}{% do k.append(k) %}{{ l == k }}',
    '{% set l = [] %}{% do l.append(l) %}{{ l | tojson }}',
    `{{ ${'['.repeat(200)}${']'.repeat(200)} }}`,
  ])('%s', (text) => {
    expect(() => small.render({ file: 'a.sql', text }, scope)).toThrow(
      expect.objectContaining({ code: 'GM3006' }),
    )
  })

  test('time is bounded where steps are cheap but many', () => {
    const slow = createTemplates([], { maxMs: 20, maxSteps: Number.MAX_SAFE_INTEGER })
    const text = '{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}'
    expect(() => slow.render({ file: 'a.sql', text }, scope)).toThrow('took longer than 20 ms')
  })

  test('source text that is nested without end is a syntax error, not a crash', () => {
    for (const text of [`{{ ${'('.repeat(20_000)} }}`, `{{ ${'not '.repeat(20_000)}1 }}`]) {
      expect(codeOf(text)).toBe('GM2001')
    }
    expect(codeOf(`{{ 1${' + 1'.repeat(20_000)} }}`)).toBe('GM3006')
  })
})
