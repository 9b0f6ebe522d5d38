import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { gm } from '../gm.ts'
import { test } from '../sql-fixture.ts'

test('compile takes analyses like models: one is printed, several and an unnarrowed compile write them', async ({
  project,
}) => {
  const root = await project({
    'project.yml': 'name: shop\n',
    'models/orders.sql': 'select 1 as id',
    'analyses/weekly/count.sql': "select count(*) from {{ ref('orders') }}",
    'analyses/weekly/newest.sql': "select max(id) from {{ ref('orders') }}",
  })
  const written = (file: string): string =>
    readFileSync(join(root, 'target/compiled/shop', file), 'utf8')

  const one = await gm(root, ['compile', '-s', 'count'])
  expect(one.stdout).toMatch(/^select count\(\*\) from .+"orders"\n$/)

  const folder = await gm(root, ['compile', '-s', 'path:analyses/weekly'])
  expect(folder.stdout).toBe('2 nodes compiled to target/compiled/shop\n')
  expect(written('analyses/weekly/count.sql')).toBe(one.stdout)
  expect(() => written('models/orders.sql')).toThrow('ENOENT')

  const all = await gm(root, ['compile'])
  expect(all.stdout).toBe('3 nodes compiled to target/compiled/shop\n')
  const models = await gm(root, ['compile', '--resource-type', 'model'])
  expect(models.stdout).toBe('1 node compiled to target/compiled/shop\n')
})
