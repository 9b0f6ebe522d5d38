import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { databaseUrl, gm } from './gm.ts'
import { test } from './sql-fixture.ts'

test('snapshots in YAML and in blocks keep history over runs, and history_is_sound finds what somebody breaks', async ({
  connection,
  sql,
  project,
}) => {
  const env = databaseUrl(connection)
  await sql(`create schema raw; create table raw.orders (id int, status text, updated_at timestamp);
    insert into raw.orders values (1, 'new', '2026-01-01'), (2, 'new', '2026-01-01')`)
  const root = await project({
    'snapshots/orders.yml': `sources:
  - name: raw
    tables: [{name: orders}]
snapshots:
  - name: orders_by_time
    relation: source('raw', 'orders')
    config: {strategy: timestamp, unique_key: id, updated_at: updated_at, hard_deletes: new_record}
    data_tests: [history_is_sound]
  - name: orders_by_value
    data_tests:
      - history_is_sound:
          arguments: {allow_gaps: false}
`,
    'snapshots/orders.sql': `{% snapshot orders_by_value %}
{{ config(strategy='check', unique_key='id', check_cols='all', target_schema='kept', hard_deletes='invalidate') }}
select * from {{ source('raw', 'orders') }}
{% endsnapshot %}`,
  })
  await gm(root, ['build'], env)
  await sql(`update raw.orders set status = 'sent', updated_at = '2026-02-01' where id = 1;
    delete from raw.orders where id = 2`)
  await gm(root, ['snapshot'], env)
  expect(
    await sql(`select id, status, dbt_is_deleted, dbt_valid_to is null as holds
      from public.orders_by_time order by id, dbt_valid_from`),
  ).toEqual([
    { id: 1, status: 'new', dbt_is_deleted: 'False', holds: false },
    { id: 1, status: 'sent', dbt_is_deleted: 'False', holds: true },
    { id: 2, status: 'new', dbt_is_deleted: 'False', holds: false },
    { id: 2, status: 'new', dbt_is_deleted: 'True', holds: true },
  ])
  expect(await sql(`select count(*)::int as n from kept.orders_by_value`)).toEqual([{ n: 3 }])

  // Order 2 is gone, which allow_gaps: false does not allow; the other test passes until somebody breaks it.
  await sql(
    `update public.orders_by_time set dbt_valid_to = '2030-01-01' where id = 1 and status = 'new'`,
  )
  const { stdout } = await gm(root, ['test', '--log-format', 'json'], env, 1)
  const ends = stdout
    .split('\n')
    .filter((line) => line.includes('"step-end"'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(ends.map(({ status, failures }) => [status, failures])).toEqual([
    ['fail', 1],
    ['fail', 1],
  ])
})

test('history_is_sound passes after hard_deletes: invalidate has become new_record, and goes on to find gaps', async ({
  connection,
  sql,
  project,
}) => {
  const env = databaseUrl(connection)
  await sql(`create schema raw; create table raw.orders (id int, updated_at timestamp);
    insert into raw.orders values (1, '2026-01-01'), (2, '2026-01-01'), (3, '2026-01-01')`)
  const files = (hardDeletes: string): Record<string, string> => ({
    'snapshots/orders.yml': `sources: [{name: raw, tables: [{name: orders}]}]
snapshots:
  - name: kept
    relation: source('raw', 'orders')
    config: {strategy: timestamp, unique_key: id, updated_at: updated_at, hard_deletes: ${hardDeletes}}
    data_tests: [history_is_sound]
`,
  })
  const before = await project(files('invalidate'))
  await gm(before, ['build'], env)
  await sql('delete from raw.orders where id < 3')
  await gm(before, ['build'], env)
  await sql(`insert into raw.orders values (1, localtimestamp)`)
  await gm(before, ['build'], env)
  const after = await project(files('new_record'))
  await gm(after, ['build'], env)
  await gm(after, ['test'], env)
  await sql(`delete from public.kept where dbt_is_deleted = 'True'`)
  expect((await gm(after, ['test'], env, 1)).stdout).toContain('2 rows fail')
})

test('hooks, privileges and failing rows are there after a build of a project with templates', async ({
  connection,
  sql,
  project,
}) => {
  const env = databaseUrl(connection)
  await sql('create schema audit; create table audit.log (id serial, what text)')
  const root = await project({
    'project.yml': `name: shop
on-run-start: "insert into audit.log (what) values ('begins')"
on-run-end:
  - "insert into audit.log (what) values ('{% for r in results %}{{ r.node.name }} {{ r.status }} {% endfor %}{{ schemas | join(',') }}')"
models:
  +post-hook: ["insert into audit.log (what) select '{{ this }} ' || count(*) from {{ this }}"]
  shop:
    +grants: {select: [public]}
`,
    'models/numbers.sql': `{{ config(materialized='table', pre_hook="insert into audit.log (what) values ('before {{ this.name }}')") }}
select generate_series(1, 3) as n`,
    'models/numbers.yml': `models:
  - name: numbers
    columns:
      - name: n
        data_tests:
          - accepted_values: {arguments: {values: [1], quote: false}, config: {store_failures: true, alias: odd_numbers}}
          - unique: {config: {store_failures_as: view, severity: warn}}
`,
  })
  await gm(root, ['build'], env, 1)
  const log = async (): Promise<string[]> =>
    (await sql<{ what: string }>('select what from audit.log order by id')).map(({ what }) => what)
  expect(await log()).toEqual([
    'begins',
    'before numbers',
    '"public"."numbers" 3',
    expect.stringMatching(/^numbers success .*fail.* public$/),
  ])
  expect(await sql('select value_field from dbt_test__audit.odd_numbers order by 1')).toEqual([
    { value_field: 2 },
    { value_field: 3 },
  ])
  expect(
    await sql(
      `select table_type from information_schema.tables where table_name = 'unique_numbers_n'`,
    ),
  ).toEqual([{ table_type: 'VIEW' }])
  const again = await gm(root, ['test', '--force'], env, 1)
  expect(again.stdout).toContain('select * from "dbt_test__audit"."odd_numbers"')
})

test('failing rows that are kept as a view do not keep a table from being built anew, with other columns as well', async ({
  connection,
  sql,
  project,
}) => {
  const env = databaseUrl(connection)
  const numbers = (columns: string): string =>
    `{{ config(materialized='table') }} select ${columns} from generate_series(1, 3) as n`
  const root = await project({
    'models/numbers.sql': numbers('n, 1 as one'),
    'tests/above_one.sql': `{{ config(store_failures_as='view', severity='warn') }} select * from {{ ref('numbers') }} where n > 1`,
  })
  const kept = 'select * from dbt_test__audit.above_one order by n limit 1'
  await gm(root, ['build'], env)
  await gm(root, ['build', '--force'], env)
  expect(await sql(kept)).toEqual([{ n: 2, one: 1 }])
  await writeFile(join(root, 'models/numbers.sql'), numbers('n, 2 as two'))
  await gm(root, ['build'], env)
  expect(await sql(kept)).toEqual([{ n: 2, two: 2 }])
  await gm(root, ['build', '--force', '--publish', 'atomic'], env)
  expect(await sql(kept)).toEqual([{ n: 2, two: 2 }])
})

test('a table that holds something else is never dropped for failing rows', async ({
  connection,
  sql,
  project,
}) => {
  await sql('create schema kept; create table kept.mine as select 1 as id')
  const root = await project({
    'tests/odd.sql': `{{ config(store_failures=true, schema='kept', alias='mine') }} select 2 as id`,
  })
  const { stdout } = await gm(root, ['test'], databaseUrl(connection), 1)
  expect(stdout).toContain('"kept"."mine" exists already')
  expect(await sql('select id from kept.mine')).toEqual([{ id: 1 }])
})
