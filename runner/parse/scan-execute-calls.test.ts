import { expect, test } from 'vitest'
import { scanExecuteCalls } from './scan-execute-calls.ts'

const found = (text: string) =>
  scanExecuteCalls('m.sql', text).map((call) => `${call.callee}(${call.args.join()})`)

test('a ref under {% if execute %} is found with its place', () => {
  const calls = scanExecuteCalls('m.sql', 'select\n{% if execute %}{{ ref("a") }}{% endif %}')
  expect(calls).toEqual([
    {
      callee: 'ref',
      args: ['a'],
      at: { file: 'm.sql', line: 2, column: 20 },
      insideChanges: false,
      isCertain: true,
    },
  ])
})

test('a call outside of every condition on execute is left to rendering', () => {
  expect(
    found(`{{ ref('a') }}{% if x %}{{ ref('b') }}{% endif %}{% if execute %}{% endif %}`),
  ).toEqual([])
})

test('the else branch of a condition on execute counts', () => {
  expect(found(`{% if not execute %}{% else %}{{ source('s', 't') }}{% endif %}`)).toEqual([
    'source(s,t)',
  ])
})

test('a condition inside one expression counts', () => {
  expect(found(`{{ ref('a') if execute else ref('b') }}`)).toEqual(['ref(a)', 'ref(b)'])
})

test('a call that also depends on another condition is not certain', () => {
  const [call] = scanExecuteCalls(
    'm.sql',
    `{% if var('x') %}{% if execute %}{{ ref('a') }}{% endif %}{% endif %}`,
  )
  expect(call?.isCertain).toBe(false)
})

test.each([
  [`{# {% if execute %}{{ ref('a') }}{% endif %} #}`, 'a comment'],
  [`{% raw %}{% if execute %}{{ ref('a') }}{% endif %}{% endraw %}`, 'raw text'],
  [`{% if execute %}{{ "ref('a')" }}{% endif %}`, 'a string'],
  [`{% if execute %}{{ x.ref('a') }}{% endif %}`, 'a method of something else'],
  [`{% if execute %}{{ ref(name) }}{% endif %}`, 'a name that is not literal'],
])('%s: nothing is found in %s', (text) => {
  expect(found(text)).toEqual([])
})

test('changes(ref()) is told apart from ref()', () => {
  const [call] = scanExecuteCalls('m.sql', `{% if execute %}{{ changes(ref('a')) }}{% endif %}`)
  expect(call?.insideChanges).toBe(true)
})
