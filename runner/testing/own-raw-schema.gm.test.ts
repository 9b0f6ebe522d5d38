import { expect } from 'vitest'
import { databaseUrl, gm } from './gm.ts'
import { test } from './sql-fixture.ts'

const FILES = {
  'models/sources.yml': 'sources: [{name: raw, tables: [{name: customers}]}]\n',
  'models/names.sql': "select name from {{ source('raw', 'customers') }}\n",
}

test('a schema raw of the users own, in which gm may write nothing, is read and gets none of the tables that events land in', async ({
  project,
  connection,
  sql,
}) => {
  const role = `gm_reader_${connection.database}`
  await sql(`create schema raw; create table raw.customers as select 'ann' as name;
    create role ${role} login password 'reads';
    grant create on database ${connection.database} to ${role}; grant create on schema public to ${role};
    grant usage on schema raw to ${role}; grant select on raw.customers to ${role}`)
  try {
    const root = await project(FILES)
    await gm(root, ['build'], databaseUrl({ ...connection, user: role, password: 'reads' }))
    expect(await sql('select name from public.names')).toEqual([{ name: 'ann' }])
    expect(await sql(`select tablename from pg_tables where schemaname = 'raw'`)).toEqual([
      { tablename: 'customers' },
    ])
  } finally {
    await sql(`drop owned by ${role}; drop role ${role}`)
  }
})

const TOPIC_FILES = {
  'models/sources.yml': 'sources: [{name: raw, tables: [{name: transactions}]}]\n',
  'models/amounts.sql': "select amount from {{ source('raw', 'transactions') }}\n",
}

test('a table of the users own that has the name of one that events land in is read like any other', async ({
  project,
  connection,
  sql,
}) => {
  await sql(`create schema raw; create table raw.migrations (id integer);
    create table raw.transactions as select 5 as amount`)
  await gm(await project(TOPIC_FILES), ['build'], databaseUrl(connection))
  expect(await sql('select amount from public.amounts')).toEqual([{ amount: 5 }])
  expect(await sql(`select count(*)::int as n from pg_tables where schemaname = 'raw'`)).toEqual([
    { n: 2 },
  ])
})

test('where a table must be made that events land in, what is in its way is named', async ({
  project,
  connection,
  sql,
}) => {
  await sql('create schema raw; create table raw.topics (title text)')
  const root = await project(TOPIC_FILES)
  const { stderr } = await gm(root, ['build'], databaseUrl(connection), 2)
  expect(stderr).toMatch(
    /^GM7013 {2}raw\.topics is .* made a table of that name, with the column "title"$/m,
  )
})
