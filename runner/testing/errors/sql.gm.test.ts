import { describe } from 'vitest'
import { test } from './screen-fixture.ts'

const RAW_ORDERS = `{{ config(materialized='table') }}
select 1 as id, 'shipped' as status, 950 as amount
`

/** Mistakes in SQL, which the database finds: that model fails, what reads it is skipped, the exit code is 1. */
const CASES: readonly {
  readonly title: string
  readonly name: string
  readonly files: Readonly<Record<string, string>>
}[] = [
  {
    title: 'a syntax error in a model is shown in the model, and what reads it is skipped',
    name: 'sql-syntax',
    files: {
      'models/orders.sql': `select
  id,
  amount
from {{ ref('raw_orders') }}
wheer amount > 0
  and status = 'shipped'
`,
      'models/revenue.sql': "select sum(amount) as revenue from {{ ref('orders') }}\n",
    },
  },
  {
    title:
      'a syntax error in the SQL of a macro is shown in the macro, with the model that called it',
    name: 'sql-syntax-in-macro',
    files: {
      'macros/money.sql': `{% macro to_money(column) %}
  round({{ column }} / / 100.0, 2)
{% endmacro %}
`,
      'models/orders.sql': `select
  id,
  {{ to_money('amount') }} as amount
from {{ ref('raw_orders') }}
`,
    },
  },
  {
    title: 'an error behind the text of an ephemeral model is shown where it stands',
    name: 'sql-behind-ephemeral',
    files: {
      'models/shipped.sql': `{{ config(materialized='ephemeral') }}
select id, amount
from {{ ref('raw_orders') }}
where status = 'shipped'
`,
      'models/orders.sql': `with big as (
  select * from {{ ref('shipped') }} where amount > 100
)
select id, amout
from big
`,
    },
  },
  {
    title: 'an error inside an ephemeral model is shown there, with the model that reads it',
    name: 'sql-inside-ephemeral',
    files: {
      'models/shipped.sql': `{{ config(materialized='ephemeral') }}
select id, amount
from {{ ref('raw_orders') }}
where state = 'shipped'
`,
      'models/orders.sql': "select id, amount\nfrom {{ ref('shipped') }}\n",
    },
  },
  {
    title: 'a column that does not exist is shown with the one that PostgreSQL finds near',
    name: 'unknown-column',
    files: { 'models/orders.sql': "select id, amuont\nfrom {{ ref('raw_orders') }}\n" },
  },
  {
    title: 'a table that does not exist and stands in no source says how to declare it',
    name: 'unknown-table',
    files: { 'models/orders.sql': 'select *\nfrom landing.orders\n' },
  },
  {
    title: 'a function that does not exist is shown with the types it was called with',
    name: 'unknown-function',
    files: { 'models/orders.sql': "select to_cents(amount)\nfrom {{ ref('raw_orders') }}\n" },
  },
  {
    title: 'an error that only some row has names the model, because PostgreSQL knows no place',
    name: 'error-in-a-row',
    files: {
      'models/orders.sql':
        "{{ config(materialized='table') }}\nselect id, amount / (id - 1) as share\nfrom {{ ref('raw_orders') }}\n",
    },
  },
  {
    title: 'a column with the same name twice is shown in the model',
    name: 'column-twice',
    files: {
      'models/orders.sql': "select id, status as id\nfrom {{ ref('raw_orders') }}\n",
    },
  },
  {
    title: 'two statements in one model are refused',
    name: 'two-statements',
    files: {
      'models/orders.sql':
        "select id\nfrom {{ ref('raw_orders') }};\ndrop table public.raw_orders\n",
    },
  },
  {
    title: 'an error in the SQL of a singular test is shown in the test',
    name: 'sql-in-test',
    files: {
      'tests/no_refunds.sql': "select *\nfrom {{ ref('raw_orders') }}\nwhere amout < 0\n",
    },
  },
  {
    title: 'an error in the SQL of a generic test says for which column it was',
    name: 'sql-in-generic-test',
    files: {
      'models/schema.yml':
        'models:\n  - name: raw_orders\n    columns:\n      - name: customer\n        data_tests: [not_null]\n',
    },
  },
]

describe('what a user sees of a mistake in SQL', () => {
  for (const { title, name, files } of CASES) {
    test(title, async ({ project, screen }) => {
      const root = await project({
        'project.yml': 'name: shop\nthreads: 1\n',
        'models/raw_orders.sql': RAW_ORDERS,
        ...files,
      })
      await screen(name, { root, args: ['build'] })
    })
  }
})
