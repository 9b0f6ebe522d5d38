import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { test } from './errors/screen-fixture.ts'
import { gm, startGm } from './gm.ts'

/** b needs a, and c needs b; b fails as long as there is no row in shop.gate. */
const SHOP = {
  'project.yml': 'name: shop\nvars: {day: monday}\nreuse: none\n',
  'models/a.sql': "select '{{ var('day') }}' as day",
  'models/b.sql':
    "{{ config(materialized='table') }}\nselect day, 1 / (select count(*) from gate) as one from {{ ref('a') }}",
  'models/c.sql': "{{ config(materialized='table') }}\nselect * from {{ ref('b') }}",
  'models/other.sql': 'select 1 as id',
}

const LAST_STEPS = `select node_id as id, status from gm.steps
where run_id = (select run_id from gm.runs order by started_at desc limit 1) order by 1`

test('After a run with a failure gm retry runs what failed and what it held back, with the variables and the selection of that run, and then has nothing left to do', async ({
  env,
  sql,
  project,
}) => {
  const root = await project(SHOP)
  await sql('create table gate (id int)')
  await gm(root, ['run', '-s', '+c', '--vars', '{day: tuesday}'], env, 1)
  await sql('insert into gate values (1)')

  await gm(root, ['retry'], env)
  expect(await sql(LAST_STEPS)).toEqual([
    { id: 'model.shop.b', status: 'success' },
    { id: 'model.shop.c', status: 'success' },
  ])
  expect(await sql('select day from c')).toEqual([{ day: 'tuesday' }])
  const { stdout } = await gm(root, ['retry'], env)
  expect(stdout).toBe('The last run (gm run) finished all that it was asked for.\n')
})

test('After a run that was killed gm retry runs the rest of its nodes and not those that were done, though no file of that run is left', async ({
  env,
  sql,
  untilRuns,
  project,
}) => {
  const root = await project({
    ...SHOP,
    'project.yml': 'name: shop\nthreads: 1\nreuse: none\n',
    'models/a.sql': "select 'x' as day",
    'models/b.sql':
      "{{ config(materialized='table') }}\nselect * from {{ ref('a') }} where pg_sleep(case when exists (select from gate) then 0 else 600 end) is not null",
  })
  await sql('create table gate (id int)')
  const { child, ended } = startGm(root, ['build', '-s', '+c', '--no-write-json'], env)
  await untilRuns('pg_sleep')
  child.kill('SIGKILL')
  await ended
  await sql('insert into gate values (1)')

  await gm(root, ['retry'], env)
  expect(await sql(LAST_STEPS)).toEqual([
    { id: 'model.shop.b', status: 'success' },
    { id: 'model.shop.c', status: 'success' },
  ])
  expect(await sql(`select command, status from gm.runs order by started_at`)).toEqual([
    { command: 'build', status: 'interrupted' },
    { command: 'build', status: 'success' },
  ])
})

test('Of a run with --publish atomic that failed gm retry runs every node, because none of it was published', async ({
  env,
  sql,
  project,
}) => {
  const root = await project(SHOP)
  await sql('create table gate (id int)')
  await gm(root, ['run', '-s', '+c', '--publish', 'atomic'], env, 1)
  await sql('insert into gate values (1)')

  await gm(root, ['retry'], env)
  expect(await sql('select * from c')).toEqual([{ day: 'monday', one: '1' }])
  expect(await sql(LAST_STEPS)).toHaveLength(3)
})

/** Fails for the hours that stand in shop.broken. */
const hourly = (begin: string): Readonly<Record<string, string>> => ({
  'project.yml': 'name: shop\nthreads: 2\n',
  'models/sources.yml':
    'sources: [{name: raw, tables: [{name: orders, config: {event_time: at}}]}]\n',
  'models/hourly.sql': `{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='at',
  batch_size='hour', begin='${begin}', lookback=2) }}
select id, at, 1 / (case when exists (select from broken b where b.at = o.at) then 0 else 1 end) as one
from {{ source('raw', 'orders') }} as o`,
})

const ORDERS = `create schema raw; create table broken (at timestamptz);
create table raw.orders (id int, at timestamptz, _gm_xid xid8 not null default pg_current_xact_id())`

