import { expect } from 'vitest'
import { createPostgresAdapter } from '../engine/postgres/postgres-adapter.ts'
import { plainProject } from '../testing/plain-project.ts'
import { test } from '../testing/run-fixture.ts'
import { dropMade, readMade } from './made-relations.ts'

test('nothing is dropped when somebody has put a table in the place of one since it was named', async ({
  run,
  sql,
  connection,
}) => {
  const table = { config: { materialized: 'table' } } as const
  await run(
    plainProject({
      one: { ...table, sql: () => 'select 1 as n' },
      two: { ...table, sql: () => 'select 2 as n' },
    }),
  )
  const adapter = createPostgresAdapter(connection)
  const session = await adapter.open()
  try {
    const made = await readMade(session, 'shop', 'test', [])
    expect(made.map(({ name }) => name)).toEqual(['"shop"."one"', '"shop"."two"'])
    await sql('drop table shop.one; create table shop.one as select 7 as mine')
    await expect(session.transaction(dropMade(made))).rejects.toMatchObject({
      code: 'GM4008',
      message:
        'nothing was dropped, because somebody else has put something in the place of "shop"."one"',
    })
    expect(await sql('select mine from shop.one')).toEqual([{ mine: 7 }])
    expect(await sql('select n from shop.two')).toEqual([{ n: 2 }])
  } finally {
    await session.close()
    await adapter.close()
  }
})
