import { expect } from 'vitest'
import { databaseUrl, gm } from '../gm.ts'
import { test } from '../sql-fixture.ts'

const PIVOT = `{{ config(materialized='table') }}
{% set found = [] %}
{% if execute %}
{% set found = run_query('select distinct status from ' ~ ref('orders') ~ ' order by 1').columns[0].values() %}
{% endif %}
select count(*) as orders
  {%- for status in found %},
  count(*) filter (where status = '{{ status }}') as {{ status }}
  {%- endfor %}
from {{ ref('orders') }}
`
const NO_ROW_OF_LAST = `{% set last = run_query('select max(id) from ' ~ ref('orders')).rows[0][0] if execute else 0 %}
select * from {{ ref('orders') }} where id > {{ last }}
`

test('a template that asks about an input is answered after the input is built, in the first run and in each later one', async ({
  connection,
  project,
  sql,
}) => {
  const root = await project({
    'project.yml': 'name: shop\nvars: {last: sent}\n',
    'models/orders.sql': `{{ config(materialized='table') }}
select * from (values (1, 'placed'), (2, '{{ var("last") }}')) as t (id, status)`,
    'models/pivot.sql': PIVOT,
    'tests/no_row_of_last.sql': NO_ROW_OF_LAST,
  })
  const env = databaseUrl(connection)
  const first = await gm(root, ['build'], env)
  expect(first.stdout).toContain('PASS=3 WARN=0 ERROR=0 SKIP=0')
  const again = await gm(root, ['build'], env)
  expect(again.stdout).toContain('REUSED=')
  await gm(root, ['build', '--vars', '{last: returned}', '--publish', 'atomic'], env)
  expect(await sql('select orders::int, placed::int, returned::int from public.pivot')).toEqual([
    { orders: 2, placed: 1, returned: 1 },
  ])
})

test('what a template asks for and nobody built is an error of its node at the place of the question', async ({
  connection,
  project,
}) => {
  const root = await project({
    'project.yml': 'name: shop\n',
    'models/orders.sql': "{{ config(materialized='table') }}\nselect 1 as id",
    'models/asks.sql':
      "{% set rows = run_query('select * from nowhere') %}\nselect * from {{ ref('orders') }}",
  })
  const ended = await gm(root, ['build'], databaseUrl(connection), 1)
  expect(ended.stdout + ended.stderr).toContain(
    'models/asks.sql:1:15  GM4001  relation "nowhere" does not exist',
  )
})
