import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Connection } from '../../project/project.ts'
import { test } from '../../testing/sql-fixture.ts'
import type { RelationState } from '../adapter.ts'
import { INDEX_OF_GM } from '../adapter.ts'
import { createPostgresAdapter } from './postgres-adapter.ts'

async function describe(
  connection: Connection,
  ...names: readonly string[]
): Promise<ReadonlyMap<string, RelationState>> {
  const adapter = createPostgresAdapter(connection)
  try {
    return await adapter.describe(names.map((identifier) => ({ schema: 'public', identifier })))
  } finally {
    await adapter.close()
  }
}

const dependents = (state: RelationState | undefined): string[] =>
  (state?.dependents ?? []).map(({ type, relation }) => `${type} ${relation.identifier}`)

test('relations that do not exist are left out, and nothing asked for is nothing', async ({
  connection,
}) => {
  expect(await describe(connection, 'nowhere')).toEqual(new Map())
  expect(await describe(connection)).toEqual(new Map())
})

test('each kind of relation is told with its columns in order', async ({ connection, sql }) => {
  await sql(`
    create table "Odd "" name" (b numeric(10, 2), "A" text[], gone int);
    alter table "Odd "" name" drop column gone;
    create view v as select 1 as one;
    create materialized view m as select 1 as one;
    create table p (id int, day date) partition by range (day);
    create sequence s`)
  const states = await describe(connection, 'Odd " name', 'v', 'm', 'p', 's')
  expect([...states].map(([name, { type }]) => [name, type]).sort()).toEqual([
    ['"public"."Odd "" name"', 'table'],
    ['"public"."m"', 'materialized view'],
    ['"public"."p"', 'partitioned table'],
    ['"public"."v"', 'view'],
  ])
  expect(states.get('"public"."Odd "" name"')?.columns).toEqual([
    { name: 'b', type: 'numeric(10,2)' },
    { name: 'A', type: 'text[]' },
  ])
})

test('the generation changes when the name gets another table', async ({ connection, sql }) => {
  await sql('create table a (id int)')
  const before = (await describe(connection, 'a')).get('"public"."a"')?.generation
  await sql('insert into a values (1); alter table a add column x int')
  expect((await describe(connection, 'a')).get('"public"."a"')?.generation).toBe(before)
  await sql('alter table a rename to b; create table a (id int)')
  expect((await describe(connection, 'a')).get('"public"."a"')?.generation).not.toBe(before)
})

test('only a column _gm_xid of type xid8 makes a table tracked', async ({ connection, sql }) => {
  await sql('create table a (_gm_xid xid8); create table b (_gm_xid text)')
  const states = await describe(connection, 'a', 'b')
  expect(states.get('"public"."a"')?.isTracked).toBe(true)
  expect(states.get('"public"."b"')?.isTracked).toBe(false)
})

test("an index is unique only when it can stand for a key, and is gm's only by its comment", async ({
  connection,
  sql,
}) => {
  await sql(`
    create table a (id int primary key, b int, c text);
    create index a_bc on a (c, b);
    create unique index a_lower on a (lower(c)) include (b);
    create unique index a_partial on a (b) where b > 0;
    alter table a add constraint a_late unique (c) deferrable`)
  await sql(`create index a_made on a using hash (b); comment on index a_made is '${INDEX_OF_GM}'`)
  const btree = { type: 'btree', isGms: false }
  expect((await describe(connection, 'a')).get('"public"."a"')?.indexes).toEqual([
    { name: 'a_bc', columns: ['c', 'b'], unique: false, ...btree },
    { name: 'a_late', columns: ['c'], unique: false, ...btree },
    { name: 'a_lower', columns: ['lower(c)'], unique: true, ...btree },
    { name: 'a_made', columns: ['b'], unique: false, type: 'hash', isGms: true },
    { name: 'a_partial', columns: ['b'], unique: false, ...btree },
    { name: 'a_pkey', columns: ['id'], unique: true, ...btree },
  ])
})

test('views above views come innermost first, each once, and their definitions can recreate them', async ({
  connection,
  sql,
}) => {
  await sql(`
    create table a (id int);
    create view z as select id from a;
    create view m as select id + 1 as id from z;
    create view b as select z.id from z join m using (id) join a using (id);
    create materialized view last as select count(*) as n from b;
    comment on view m is 'it''s m'`)
  const state = (await describe(connection, 'a')).get('"public"."a"')
  expect(dependents(state)).toEqual(['view z', 'view m', 'view b', 'materialized view last'])
  expect(state?.dependents[1]?.comment).toBe("it's m")
  const views = state?.dependents ?? []
  await sql(
    [...views]
      .reverse()
      .map((v) => `drop ${v.type} ${v.relation.identifier}`)
      .join(';'),
  )
  await sql(
    views.map((v) => `create ${v.type} ${v.relation.identifier} as ${v.definition}`).join(';'),
  )
  expect(await sql('select * from b')).toEqual([])
})

