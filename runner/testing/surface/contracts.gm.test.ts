import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { databaseUrl, gm } from '../gm.ts'
import { test } from '../sql-fixture.ts'

const SHOP = {
  'project.yml': 'name: shop\n',
  'models/orders.sql':
    "{{ config(materialized='table') }} select 'paid'::varchar as status, 12.345 as amount, 1 as id",
  'models/daily.sql': `{{ config(materialized='incremental', unique_key='id', on_schema_change='fail') }}
select id, amount from {{ ref('orders') }}`,
  'models/names.sql': "select 'Ada' as name",
  'models/schema.yml': `sources: [{name: raw, tables: [{name: statuses}]}]
models:
  - name: orders
    config: {contract: {enforced: true}}
    constraints:
      - {type: check, columns: [amount, id], expression: amount > id, name: worth_it}
      - {type: foreign_key, columns: [status], to: "source('raw', 'statuses')", to_columns: [status]}
    columns:
      - {name: id, data_type: int, constraints: [{type: primary_key}]}
      - {name: amount, data_type: 'numeric(10,2)', constraints: [{type: not_null}]}
      - {name: status, data_type: varchar(10), constraints: [{type: check, expression: "status <> ''"}]}
  - name: daily
    config: {contract: {enforced: true}}
    columns:
      - {name: id, data_type: integer, constraints: [{type: unique}]}
      - {name: amount, data_type: 'numeric(12,2)'}
  - name: names
    config: {contract: {enforced: true}}
    columns: [{name: name, data_type: string}]
`,
}

const RAW = `create schema raw; create table raw.statuses (status varchar(10) primary key); insert into raw.statuses values ('paid')`

const COLUMNS = `select string_agg(attname || ' ' || format_type(atttypid, atttypmod) || case when attnotnull then ' not null' else '' end, ', ' order by attnum) as columns
from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped and attname <> '_gm_xid'`

const CONSTRAINTS = `select conname as name, pg_get_constraintdef(oid) as is
from pg_constraint where conrelid = $1::regclass and contype <> 'n' order by conname`

test('a table with a contract has its columns in order, its types and its constraints, also after it was swapped or published with others', async ({
  connection,
  project,
  sql,
}) => {
  await sql(RAW)
  const env = databaseUrl(connection)
  const root = await project(SHOP)
  const wanted = [
    { name: 'orders_id_key', is: 'PRIMARY KEY (id)' },
    { name: 'status_check', is: "CHECK (((status)::text <> ''::text))" },
    { name: 'status_fkey', is: 'FOREIGN KEY (status) REFERENCES raw.statuses(status)' },
    { name: 'worth_it', is: 'CHECK ((amount > (id)::numeric))' },
  ]
  for (const args of [['run'], ['run', '--force'], ['run', '--force', '--publish', 'atomic']]) {
    await gm(root, args, env)
    expect(await sql(COLUMNS, ['orders'])).toEqual([
      {
        columns: 'id integer not null, amount numeric(10,2) not null, status character varying(10)',
      },
    ])
    expect(await sql(CONSTRAINTS, ['orders']), args.join(' ')).toEqual(wanted)
    expect(await sql('select id, amount from daily')).toEqual([{ id: 1, amount: '12.35' }])
  }
  expect(await sql(COLUMNS, ['names'])).toEqual([{ columns: 'name text' }])
  const text = readFileSync(join(root, 'target/manifest.json'), 'utf8')
  const { nodes } = JSON.parse(text) as { nodes: Record<string, { contract: unknown }> }
  expect(nodes['model.shop.orders']?.contract).toMatchObject({ enforced: true, alias_types: true })
})

const EVENTS = {
  'project.yml': 'name: shop\n',
  'models/paid.sql': `{{ config(materialized='incremental', unique_key='id', on_schema_change='fail') }}
select id, status, amount from {{ source('raw', 'events') }}`,
  'models/daily.sql': `{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='at', begin='2026-01-01',
  batch_size='day', on_schema_change='fail') }}
select at, amount, id, status from {{ source('raw', 'events') }}`,
  'models/schema.yml': `sources:
  - name: raw
    tables: [{name: statuses}, {name: events, config: {event_time: at}}]
models:
  - name: paid
    config: {contract: {enforced: true}}
    constraints:
      - {type: foreign_key, columns: [status], to: "source('raw', 'statuses')", to_columns: [status]}
    columns:
      - {name: id, data_type: int, constraints: [{type: primary_key}]}
      - {name: status, data_type: varchar(10)}
      - {name: amount, data_type: 'numeric(10,2)', constraints: [{type: check, expression: amount > 0}]}
  - name: daily
    config: {contract: {enforced: true}}
    constraints:
      - {type: foreign_key, columns: [status], to: "source('raw', 'statuses')", to_columns: [status]}
    columns:
      - {name: id, data_type: int, constraints: [{type: not_null}]}
      - {name: at, data_type: timestamp}
      - {name: status, data_type: varchar(10)}
      - {name: amount, data_type: 'numeric(10,2)', constraints: [{type: check, expression: amount > 0}]}
`,
}

