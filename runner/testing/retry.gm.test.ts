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