test('a view that was replaced to read a younger one still comes after it', async ({
  connection,
  sql,
}) => {
  await sql(`
    create table a (id int);
    create view old as select id from a;
    create view young as select id from a;
    create or replace view old as select id from young`)
  const state = (await describe(connection, 'a')).get('"public"."a"')
  expect(dependents(state)).toEqual(['view young', 'view old'])
})

test('whatever else holds on to a table is told in words', async ({ connection, sql }) => {
  await sql(`
    create table a (id int primary key, parent int references a, twice int generated always as (2 * id) stored);
    create table child (a_id int references a);
    create table holds (row_of_a a);
    create table heir () inherits (a);
    create function f() returns bigint begin atomic select count(*) from a; end;
    create table log (id int);
    create rule r as on insert to log do also insert into a values (new.id)`)
  expect(dependents((await describe(connection, 'a')).get('"public"."a"')).sort()).toEqual([
    'other column row_of_a of table holds',
    'other constraint child_a_id_fkey on table child',
    'other function f()',
    'other rule r on table log',
    'other table heir',
  ])
})

test('grants restore what others may do, columns and grant options included', async ({
  connection,
  sql,
  db,
}) => {
  const [reader, writer] = [`${db}_r`, `${db}_"w"`]
  const quoted = `"${writer.replaceAll('"', '""')}"`
  await sql(`create role ${reader}; create role ${quoted}`)
  try {
    await sql(`
      create table a (id int, secret text);
      grant select on a to public;
      grant insert, update on a to ${quoted} with grant option;
      grant select (secret) on a to ${reader};
      create view v as select id from a;
      grant select on v to ${reader}`)
    const state = (await describe(connection, 'a')).get('"public"."a"')
    expect(state?.grants).toEqual([
      `grant insert, update on "public"."a" to ${quoted} with grant option`,
      'grant select on "public"."a" to public',
      `grant select ("secret") on "public"."a" to "${reader}"`,
    ])
    const before = await sql(`select relacl::text from pg_class where relname = 'a'`)
    await sql(`revoke all on a from public, ${quoted}, ${reader}`)
    await sql(state?.grants.join(';') ?? '')
    expect((await describe(connection, 'a')).get('"public"."a"')?.grants).toEqual(state?.grants)
    expect(before).toHaveLength(1)
  } finally {
    await sql(`drop owned by ${reader}, ${quoted}; drop role ${reader}, ${quoted}`)
  }
})

test('many calls at once share one connection and all get their answer', async ({
  connection,
  sql,
}) => {
  await sql('create table a (id int)')
  const adapter = createPostgresAdapter(connection)
  const a = { schema: 'public', identifier: 'a' }
  const answers = await Promise.all(Array.from({ length: 5 }, () => adapter.describe([a])))
  expect(answers.map((answer) => answer.size)).toEqual([1, 1, 1, 1, 1])
  const [row] = await sql<{ n: number }>(
    'select count(*)::int as n from pg_stat_activity where datname = current_database()',
  )
  expect(row?.n).toBe(2)
  await adapter.close()
})

test('while tables with views on them are swapped all the time, every description succeeds', async ({
  connection,
  sql,
}) => {
  const views = Array.from({ length: 40 }, (_, i) => `create view v${i} as select id from a;`)
  await sql(`create table a (id int); ${views.join(' ')}`)
  const swap = `begin; set local lock_timeout = '100ms'; ${views.map((_, i) => `drop view v${i};`).join(' ')} drop table a;
    create table a (id int); ${views.join(' ')} commit`
  const adapter = createPostgresAdapter(connection)
  const over = new AbortController()
  const swapping = (async () => {
    // As gm's own swaps do, it steps back when it does not get its locks.
    while (!over.signal.aborted) {
      await sql(swap).catch(() => sql('rollback'))
      await sleep(20)
    }
  })()
  try {
    for (let i = 0; i < 60; i++) await adapter.describe([{ schema: 'public', identifier: 'a' }])
  } finally {
    over.abort()
    await swapping
    await adapter.close()
  }
}, 60_000)
