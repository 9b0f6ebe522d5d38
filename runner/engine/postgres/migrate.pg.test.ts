import { expect } from 'vitest'
import type { Connection } from '../../project/project.ts'
import { test } from '../../testing/sql-fixture.ts'
import type { Migration } from './migrate.ts'
import { migrate as migrateOver } from './migrate.ts'
import { openClient } from './open-client.ts'

const FIRST: Migration = {
  name: '001_things',
  up: ['create table gm.things (doc jsonb)', `insert into gm.things values ('{"what?": 1}')`],
}
const SECOND: Migration = {
  name: '002_more',
  // A ? that knex.raw would take for a binding.
  up: [`create view gm.marked as select doc from gm.things where doc ? 'what?'`],
}

async function migrate(
  connection: Connection,
  migrations: readonly Migration[],
): Promise<readonly string[]> {
  const opened = await openClient(connection)
  try {
    return await migrateOver(opened, connection, migrations)
  } finally {
    await opened.client.end()
  }
}

test('an empty database gets all migrations in order, and a second call does nothing', async ({
  connection,
  sql,
}) => {
  expect(await migrate(connection, [FIRST, SECOND])).toEqual(['001_things', '002_more'])
  expect(await sql('select doc from gm.marked')).toEqual([{ doc: { 'what?': 1 } }])
  expect(await migrate(connection, [FIRST, SECOND])).toEqual([])
  expect(await sql('select name from gm.migrations order by id')).toEqual([
    { name: '001_things' },
    { name: '002_more' },
  ])
})

test('a new migration runs alone', async ({ connection }) => {
  await migrate(connection, [FIRST])
  expect(await migrate(connection, [FIRST, SECOND])).toEqual(['002_more'])
})

test('five at once migrate once', async ({ connection, sql }) => {
  const done = await Promise.all(
    Array.from({ length: 5 }, async () => await migrate(connection, [FIRST, SECOND])),
  )
  expect(done.flat().sort()).toEqual(['001_things', '002_more'])
  expect(await sql('select count(*)::int as n from gm.things')).toEqual([{ n: 1 }])
})

test('a migration that fails leaves nothing behind, and mending it is enough', async ({
  connection,
  sql,
}) => {
  const broken: Migration = {
    name: '002_more',
    up: ['create table gm.half (id int)', 'select 1 / 0'],
  }
  await expect(migrate(connection, [FIRST, broken])).rejects.toThrow(
    expect.objectContaining({ code: 'GM4001' }),
  )
  expect(await sql(`select to_regclass('gm.things') as a, to_regclass('gm.half') as b`)).toEqual([
    { a: null, b: null },
  ])
  expect(await migrate(connection, [FIRST, SECOND])).toEqual(['001_things', '002_more'])
})

test('a lock row that a killed process left does not keep the next one out', async ({
  connection,
  sql,
}) => {
  await migrate(connection, [FIRST])
  await sql('update gm.migrations_lock set is_locked = 1')
  expect(await migrate(connection, [FIRST, SECOND])).toEqual(['002_more'])
})

test('an older gm refuses a warehouse that a newer one has migrated', async ({ connection }) => {
  await migrate(connection, [FIRST, SECOND])
  await expect(migrate(connection, [FIRST])).rejects.toThrow(
    expect.objectContaining({
      code: 'GM4015',
      message: expect.stringContaining('002_more') as string,
    }),
  )
})
