import { describe } from 'vitest'
import { test } from './screen-fixture.ts'

const ONE_THREAD = 'name: shop\nthreads: 1\n'
const RAW_ORDERS = "select 1 as id, 'shipped' as status, 950 as amount\n"

/** Mistakes that are found before a database is asked; nothing runs and the exit code is 2. */
const CASES: readonly {
  readonly title: string
  readonly name: string
  readonly files: Readonly<Record<string, string>>
}[] = [
  {
    title: 'a block that is never closed is shown where it begins',
    name: 'unclosed-block',
    files: {
      'models/orders.sql': `select id
{% if var('with_amount', true) %}
  , amount
from {{ ref('raw_orders') }}
`,
    },
  },
  {
    title: 'a ref to no model names the nearest one',
    name: 'unknown-ref',
    files: { 'models/orders.sql': "select *\nfrom {{ ref('raw_order') }}\n" },
  },
  {
    title: 'a source that is not declared names the nearest one',
    name: 'unknown-source',
    files: {
      'models/sources.yml': 'sources:\n  - name: landing\n    tables:\n      - name: orders\n',
      'models/orders.sql': "select *\nfrom {{ source('landing', 'order') }}\n",
    },
  },
  {
    title: 'a macro that does not exist names the nearest one',
    name: 'unknown-macro',
    files: {
      'macros/money.sql': '{% macro to_money(column) %}{{ column }} / 100.0{% endmacro %}\n',
      'models/orders.sql':
        "select id, {{ to_mony('amount') }} as amount\nfrom {{ ref('raw_orders') }}\n",
    },
  },
  {
    title: 'a variable without a value and without a default says where to set one',
    name: 'unknown-variable',
    files: {
      'models/orders.sql':
        "select *\nfrom {{ ref('raw_orders') }}\nwhere amount > {{ var('least_amount') }}\n",
    },
  },
  {
    title:
      'changes that a join, a sum, a window or a subquery would lose are shown where that is, all at once',
    name: 'lost-changes',
    files: {
      'models/sources.yml': 'sources: [{name: raw, tables: [{name: orders}]}]\n',
      'models/joined.sql':
        "{{ config(materialized='incremental', unique_key='id') }}\nselect o.id, u.status\nfrom {{ changes(source('raw', 'orders')) }} as o\njoin {{ ref('raw_orders') }} as u using (id)\n",
      'models/summed.sql':
        "{{ config(materialized='incremental', unique_key='user_id') }}\nselect user_id, sum(amount) as revenue\nfrom {{ changes(source('raw', 'orders')) }} as o\ngroup by user_id\n",
      'models/ranked.sql':
        "{{ config(materialized='incremental', unique_key='id') }}\nselect id, rank() over (order by amount) as place\nfrom {{ changes(source('raw', 'orders')) }} as o\nwhere user_id in (select id from {{ ref('raw_orders') }})\n",
      'models/summed_again.sql':
        "{{ config(materialized='incremental', unique_key='user_id') }}\nselect user_id, sum(amount) as revenue\nfrom {{ ref('raw_orders') }}\nwhere id in (select id from {{ changes(source('raw', 'orders')) }} as o)\ngroup by user_id\n",
      'models/told.sql':
        "{{ config(materialized='incremental') }}\nselect count(*) as orders from {{ changes(source('raw', 'orders'), unchecked=true) }} as o\n",
    },
  },
  {
    title: 'changed_keys() of a source says that gm may not put triggers on it',
    name: 'keys-not-logged',
    files: {
      'models/sources.yml': 'sources: [{name: raw, tables: [{name: orders}]}]\n',
      'models/orders.sql':
        "{{ config(materialized='incremental', unique_key='id') }}\nselect id\nfrom {{ changed_keys(source('raw', 'orders'), 'id') }} as k\n",
    },
  },
  {
    title: 'a filter that does not exist names the nearest one',
    name: 'unknown-filter',
    files: { 'models/orders.sql': "select '{{ 'shop' | uper }}' as name\n" },
  },
  {
    title: 'a test that does not exist is found in a branch that is never taken',
    name: 'unknown-jinja-test',
    files: {
      'models/orders.sql':
        "select 1 as id\n{% if target.name == 'nowhere' %}\n  {{ 'x' if var('limits', []) is iterabel }}\n{% endif %}\n",
    },
  },
  {
    title: "dbt's materialization block is answered with what to write instead",
    name: 'materialization-block',
    files: {
      'macros/unlogged.sql':
        "{% materialization unlogged, adapter='postgres' %}\n{% endmaterialization %}\n",
    },
  },
  {
    title: 'a name that nothing defines is an error and not an empty text',
    name: 'undefined-name',
    files: {
      'models/orders.sql': "select *\nfrom {{ ref('raw_orders') }}\nlimit {{ most_rows }}\n",
    },
  },
  {
    title: 'models that need each other are shown as the path from one to itself',
    name: 'cycle',
    files: {
      'models/orders.sql': "select * from {{ ref('customers') }}\n",
      'models/customers.sql': "select * from {{ ref('segments') }}\n",
      'models/segments.sql': "select 1 as id\nunion all\nselect id from {{ ref('orders') }}\n",
    },
  },
  {
    title: 'an error that a macro raises is shown in the macro, with the model that called it',
    name: 'raised-by-macro',
    files: {
      'macros/check.sql':
        "{% macro positive(n) %}\n  {% if n <= 0 %}\n    {{ exceptions.raise_compiler_error('n is ' ~ n ~ ' and must be positive') }}\n  {% endif %}\n  {{ n }}\n{% endmacro %}\n",
      'models/orders.sql': "select *\nfrom {{ ref('raw_orders') }}\nlimit {{ positive(-1) }}\n",
    },
  },
  {
    title: 'mistakes in two files are both shown',
    name: 'two-errors',
    files: {
      'models/customers.sql': "select * from {{ ref('raw_customers') }}\n",
      'models/orders.sql': "select {% endif %} from {{ ref('raw_orders') }}\n",
    },
  },
]

describe('what a user sees of a mistake in a template', () => {
  for (const { title, name, files } of CASES) {
    test(title, async ({ project, screen }) => {
      const root = await project({
        'project.yml': ONE_THREAD,
        'models/raw_orders.sql': RAW_ORDERS,
        ...files,
      })
      await screen(name, { root, args: ['build'] })
    })
  }
})