const DONE = `select extract(hour from batch_start at time zone 'UTC')::int as hour, run_id from gm.batches where not is_due order by 1`

test('gm retry does the batches that the failed run has not committed, and no others, however often it fails', async ({
  env,
  sql,
  project,
}) => {
  const root = await project(hourly('2026-01-01T00:00:00'))
  await sql(ORDERS)
  await sql(
    `insert into raw.orders select n, '2026-01-01 00:30+00'::timestamptz + n * interval '1 hour' from generate_series(0, 5) n`,
  )
  await gm(root, ['run', '--as-of', '2026-01-01T05:45:00Z'], env)
  const doneBy = async (): Promise<Record<number, unknown>> =>
    Object.fromEntries((await sql(DONE)).map(({ hour, run_id: id }) => [Number(hour), id]))
  const first = (await doneBy())[0]

  // A range of all that is done already; of it two batches fail.
  const range = ['--event-time-start', '2026-01-01T01:00:00Z']
  await sql(`insert into broken values ('2026-01-01 02:30+00'), ('2026-01-01 04:30+00')`)
  const asked = [...range, '--event-time-end', '2026-01-01T05:00:00Z', '-f']
  await gm(root, ['run', ...asked, '--as-of', '2026-01-01T05:45:00Z'], env, 1)
  const second = (await doneBy())[1]
  expect(await doneBy()).toEqual({ 0: first, 1: second, 3: second })
  expect(second).not.toBe(first)

  await sql(`delete from broken where at < '2026-01-01 03:00+00'`)
  await gm(root, ['retry'], env, 1)
  const third = (await doneBy())[2]
  expect(await doneBy()).toEqual({ 0: first, 1: second, 2: third, 3: second })
  await sql('delete from broken')
  const last = await gm(root, ['retry'], env)
  expect(last.stdout).toContain('batch 1 of 1 2026-01-01T04 of hourly')
  const fourth = (await doneBy())[4]
  expect(await doneBy()).toEqual({ 0: first, 1: second, 2: third, 3: second, 4: fourth })

  // What is left of the newest ones, which the range has left to the next run.
  await gm(root, ['run', '--as-of', '2026-01-01T05:45:00Z'], env)
  expect((await doneBy())[5]).toBeDefined()
  expect(await sql('select count(*)::int as n from hourly')).toEqual([{ n: 6 }])
})

test('gm retry does the batches up to the one in which the failed run began, also when others have begun since', async ({
  env,
  sql,
  project,
}) => {
  const hour = (back: number): string =>
    new Date(Math.floor(Date.now() / 3_600_000 - back) * 3_600_000).toISOString().slice(0, 19)
  const root = await project(hourly(hour(2)))
  await sql(ORDERS)
  await sql(
    `insert into raw.orders values (1, '${hour(2)}Z'); insert into broken values ('${hour(2)}Z')`,
  )
  await gm(root, ['run', '-f'], env, 1)
  await sql('delete from broken')
  await sql(`update gm.runs set started_at = started_at - interval '1 hour'`)
  await sql(`delete from gm.batches where batch_start = '${hour(0)}Z'`)
  const { stdout } = await gm(root, ['retry'], env)
  expect(stdout).toContain(`batch 1 of 1 ${hour(2).slice(0, 13)} of hourly`)
})

test('gm retry says what it lacks where gm has never run, and names a command that it cannot go on with', async ({
  screen,
  project,
  env,
}) => {
  const root = await project({
    ...SHOP,
    'models/b.sql': 'select 1 as id',
    'models/c.sql': 'select 2 as id',
  })
  await screen('retry-nothing', { root, args: ['retry'] })
  await gm(root, ['parse'], env)
  await gm(root, ['clone', '--state', 'target'], env)
  await screen('retry-clone', { root, args: ['retry'] })
})

