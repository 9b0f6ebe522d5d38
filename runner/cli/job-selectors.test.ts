import { expect, test } from 'vitest'
import { gmErrorsOf } from '../base/error.ts'
import { parseTexts } from '../testing/memory-project.ts'
import { jobSelectors } from './job-selectors.ts'

const { manifest } = parseTexts({
  'models/fact_sales.sql': 'select 1 as id',
  'models/facts.yml': 'models: [{name: fact_sales, columns: [{name: id, data_tests: [not_null]}]}]',
  'seeds/countries.csv': 'country\nNorway\n',
})
const GROUPS = { dimensions: '+tag:dimensions', facts: '+tag:facts seeds/x' }

function refusalOf(names: readonly string[], groups: Readonly<Record<string, string>>): string {
  try {
    jobSelectors(names, groups, manifest)
  } catch (error) {
    return (
      gmErrorsOf(error)
        ?.map((one) => `${String(one)} ${one.hint ?? ''}`)
        .join('\n') ?? ''
    )
  }
  return 'no error'
}

test('a group of project.yml stands for its selector, as it is written there', () => {
  expect(jobSelectors(['facts'], GROUPS, manifest)).toEqual(['+tag:facts seeds/x'])
})

test('a single model or seed is a job together with what it needs', () => {
  expect(jobSelectors(['fact_sales', 'countries'], GROUPS, manifest)).toEqual([
    '+fact_sales',
    '+countries',
  ])
})

test('several jobs keep their order, and a group wins over a node of the same name', () => {
  const groups = { fact_sales: 'tag:sales' }
  expect(jobSelectors(['countries', 'fact_sales'], groups, manifest)).toEqual([
    '+countries',
    'tag:sales',
  ])
})

test('a misspelt job is refused with the nearest name and the list, and all such names at once', () => {
  expect(refusalOf(['dimension', 'fact_sale', 'zzz'], GROUPS).split('\n')).toEqual([
    'GM1010  there is no job dimension Did you mean "dimensions"? There are dimensions, facts, and the name of every model, snapshot and seed.',
    'GM1010  there is no job fact_sale Did you mean "fact_sales"? There are dimensions, facts, and the name of every model, snapshot and seed.',
    'GM1010  there is no job zzz There are dimensions, facts, and the name of every model, snapshot and seed.',
  ])
})

test('a test is no job, nor is a word that every object has', () => {
  expect(refusalOf(['not_null_fact_sales_id'], GROUPS)).toContain('there is no job')
  expect(refusalOf(['constructor'], GROUPS)).toContain('there is no job constructor')
})

test('where project.yml has no jobs, the refusal says what a job is then', () => {
  expect(refusalOf(['all'], {})).toContain('project.yml has no jobs')
})
