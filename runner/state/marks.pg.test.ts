import pg from 'pg'
import { expect } from 'vitest'
import { createLedger, TRACKED, test } from '../testing/sql-fixture.ts'
import { changedKeys, followKeys, isFollowing, PRUNE_KEY_LOG } from './key-log.ts'
import { moveMarks } from './marks.ts'

const PARENT = '"public"."parent"'
const CHILD = '"public"."child"'
const TABLE = `create table public.parent (
  id int primary key, owner text, _gm_xid xid8 not null default pg_current_xact_id()
)`
const MOVE = moveMarks(TRACKED, CHILD, [PARENT])
  .map(({ sql }) => sql)
  .join(';')
const KEYS = changedKeys(CHILD, PARENT, ['owner'])

test('keys that rows lose are given once, by whichever statement they are lost, and forgotten when all have read them', async ({
  sql,
}) => {
  await createLedger(sql)
  await sql(
    `${TABLE}; insert into public.parent select i, chr(96 + i) from generate_series(1, 9) i`,
  )
  await sql(followKeys(CHILD, { input: PARENT, columns: ['owner'] }).sql)
  const keys = async (): Promise<string[]> => {
    const rows = await sql<{ owner: string }>(`select owner from ${KEYS} as k order by owner`)
    await sql(MOVE)
    return rows.map(({ owner }) => owner)
  }
  await sql(MOVE)
  await sql(`delete from public.parent where id in (1, 2)`)
  expect(await keys(), 'deleted').toEqual(['a', 'b'])
  await sql(`update public.parent set owner = 'x' where id = 3`)
  expect(await keys(), 'updated without a new _gm_xid').toEqual(['c', 'x'])
  await sql(`update public.parent set owner = 'y', _gm_xid = pg_current_xact_id() where id = 4`)
  expect(await keys(), 'updated with one').toEqual(['d', 'y'])
  await sql(`insert into public.parent values (5, 'z') on conflict (id) do update
    set owner = excluded.owner, _gm_xid = pg_current_xact_id()`)
  expect(await keys(), 'upserted').toEqual(['e', 'z'])
  await sql(
    `merge into public.parent p using (values (6)) v (id) on p.id = v.id when matched then delete`,
  )
  expect(await keys(), 'merged').toEqual(['f'])
  expect(await keys(), 'nothing new').toEqual([])

  await sql(`update public.parent set _gm_xid = pg_current_xact_id() where id = 7`)
  expect(await sql('select count(*)::int as logged from gm.key_log'), 'the same key').toEqual([
    { logged: 7 },
  ])
  await sql(PRUNE_KEY_LOG.sql)
  expect(await sql('select key from gm.key_log')).toEqual([])

  await sql('delete from public.parent where id = 8')
  await sql(PRUNE_KEY_LOG.sql)
  expect(await keys(), 'not yet read when pruned').toEqual(['g', 'h'])
})

test('nothing is logged for a table whose readers are gone', async ({ sql }) => {
  await createLedger(sql)
  await sql(`${TABLE}; insert into public.parent values (1, 'a'), (2, 'b')`)
  await sql(followKeys(CHILD, { input: PARENT, columns: ['owner'] }).sql)
  await sql('delete from gm.key_readers; delete from public.parent where id = 1')
  expect(await sql('select * from gm.key_log')).toEqual([])
})

test('whoever truncates a followed table makes its consumers build anew', async ({ sql }) => {
  await createLedger(sql)
  await sql(`${TABLE}; insert into public.parent values (1, 'a')`)
  await sql(followKeys(CHILD, { input: PARENT, columns: ['owner'] }).sql)
  await sql(MOVE)
  await sql('truncate public.parent')
  expect(await sql('select * from gm.marks')).toEqual([])
})

test('whoever truncates makes also those build anew whose marks are younger than what the transaction sees', async ({
  connection,
  sql,
}) => {
  await createLedger(sql)
  await sql(`${TABLE}; insert into public.parent values (1, 'a')`)
  const { host, port, user, password, database } = connection
  const truncating = new pg.Client({ host, port, user, password, database })
  await truncating.connect()
  try {
    await truncating.query('begin isolation level repeatable read; select 1')
    await sql(followKeys(CHILD, { input: PARENT, columns: ['owner'] }).sql)
    await sql(MOVE)
    await truncating.query('truncate public.parent; commit')
  } finally {
    await truncating.end()
  }
  const ask = `select ${isFollowing(CHILD, { input: PARENT, columns: ['owner'] })} as ok`
  await sql(PRUNE_KEY_LOG.sql)
  expect(await sql(ask)).toEqual([{ ok: false }])
  await sql(MOVE)
  expect(await sql(ask)).toEqual([{ ok: true }])
  await sql(PRUNE_KEY_LOG.sql)
  expect(await sql('select * from gm.key_log')).toEqual([])
})

test('the log is trusted only while its triggers are there and enabled', async ({ sql }) => {
  await createLedger(sql)
  await sql(TABLE)
  await sql(followKeys(CHILD, { input: PARENT, columns: ['owner'] }).sql)
  const isFollowing = async (): Promise<unknown> =>
    (await sql(`select gm.is_following('${CHILD}', '${PARENT}', '"owner"') as it`))[0]?.['it']
  expect(await isFollowing()).toBe(true)
  await sql('alter table public.parent disable trigger user')
  expect(await isFollowing()).toBe(false)
  await sql(followKeys(CHILD, { input: PARENT, columns: ['owner'] }).sql)
  await sql('alter table public.parent enable trigger user')
  expect(await isFollowing()).toBe(true)
  await sql('alter table public.parent rename to other; create table public.parent (like other)')
  expect(await isFollowing()).toBe(false)
})
