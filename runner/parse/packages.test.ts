import { describe, expect, test } from 'vitest'
import { gmErrorsOf } from '../base/error.ts'
import type { Manifest } from '../manifest/node.ts'
import type { Package } from '../project/project.ts'
import { configTree, memoryProject, parseTexts } from '../testing/memory-project.ts'

const NOTHING = configTree({})

function tools(given: Partial<Package> = {}): Package {
  const folder = 'dbt_packages/tools'
  return {
    name: 'tools',
    version: '1',
    folder,
    paths: {
      models: [`${folder}/models`],
      snapshots: [],
      seeds: [`${folder}/seeds`],
      macros: [`${folder}/macros`],
      tests: [],
      analyses: [],
      docs: [],
    },
    vars: { size: 4 },
    restrictsAccess: false,
    resourceConfig: { ...memoryProject().resourceConfig, models: NOTHING },
    ...given,
  }
}

const FILES = {
  'models/own.sql': "select {{ var('size') }} from {{ ref('shared') }}",
  'dbt_packages/tools/models/shared.sql':
    "select {{ var('size') }} from {{ ref('tools', 'rates') }}",
  'dbt_packages/tools/models/tools.yml':
    'models: [{name: shared, columns: [{name: id, data_tests: [odd]}]}]',
  'dbt_packages/tools/macros/odd.sql':
    '{% test odd(model, column_name) %}select 1 from {{ model }}{% endtest %}',
  'dbt_packages/tools/seeds/rates.csv': 'a\n1\n',
}

function parse(
  files: Readonly<Record<string, string>> = FILES,
  given: Parameters<typeof parseTexts>[1] = {},
): Manifest {
  return parseTexts(files, { vars: { size: 1 }, packages: [tools()], ...given }).manifest
}

function errorsOf(work: () => unknown): string[] {
  try {
    work()
  } catch (thrown) {
    return (gmErrorsOf(thrown) ?? [String(thrown)]).map(String)
  }
  return []
}

describe('a package', () => {
  test('has its models, seeds and tests as nodes of its own name', () => {
    expect([...parse().nodes.keys()].map((id) => id.replace(/\.[0-9a-f]{10}$/, ''))).toEqual([
      'model.shop.own',
      'model.tools.shared',
      'seed.tools.rates',
      'test.tools.odd_shared_id',
    ])
    expect(parse().nodes.get('model.shop.own' as never)?.dependsOn).toEqual(['model.tools.shared'])
  })

  test('takes configuration from its own project file, and over it from the project', () => {
    const own = tools({
      resourceConfig: {
        ...memoryProject().resourceConfig,
        models: configTree({}, { tools: configTree({ materialized: 'table', alias: 'inner' }) }),
      },
    })
    const outer = configTree({}, { tools: configTree({ alias: 'outer' }) })
    const resourceConfig = { ...memoryProject().resourceConfig, models: outer }
    const manifest = parse(FILES, { packages: [own], resourceConfig })
    expect(manifest.nodes.get('model.tools.shared' as never)).toMatchObject({
      config: { materialized: 'table', alias: 'outer' },
      relation: { schema: 'public', identifier: 'outer' },
    })
  })

  test('may have a model of a name that the project has too, which the project reads first', () => {
    const manifest = parse({ ...FILES, 'models/shared.sql': "{{ config(alias='mine') }} select 1" })
    expect(manifest.nodes.get('model.shop.own' as never)?.dependsOn).toEqual(['model.shop.shared'])
  })

  test('keeps its generic tests behind its name for the project', () => {
    const yml = 'models: [{name: own, columns: [{name: id, data_tests: [odd, tools.odd]}]}]'
    expect(errorsOf(() => parse({ ...FILES, 'models/own.yml': yml }))).toEqual([
      'models/own.yml:1:56  GM2009  there is no test "odd"',
    ])
  })

  test('that restricts access keeps its protected models to itself', () => {
    expect(errorsOf(() => parse(FILES, { packages: [tools({ restrictsAccess: true })] }))).toEqual([
      'models/own.sql:1:34  GM2012  "own" may not refer to "shared", which is protected in the package "tools"',
    ])
  })
})
