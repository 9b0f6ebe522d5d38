import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect } from 'vitest'
import { databaseUrl, gm } from './gm.ts'
import { test } from './sql-fixture.ts'

const CUSTOMERS = `{{ config(materialized='table') }}
select customer, count(*) as orders, sum(income) as income from {{ ref('orders') }} group by customer
`

const SHOP = {
  'project.yml': 'name: shop\nthreads: 1\nkeep_versions: 2\n',
  'seeds/orders.csv': 'id,customer,income\n1,ann,10\n2,ben,20\n3,ben,30\n',
  'models/customers.sql': CUSTOMERS,
  'models/big.sql': "select customer from {{ ref('customers') }} where income > 40\n",
  'models/schema.yml':
    'models:\n  - name: customers\n    columns:\n      - {name: customer, data_tests: [unique]}\n',
}

test('what gm plan tells of a change, as text, JSON and Markdown, is what an atomic build then publishes, and gm rollback takes it back', async ({
  project,
  connection,
  sql,
}) => {
  const env = databaseUrl(connection)
  const root = await project(SHOP)
  const published = async (): Promise<unknown> =>
    await sql('select c.* from customers c order by customer')
  await gm(root, ['build', '--publish', 'atomic'], env)
  const before = await published()
  expect((await gm(root, ['plan', '--detailed-exitcode'], env)).stdout).toContain(
    'Nothing was changed.',
  )

  await writeFile(
    join(root, 'models/customers.sql'),
    CUSTOMERS.replace('sum(income) as income', 'sum(income) + 1 as income, max(id) as last_id'),
  )
  const text = (await gm(root, ['plan', '--diff', '--detailed-exitcode'], env, 3)).stdout
  expect(text).toMatch(/build table +public\.customers +its code or configuration changed/)
  expect(text).toContain('gains "last_id" integer')
  expect(text).toContain('2 rows before, 2 after: 0 added, 0 removed, 2 changed, 0 the same')
  expect(text).toContain('What was published is as it was.')

  const schema = JSON.parse((await gm(root, ['schema', 'plan'], env)).stdout) as object
  const isPlan = new Ajv2020({ allErrors: true, strict: false }).compile(schema)
  const written = JSON.parse(
    (await gm(root, ['plan', '--diff', '--output', 'json'], env)).stdout,
  ) as object
  expect(isPlan(written), JSON.stringify(isPlan.errors)).toBe(true)
  expect(isPlan({ ...written, version: 2 })).toBe(false)
  expect(written).toMatchObject({
    diff: { nodes: [{ name: 'public.customers', key: ['customer'], rows: { changed: 2 } }] },
  })

  const markdown = (await gm(root, ['plan', '--output', 'markdown'], env)).stdout
  expect(markdown).toMatch(/^### gm plan\n/)
  expect(markdown).toMatch(
    /^\| build table \| `public\.customers` \| its code or configuration changed \| \d+ \| gains "last\\_id" integer \|$/m,
  )
  expect(await published()).toEqual(before)

  await gm(root, ['build', '--publish', 'atomic'], env)
  const after = await published()
  expect(after).toMatchObject([
    { customer: 'ann', last_id: 1 },
    { customer: 'ben', last_id: 3 },
  ])
  const dry = (await gm(root, ['rollback', '--dry-run'], env)).stdout
  expect(dry).toMatch(/^Would take back what was published by run [0-9a-f]+ of /)
  expect(dry).toMatch(/comes back +"public"\."customers", a table/)
  expect(dry).toContain('Nothing was changed.')
  expect(await published()).toEqual(after)

  expect((await gm(root, ['rollback'], env)).stdout).toMatch(/^Took back .*\n[^]*\nDone\. /)
  expect(await published()).toEqual(before)
  expect(await sql('select * from big')).toEqual([{ customer: 'ben' }])

  // And the publication before it: what was not there before goes.
  expect((await gm(root, ['rollback'], env)).stdout).toMatch(
    /goes +"public"\."customers", which was not there before/,
  )
  expect(await sql(`select to_regclass('customers') as customers`)).toEqual([{ customers: null }])
  expect((await gm(root, ['rollback'], env, 2)).stderr).toContain('GM4025')
})

const FAILING = {
  'project.yml': 'name: shop\n',
  'models/kept.sql':
    "{{ config(materialized='incremental', on_schema_change='fail') }}\nselect 1 as id, 2 as v\n",
  'models/synced.sql':
    "{{ config(materialized='incremental', on_schema_change='sync_all_columns') }}\nselect 1 as id, 2 as v\n",
  'models/promised.sql': "{{ config(materialized='table') }}\nselect 1 as id, 2 as v\n",
  'models/schema.yml': `models:
  - name: promised
    config: {contract: {enforced: true}}
    columns:
      - {name: id, data_type: integer}
      - {name: v, data_type: integer}
`,
}

test('gm plan, its comparison and a dry run tell what gm run would fail with, and exit as it would', async ({
  project,
  connection,
}) => {
  const env = databaseUrl(connection)
  const root = await project(FAILING)
  await gm(root, ['run'], env)
  const changes = [
    ['models/kept.sql', '2 as v', "'x' as v"],
    ['models/synced.sql', ', 2 as v', ''],
    ['models/promised.sql', '2 as v', "'x' as w"],
  ] as const
  for (const [file, before, after] of changes)
    await writeFile(join(root, file), FAILING[file].replace(before, after))
  const screens = [
    (await gm(root, ['plan'], env, 1)).stdout,
    (await gm(root, ['plan', '--diff'], env, 1)).stdout,
    (await gm(root, ['run', '--dry-run'], env, 1)).stderr,
    (await gm(root, ['run'], env, 1)).stdout,
  ]
  for (const screen of screens) {
    expect(screen).toContain(
      'models/kept.sql:1:1  GM4012  the query "v" becomes text (was integer)',
    )
    expect(screen).toContain('models/synced.sql:1:1  GM4012  the query loses "v", which loses data')
    expect(screen).toContain('GM4032  the query does not give what the contract promises: v, w\n')
  }
  expect(screens[0]).toContain(
    'would fail: GM4032 the query does not give what the contract promises: v, w\n',
  )
  expect(screens[0]).toContain('3 nodes would fail:')

  await gm(root, ['plan', '-s', 'synced', '--allow-destructive'], env)
  const json = await gm(root, ['run', '-s', 'kept', '--dry-run', '--log-format', 'json'], env, 1)
  expect(JSON.parse(json.stdout)).toMatchObject({ type: 'step', name: 'public.kept' })
  expect(JSON.parse(json.stderr)).toMatchObject({ type: 'error', code: 'GM4012' })
})

const MADE_BEFORE = {
  'project.yml': `name: shop
on-run-start:
  - create or replace function public.once(i int) returns int language sql as 'select i'
`,
  'models/kinds.sql': "{{ config(materialized='table') }}\nselect 1 as id, 'x' as kind\n",
  'models/with_header.sql': `{{ config(materialized='table', sql_header='create function pg_temp.plus(i int) returns int language sql as $$ select i + 1 $$;') }}
select pg_temp.plus(id) as id from {{ ref('kinds') }}
`,
  'models/reads_header.sql': "select id from {{ ref('with_header') }}\n",
  'models/with_hooks.sql': `{{ config(materialized='table',
  pre_hook='create table if not exists public.made as select 5 as n',
  post_hook='alter table {{ this }} add column if not exists twice int generated always as (2 * n) stored') }}
select n from public.made
`,
  'models/reads_hooks.sql': "select twice from {{ ref('with_hooks') }}\n",
  'models/asks.sql': `{% set kinds = run_query('select distinct kind from ' ~ ref('kinds')).columns[0].values() if execute else [] %}
select id {% for kind in kinds %}, kind = '{{ kind }}' as is_{{ kind }}{% endfor %} from {{ ref('kinds') }}
`,
  'models/reads_asked.sql': "select is_x from {{ ref('asks') }}\n",
  'models/moves.sql': `{{ config(materialized='table') }}
with gone as (delete from public.queue returning id) select id from gone
`,
  'models/starts.sql': "select public.once(id) as id from {{ ref('kinds') }}\n",
}

test('a plan leaves open what hooks, headers and answers of the database decide, and tells a slip beside it', async ({
  project,
  connection,
  sql,
}) => {
  const env = databaseUrl(connection)
  await sql('create table public.queue (id int)')
  const root = await project(MADE_BEFORE)
  expect((await gm(root, ['plan'], env)).stdout).not.toContain('would fail')
  await gm(root, ['run', '--dry-run'], env)
  await gm(root, ['run'], env)
  const again = ['run', '--full-refresh', '--publish', 'atomic']
  await gm(root, [...again, '--dry-run'], env)
  await gm(root, again, env)
  await writeFile(join(root, 'models/starts.sql'), "select idd from {{ ref('kinds') }}\n")
  expect((await gm(root, ['plan'], env, 1)).stdout).toContain(
    'models/starts.sql:1:8  GM4001  column "idd" does not exist',
  )
})

test('a role that may make no temporary tables gets its plan, and nothing is foretold to fail that does not', async ({
  project,
  connection,
  sql,
  db,
}) => {
  const role = `${db}_r`
  await sql(`create role ${role} login password 'secret'; alter database ${db} owner to ${role};
    revoke temporary on database ${db} from public, ${role}`)
  try {
    const env = databaseUrl({ ...connection, user: role, password: 'secret' })
    const root = await project({
      'models/one.sql': 'select 1 as id\n',
      'models/two.sql': "{{ config(materialized='table') }}\nselect id from {{ ref('one') }}\n",
    })
    const planned = (await gm(root, ['plan'], env)).stdout
    expect(planned).toContain('2 of 2 nodes would run')
    expect(planned).not.toContain('would fail')
    await gm(root, ['run'], env)
  } finally {
    await sql(`alter database ${db} owner to current_user`)
    await sql(`reassign owned by ${role} to current_user; drop owned by ${role}; drop role ${role}`)
  }
})
