import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { databaseUrl, gm } from '../gm.ts'
import { test } from '../sql-fixture.ts'

const SHOP = {
  'project.yml': 'name: shop\nthreads: 2\n',
  'models/sources.yml': 'sources: [{name: raw, tables: [{name: orders}, {name: rates}]}]\n',
  // A view over a landed table: late rows are found through it.
  'models/stg_orders.sql':
    "{{ config(event_time='ordered_at') }} select id, at as ordered_at, amount from {{ source('raw', 'orders') }} as o",
  'models/daily.sql': `{{ config(
  materialized='incremental', incremental_strategy='microbatch', event_time='ordered_at', batch_size='day',
  begin='2026-01-01', unique_key='id', post_hook="insert into hooked values ('{{ this.identifier }}')"
) }}
select o.id, o.ordered_at, 100 / o.amount * r.rate as worth, '{{ model.batch.id if model.batch }}' as batch
from {{ ref('stg_orders') }} as o
cross join {{ source('raw', 'rates') }} as r`,
  'models/total.sql': "select sum(worth) as worth from {{ ref('daily') }}",
}

const RAW = `create schema raw;
create table raw.rates (rate int); insert into raw.rates values (1);
create table hooked (name text);
create table raw.orders (id int, at timestamptz, amount int, _gm_xid xid8 not null default pg_current_xact_id());
insert into raw.orders (id, at, amount) values (1, '2026-01-01 05:00+00', 10), (2, '2026-01-02 05:00+00', 0), (3, '2026-01-03 05:00+00', 10)`

test('a microbatch model is made day by day, goes on after a failure, and takes late rows through a view', async ({
  connection,
  project,
  sql,
}) => {
  await sql(RAW)
  const env = databaseUrl(connection)
  const root = await project(SHOP)
  const rows = async (): Promise<unknown> =>
    (await sql('select id, batch from daily order by id')).map(({ id, batch }) => [id, batch])
  const today = ['--as-of', '2026-01-03']

  const first = await gm(root, ['run', ...today], env, 1)
  expect(first.stdout).toMatch(/batch \d of 3 2026-01-0\d of daily/)
  expect(first.stdout).toContain('PARTIAL SUCCESS (2/3)')
  expect(first.stdout).toMatch(/models\/daily\.sql:5:\d+ {2}GM4001 {2}division by zero/)
  expect(first.stdout).toContain('SKIP  public.total because of daily')
  const artifact = JSON.parse(readFileSync(join(root, 'target/run_results.json'), 'utf8')) as {
    results: { unique_id: string; status: string; batch_results: unknown }[]
  }
  expect(artifact.results.find(({ unique_id }) => unique_id === 'model.shop.daily')).toMatchObject({
    status: 'partial success',
    batch_results: {
      successful: [
        ['2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z'],
        ['2026-01-03T00:00:00.000Z', '2026-01-04T00:00:00.000Z'],
      ],
      failed: [['2026-01-02T00:00:00.000Z', '2026-01-03T00:00:00.000Z']],
    },
  })
  expect(await sql('select * from hooked')).toEqual([])

  await sql('update raw.orders set amount = 5, _gm_xid = pg_current_xact_id() where id = 2')
  await gm(root, ['run', ...today], env)
  expect(await rows()).toEqual([
    [1, '20260101'],
    [2, '20260102'],
    [3, '20260103'],
  ])
  expect(await sql('select * from hooked')).toEqual([{ name: 'daily' }])

  await sql(`insert into raw.orders (id, at, amount) values (4, '2026-01-01 23:59+00', 1)`)
  const late = await gm(root, ['run', '-s', 'daily', ...today], env)
  expect(late.stdout).toContain('2026-01-01 of daily')
  expect(await rows()).toContainEqual([4, '20260101'])

  // The key's row moves to another day, and the old one goes with it.
  await sql(
    `update raw.orders set at = '2026-01-02 01:00+00', _gm_xid = pg_current_xact_id() where id = 4`,
  )
  await gm(root, ['run', '-s', 'daily', ...today], env)
  expect((await rows()) as unknown[]).toHaveLength(4)
  expect(await rows()).toContainEqual([4, '20260102'])

  const range = ['--event-time-start', '2026-01-01', '--event-time-end', '2026-01-02']
  const again = await gm(root, ['run', '-s', 'daily', ...range, ...today], env)
  expect(again.stdout).toContain('batch 1 of 1 2026-01-01 of daily')
  const compiled = await gm(root, ['compile', '-s', 'daily', ...range], env)
  expect(compiled.stdout).toContain(`"ordered_at" < '2026-01-02 00:00:00+00'`)
  // The range left the newest ones of its day to the next run.
  const plan = await gm(root, ['run', '-s', 'daily', '--dry-run', '--as-of', '2026-01-05'], env)
  expect(plan.stdout).toMatch(/run batches +public\.daily +4 batches from 2026-01-02 to 2026-01-05/)
  await gm(root, ['run', '--sample', '1 day', ...today], env)

  const half = await gm(root, ['run', '--event-time-start', '2026-01-01'], env, 2)
  expect(half.stderr).toContain('--event-time-start needs --event-time-end as well')
  const wrong = ['--event-time-start', '2026-01-02', '--event-time-end', '2026-01-02']
  const empty = await gm(root, ['run', ...wrong], env, 2)
  expect(empty.stderr).toContain(
    '--event-time-end must be later than --event-time-start 2026-01-02',
  )
})