test('gm retry runs a model again that was done and has got other code since, with what reads it, and says so', async ({
  env,
  sql,
  project,
}) => {
  const root = await project({
    ...SHOP,
    'models/beside.sql': "{{ config(materialized='table') }}\nselect day from {{ ref('a') }}",
    'models/schema.yml':
      'models: [{name: a, columns: [{name: day, data_tests: [not_null]}]}, {name: other, columns: [{name: id, data_tests: [unique]}]}]\n',
  })
  await sql('create table gate (id int)')
  await gm(root, ['build'], env, 1)
  await sql('insert into gate values (1)')
  await writeFile(join(root, 'models/a.sql'), "select 'friday' as day")

  const { stdout } = await gm(root, ['retry'], env)
  expect(stdout).toContain('a: done before by other code')
  expect(await sql(LAST_STEPS)).toEqual(
    [
      'model.shop.a',
      'model.shop.b',
      'model.shop.beside',
      'model.shop.c',
      'test.shop.not_null_a_day',
    ].map((id) => ({
      id: expect.stringContaining(id) as string,
      status: expect.any(String) as string,
    })),
  )
  expect(await sql('select c.day, beside.day as other from c, beside')).toEqual([
    { day: 'friday', other: 'friday' },
  ])
})

test('gm retry leaves what has appended its rows as it is, whatever has other code, and says so', async ({
  env,
  sql,
  project,
}) => {
  const root = await project({
    ...SHOP,
    'models/kept.sql': "{{ config(materialized='incremental') }}\nselect day from {{ ref('a') }}",
  })
  await sql('create table gate (id int)')
  await gm(root, ['run'], env, 1)
  await sql('insert into gate values (1)')
  await writeFile(join(root, 'models/a.sql'), "select 'friday' as day")

  const { stdout } = await gm(root, ['retry'], env)
  expect(stdout).toContain('kept: done before by other code, and left as it is')
  expect(await sql('select kept.day, c.day as other from kept, c')).toEqual([
    { day: 'monday', other: 'friday' },
  ])
})

test('what failed again after it was done by other code is left for the next gm retry', async ({
  env,
  sql,
  project,
}) => {
  const root = await project(SHOP)
  await sql('create table gate (id int); insert into gate values (1)')
  await sql('create table door (id int)')
  await writeFile(
    join(root, 'models/c.sql'),
    "{{ config(materialized='table') }}\nselect 1 / 0 as n from {{ ref('b') }}",
  )
  await gm(root, ['run'], env, 1)
  await writeFile(
    join(root, 'models/a.sql'),
    "{{ config(materialized='table') }}\nselect 1 / (select count(*) from door) as day",
  )
  await writeFile(
    join(root, 'models/b.sql'),
    "{{ config(materialized='table') }}\nselect day from {{ ref('a') }}",
  )
  await gm(root, ['retry'], env, 1)
  await sql('insert into door values (1)')
  await writeFile(join(root, 'models/c.sql'), "select day from {{ ref('b') }}")
  await gm(root, ['retry'], env)
  expect(await sql('select day::int from c')).toEqual([{ day: 1 }])
  expect((await gm(root, ['retry'], env)).stdout).toContain('finished all')
})

test('gm retry names what is not in the project any more', async ({ env, sql, project }) => {
  const root = await project(SHOP)
  await sql('create table gate (id int)')
  await gm(root, ['run'], env, 1)
  await rm(join(root, 'models/b.sql'))
  await writeFile(join(root, 'models/c.sql'), "select * from {{ ref('a') }}")
  const { stdout } = await gm(root, ['retry'], env)
  expect(stdout).toContain('Not in the project any more: model.shop.b\n')
  expect(await sql(LAST_STEPS)).toEqual([{ id: 'model.shop.c', status: 'success' }])
})

