import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { databaseUrl, gm } from '../gm.ts'
import { test } from '../sql-fixture.ts'
import { PROJECT } from './surface-project.ts'

const TARGETS = `${PROJECT['project.yml'] ?? ''}
target: dev
targets:
  dev: {type: postgres, url: "{{ env_var('SHOP_URL') }}", schema: dev}
  prod: {type: postgres, url: "{{ env_var('SHOP_URL') }}", schema: prod}
`

test("a change is found from production's artifacts, and built in another schema over production's tables", async ({
  connection,
  project,
  sql,
}) => {
  const { GM_DATABASE_URL: url = '' } = databaseUrl(connection)
  const root = await project({
    ...PROJECT,
    'project.yml': TARGETS,
    '.env': `SHOP_URL=${url}\n`,
  })
  await gm(root, ['build', '--target', 'prod'])
  cpSync(join(root, 'target'), join(root, 'prod-run'), { recursive: true })
  const state = ['--state', 'prod-run']

  // Another target alone changes nothing.
  const same = await gm(root, ['ls', '-s', 'state:modified', ...state], {}, 2)
  expect(same.stderr).toContain('GM3001')
  writeFileSync(
    join(root, 'models/marts/totals.sql'),
    "select sum(amount) as total, count(*) as sales from {{ ref('stg') }}",
  )
  const changed = await gm(root, [
    'ls',
    '-s',
    'state:modified+',
    '--resource-type',
    'model',
    ...state,
  ])
  expect(changed.stdout.trim().split('\n')).toEqual(['shop.marts.totals', 'shop.marts.daily'])

  await gm(root, ['run', '-s', 'state:modified', '--defer', ...state])
  expect(await sql('select total::int, sales::int from dev.totals')).toEqual([
    { total: 100, sales: 2 },
  ])
  // stg was read where production has it.
  expect(await sql("select to_regclass('dev.stg') as stg")).toEqual([{ stg: null }])
  const failed = await gm(
    root,
    ['ls', '-s', 'result:warn', 'result:success', '--selector', 'marts', ...state],
    {},
    2,
  )
  expect(failed.stderr).toContain('--select and --selector both say what to take')
  const results = await gm(root, ['ls', '-s', 'result:success,config.materialized:table', ...state])
  expect(results.stdout).toContain('shop.marts.totals')

  await gm(root, ['clone', ...state])
  expect(
    await sql(
      "select relname::text as name, relkind::text as kind from pg_class where relnamespace = 'dev'::regnamespace and relkind in ('r', 'v') order by relname",
    ),
  ).toEqual([
    { name: 'daily', kind: 'r' },
    { name: 'raw', kind: 'v' },
    { name: 'stg', kind: 'v' },
    { name: 'totals', kind: 'r' },
  ])
  // What was cloned is gm's own: a run replaces it.
  await gm(root, ['build'])
  const selected = await gm(root, ['ls', '--selector', 'marts', '--resource-type', 'model'])
  expect(selected.stdout.trim()).toBe('shop.marts.totals')
})