test('through a view a row is in the batch of the time that it has now, and in none once it is deleted; gm plan says where nothing tells of that', async ({
  connection,
  project,
  sql,
}) => {
  await sql(`create schema raw;
    create table raw.orders (id int, at timestamptz, _gm_xid xid8 not null default pg_current_xact_id());
    insert into raw.orders values (1, '2026-01-02 12:00+00'), (2, '2026-01-03 12:00+00')`)
  const batched = (
    view: string,
  ): string => `{{ config(materialized='incremental', incremental_strategy='microbatch',
    event_time='ordered_at', batch_size='day', lookback=0, begin='2026-01-01') }}
    select id, ordered_at from {{ ref('${view}') }} as o`
  const staged = (event_time: string): string =>
    `{{ config(materialized='incremental', unique_key='id'${event_time}) }}
      select id, at, at + interval '1 month' as due_at from {{ changes(source('raw', 'orders')) }} as o`
  const root = await project({
    'models/sources.yml': 'sources: [{name: raw, tables: [{name: orders}]}]\n',
    'models/staged.sql': staged(''),
    'models/inner.sql':
      "{{ config(materialized='ephemeral') }} select *, at as ordered_at from {{ ref('staged') }}",
    'models/seen.sql': `{{ config(event_time='ordered_at') }}
      with orders as (select * from {{ ref('inner') }}) select id, ordered_at from orders where id > 0`,
    'models/daily.sql': batched('seen'),
    // Its own event_time is another one than the view hands on.
    'models/due.sql': staged(", event_time='due_at'"),
    'models/seen_due.sql':
      "{{ config(event_time='ordered_at') }} select id, at as ordered_at from {{ ref('due') }}",
    'models/daily_due.sql': batched('seen_due'),
    'models/rounded.sql': `{{ config(event_time='ordered_at') }}
      select id, date_trunc('hour', at) as ordered_at from {{ ref('staged') }} as s`,
    'models/daily_rounded.sql': batched('rounded'),
  })
  const env = databaseUrl(connection)
  const run = async (): Promise<string> =>
    (await gm(root, ['run', '--as-of', '2026-01-08'], env)).stdout
  const rows = async (table: string): Promise<unknown> =>
    (await sql(`select id, ordered_at::date::text as day from ${table} order by id, day`)).map(
      ({ id, day }) => [id, day],
    )
  await run()
  await sql(
    `update raw.orders set at = '2026-01-04 12:00+00', _gm_xid = pg_current_xact_id() where id = 1`,
  )
  const planned = await gm(root, ['plan', '--as-of', '2026-01-08'], env)
  expect(planned.stdout).toMatch(
    /daily_rounded +its input rounded is built before it, batch 2026-01-08 and those whose rows have changed; rows of staged that are deleted or get another time are missed, as it has no event_time/,
  )
  expect(planned.stdout).toMatch(/public.daily +its input[^;]*$/m)
  expect(planned.stderr).toContain(
    'models/rounded.sql:1:1  GM3016  rows of staged that are deleted or get another time stay in daily_rounded',
  )
  expect(planned.stderr.match(/GM3016/g)).toHaveLength(1)
  const refused = await gm(root, ['run', '--warn-error'], env, 2)
  expect(refused.stderr).toContain('Give staged an event_time')
  await run()
  const moved = [
    [1, '2026-01-04'],
    [2, '2026-01-03'],
  ]
  expect(await rows('daily')).toEqual(moved)
  expect(await rows('daily_due')).toEqual(moved)
  await sql('delete from staged where id = 2; delete from due where id = 2')
  await run()
  expect(await rows('daily')).toEqual([[1, '2026-01-04']])
  expect(await rows('daily_due')).toEqual([[1, '2026-01-04']])
  // As the plan says.
  expect(await rows('daily_rounded')).toEqual([[1, '2026-01-02'], ...moved])
})
