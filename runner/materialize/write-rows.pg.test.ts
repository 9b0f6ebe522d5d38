import { expect } from 'vitest'
import type { NodeConfig } from '../manifest/node.ts'
import type { PlainProject } from '../testing/plain-project.ts'
import { plainProject } from '../testing/plain-project.ts'
import { test } from '../testing/run-fixture.ts'

function stock(rows: string, config: Partial<NodeConfig>): PlainProject {
  return plainProject({
    stock: {
      config: { materialized: 'incremental', unique_key: ['id'], ...config },
      sql: () => `select * from (values ${rows}) as v (id, name, amount, day)`,
    },
  })
}

const BEFORE = `(1, 'mug', 5, date '2026-01-01'), (2, 'cup', 6, date '2026-02-01')`
const AFTER = `(1, 'MUG', 50, date '2026-01-01'), (2, 'CUP', 60, date '2026-02-01'), (3, 'jar', 7, date '2026-02-01')`
const READ = `select id, name, amount from shop.stock order by id`

test('merge_update_columns are all that a row which is there takes from the new one', async ({
  run,
  sql,
}) => {
  await run(stock(BEFORE, {}))
  const { steps } = await run(stock(AFTER, { merge_update_columns: ['AMOUNT'] }))
  expect(steps).toEqual({ stock: 'add rows: success +1 ~2' })
  expect(await sql(READ)).toEqual([
    { id: 1, name: 'mug', amount: 50 },
    { id: 2, name: 'cup', amount: 60 },
    { id: 3, name: 'jar', amount: 7 },
  ])
})

test('merge_exclude_columns stay as they are, and a change in them alone updates nothing', async ({
  run,
  sql,
}) => {
  await run(stock(BEFORE, {}))
  const config = { merge_exclude_columns: ['amount'] }
  expect((await run(stock(AFTER, config))).steps).toEqual({ stock: 'add rows: success +1 ~2' })
  const again = stock(AFTER.replaceAll('50', '51'), config)
  expect((await run(again)).steps).toEqual({ stock: 'add rows: success +0 ~0' })
  expect(await sql(READ)).toEqual([
    { id: 1, name: 'MUG', amount: 5 },
    { id: 2, name: 'CUP', amount: 6 },
    { id: 3, name: 'jar', amount: 7 },
  ])
})

test('a column in merge_update_columns that the query does not give is named with the nearest', async ({
  run,
}) => {
  await run(stock(BEFORE, {}))
  await expect(run(stock(AFTER, { merge_update_columns: ['amout'] }))).rejects.toMatchObject({
    code: 'GM3009',
    message: 'merge_update_columns of "stock" names "amout", which is no column',
    hint: 'Did you mean "amount"?',
  })
})

test('incremental_predicates keep a merge and a delete+insert away from rows that do not meet them', async ({
  run,
  sql,
}) => {
  const predicates = { incremental_predicates: [`DBT_INTERNAL_DEST.day >= '2026-02-01' -- recent`] }
  await run(stock(BEFORE, {}))
  expect((await run(stock(AFTER, predicates))).steps).toEqual({
    stock: 'add rows: success +1 ~1',
  })
  const merged = [
    { id: 1, name: 'mug', amount: 5 },
    { id: 2, name: 'CUP', amount: 60 },
    { id: 3, name: 'jar', amount: 7 },
  ]
  expect(await sql(READ)).toEqual(merged)

  const replacing = { ...predicates, incremental_strategy: 'delete+insert' } as const
  await run(stock(BEFORE, replacing), { fullRefresh: true })
  const later = stock(
    `(2, 'CUP', 60, date '2026-02-01'), (3, 'jar', 7, date '2026-02-01')`,
    replacing,
  )
  expect((await run(later)).steps).toEqual({ stock: 'add rows: success +2 -1' })
  expect(await sql(READ)).toEqual(merged)
})

test('a model with full_refresh: false gets its new rows under --full-refresh, and the run says so', async ({
  run,
  sql,
}) => {
  await run(stock(BEFORE, { full_refresh: false }))
  const { steps, notes } = await run(
    stock(`(3, 'jar', 7, date '2026-02-01')`, { full_refresh: false }),
    {
      fullRefresh: true,
    },
  )
  expect(steps).toEqual({ stock: 'add rows: success +1 ~0' })
  expect(notes).toEqual([
    'stock was not rebuilt: it has full_refresh: false, and got its new rows only',
  ])
  expect(await sql('select count(*)::int as n from shop.stock')).toEqual([{ n: 3 }])
})

/** What holds json, and has no equality for that. */
const MADE = `create schema made; create domain made.document as json; create domain made.documents as made.document[];
create type made.pair as (a int, b made.document)`

test.for([
  ['json', '{"a": 1}', '{"a": 2}'],
  ['made.document', '{"a": 1}', '{"a": 2}'],
  ['made.documents', '{1}', '{2}'],
  ['made.pair', '(1,2)', '(1,3)'],
  ['made.pair[]', '{"(1,2)"}', '{"(1,3)"}'],
  ['json[]', '{1}', '{2}'],
  ['xml', '<a/>', '<b/>'],
  ['point', '(1,2)', '(1,3)'],
  // Of one area, which is what makes two of them equal.
  ['box', '(0,0),(1,4)', '(0,0),(2,2)'],
  ['circle', '<(0,0),1>', '<(1,0),1>'],
] as const)(
  'a row that differs only in a column of type %s is replaced, and one that differs in nothing left alone',
  async ([type, before, after], { run, sql }) => {
    await sql(MADE)
    for (const config of [{}, { incremental_predicates: ['true'] }]) {
      const shapes = (value: string): PlainProject =>
        plainProject({
          shapes: {
            config: { materialized: 'incremental', unique_key: ['id'], ...config },
            sql: () => `select 1 as id, '${value}'::${type} as shape`,
          },
        })
      await run(shapes(before), { fullRefresh: true })
      expect((await run(shapes(before))).steps).toEqual({ shapes: 'add rows: success +0 ~0' })
      expect((await run(shapes(after))).steps).toEqual({ shapes: 'add rows: success +0 ~1' })
      expect(
        await sql(
          `select count(*)::int as n from shop.shapes where shape::text = '${after}'::${type}::text`,
        ),
      ).toEqual([{ n: 1 }])
    }
  },
)

test('a column without an equality that the table gets later is compared as well', async ({
  run,
  sql,
}) => {
  await sql(MADE)
  const shapes = (columns: string): PlainProject =>
    plainProject({
      shapes: {
        config: {
          materialized: 'incremental',
          unique_key: ['id'],
          on_schema_change: 'append_new_columns',
        },
        sql: () => `select 1 as id${columns}`,
      },
    })
  await run(shapes(''))
  for (const [column, type] of [
    ['doc', 'json'],
    ['made', 'made.document'],
  ]) {
    const steps = []
    for (const value of ['1', '1', '2'])
      steps.push((await run(shapes(`, '${value}'::${type} as ${column}`))).steps['shapes'])
    expect(steps).toEqual([
      'add rows: success +0 ~1',
      'add rows: success +0 ~0',
      'add rows: success +0 ~1',
    ])
  }
})
