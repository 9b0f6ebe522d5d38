import pg from 'pg'
import { describe, expect } from 'vitest'
import { gm } from '../gm.ts'
import { test } from './screen-fixture.ts'

const SHOP = {
  'project.yml':
    'name: shop\nthreads: 1\nreuse: none\npublish: atomic\npublish_wait_seconds: 0.1\nkeep_versions: 1\n',
  'models/orders.sql': "{{ config(materialized='table') }}\nselect 1 as id\n",
}

describe('what a user sees of a publication that cannot be', () => {
  test('somebody reads from before it was built, or a materialized view on it is not selected', async ({
    project,
    env,
    sql,
    screen,
    expectScreen,
  }) => {
    const root = await project({
      ...SHOP,
      'models/totals.sql':
        "{{ config(materialized='materialized_view') }}\nselect count(*) as n from {{ ref('orders') }}\n",
    })
    await gm(root, ['build'], env)
    await screen('publish-without-materialized-view', { root, args: ['build', '-s', 'orders'] })

    await sql(
      `set application_name = 'monthly report'; begin isolation level repeatable read; select 1`,
    )
    try {
      const ended = await gm(root, ['build'], env, 1)
      expectScreen(
        'publish-while-read',
        { root, args: ['build'] },
        { ...ended, stdout: ended.stdout.replace(/, \d+ s\)/g, ', 1 s)') },
      )
    } finally {
      await sql('rollback')
    }
  })

  test('a rollback where nothing is kept, and over rows that were written by hand', async ({
    project,
    env,
    sql,
    screen,
  }) => {
    const root = await project(SHOP)
    await screen('rollback-nothing', { root, args: ['rollback'] })
    await gm(root, ['build'], env)
    await gm(root, ['build'], env)
    await sql('insert into orders values (2)')
    await screen('rollback-refused', { root, args: ['rollback', '--dry-run'] })
  })
})

const DAILY = {
  'project.yml': 'name: shop\nthreads: 1\n',
  'models/sources.yml': 'sources: [{name: raw, tables: [{name: orders}]}]\n',
  'models/stg_orders.sql':
    "{{ config(event_time='at') }}\nselect id, at from {{ source('raw', 'orders') }}\n",
}
const RAW = `create schema raw; create table raw.orders (id int, at timestamptz);
insert into raw.orders select d, make_timestamptz(2026, 1, d, 12, 0, 0, 'UTC') from generate_series(1, 3) d`

function daily(query: string): string {
  return `{{ config(
  materialized='incremental', incremental_strategy='microbatch', event_time='at', batch_size='day', begin='2026-01-01',
  concurrent_batches=false
) }}
${query}
`
}

describe('what a user sees of a batch that cannot be', () => {
  test('its rows lie outside of it', async ({ project, sql, screen }) => {
    await sql(RAW)
    const root = await project({
      ...DAILY,
      'models/daily.sql': daily(
        "select id, at + interval '1 day' as at from {{ ref('stg_orders') }}",
      ),
    })
    await screen('batch-rows-outside', { root, args: ['run', '--as-of', '2026-01-02'] })
  })

  test('somebody replaces the table between two batches', async ({
    project,
    env,
    sql,
    connection,
    expectScreen,
  }) => {
    await sql(`${RAW}; create function raw.gate() returns boolean language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(7);
  return true;
end $$`)
    const root = await project({
      ...DAILY,
      'models/daily.sql': daily("select id, at from {{ ref('stg_orders') }} where raw.gate()"),
    })
    await gm(root, ['run', '--as-of', '2026-01-01'], env)
    const waiting = async (lock: string): Promise<unknown> =>
      (
        await sql(
          `select from pg_locks where not granted and locktype = '${lock}' and database = (select oid from pg_database where datname = current_database())`,
        )
      ).length
    const { host, port, user, password, database } = connection
    const other = new pg.Client({ host, port, user, password, database })
    await other.connect()
    try {
      await sql('select pg_advisory_lock(7)')
      const args = ['run', '--as-of', '2026-01-03']
      const running = gm(root, args, env, 1)
      await expect.poll(() => waiting('advisory'), { timeout: 30_000 }).toBe(1)
      // Queues behind the first batch, and so comes before the second.
      const replaced = other.query(
        'alter table daily rename to before; create table daily (like before)',
      )
      await expect.poll(() => waiting('relation'), { timeout: 30_000 }).toBe(1)
      await sql('select pg_advisory_unlock(7)')
      await replaced
      expectScreen('batch-table-replaced', { root, args }, await running)
    } finally {
      await other.end()
    }
  })
})
