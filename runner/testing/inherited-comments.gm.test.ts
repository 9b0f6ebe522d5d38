import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { databaseUrl, gm } from './gm.ts'
import { test } from './sql-fixture.ts'

const describedAs = (id: string): string => `models:
  - name: orders
    columns:
      - name: id
        description: ${id}
      - {name: amount, description: In euros.}
  - name: copies
    columns:
      - {name: amount, description: Its own.}
`

const SHOP = {
  'project.yml': `name: shop
models:
  +materialized: table
`,
  'models/orders.sql': 'select 1 as id, 2 as amount, 3 as untold',
  'models/inlined.sql':
    "{{ config(materialized='ephemeral') }} select id, amount from {{ ref('orders') }}",
  'models/copies.sql': `{{ config(persist_docs={'columns': true}, docs={'inherit_columns': true}) }}
select id as order_id, amount, amount + 1 as more from {{ ref('inlined') }}`,
  'models/models.yml': describedAs('The number on the bill.'),
}

const COMMENTS = `select a.attname as column, col_description(a.attrelid, a.attnum) as comment
from pg_attribute a where a.attrelid = 'public.copies'::regclass and a.attnum > 0 order by a.attnum`

const BUILT = `select split_part(node_id, '.', 3) as name from gm.steps
where status = 'success' and run_id = (select run_id from gm.runs order by started_at desc limit 1) order by 1`

test('the comment of a column without a description is that of the column it is a plain copy of; when that changes, the copy is made again, and only then', async ({
  connection,
  sql,
  project,
}) => {
  const env = databaseUrl(connection)
  const root = await project(SHOP)
  const run = async (): Promise<readonly string[]> => {
    await gm(root, ['run'], env)
    return (await sql(BUILT)).map((row) => (row as { readonly name: string }).name)
  }
  const comments = (id: string) => [
    { column: 'order_id', comment: id },
    { column: 'amount', comment: 'Its own.' },
    { column: 'more', comment: null },
  ]
  expect(await run()).toEqual(['copies', 'orders'])
  expect(await sql(COMMENTS)).toEqual(comments('The number on the bill.'))
  // The second keeps what was compiled, the third takes it.
  expect(await run()).toEqual([])
  expect(await run()).toEqual([])
  writeFileSync(join(root, 'models/models.yml'), describedAs('Counted from 1.'))
  expect(await run()).toEqual(['copies'])
  expect(await sql(COMMENTS)).toEqual(comments('Counted from 1.'))
})