test('increments and batches keep to their contract and its constraints, also in the copies of a run that is published whole', async ({
  connection,
  project,
  sql,
}) => {
  await sql(`${RAW}; create table raw.events (id int, at timestamp, status varchar(10), amount numeric);
insert into raw.events select g, timestamp '2026-01-01' + g * interval '6 hours', 'paid', g + 0.125 from generate_series(1, 9) g`)
  const env = databaseUrl(connection)
  const root = await project(EVENTS)
  const times = ['--event-time-start', '2026-01-01', '--event-time-end', '2026-01-04']
  const of = { check: { name: 'amount_check', is: 'CHECK ((amount > (0)::numeric))' } }
  const foreign = {
    name: 'status_fkey',
    is: 'FOREIGN KEY (status) REFERENCES raw.statuses(status)',
  }
  for (const args of [
    ['run', ...times],
    ['run', '--force', ...times],
    ['run', '--force', '--publish', 'atomic', ...times],
    ['run', '--full-refresh'],
  ]) {
    await gm(root, args, env)
    const what = args.join(' ')
    expect(await sql(CONSTRAINTS, ['paid']), what).toEqual([
      of.check,
      { name: 'paid_id_key', is: 'PRIMARY KEY (id)' },
      foreign,
    ])
    expect(await sql(CONSTRAINTS, ['daily']), what).toEqual([of.check, foreign])
    expect(await sql(COLUMNS, ['daily']), what).toEqual([
      {
        columns:
          'id integer not null, at timestamp without time zone, status character varying(10), amount numeric(10,2)',
      },
    ])
    expect(await sql('select count(*)::int as n, sum(amount)::text as sum from daily')).toEqual([
      { n: 9, sum: '46.17' },
    ])
  }
  await writeFile(
    join(root, 'models/daily.sql'),
    EVENTS['models/daily.sql'].replace('id, status', 'id::text as id, status'),
  )
  const ran = await gm(root, ['run', '--select', 'daily', ...times], env, 1)
  expect(ran.stdout).toContain('id           text             integer        data type mismatch')
  expect(await sql('select count(*)::int as n from daily')).toEqual([{ n: 9 }])
})

test('a query that does not give what its contract promises changes nothing, and another promise is a change of state', async ({
  connection,
  project,
  sql,
}) => {
  await sql(RAW)
  const env = databaseUrl(connection)
  const root = await project(SHOP)
  await gm(root, ['run', '--target-path', 'before'], env)
  const other = SHOP['models/daily.sql'].replace('amount from', "'x' as amount, 1 as more from")
  await writeFile(join(root, 'models/daily.sql'), other)
  const ran = await gm(root, ['run', '--select', 'daily'], env, 1)
  expect(ran.stdout).toContain('models/schema.yml:16:16  GM4032')
  expect(ran.stdout).toContain('amount       text             numeric        data type mismatch')
  expect(ran.stdout).toContain('more         integer                         missing in contract')
  expect(await sql('select id, amount from daily')).toEqual([{ id: 1, amount: '12.35' }])

  const promised = SHOP['models/schema.yml'].replace('numeric(12,2)', 'numeric(14,2)')
  await writeFile(join(root, 'models/daily.sql'), SHOP['models/daily.sql'])
  await writeFile(join(root, 'models/schema.yml'), promised)
  const args = ['ls', '--select', 'state:modified.contract', '--state', 'before']
  expect((await gm(root, args, env)).stdout).toBe('shop.daily\n')
})

test('constraints that the contract has no more go with the table, also where it was a copy, and one that somebody has made stays', async ({
  connection,
  project,
  sql,
}) => {
  await sql(`${RAW}; create table raw.events (id int, at timestamp, status varchar(10), amount numeric);
insert into raw.events values (1, '2026-01-01', 'paid', 2)`)
  const env = databaseUrl(connection)
  const root = await project(EVENTS)
  await gm(root, ['run', '--select', 'paid'], env)
  await sql(
    'alter table paid add constraint by_hand foreign key (status) references raw.statuses (status) on delete cascade',
  )
  await sql(`insert into raw.events values (2, '2026-01-02', 'paid', 2)`)
  await gm(root, ['run', '--select', 'paid', '--force', '--publish', 'atomic'], env)
  await writeFile(
    join(root, 'models/schema.yml'),
    `sources: [{name: raw, tables: [{name: statuses}, {name: events, config: {event_time: at}}]}]\n`,
  )
  await gm(root, ['run', '--select', 'paid', '--full-refresh'], env)
  expect(await sql(CONSTRAINTS, ['paid'])).toEqual([
    {
      name: 'by_hand',
      is: 'FOREIGN KEY (status) REFERENCES raw.statuses(status) ON DELETE CASCADE',
    },
  ])
})