test('Of a run with --publish atomic that was killed after it had published, and before it could end, nothing is done twice', async ({
  env,
  sql,
  untilRuns,
  project,
}) => {
  const root = await project({
    'project.yml':
      'name: shop\nreuse: none\npublish: atomic\non-run-end: "select pg_sleep(case when exists (select from gate) then 0 else 600 end)"\n',
    'models/kept.sql': "{{ config(materialized='incremental') }}\nselect 1 as id",
  })
  await sql('create table gate (id int)')
  const { child, ended } = startGm(root, ['run'], env)
  await untilRuns('pg_sleep')
  child.kill('SIGKILL')
  await ended
  await sql(
    `select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
  )
  await sql('insert into gate values (1)')
  await gm(root, ['retry'], env)
  const { stdout } = await gm(root, ['retry'], env)
  expect(stdout).toBe('The last run (gm run) finished all that it was asked for.\n')
  expect(await sql('select * from kept')).toEqual([expect.objectContaining({ id: 1 })])
})

test('gm retry runs the hooks at the end of a run that failed in them, and none of the nodes', async ({
  env,
  sql,
  project,
}) => {
  const root = await project({
    'project.yml':
      'name: shop\nreuse: none\non-run-end: "insert into ended select 1 / count(*) from gate"\n',
    'models/kept.sql': "{{ config(materialized='incremental') }}\nselect 1 as id",
  })
  await sql('create table gate (id int); create table ended (n int)')
  await gm(root, ['run'], env, 1)
  await sql('insert into gate values (1)')
  await gm(root, ['retry'], env)
  expect(await sql('select n from ended')).toEqual([{ n: 1 }])
  expect(await sql('select id from kept')).toEqual([{ id: 1 }])
  expect((await gm(root, ['retry'], env)).stdout).toContain('finished all')
})

/** Appends a row by each run; of its hooks outside of transactions the second fails as long as there is no row in gate. */
const HOOKED = {
  'project.yml': 'name: shop\nreuse: none\n',
  'models/kept.sql': `{{ config(materialized='incremental', post_hook=[
  {'sql': "insert into hooks values ('first')", 'transaction': false},
  {'sql': "insert into hooks select 'second' where 1 / (select count(*) from gate) = 1 and pg_sleep(case when exists (select from door) then 0 else 600 end) is not null", 'transaction': false},
  {'sql': "insert into hooks values ('third')", 'transaction': false}
]) }}
select 1 as id`,
  'models/after.sql': "{{ config(materialized='table') }}\nselect * from {{ ref('kept') }}",
}
const HOOKS =
  'create table hooks (name text); create table gate (id int); create table door (id int)'

test('gm retry runs the hooks that a failed one has left after rows that are committed, and not those rows again', async ({
  env,
  sql,
  project,
}) => {
  const root = await project(HOOKED)
  await sql(`${HOOKS}; insert into door values (1)`)
  await gm(root, ['run'], env, 1)
  await gm(root, ['retry'], env, 1)
  await sql('insert into gate values (1)')

  const { stdout } = await gm(root, ['retry'], env)
  expect(stdout).toContain('ran hooks of public.kept')
  expect(await sql('select id from kept')).toHaveLength(1)
  expect(await sql('select id from after')).toHaveLength(1)
  expect(await sql('select name from hooks')).toEqual([
    { name: 'first' },
    { name: 'second' },
    { name: 'third' },
  ])
  expect((await gm(root, ['retry'], env)).stdout).toContain('finished all')
})

test('gm retry runs the hooks that a killed run did not come to after its rows', async ({
  env,
  sql,
  untilRuns,
  project,
}) => {
  const root = await project(HOOKED)
  await sql(`${HOOKS}; insert into gate values (1)`)
  const { child, ended } = startGm(root, ['run'], env)
  await untilRuns('pg_sleep')
  child.kill('SIGKILL')
  await ended
  await sql(
    'select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  )
  await sql('insert into door values (1)')

  await gm(root, ['retry'], env)
  expect(await sql('select id from kept')).toHaveLength(1)
  expect(await sql('select name from hooks')).toEqual([
    { name: 'first' },
    { name: 'second' },
    { name: 'third' },
  ])
})

test('gm retry builds a table again whose hooks were left, where it has got other code since, and its hooks with it', async ({
  env,
  sql,
  project,
}) => {
  const root = await project({
    ...HOOKED,
    'models/kept.sql': HOOKED['models/kept.sql'].replace('incremental', 'table'),
  })
  await sql(`${HOOKS}; insert into door values (1)`)
  await gm(root, ['run'], env, 1)
  await sql('insert into gate values (1)')
  await writeFile(
    join(root, 'models/kept.sql'),
    HOOKED['models/kept.sql'].replace('incremental', 'table').replace('1 as id', '2 as id'),
  )
  await gm(root, ['retry'], env)
  expect(await sql('select after.id from after')).toEqual([{ id: 2 }])
  expect(await sql('select name from hooks')).toHaveLength(4)
})
