import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { gmErrorsOf } from '../base/error.ts'
import fc from '../testing/fast-check.ts'
import { parseCarefully } from './careful-yaml.ts'
import type { Path } from './explain-issues.ts'
import { parseYaml } from './yaml-with-places.ts'

function errorsOf(text: string): string[] {
  try {
    parseYaml(text, 'a.yml')
  } catch (thrown) {
    return (gmErrorsOf(thrown) ?? []).map(String)
  }
  return []
}

describe('places', () => {
  const text = ['models:', '  - name: a', '    tags: ["é🙂", x]', '  - name: b'].join('\n')
  const { placeOf } = parseYaml(text, 'a.yml')

  test.each([
    ['a key', ['models'], 'key', 1, 1],
    ['an item of a list', ['models', 1], 'key', 4, 5],
    ['a key in an item', ['models', 0, 'tags'], 'key', 3, 5],
    ['the value of a key', ['models', 0, 'tags'], 'value', 3, 11],
    [
      'an item behind characters of several units, in code points',
      ['models', 0, 'tags', 1],
      'key',
      3,
      18,
    ],
    [
      'the nearest that exists, for a path that the file does not have',
      ['models', 1, 'columns'],
      'key',
      4,
      5,
    ],
  ] as const)('%s', (_what, path, part, line, column) => {
    expect(placeOf(path, part)).toEqual({ file: 'a.yml', line, column })
  })

  test('of a block of text are its sign, behind a key that holds one', () => {
    const yaml = parseYaml('"|#": |-  # note |\n  text\n', 'a.yml')
    expect(yaml.placeOf(['|#'], 'value')).toMatchObject({ line: 1, column: 7 })
  })

  test('behind an alias lead to where the anchor is', () => {
    const yaml = parseYaml('a: &x {k: 1}\nb: *x\n', 'a.yml')
    expect(yaml.placeOf(['b', 'k'], 'value')).toEqual({ file: 'a.yml', line: 1, column: 11 })
  })
})

describe('values', () => {
  test('are those of the YAML 1.2 core schema: yes and no are texts', () => {
    expect(parseYaml('[yes, no, true, 012, 0x10, ~, 1.5]', 'a.yml').value).toEqual([
      'yes',
      'no',
      true,
      12,
      16,
      null,
      1.5,
    ])
  })

  test('of anchors and merges are filled in', () => {
    const yaml = parseYaml('base: &b {x: 1, y: 2}\nuse: {<<: *b, y: 3}\n', 'a.yml')
    expect(yaml.value).toMatchObject({ use: { x: 1, y: 3 } })
  })

  test('under __proto__ are a key like any other', () => {
    const { value } = parseYaml('__proto__: {polluted: true}', 'a.yml')
    expect(Object.keys(value as object)).toEqual(['__proto__'])
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test('that were written out come back, whatever they are', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 3 }), (json) => {
        const value: unknown = JSON.parse(json)
        fc.pre(!json.includes('"<<"'))
        // Not toEqual: it tells 0 from -0, which JSON.parse can give.
        expect(JSON.stringify(parseYaml(stringify(value), 'a.yml').value)).toBe(
          JSON.stringify(value),
        )
      }),
    )
  })

  test('of an empty file are null', () => {
    expect(parseYaml('# nothing\n', 'a.yml').value).toBeNull()
  })
})

test('Both readers give the same values and places, however a file is written', () => {
  const at = (offset: number) => ({ file: 'a.yml', line: 1, column: offset + 1 })
  fc.assert(
    fc.property(
      fc.json({ maxDepth: 3 }),
      fc.constantFrom('PLAIN', 'QUOTE_SINGLE', 'QUOTE_DOUBLE', 'BLOCK_LITERAL'),
      fc.constantFrom<'any' | 'block' | 'flow'>('any', 'block', 'flow'),
      (json, defaultStringType, collectionStyle) => {
        fc.pre(!json.includes('"<<"'))
        // At the top of a file yaml counts the indentation of `|1` from 0 and js-yaml, as the specification does, from -1.
        const value = { top: JSON.parse(json) as unknown }
        const text = stringify(value, { defaultStringType, collectionStyle })
        const careful = parseCarefully(text, at)
        const fast = parseYaml(text, 'a.yml')
        expect(fast.value).toStrictEqual(careful.value)
        for (const path of pathsOf(careful.value)) {
          for (const part of ['key', 'value'] as const) {
            const { line, column } = fast.placeOf(path, part)
            const before = text.split('\n').slice(0, line - 1)
            const characters = Array.from(text.split('\n')[line - 1] ?? '').slice(0, column - 1)
            const offset =
              before.join('\n').length + (line === 1 ? 0 : 1) + characters.join('').length
            expect({ path, offset }).toEqual({
              path,
              offset: careful.placeOf(path, part).column - 1,
            })
          }
        }
      },
    ),
  )
})

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  const keys = Array.isArray(value) ? value.keys() : Object.keys(value)
  return [path, ...[...keys].flatMap((key) => pathsOf((value as never)[key], [...path, key]))]
}

describe('GM1004', () => {
  test('a key given twice, at the second', () => {
    expect(errorsOf('a: 1\nb: 2\na: 3\n')).toEqual(['a.yml:3:1  GM1004  map keys must be unique'])
  })

  test('a bracket that is never closed', () => {
    expect(errorsOf('a: [1, 2\n')[0]).toMatch(/^a\.yml:\d+:\d+ {2}GM1004 {2}flow sequence/)
  })

  test('an alias without its anchor', () => {
    expect(errorsOf('a: *nowhere\n')[0]).toMatch(/GM1004 {2}.*nowhere/)
  })

  test('aliases that unfold to billions of values', () => {
    const levels = Array.from({ length: 9 }, (_, i) => {
      const item = i === 0 ? '"lol"' : `*l${i - 1}`
      return `l${i}: &l${i} [${Array.from({ length: 9 }, () => item).join(', ')}]`
    })
    expect(errorsOf(levels.join('\n'))[0]).toMatch(/GM1004/)
  })
})
