import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { databaseUrl, gm } from '../gm.ts'
import { test } from '../sql-fixture.ts'

/** Nothing of it is built, and its source does not exist: types come from the YAML, the seed's file and the queries. */
const SHOP = {
  'project.yml': 'name: shop\nvars: {factor: 1}\nenv: [REGION]\n',
  'seeds/customers.csv': 'customer_id,customer_name\n1,Ada\n2,Bob\n',
  'models/stg_orders.sql':
    "select order_id, customer_id, amount::numeric(10,2) as amount, status from {{ source('raw', 'orders') }}",
  'models/paid.sql':
    "{{ config(materialized='ephemeral') }} select * from {{ ref('stg_orders') }} where status = 'paid'",
  'models/revenue.sql': `{{ config(materialized='table') }}
select c.customer_name, sum(o.amount) as revenue, count(*) as n
from {{ ref('paid') }} as o join {{ ref('customers') }} as c using (customer_id) group by 1`,
  'models/daily.sql': `{{ config(materialized='incremental', unique_key='order_id') }}
select order_id, amount * {{ var('factor') }} as amount, '{{ env_var('REGION', 'none') }}' as region, {{ tax() }} as tax
from {{ changes(ref('stg_orders')) }} as new_rows
{% if is_incremental() %} where order_id > (select coalesce(max(order_id), 0) from {{ this }}) {% endif %}`,
  'models/shapes.sql':
    "select id, tags, doc, code, doc ->> 'a' as a from {{ source('raw', 'shapes') }}",
  'models/reader.sql': "select * from {{ ref('revenue') }}",
  'macros/tax.sql': '{% macro tax() %}0.19{% endmacro %}',
  'tests/fixtures/two_orders.csv':
    'order_id,customer_id,amount,status\n1,1,10,paid\n2,1,"2.50",paid\n3,2,7,\n',
  'models/schema.yml': `sources:
  - name: raw
    tables:
      - name: orders
        columns:
          - {name: order_id, data_type: integer}
          - {name: customer_id, data_type: integer}
          - {name: amount, data_type: text}
          - {name: status, data_type: text}
      - name: shapes
        columns:
          - {name: id, data_type: integer}
          - {name: tags, data_type: 'text[]'}
          - {name: doc, data_type: json}
          - {name: code, data_type: character(4)}
unit_tests:
  - name: only_paid_orders_count
    description: Orders without a status are not paid.
    model: revenue
    config: {tags: nightly}
    given:
      - {input: ref('stg_orders'), format: csv, fixture: two_orders}
      - {input: ref('customers')}
    expect:
      rows: [{revenue: 12.5, customer_name: Ada}]
  - name: each_row_as_often
    model: stg_orders
    given:
      - input: source('raw', 'orders')
        rows: [{order_id: 1}, {order_id: 1}]
    expect:
      rows: [{order_id: 1, amount: null}, {order_id: 1}]
  - name: nothing_from_nothing
    model: stg_orders
    given: [{input: "source('raw', 'orders')", rows: []}]
    expect: {rows: []}
  - name: later_orders
    model: daily
    overrides: {macros: {is_incremental: true, tax: 0.5}, vars: {factor: 3}, env_vars: {REGION: north}}
    given:
      - {input: this, rows: [{order_id: 1}]}
      - input: ref('stg_orders')
        format: sql
        rows: select 1 as order_id, 1.5 as amount union all select 2, 2.5
    expect:
      format: csv
      rows: |
        order_id,amount,region,tax
        2,7.50,north,0.50
  - name: any_type
    model: shapes
    given:
      - input: source('raw', 'shapes')
        rows: [{id: 1, tags: [a, 'b "c"'], doc: {a: [1, 2]}, code: ab}]
    expect:
      rows: [{tags: [a, 'b "c"'], doc: {a: [1, 2]}, code: ab, a: '[1,2]'}]
`,
}

const FAILING = `unit_tests:
  - name: wrong
    model: revenue
    given:
      - input: ref('stg_orders')
        rows: [{customer_id: 1, amount: 12, status: paid}, {customer_id: 2, amount: 9, status: paid}]
      - {input: ref('customers')}
    expect:
      rows:
        - {customer_name: Ada, revenue: 10}
        - {customer_name: Cyd, revenue: null}
`

interface Results {
  readonly results: readonly { unique_id: string; status: string; failures: number | null }[]
}

function resultsIn(root: string): Readonly<Record<string, string>> {
  const text = readFileSync(join(root, 'target/run_results.json'), 'utf8')
  const { results } = JSON.parse(text) as Results
  return Object.fromEntries(results.map(({ unique_id, status }) => [unique_id, status]))
}

test('unit tests pass over rows of all forms in a database that holds none of their tables, and make none', async ({
  connection,
  project,
  sql,
}) => {
  const env = databaseUrl(connection)
  const root = await project(SHOP)
  const ran = await gm(root, ['test', '--select', 'test_type:unit'], env)
  expect(ran.stdout).toContain('Done. PASS=5 WARN=0 ERROR=0 SKIP=0 TOTAL=5')
  expect(ran.stdout).toContain('PASS  revenue::only_paid_orders_count')
  expect(resultsIn(root)).toMatchObject({
    'unit_test.shop.revenue.only_paid_orders_count': 'pass',
    'unit_test.shop.daily.later_orders': 'pass',
  })
  expect(await sql("select tablename from pg_tables where schemaname = 'public'")).toEqual([])

  // What passed stands while neither the model nor the given rows are others.
  const again = await gm(root, ['test', '--select', 'test_type:unit'], env)
  expect(again.stdout).toContain('REUSED=5')
  const other = SHOP['models/schema.yml'].replace('revenue: 12.5', 'revenue: 13')
  const changedRoot = await project({ ...SHOP, 'models/schema.yml': other })
  const changed = await gm(changedRoot, ['test', '--select', 'tag:nightly'], env, 1)
  expect(changed.stdout).toMatch(/- 13 +Ada\n +\+ 12\.50 +Ada +≠ revenue\n/)
})

test('a build runs a unit test when the inputs of its model are there, and a failing one holds back the model and what reads it', async ({
  connection,
  project,
  sql,
}) => {
  await sql(`create schema raw; create table raw.orders (order_id int, customer_id int, amount text, status text, _gm_xid xid8 not null default pg_current_xact_id());
    create table raw.shapes (id int, tags text[], doc json, code char(4));
    insert into raw.orders (order_id, customer_id, amount, status) values (1, 1, '10', 'paid')`)
  const env = databaseUrl(connection)
  const root = await project({ ...SHOP, 'models/failing.yml': FAILING })
  const built = await gm(root, ['build'], env, 1)
  expect(built.stdout).toContain('FAIL  4 rows revenue::wrong')
  expect(built.stdout).toContain('SKIP  public.revenue because of revenue::wrong')
  expect(built.stdout).toContain('SKIP  public.reader')
  expect(resultsIn(root)).toMatchObject({
    'unit_test.shop.revenue.wrong': 'fail',
    'unit_test.shop.revenue.only_paid_orders_count': 'pass',
    'model.shop.daily': 'success',
    'model.shop.revenue': 'skipped',
    'model.shop.reader': 'skipped',
  })
  expect(await sql("select to_regclass('revenue') as revenue")).toEqual([{ revenue: null }])

  // A run has no tests at all.
  await gm(root, ['run'], env)
  expect(resultsIn(root)).not.toHaveProperty('unit_test.shop.revenue.wrong')
  expect(await sql('select * from reader')).toMatchObject([{ customer_name: 'Ada' }])
})
