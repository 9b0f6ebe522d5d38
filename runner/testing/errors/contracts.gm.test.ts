import { describe } from 'vitest'
import { test } from './screen-fixture.ts'

/** Contracts that gm cannot keep, and queries that do not keep them. */
const CASES: readonly {
  readonly title: string
  readonly name: string
  readonly files: Readonly<Record<string, string>>
}[] = [
  {
    title:
      'columns that differ from the contract are listed with their types, at the first of them',
    name: 'contract-columns',
    files: {
      'models/orders.sql':
        "{{ config(materialized='table') }}\nselect 1 as id, 9.5 as amount, 'x' as note\n",
      'models/schema.yml': `models:
  - name: orders
    config: {contract: {enforced: true}}
    columns:
      - {name: id, data_type: integer}
      - {name: amount, data_type: integer}
      - {name: status, data_type: text}
`,
    },
  },
  {
    title: 'a row that breaks a constraint of the contract fails the model',
    name: 'contract-constraint',
    files: {
      'models/orders.sql':
        "{{ config(materialized='table') }}\nselect * from (values (1, 10), (2, -5)) as v (id, amount)\n",
      'models/schema.yml': `models:
  - name: orders
    config: {contract: {enforced: true}}
    columns:
      - {name: id, data_type: integer}
      - name: amount
        data_type: integer
        constraints: [{type: check, expression: amount > 0}]
`,
    },
  },
  {
    title:
      'a contract that says too little, or what gm does not enforce, is refused in all its parts',
    name: 'contract-incomplete',
    files: {
      'models/orders.sql': "{{ config(materialized='incremental') }}\nselect 1 as id\n",
      'models/parts.sql': "{{ config(materialized='ephemeral') }}\nselect 1 as id\n",
      'models/lines.sql': 'select 1 as id, 1 as order_id\n',
      'models/schema.yml': `models:
  - name: orders
    config: {contract: {enforced: true}}
    columns: [{name: id}]
  - name: parts
    config: {contract: {enforced: true}}
    columns: [{name: id, data_type: integer}]
    constraints: [{type: check, columns: [idd], expression: id > 0}]
`,
    },
  },
  {
    title: 'a foreign key to a model is refused, with what to use',
    name: 'contract-foreign-key',
    files: {
      'models/orders.sql': "{{ config(materialized='table') }}\nselect 1 as id\n",
      'models/schema.yml': `models:
  - name: orders
    constraints:
      - {type: foreign_key, columns: [id], to: ref('customers'), to_columns: [id]}
      - {type: unique}
`,
    },
  },
]

describe('what a user sees of a contract', () => {
  for (const { title, name, files } of CASES) {
    test(title, async ({ project, screen }) => {
      const root = await project({ 'project.yml': 'name: shop\nthreads: 1\n', ...files })
      await screen(name, { root, args: ['run'] })
    })
  }
})
