import { expect } from 'vitest'
import type { NodeConfig } from '../manifest/node.ts'
import type { PlainProject } from '../testing/plain-project.ts'
import { plainProject } from '../testing/plain-project.ts'
import { test } from '../testing/run-fixture.ts'

const COLUMNS = `select a.attname as name, format_type(a.atttypid, a.atttypmod) as type
from pg_attribute a
where a.attrelid = 'shop.sales'::regclass and a.attnum > 0 and not a.attisdropped and a.attname <> '_gm_xid'
order by a.attnum`

/** An incremental model of the given query, and a view of gm's on it. */
function sales(
  query: string,
  mode: NonNullable<NodeConfig['on_schema_change']>,
  view = 'id',
): PlainProject {
  return plainProject({
    sales: {
      config: { materialized: 'incremental', unique_key: ['id'], on_schema_change: mode },
      sql: () => query,
    },
    listed: {
      config: { materialized: 'view' },
      inputs: ['sales'],
      sql: ({ ref }) => `select ${view} from ${ref('sales')}`,
    },
  })
}

const FIRST = `select 1 as id, 'mug' as name, 5::int as price`

test('a query that gains, loses and retypes columns is refused with all of them under on_schema_change: fail', async ({
  run,
  sql,
}) => {
  await run(sales(FIRST, 'fail'))
  const { steps } = await run(sales(`select 2 as id, 7::bigint as price, 'x' as brand`, 'fail'))
  expect(steps['sales']).toBe(
    'models/sales.sql:1:1  GM4012  the query gains "brand" text, loses "name", "price" becomes bigint (was integer)',
  )
  expect(await sql('select id, name, price from shop.sales')).toEqual([
    { id: 1, name: 'mug', price: 5 },
  ])
})

test('a gained column is appended and filled, and a lost one stays and is null in new rows, under append_new_columns', async ({
  run,
  sql,
}) => {
  await run(sales(FIRST, 'append_new_columns'))
  const changed = sales(`select 2 as id, 7 as price, 'x' as brand`, 'append_new_columns')
  expect((await run(changed)).steps).toEqual({
    sales: 'add rows: success +1 ~0',
    listed: 'create view: success',
  })
  expect(await sql('select id, name, price, brand from shop.sales order by id')).toEqual([
    { id: 1, name: 'mug', price: 5, brand: null },
    { id: 2, name: null, price: 7, brand: 'x' },
  ])
  expect((await run(changed)).steps['sales']).toBe('add rows: success +0 ~0')
})

test('columns that are lost or narrowed go only with --allow-destructive under sync_all_columns, and views on the table live on', async ({
  run,
  sql,
}) => {
  await run(sales(FIRST, 'sync_all_columns'))
  await sql(
    `create role reader_of_${process.pid}; grant select on shop.listed to reader_of_${process.pid}`,
  )
  try {
    const changed = sales(
      `select 2 as id, 7::numeric(6, 2) as price, 'x' as brand`,
      'sync_all_columns',
      'id, price',
    )
    const { steps } = await run(changed)
    expect(steps['sales']).toBe(
      'models/sales.sql:1:1  GM4012  the query loses "name", "price" becomes numeric(6,2) (was integer), which loses data',
    )
    // The view keeps reading the table's old columns until it is built anew itself.
    const allowed = await run(changed, { allowDestructive: true, select: ['sales'] })
    expect(allowed.steps).toEqual({ sales: 'add rows: success +1 ~0' })
    expect(await sql(COLUMNS)).toEqual([
      { name: 'id', type: 'integer' },
      { name: 'price', type: 'numeric(6,2)' },
      { name: 'brand', type: 'text' },
    ])
    expect(await sql('select id, price::text, brand from shop.sales order by id')).toEqual([
      { id: 1, price: '5.00', brand: null },
      { id: 2, price: '7.00', brand: 'x' },
    ])
    expect(await sql('select * from shop.listed order by id')).toEqual([{ id: 1 }, { id: 2 }])
    expect(
      await sql(
        `select has_table_privilege('reader_of_${process.pid}', 'shop.listed', 'select') as may`,
      ),
    ).toEqual([{ may: true }])
  } finally {
    await sql(`drop owned by reader_of_${process.pid}; drop role reader_of_${process.pid}`)
  }
})

test('a type that only gets wider follows without a flag', async ({ run, sql }) => {
  await run(sales(FIRST, 'sync_all_columns'))
  const { steps } = await run(
    sales(`select 2 as id, 'cup'::text as name, 3000000000::bigint as price`, 'sync_all_columns'),
  )
  expect(steps['sales']).toBe('add rows: success +1 ~0')
  expect(await sql('select price::text from shop.sales order by id')).toEqual([
    { price: '5' },
    { price: '3000000000' },
  ])
})

test('a gained column is left out, and a lost one is named with the way out, under the default ignore', async ({
  run,
  sql,
}) => {
  await run(sales(FIRST, 'ignore'))
  await run(sales(`select 2 as id, 'cup' as name, 6 as price, 'x' as brand`, 'ignore'))
  expect(await sql('select * from shop.listed order by id')).toEqual([{ id: 1 }, { id: 2 }])
  const { steps, result } = await run(sales(`select 3 as id, 6 as price`, 'ignore'))
  expect(steps['sales']).toBe(
    'models/sales.sql:1:1  GM4012  the query no longer gives "name", a column of "shop"."sales"',
  )
  expect(result.steps[0]?.error?.hint).toContain('on_schema_change')
})

test('a column of the configuration that the query does not give is told with the key that names it', async ({
  run,
}) => {
  const indexed: Partial<NodeConfig> = { materialized: 'table', indexes: [{ columns: ['sku'] }] }
  const keyed: Partial<NodeConfig> = { materialized: 'incremental', unique_key: ['sku'] }
  for (const [config, key] of [
    [indexed, 'indexes'],
    [keyed, 'unique_key'],
  ] as const) {
    const { steps, result } = await run(plainProject({ sales: { config, sql: () => FIRST } }))
    expect(steps['sales']).toBe(
      `models/sales.sql:1:1  GM3013  the query gives no column "sku", which ${key} names`,
    )
    expect(result.steps[0]?.error?.hint).toBe(`Correct ${key}, or have the query give the column.`)
  }
})
