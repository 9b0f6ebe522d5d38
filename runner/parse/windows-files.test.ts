import { describe, expect, test } from 'vitest'
import { codeFrame } from '../base/code-frame.ts'
import { gmErrorsOf } from '../base/error.ts'
import { checkNodeConfig } from '../manifest/config-schema.ts'
import { readEnvironment } from '../project/environment.ts'
import { loadProject } from '../project/load-project.ts'
import { parseTexts } from '../testing/memory-project.ts'
import { evaluateSetting } from './evaluate-setting.ts'
import { seedFields } from './seed-fields.ts'

const PROJECT = {
  'models/orders.sql':
    "{{ config(tags=['daily']) }}\n\nselect 1 as id\nfrom {{ ref('raw_orders') }}\n",
  'models/schema.yml':
    'models:\n  - name: orders\n    description: |\n      Two\n      lines.\n    columns:\n      - name: id\n        data_tests: [not_null]\n',
  'macros/m.sql': '{% macro twice(x) %}\n{{ x }} * 2\n{% endmacro %}\n',
  'models/docs.md': '{% docs about %}\nWords.\n{% enddocs %}\n',
  'seeds/raw_orders.csv': 'id,note\n1,"two\nlines"\n',
}

/** As editors on Windows save files. */
const WRITINGS: Readonly<Record<string, (text: string) => string>> = {
  'CR and LF': (text) => text.replaceAll('\n', '\r\n'),
  'a byte order mark': (text) => `\uFEFF${text}`,
  'a byte order mark, CR and LF': (text) => `\uFEFF${text.replaceAll('\n', '\r\n')}`,
}

const written = (texts: Readonly<Record<string, string>>, write: (text: string) => string) =>
  Object.fromEntries(Object.entries(texts).map(([file, text]) => [file, write(text)]))

/** What is wrong with a project, each with the lines that a person sees. */
function mistakes(texts: Readonly<Record<string, string>>): readonly string[] {
  try {
    parseTexts(texts)
    return []
  } catch (thrown) {
    return (gmErrorsOf(thrown) ?? []).map(
      (error) =>
        `${String(error)}\n${codeFrame(texts[error.at?.file ?? ''] ?? '', error.at ?? { line: 0, column: 0 })}`,
    )
  }
}

describe.each(Object.entries(WRITINGS))('files with %s', (_name, write) => {
  test('give the same nodes as files without', () => {
    const summary = (texts: Readonly<Record<string, string>>) =>
      [...parseTexts(texts).manifest.nodes.values()].map((node) => ({
        id: node.id,
        tags: node.config.tags,
        at: node.at,
        description: 'description' in node ? node.description.replaceAll('\r', '') : '',
        dependsOn: 'dependsOn' in node ? node.dependsOn : [],
      }))
    expect(summary(written(PROJECT, write))).toEqual(summary(PROJECT))
  })

  test.each([
    ['in the first line of a model', { 'models/a.sql': "select {{ reff('raw_orders') }}\n" }],
    ['in a later line of a model', { 'models/a.sql': "select 1\n\nfrom {{ ref('raw_order') }}\n" }],
    ['in YAML', { 'models/a.yml': 'models:\n  - name: orders\n    colums: []\n' }],
    ['in the first line of YAML', { 'models/a.yml': 'model: []\n' }],
    ['in a macro', { 'macros/a.sql': '{% macro a() %}\n{% if x %}\n{% endmacro %}\n' }],
  ])('show a mistake %s at the same place', (_where, broken) => {
    const plain = mistakes({ ...PROJECT, ...broken })
    expect(plain).toHaveLength(1)
    expect(mistakes(written({ ...PROJECT, ...broken }, write))).toEqual(plain)
  })

  test('give a seed the same fields, and a broken row of it the same place', () => {
    const csv = 'id,note\n1,"two\nlines"\n'
    expect(seedFields('s.csv', write(csv))).toEqual(seedFields('s.csv', csv))
    const place = (text: string): unknown => {
      try {
        seedFields('s.csv', text)
      } catch (error) {
        return gmErrorsOf(error)?.[0]?.at
      }
      return undefined
    }
    const broken = 'id,note\n1,"open\n2,b\n'
    expect(place(broken)).toBeDefined()
    expect(place(write(broken))).toEqual(place(broken))
  })

  test('set the same variables in .env', () => {
    const dotEnv = 'SHOP_REGION=north\n# more\nSHOP_CITY="x"\n'
    const set = (content: string) => {
      const env = readEnvironment({}, content)
      return env.names().map((name) => [name, env.get(name), env.placeOf(name)])
    }
    expect(set(write(dotEnv))).toEqual(set(dotEnv))
  })

  test('make the same project of project.yml, and show a mistake in it at the same place', () => {
    const told = (yml: string) => {
      try {
        const { name, threads } = loadProject({
          startDir: '/shop',
          env: {},
          flags: {},
          checkConfig: checkNodeConfig,
          evaluate: evaluateSetting,
          disk: {
            read: (path) => (path === '/shop/project.yml' ? yml : undefined),
            folders: () => [],
          },
        })
        return { name, threads }
      } catch (thrown) {
        return gmErrorsOf(thrown)?.map(String)
      }
    }
    for (const yml of ['name: shop\nthreads: 3\n', 'naem: shop\n', 'name: shop\n\nthreds: 3\n']) {
      expect(told(write(yml))).toEqual(told(yml))
    }
  })
})
