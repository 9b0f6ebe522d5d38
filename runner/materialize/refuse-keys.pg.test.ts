import { expect } from 'vitest'
import type { SnapshotNode } from '../manifest/node.ts'
import { test } from '../testing/sql-fixture.ts'
import type { PollingHistory } from './polling-history.ts'
import { duplicatesAmongChanges } from './refuse-keys.ts'

const GOODS = { schema: 'raw', identifier: 'goods' }

/** The statement over a table of the columns `shop` and `id`, whose unique_key they are. */
const statement = duplicatesAmongChanges(
  { name: 'prices' } as SnapshotNode,
  { key: ['shop', 'id'] } as unknown as PollingHistory,
  { id: 'snapshot.shop.prices', sql: '\nselect * from "raw"."goods"' } as never,
  [GOODS],
)

test.for([
  ['nothing', ''],
  ['an index that is not unique', 'create index on raw.goods (shop, id)'],
  ['an index of more columns', 'create unique index on raw.goods (shop, id, price)'],
  ['an index of some rows', 'create unique index on raw.goods (shop, id) where price > 0'],
  ['an index of an expression', 'create unique index on raw.goods (shop, abs(id))'],
  ['an index that tells more apart', 'create unique index on raw.goods (shop collate "C", id)'],
  [
    'an index of a parent, whose children have rows of their own',
    'create unique index on raw.goods (shop, id); create table raw.more () inherits (raw.goods)',
  ],
] as const)('with %s the rows of changed keys are counted', async ([, index], { sql }) => {
  expect(await isCounted(sql, index)).toBe(true)
})

test.for([
  ['a primary key', 'alter table raw.goods add primary key (id, shop)'],
  ['an index of one of the columns', 'create unique index on raw.goods (id) include (price)'],
] as const)('with %s no row is read', async ([, index], { sql }) => {
  expect(await isCounted(sql, index)).toBe(false)
})

async function isCounted(
  sql: (text: string) => Promise<readonly Record<string, unknown>[]>,
  index: string,
): Promise<boolean> {
  await sql(`create schema raw;
create collation raw.any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
create table raw.goods (shop text collate raw.any_case, id int, price int);
insert into raw.goods values ('a', 1, 5), ('b', 2, 6);
${index};
create table public._gm_changes as select shop, id, true as gm_is_there from raw.goods`)
  const lines = await sql(`explain (analyze, costs off, timing off, summary off) ${statement.sql}`)
  const scans = lines
    .map((line) => String(line['QUERY PLAN']))
    .filter((line) => / on goods/.test(line))
  expect(scans).not.toEqual([])
  return scans.some((line) => !line.includes('never executed'))
}
