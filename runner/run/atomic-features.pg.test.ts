import { expect } from 'vitest'
import type { NodeConfig } from '../manifest/node.ts'
import type { PlainProject } from '../testing/plain-project.ts'
import { plainProject } from '../testing/plain-project.ts'
import { test } from '../testing/run-fixture.ts'

const ATOMIC = { publish: 'atomic', reuse: 'all', testsGate: true } as const

/** One node of every kind with what configuration can hang on it. */
function shop(factor: number): PlainProject {
  const hung: Partial<NodeConfig> = {
    grants: { select: ['gm_atomic_reader'] },
    persist_docs: { relation: true, columns: true },
    post_hook: [{ sql: `insert into public.hooked values ('{{ this }}')`, transaction: true }],
  }
  const project = plainProject({
    people: { kind: 'source', schema: 'raw' },
    base: {
      config: { ...hung, materialized: 'table', indexes: [{ columns: ['id'], unique: true }] },
      inputs: ['people'],
      sql: ({ ref }) => `select id, v * ${factor} as v from ${ref('people')}`,
    },
    stored: {
      config: {
        ...hung,
        materialized: 'materialized_view',
        indexes: [{ columns: ['id'], unique: true }],
      },
      inputs: ['base'],
      sql: ({ ref }) => `select id, v + 1 as w from ${ref('base')}`,
    },
    seen: {
      config: hung,
      inputs: ['stored'],
      sql: ({ ref }) => `select sum(w)::int as total from ${ref('stored')}`,
    },
    polled: {
      kind: 'snapshot',
      config: {
        strategy: 'check',
        check_cols: 'all',
        unique_key: ['id'],
        grants: hung.grants ?? {},
      },
      inputs: ['base'],
      sql: ({ ref }) => `select id, v from ${ref('base')}`,
    },
    too_big: {
      kind: 'test',
      config: { store_failures: true, severity: 'warn' },
      inputs: ['base'],
      sql: ({ ref }) => `select * from ${ref('base')} where v > 100`,
    },
  })
  const nodes = new Map(project.manifest.nodes)
  for (const node of nodes.values())
    if (node.kind === 'model') nodes.set(node.id, { ...node, description: `about ${node.name}` })
  return { ...project, manifest: { ...project.manifest, nodes } }
}

const HUNG = `select c.relname as name, c.relkind as kind, obj_description(c.oid, 'pg_class') as about,
  has_table_privilege('gm_atomic_reader', c.oid, 'select') as can_read,
  (select jsonb_agg(i.indexname order by i.indexname) from pg_indexes i where i.schemaname = 'shop' and i.tablename = c.relname) as indexes
from pg_class c where c.relnamespace = 'shop'::regnamespace and c.relkind in ('r', 'v', 'm') order by 1`

test('materialized views, snapshots, grants, comments, indexes, hooks and stored failures are published all together, time after time', async ({
  run,
  sql,
}) => {
  await sql(`do $$ begin create role gm_atomic_reader; exception when duplicate_object then null; end $$;
    create schema raw; create table raw.people (id int, v int); insert into raw.people values (1, 10), (2, 20);
    create table public.hooked (name text)`)
  const expected = [
    {
      name: 'base',
      kind: 'r',
      about: 'about base',
      can_read: true,
      indexes: ['base_id_key'],
    },
    {
      name: 'polled',
      kind: 'r',
      about: null,
      can_read: true,
      indexes: expect.any(Array) as unknown,
    },
    { name: 'seen', kind: 'v', about: 'about seen', can_read: true, indexes: null },
    {
      name: 'stored',
      kind: 'm',
      about: 'about stored',
      can_read: true,
      indexes: ['stored_id_key'],
    },
  ]
  for (const [factor, total, failures] of [
    [1, 32, 0],
    [2, 62, 0],
    [20, 602, 2],
  ] as const) {
    const { steps } = await run(shop(factor), ATOMIC)
    expect(Object.values(steps).filter((step) => /error|GM[1-4]/.test(step))).toEqual([])
    expect(await sql(HUNG)).toEqual(expected)
    expect(await sql('select total from shop.seen')).toEqual([{ total }])
    expect(await sql('select count(*)::int as n from audit.too_big')).toEqual([{ n: failures }])
  }
  expect(
    await sql(`select id, v, dbt_valid_to is null as holds from shop.polled order by id, v`),
  ).toEqual([
    { id: 1, v: 10, holds: false },
    { id: 1, v: 20, holds: false },
    { id: 1, v: 200, holds: true },
    { id: 2, v: 20, holds: false },
    { id: 2, v: 40, holds: false },
    { id: 2, v: 400, holds: true },
  ])
  const left = await sql(
    `select relname from pg_class where relname ~ '__gm_' and relkind in ('r', 'v', 'm') union all select relation from gm.shadows`,
  )
  expect(left).toEqual([])
})

test('a materialized view that reads a replaced table and is not selected makes the run refuse, with its name', async ({
  run,
  sql,
}) => {
  await sql(`do $$ begin create role gm_atomic_reader; exception when duplicate_object then null; end $$;
    create schema raw; create table raw.people (id int, v int); insert into raw.people values (1, 10);
    create table public.hooked (name text)`)
  await run(shop(1), ATOMIC)
  await expect(run(shop(2), { ...ATOMIC, select: ['base'] })).rejects.toThrow(
    /"shop"\."base" is read by the materialized view "shop"\."stored", which is not selected/,
  )
  expect(await sql('select v from shop.base')).toEqual([{ v: 10 }])
})

test('an error of what is built out of sight tells of the relation that users know', async ({
  run,
  sql,
}) => {
  const project = plainProject({
    events: { kind: 'source', schema: 'raw' },
    kept: {
      config: { materialized: 'incremental', unique_key: ['id'] },
      changes: ['events'],
      sql: ({ changes }) => `select id from ${changes('events')} e`,
    },
  })
  await sql(`create schema raw; create table raw.events (id int, _gm_xid xid8 not null default pg_current_xact_id());
    insert into raw.events values (1)`)
  await run(project, { publish: 'atomic' })
  await sql('insert into raw.events values (2); alter table shop.kept add column nr serial')
  const { steps } = await run(project, { publish: 'atomic' })
  expect(steps['kept']).toContain('"shop"."kept"')
  expect(steps['kept']).not.toContain('gm_next')
})
