import { expect } from 'vitest'
import type { Adapter } from '../engine/adapter.ts'
import { createPostgresAdapter } from '../engine/postgres/postgres-adapter.ts'
import { plainProject, runPlain } from '../testing/plain-project.ts'
import { createLedger, test as withDatabase } from '../testing/sql-fixture.ts'
import { readState } from './read-state.ts'
import { REBASE_MARKS } from './rebase-marks.ts'

const PROJECT = plainProject({
  events: { kind: 'source', schema: 'raw' },
  merged: {
    config: { materialized: 'incremental', unique_key: ['id'] },
    changes: ['events'],
    sql: ({ changes }) => `select id from ${changes('events')} e`,
  },
  appended: {
    config: { materialized: 'incremental', incremental_strategy: 'append' },
    changes: ['merged'],
    sql: ({ changes }) => `select id from ${changes('merged')} m`,
  },
  ahead: {
    config: { materialized: 'incremental', incremental_strategy: 'append' },
    changes: ['events'],
    sql: ({ changes }) => `select id from ${changes('events')} e`,
  },
})

/** What a dump of a server brings that has seen a million transactions more, and gave its tables other oids. */
const AS_RESTORED = `
create function pg_temp.later(text) returns text language sql as $$
  select string_agg(case when part ~ '^\\d+$' then (part::bigint + 1000000)::text else part end, '')
  from regexp_split_to_table($1, '(?<=[:,])|(?=[:,])') part
$$;
update raw.events set _gm_xid = (_gm_xid::text::bigint + 1000000)::text::xid8;
update shop.merged set _gm_xid = (_gm_xid::text::bigint + 1000000)::text::xid8;
update shop.appended set _gm_xid = (_gm_xid::text::bigint + 1000000)::text::xid8;
update shop.ahead set _gm_xid = (_gm_xid::text::bigint + 1000000)::text::xid8;
update gm.marks set mark = pg_temp.later(mark::text)::pg_snapshot, generation = '1';
update gm.cluster set system_identifier = system_identifier + 1`

const test = withDatabase.extend<{ adapter: Adapter }>({
  adapter: async ({ connection, sql }, use) => {
    await createLedger(sql)
    await sql(`create schema raw;
      create table raw.events (id int, _gm_xid xid8 not null default pg_current_xact_id());
      insert into raw.events values (1)`)
    const adapter = createPostgresAdapter(connection)
    await runPlain(PROJECT, adapter)
    await use(adapter)
    await adapter.close()
  },
})

async function rebase(adapter: Adapter): Promise<unknown[]> {
  const session = await adapter.open()
  try {
    const { rows } = await session.transaction(REBASE_MARKS)
    return (rows?.rows ?? []).map(({ relation, outcome }) => [relation, outcome])
  } finally {
    await session.close()
  }
}

test('in a restored database a run refuses; rebased, it reads what was not read, and each row once', async ({
  adapter,
  sql,
}) => {
  await sql('insert into raw.events values (2)')
  await runPlain(PROJECT, adapter, { select: ['ahead'] })
  await sql('insert into raw.events values (3)')
  await sql(AS_RESTORED)
  await expect(runPlain(PROJECT, adapter)).rejects.toMatchObject({ code: 'GM4010' })

  expect(await rebase(adapter)).toEqual([
    ['"shop"."ahead"', 'rebuild'],
    ['"shop"."appended"', 'kept'],
    ['"shop"."merged"', 'unread'],
  ])
  const result = await runPlain(PROJECT, adapter)
  expect(result.steps.map(({ action }) => action)).toEqual([
    'add rows',
    'add rows',
    'build incremental',
  ])
  await sql('insert into raw.events values (4)')
  await runPlain(PROJECT, adapter)
  for (const table of ['merged', 'appended', 'ahead']) {
    expect(await sql(`select id from shop.${table} order by id`), table).toEqual(
      [1, 2, 3, 4].map((id) => ({ id })),
    )
  }
})

test('an input that was rebuilt after it was read makes its reader rebuild, since its oid says nothing any more', async ({
  adapter,
  sql,
}) => {
  await runPlain(PROJECT, adapter, { select: ['merged'], fullRefresh: true })
  await sql(AS_RESTORED)
  expect(await rebase(adapter)).toEqual([
    ['"shop"."ahead"', 'kept'],
    ['"shop"."appended"', 'rebuild'],
    ['"shop"."merged"', 'kept'],
  ])
})

