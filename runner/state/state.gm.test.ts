import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { databaseUrl, gm } from '../testing/gm.ts'
import { test } from '../testing/sql-fixture.ts'

const FILES = {
  'models/sources.yml': 'sources: [{name: crm, tables: [{name: accounts}]}]\n',
  'models/german.sql':
    "{{ config(materialized='view') }} with accounts as (select * from {{ source('crm', 'accounts') }}) select accounts.id, owner from accounts where country = 'DE'\n",
  'models/copied.sql':
    "{{ config(materialized='incremental', unique_key='id') }} select id, owner from {{ changes(ref('german')) }} as g\n",
}

const TABLE = `create schema crm;
create table crm.accounts (
  id int primary key, owner text, country text, _gm_xid xid8 not null default pg_current_xact_id()
);
insert into crm.accounts values (1, 'ann', 'DE'), (2, 'bob', 'FR')`

test('a model that follows a view reads what is new in the table behind it, also where its SQL begins with a with, and gm state says how far', async ({
  project,
  connection,
  sql,
}) => {
  await sql(TABLE)
  const root = await project(FILES)
  const env = databaseUrl(connection)
  const run = (...args: string[]) => gm(root, args, env)
  expect((await run('state')).stdout).toBe('gm has built nothing here.\n')
  await run('run', '--quiet')
  await sql(`insert into crm.accounts values (3, 'cid', 'DE'), (4, 'dee', 'FR')`)

  const { marks } = JSON.parse((await run('state', '--output', 'json')).stdout) as {
    marks: Record<string, unknown>[]
  }
  expect(marks).toMatchObject([
    { relation: '"public"."copied"', input: '"crm"."accounts"', unread_rows: 2, unread_keys: 0 },
  ])
  expect((await run('state')).stdout).toMatch(
    /^relation +\| reads +\| unread \| behind \| read at\n[-+]+\n"public"\."copied" \| "crm"\."accounts" \| +2 \| [\d.]+s/,
  )

  const { stdout } = await run('run')
  expect(stdout).toContain('add rows')
  expect(await sql('select id, owner from public.copied order by id')).toEqual([
    { id: 1, owner: 'ann' },
    { id: 3, owner: 'cid' },
  ])
  expect((await run('state', 'rebase')).stdout).toBe(
    'The marks belong to this database. Nothing to do.\n',
  )
})

test('gm state as a role that may not read an input says so at that input, and shows the rest', async ({
  project,
  connection,
  sql,
}) => {
  await sql(TABLE)
  await sql(`create schema shop; create table shop.orders (like crm.accounts including all);
    create table shop.prices (sku int primary key, price int); insert into shop.prices values (1, 5)`)
  const root = await project({
    ...FILES,
    'models/sources.yml':
      'sources: [{name: crm, tables: [{name: accounts}]}, {name: shop, tables: [{name: orders}, {name: prices}]}]\n',
    'models/owners.sql':
      "{{ config(materialized='incremental') }} select id from {{ changes(source('shop', 'orders')) }} as g\n",
    'snapshots/priced.sql':
      "{{ config(unique_key='sku', strategy='check', check_cols='all') }} select * from {{ source('shop', 'prices') }}\n",
  })
  // A second snapshot is a look that has something to compare with.
  await gm(root, ['build', '--quiet'], databaseUrl(connection))
  await sql('update shop.prices set price = 6')
  await gm(root, ['build', '--quiet'], databaseUrl(connection))
  const role = `gm_reader_${connection.database}`
  await sql(`create role ${role} login password 'reads';
    grant usage on schema gm, crm to ${role}; grant select on all tables in schema gm, crm to ${role}`)
  try {
    const env = databaseUrl({ ...connection, user: role, password: 'reads' })
    const { marks } = JSON.parse((await gm(root, ['state', '--output', 'json'], env)).stdout) as {
      marks: Record<string, unknown>[]
    }
    expect(marks).toMatchObject([
      { relation: '"public"."copied"', input_is: 'followed', unread_rows: 0 },
      { relation: '"public"."owners"', input_is: 'not readable', unread_rows: null },
      { relation: '"public"."priced"', input_is: 'not readable', unread_rows: null },
    ])
    const { stdout } = await gm(root, ['state'], env)
    expect(stdout).toContain('| "shop"."orders" (not readable) |')
  } finally {
    await sql(`drop owned by ${role}; drop role ${role}`)
  }
})

