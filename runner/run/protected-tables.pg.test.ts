import { expect } from 'vitest'
import type { PlainProject } from '../testing/plain-project.ts'
import { plainProject } from '../testing/plain-project.ts'
import { test } from '../testing/run-fixture.ts'

const LANDED = `create schema raw;
create table raw.events (id int, shop text, v int, _gm_xid xid8 not null default pg_current_xact_id());
create index on raw.events (_gm_xid);
insert into raw.events values (1, 'a', 10), (2, 'b', 20), (3, 'c', 30)`

/** An increment, and what must never be rebuilt on it: by key, by recomputed keys, and with nothing that tells rows apart. */
function project(appends = false): PlainProject {
  const kept = { materialized: 'incremental', full_refresh: false } as const
  return plainProject({
    events: { kind: 'source', schema: 'raw' },
    added: {
      config: { materialized: 'incremental', unique_key: ['id'] },
      changes: ['events'],
      sql: ({ changes }) => `select id, shop, v from ${changes('events')} e`,
    },
    by_id: {
      config: { ...kept, unique_key: ['id'] },
      changes: ['added'],
      sql: ({ changes }) => `select id, v from ${changes('added')} a`,
    },
    by_shop: {
      config: { ...kept, unique_key: ['shop'] },
      changes: ['added'],
      keys: { added: [['shop']] },
      sql: ({ ref, changedKeys, recompute, isIncremental }) => {
        const keys = (): string =>
          recompute(['shop'], `select shop from ${changedKeys('added', ['shop'])} as k`)
        return `select shop, sum(v)::int as total from ${ref('added')}
          ${isIncremental ? `where shop in (${keys()})` : ''} group by shop`
      },
    },
    ...(appends && {
      appended: {
        config: kept,
        changes: ['added'],
        sql: ({ changes }) => `select id, v from ${changes('added')} a`,
      },
    }),
  })
}

const KEPT = `select (select jsonb_agg(jsonb_build_array(id, v) order by id) from shop.by_id) as by_id,
  (select jsonb_agg(jsonb_build_array(shop, total) order by shop) from shop.by_shop) as by_shop`

const PURGED = `delete from raw.events where id = 3; update raw.events set v = 11 where id = 1;
  insert into raw.events values (4, 'a', 40)`

const ALL = {
  by_id: [
    [1, 11],
    [2, 20],
    [3, 30],
    [4, 40],
  ],
  by_shop: [
    ['a', 51],
    ['b', 20],
    ['c', 30],
  ],
}

test.for(['model', 'atomic'] as const)(
  'a table with full_refresh: false lives through the rebuild of its input: what the input has is read again, what it lost stays: publish %s',
  async (publish, { run, sql }) => {
    await sql(LANDED)
    await run(project())
    await sql(PURGED)
    const full = await run(project(), { publish, fullRefresh: true })
    expect(full.steps).toMatchObject({
      added: 'build incremental: success +3',
      by_id: 'add rows: success +1 ~1',
      by_shop: 'add rows: success +0 ~1 -0',
    })
    expect(await sql(KEPT)).toEqual([ALL])
    const again = await run(project(), { publish, reuse: 'all' })
    expect(again.steps).toEqual({
      added: 'reuse: reused',
      by_id: 'reuse: reused',
      by_shop: 'reuse: reused',
    })
  },
)

test('an input that was rebuilt by itself is read again by the next run, and what it loses after that is heard of', async ({
  run,
  sql,
}) => {
  await sql(LANDED)
  await run(project())
  await sql(PURGED)
  await run(project(), { select: ['added'], fullRefresh: true })
  const next = await run(project(), { reuse: 'all' })
  expect(next.steps['by_id']).toBe('add rows: success +1 ~1')
  expect(await sql(KEPT)).toEqual([ALL])
  await sql(`delete from shop.added where id = 2`)
  await run(project(), { reuse: 'all' })
  expect(await sql('select shop from shop.by_shop order by shop')).toEqual([
    { shop: 'a' },
    { shop: 'c' },
  ])
})

test('where nothing tells the rows apart that are read again, the run refuses before it touches the input, and says what to do', async ({
  run,
  sql,
}) => {
  await sql(LANDED)
  await run(project(true))
  await expect(run(project(true), { fullRefresh: true })).rejects.toMatchObject({
    code: 'GM4012',
    message: `"shop"."appended" would have to be rebuilt (its input added is rebuilt), but it has full_refresh: false`,
    hint: expect.stringMatching(
      /^With a unique_key .* Leave it out with --exclude appended/,
    ) as string,
  })
  expect(await sql('select count(*)::int as n from shop.appended')).toEqual([{ n: 3 }])
})
