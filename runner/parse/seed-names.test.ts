import { expect, test } from 'vitest'
import type { Project } from '../project/project.ts'
import { parseTexts } from '../testing/memory-project.ts'

function columns(config: string, project: Partial<Project> = {}): string[] {
  const { manifest } = parseTexts(
    {
      'seeds/zips.csv': 'Zip,Place name\n01234,x\n',
      'seeds/zips.yml': `seeds: [{name: zips, config: {${config}}}]`,
    },
    project,
  )
  return [...manifest.nodes.values()].flatMap((node) =>
    node.kind === 'seed' ? node.fields.map(({ name, type }) => `${name} ${type}`) : [],
  )
}

test("the columns of a seed keep their case, unless quote_columns is false or the project is dbt's", () => {
  expect(columns('')).toEqual(['Zip text', 'Place name text'])
  expect(columns('quote_columns: false')).toEqual(['zip text', 'Place name text'])
  expect(columns('', { isDbt: true })).toEqual(['zip text', 'Place name text'])
  expect(columns('quote_columns: true', { isDbt: true })).toEqual(['Zip text', 'Place name text'])
})

test('column_types finds a column by its name in the header and by its name in the table', () => {
  for (const name of ['Zip', 'zip']) {
    expect(columns(`quote_columns: false, column_types: {${name}: char(5)}`)).toEqual([
      'zip char(5)',
      'Place name text',
    ])
  }
})