test('gm state names the batches that are due, and the models that are not in the project any more', async ({
  project,
  connection,
  sql,
}) => {
  await sql(`create schema crm; create table crm.accounts (
    id int, at timestamptz, _gm_xid xid8 not null default pg_current_xact_id());
    insert into crm.accounts values (0, now() - interval '2 years'), (1, now())`)
  const root = await project({
    'models/sources.yml':
      'sources: [{name: crm, tables: [{name: accounts, config: {event_time: at}}]}]\n',
    'models/gone.sql':
      "{{ config(materialized='incremental', unique_key='id') }} select id from {{ changes(source('crm', 'accounts')) }} as a",
    'models/yearly.sql': `{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='at', batch_size='year', begin='${new Date().getUTCFullYear() - 2}-01-01') }}
      select id, at, 1 / id as one from {{ source('crm', 'accounts') }}`,
  })
  const env = databaseUrl(connection)
  await gm(root, ['run'], env, 1)
  await rm(join(root, 'models/gone.sql'))
  const { stdout } = await gm(root, ['state'], env)
  expect(stdout).toMatch(/"public"\."gone" \(not in the project\) +\| "crm"\."accounts"/)
  expect(stdout).toMatch(/"public"\."yearly" +\| "crm"\."accounts" \| +0/)
  const year = String(new Date().getUTCFullYear() - 2)
  expect(stdout).toMatch(
    new RegExp(`Due batches\n[^]*"public"\\."yearly" \\| +1 \\| ${year} \\| ${year}`),
  )
  const json = JSON.parse((await gm(root, ['state', '--output', 'json'], env)).stdout) as unknown
  expect(json).toMatchObject({
    marks: [{ is_in_project: false }, { is_in_project: true }],
    due_batches: [{ relation: '"public"."yearly"', batches: [year] }],
  })
  await sql('update crm.accounts set id = 2, _gm_xid = pg_current_xact_id() where id = 0')
  await gm(root, ['run'], env)
  expect((await gm(root, ['state'], env)).stdout).not.toContain('Due batches')
})

test('where a model has an error or a package is missing, gm state, history and rollback do without the models and say so in one line', async ({
  project,
  connection,
  sql,
}) => {
  await sql(TABLE)
  const root = await project({
    ...FILES,
    'project.yml': 'name: shop\nkeep_versions: 1\npublish: atomic\n',
    'snapshots/seen.sql':
      "{{ config(unique_key='id', strategy='check', check_cols='all') }} select * from {{ source('crm', 'accounts') }}\n",
  })
  const env = databaseUrl(connection)
  await gm(root, ['build', '--quiet'], env)
  await sql(`update crm.accounts set owner = 'eve' where id = 1`)
  await gm(root, ['build', '--force', '--quiet'], env)
  const warning = (found: string): RegExp => new RegExp(`^warning: [^\n]*${found}[^\n]*\n$`)

  await writeFile(join(root, 'models/broken.sql'), '{% if %}\nselect 1')
  const state = await gm(root, ['state'], env)
  expect(state.stdout).toContain('"public"."copied" | "crm"."accounts" |      0')
  expect(state.stderr).toMatch(warning('models/broken.sql:1:\\d+  GM2001'))
  const json = await gm(root, ['state', '--output', 'json'], env)
  expect(JSON.parse(json.stdout)).toMatchObject({
    marks: [{ is_in_project: null }],
    due_batches: null,
  })
  expect((await gm(root, ['history'], env)).stdout).toContain('| success |')
  expect((await gm(root, ['state', 'rebase'], env)).stdout).toContain('Nothing to do.')

  await writeFile(
    join(root, 'packages.yml'),
    'packages: [{local: nowhere}, {package: dbt-labs/dbt_utils, version: 1.3.0}]\n',
  )
  expect((await gm(root, ['state'], env)).stderr).toMatch(warning('GM1012'))
  await gm(root, ['history', 'show'], env)
  await gm(root, ['debug'], env)
  // Without the models nobody can tell a snapshot that could be made again from one that could not.
  const refused = await gm(root, ['rollback', '--dry-run'], env, 2)
  expect(refused.stderr).toContain('"public"."seen" has seen since')
  const back = await gm(root, ['rollback', '--allow-destructive'], env)
  expect(back.stdout).toContain('comes back  "public"."copied"')
})
