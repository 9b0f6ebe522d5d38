import { describe, expect, test } from 'vitest'
import type { GmError } from '../base/error.ts'
import { gmErrorsOf } from '../base/error.ts'
import { formatLocation } from '../base/location.ts'
import { readSelectors } from './read-selectors.ts'

const definitionOf = (definition: string): unknown =>
  readSelectors(`selectors:\n  - name: x\n    definition: ${definition}\n`, 'selectors.yml').get(
    'x',
  )?.definition

function mistakes(text: string): string[] {
  try {
    readSelectors(text, 'selectors.yml')
  } catch (thrown) {
    return (gmErrorsOf(thrown) ?? []).map(
      ({ at, code, message, hint }: GmError) =>
        `${at === undefined ? '' : formatLocation(at)} ${code} ${message}${hint === undefined ? '' : ` | ${hint}`}`,
    )
  }
  return []
}

describe('a definition', () => {
  test.each([
    ['a text', '"+tag:nightly"', { text: '+tag:nightly', method: 'tag', value: 'nightly' }],
    ['a method in short', '{tag: nightly}', { method: 'tag', value: 'nightly' }],
    [
      'a method in full',
      '{method: config.materialized, value: table, children: true, children_depth: 2, indirect_selection: empty}',
      {
        method: 'config',
        arguments: ['materialized'],
        value: 'table',
        childrenDepth: 2,
        parentsDepth: undefined,
        indirect: 'empty',
      },
    ],
    ['a value that is no text', '{config.full_refresh: true}', { value: 'true' }],
    [
      'parents without a depth',
      '{method: fqn, value: a, parents: true}',
      { parentsDepth: Number.POSITIVE_INFINITY },
    ],
  ])('may be %s', (_what, written, expected) => {
    expect(definitionOf(written)).toMatchObject(expected)
  })

  test('unions and intersections nest, and exclude takes away from the whole list', () => {
    expect(
      definitionOf('{union: [{intersection: [a, "tag:b"]}, {exclude: [c, d]}, e]}'),
    ).toMatchObject({
      op: 'difference',
      from: { op: 'union', of: [{ op: 'intersection' }, { value: 'e' }] },
      minus: { op: 'union', of: [{ value: 'c' }, { value: 'd' }] },
    })
    expect(definitionOf('{method: tag, value: a, exclude: [b]}')).toMatchObject({
      op: 'difference',
      from: { value: 'a' },
    })
  })
})

test('names, descriptions and the default are kept', () => {
  const found = readSelectors(
    'selectors:\n  - {name: a, description: All, default: true, definition: "*"}\n  - {name: b, definition: "selector:a"}',
    'selectors.yml',
  )
  expect([...found.keys()]).toEqual(['a', 'b'])
  expect(found.get('a')).toMatchObject({ description: 'All', isDefault: true, written: '*' })
  expect(readSelectors('', 'selectors.yml').size).toBe(0)
})

test.each([
  ['selector: []', 'selectors.yml:1:1 GM1002 unknown key "selector" | Did you mean "selectors"?'],
  [
    'selectors:\n  - {name: a, definition: {method: tag, valeu: x}}',
    'selectors.yml:2:41 GM1002 unknown key "valeu" | Did you mean "value"?',
  ],
  [
    'selectors:\n  - {name: a, definition: {method: tag}}',
    'selectors.yml:2:27 GM1003 a definition has a method and a value',
  ],
  [
    'selectors:\n  - {name: a, definition: "a+,"}\n  - {name: a}',
    'selectors.yml:3:5 GM1003 "a" needs a definition',
  ],
  [
    'selectors:\n  - {name: a, definition: "@x+"}',
    'selectors.yml:2:27 GM3002 "@x+" has both @ and a trailing + | Remove the +: @ takes the children along already.',
  ],
  [
    'selectors:\n  - {name: a, definition: "selector:b"}\n  - {name: b, definition: x}',
    'selectors.yml:2:27 GM3002 there is no selector "b" above this one | A selector refers to those that stand above it.',
  ],
  [
    'selectors:\n  - {name: a, definition: x}\n  - {name: a, definition: y}',
    'selectors.yml:3:12 GM2002 there are two selectors of the name "a"',
  ],
  [
    'selectors:\n  - {name: a, default: true, definition: x}\n  - {name: b, default: true, definition: y}',
    'selectors.yml:3:12 GM2002 "a" is the default selector already',
  ],
  [
    'selectors:\n  - {name: a, definition: {method: tag, value: x, indirect_selection: lazy}}',
    'selectors.yml:2:71 GM1003 indirect_selection is one of eager, cautious, buildable, empty',
  ],
])('%s is refused at its place', (text, expected) => {
  expect(mistakes(text)).toContain(expected)
})