test('a clone inside the same server keeps its marks as they are', async ({ adapter, sql }) => {
  await sql('insert into raw.events values (2)')
  await sql(`update gm.cluster set database_oid = 1`)
  await expect(runPlain(PROJECT, adapter)).rejects.toMatchObject({ code: 'GM4010' })
  await rebase(adapter)
  await runPlain(PROJECT, adapter)
  expect(await sql('select id from shop.appended order by id')).toEqual([{ id: 1 }, { id: 2 }])
})

test('the state counts what each relation has not read, and names who holds an old snapshot', async ({
  adapter,
  sql,
}) => {
  await sql('insert into raw.events values (2), (3)')
  await runPlain(PROJECT, adapter, { select: ['ahead'] })
  await sql('begin isolation level repeatable read; select 1')
  const session = await adapter.open()
  try {
    const state = await readState(session)
    expect(state?.marks.map(({ relation, unreadRows }) => [relation, unreadRows])).toEqual([
      ['"shop"."ahead"', 0],
      ['"shop"."appended"', 0],
      ['"shop"."merged"', 2],
    ])
    expect(state?.oldSnapshots).toMatchObject([{ state: 'idle in transaction', isWriting: false }])
  } finally {
    await session.close()
    await sql('commit')
  }
})

test.for([
  ['was attached', '', ['a', 'b'], [1, 2, 11]],
  [
    'came in the place of another',
    'alter table raw.sales detach partition raw.sales_0;',
    ['b'],
    [11],
  ],
] as const)(
  'who follows partitions, by keys or by rows, is rebuilt where one %s since, and goes on where none was',
  async ([, before, shops, ids], { adapter, sql }) => {
    const columns = 'id int, shop text, _gm_xid xid8 not null default pg_current_xact_id()'
    await sql(`create table raw.sales (${columns}) partition by range (id);
    create table raw.sales_0 partition of raw.sales for values from (0) to (10);
    create table raw.more (${columns}); insert into raw.sales values (1, 'a'); insert into raw.more values (11, 'b')`)
    const counts = plainProject({
      sales: { kind: 'source', schema: 'raw', config: { log_keys: true } },
      counts: {
        config: { materialized: 'incremental', unique_key: ['shop'] },
        changes: ['sales'],
        keys: { sales: [['shop']] },
        sql: ({ ref, changedKeys, recompute, isIncremental }) =>
          `select shop, count(*)::int as n from ${ref('sales')}
         ${isIncremental ? `where shop in (${recompute(['shop'], `select shop from ${changedKeys('sales', ['shop'])} as k`)})` : ''} group by shop`,
      },
      copied: {
        config: { materialized: 'incremental', incremental_strategy: 'append' },
        changes: ['sales'],
        sql: ({ changes }) => `select id from ${changes('sales')} s`,
      },
    })
    const restore = `${AS_RESTORED};
    update raw.sales set _gm_xid = (_gm_xid::text::bigint + 1000000)::text::xid8;
    update gm.key_readers set generation = 1, parts = array(select p::bigint + 1000000 from unnest(parts) p);
    alter table gm.marks disable trigger gm_part_names;
    update gm.marks set parts = (select jsonb_object_agg(p.key::bigint + 1000000, p.value) from jsonb_each(parts) p) where parts <> '{}';
    alter table gm.marks enable trigger gm_part_names`
    await runPlain(counts, adapter)
    await sql(restore)
    const kept = await rebase(adapter)
    expect(kept).toContainEqual(['"shop"."counts"', 'kept'])
    expect(kept).toContainEqual(['"shop"."copied"', 'kept'])
    await sql(`insert into raw.sales values (2, 'a')`)
    await runPlain(counts, adapter)
    await sql(`${restore.replace(/create function[\s\S]*?\$\$;/, '')};
    ${before} alter table raw.sales attach partition raw.more for values from (10) to (20)`)
    const rebuilt = await rebase(adapter)
    expect(rebuilt).toContainEqual(['"shop"."counts"', 'rebuild'])
    expect(rebuilt).toContainEqual(['"shop"."copied"', 'rebuild'])
    await runPlain(counts, adapter)
    expect(await sql('select shop from shop.counts order by shop')).toEqual(
      shops.map((shop) => ({ shop })),
    )
    expect(await sql('select id from shop.copied order by id')).toEqual(ids.map((id) => ({ id })))
  },
)
