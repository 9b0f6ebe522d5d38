import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { expect } from 'vitest'
import { layoutOf } from '../engine/embedded/layout.ts'
import { test } from './embedded-fixture.ts'
import { gm } from './gm.ts'

const PROJECT = `name: shop
target: dev
targets:
  dev: {type: embedded, search_path: 'crm, public'}
  reporting: {type: embedded, role: reporter}
  plain: {type: embedded}
`

test('search_path and role of an embedded target hold, and a client that names no schema makes its tables in public', async ({
  root,
}) => {
  await writeFile(join(root, 'project.yml'), PROJECT)
  await mkdir(join(root, 'models'))
  await writeFile(join(root, 'models/names.sql'), 'select name from customers\n')
  const asked = async (sql: string): Promise<unknown[]> => {
    const client = new pg.Client((await gm(root, ['db', 'url'])).stdout.trim())
    await client.connect()
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows
    } finally {
      await client.end()
    }
  }
  await asked(`create schema crm; create table crm.customers as select 'ann' as name`)
  await gm(root, ['run'])
  expect(await asked('select name from public.names')).toEqual([{ name: 'ann' }])
  expect((await gm(root, ['run', '--force', '--target', 'plain'], {}, 1)).stdout).toContain(
    'relation "customers" does not exist',
  )

  const refused = await gm(root, ['run', '--target', 'reporting'], {}, 2)
  expect(refused.stderr).toMatch(
    /^GM4003 .* role "reporter" does not exist\n {2}hint: Create the role/,
  )

  // The server of an older gm, whose sessions looked into gm's own schema first.
  await gm(root, ['db', 'stop'])
  await writeFile(join(layoutOf(root).data, 'gm.conf'), '')
  await asked('create table notes (text text)')
  expect(await asked(`select schemaname from pg_tables where tablename = 'notes'`)).toEqual([
    { schemaname: 'public' },
  ])
})
