import { describe } from 'vitest'
import { test } from './screen-fixture.ts'

const PROJECT = {
  'project.yml': 'name: shop\nthreads: 1\n',
  'models/orders.sql': "select 1 as id, 950 as amount, 'paid' as status\n",
  'models/revenue.sql':
    "select status, sum(amount) as revenue\nfrom {{ ref('orders') }}\ngroup by status\n",
}

function unitTest(given: string, expected: string): string {
  return `unit_tests:
  - name: by_status
    model: revenue
    given:
${given}
    expect:
      rows:
${expected}
`
}

const ROWS = `      - input: ref('orders')
        rows:
          - {amount: 10, status: paid}
          - {amount: 2.5, status: paid}
          - {amount: 1, status: open}`

/** Mistakes in a unit test, and a model that does not do what its unit test says. */
const CASES: readonly { readonly title: string; readonly name: string; readonly yaml: string }[] = [
  {
    title:
      'a unit test that fails shows the rows that are missing beside those that are there instead',
    name: 'unit-test-fails',
    yaml: unitTest(
      ROWS,
      '        - {status: paid, revenue: 13}\n        - {status: open, revenue: 1}',
    ).replace('2.5', '2'),
  },
  {
    title: 'a value that its column cannot hold is shown where it is given',
    name: 'unit-test-value',
    yaml: unitTest(ROWS, '        - {status: paid, revenue: 13}'),
  },
  {
    title:
      'an input that the model reads and the unit test does not give is named, with what to add',
    name: 'unit-test-not-given',
    yaml: unitTest('', '        - {status: paid}').replace('given:\n\n', 'given: []\n'),
  },
  {
    title: 'a misspelt column of a given row names the nearest one',
    name: 'unit-test-column-given',
    yaml: unitTest(
      ROWS.replace('amount: 1,', 'amuont: 1,').replace('2.5', '2'),
      '        - {status: paid}',
    ),
  },
  {
    title: 'a misspelt column of an expected row is shown in the YAML',
    name: 'unit-test-column-expected',
    yaml: unitTest(ROWS.replace('2.5', '2'), '        - {status: paid, revenu: 12}'),
  },
  {
    title: 'a misspelt key, model and input of unit tests are all reported, and nothing runs',
    name: 'unit-test-misspelt',
    yaml: `${unitTest(ROWS, '        - {status: paid}').replace('revenue', 'revenu')}  - name: other
    model: revenue
    given:
      - input: ref('order')
        rows: []
    expect: {rows: []}
`,
  },
]

describe('what a user sees of a unit test', () => {
  for (const { title, name, yaml } of CASES) {
    test(title, async ({ project, screen }) => {
      const root = await project({ ...PROJECT, 'models/schema.yml': yaml })
      await screen(name, { root, args: ['test'] })
    })
  }
})
