import { expect } from 'vitest'
import type { Adapter } from '../engine/adapter.ts'
import { createPostgresAdapter } from '../engine/postgres/postgres-adapter.ts'
import type { NodeConfig } from '../manifest/node.ts'
import type { PlainProject } from '../testing/plain-project.ts'
import { plainProject, planPlain, runPlain } from '../testing/plain-project.ts'
import { createLedger, test as withDatabase } from '../testing/sql-fixture.ts'
import { readState } from './read-state.ts'

function project(source: Partial<NodeConfig>, model: Partial<NodeConfig> = {}): PlainProject {
  return plainProject({
    accounts: { kind: 'source', schema: 'crm', config: source },
    copied: {
      config: { materialized: 'incremental', unique_key: ['id'], ...model },
      changes: ['accounts'],
      sql: ({ changes }) => `select id, owner from ${changes('accounts')} a`,
    },
  })
}

const BY_TIME = { event_time: 'at', lookback: '2 hours' }
const PROJECT = project(BY_TIME)

const test = withDatabase.extend<{ adapter: Adapter; ids: () => Promise<unknown[]> }>({
  adapter: async ({ connection, sql }, use) => {
    await createLedger(sql)
    await sql(
      `create schema crm; create table crm.accounts (id int primary key, owner text, at timestamp)`,
    )
    const adapter = createPostgresAdapter(connection)
    await use(adapter)
    await adapter.close()
  },
  ids: async ({ sql }, use) => {
    await use(async () => (await sql('select id from shop.copied order by id')).map(({ id }) => id))
  },
})

test('a source without tracking is read from its lookback on, and what comes later than that is missed, as the plan says', async ({
  adapter,
  ids,
  sql,
}) => {
  await runPlain(PROJECT, adapter)
  await sql(
    `insert into crm.accounts values (1, 'a', '2024-05-01 12:00'), (2, 'b', '2024-05-01 11:00')`,
  )
  await runPlain(PROJECT, adapter)
  expect(await ids(), 'all, where nothing was read yet').toEqual([1, 2])

  await sql(`insert into crm.accounts values
    (3, 'c', '2024-05-01 13:00'), (4, 'late', '2024-05-01 10:00'), (5, 'too late', '2024-05-01 09:59:59'), (6, 'timeless', null);
    update crm.accounts set owner = 'changed' where id = 2`)
  const plan = await planPlain(PROJECT, adapter)
  expect(plan.steps[0]?.reason).toBe(
    'rows of "crm"."accounts" from 2 hours before the latest at: what comes later than that, or is deleted, is missed',
  )
  const whereNeeded = await planPlain(PROJECT, adapter, { reuse: 'all' })
  expect(whereNeeded.steps[0]?.reason).toBe(
    'gm cannot tell whether "crm"."accounts" has changed; rows of "crm"."accounts" from 2 hours before the latest at: what comes later than that, or is deleted, is missed',
  )
  await runPlain(PROJECT, adapter)
  expect(await ids()).toEqual([1, 2, 3, 4])
  expect(await sql('select owner from shop.copied where id = 2')).toEqual([{ owner: 'changed' }])
})

test('a row of next year does not hide those that come before it', async ({
  adapter,
  ids,
  sql,
}) => {
  await sql(
    `insert into crm.accounts values (1, 'a', now() - interval '1 day'), (2, 'b', now() + interval '1 year')`,
  )
  await runPlain(PROJECT, adapter)
  await sql(`insert into crm.accounts values (3, 'c', now())`)
  await runPlain(PROJECT, adapter)
  expect(await ids()).toEqual([1, 2, 3])
})

test('the state counts rows later than the last that was read, but for those of the future, which are read each time', async ({
  adapter,
  sql,
}) => {
  await sql(`insert into crm.accounts values (1, 'a', '2024-05-01 12:00')`)
  await runPlain(PROJECT, adapter)
  await sql(
    `insert into crm.accounts values (2, 'b', '2024-05-01 13:00'), (3, 'c', '2024-05-01 11:00'), (4, 'of next year', now() + interval '1 year')`,
  )
  const session = await adapter.open()
  try {
    expect((await readState(session))?.marks).toMatchObject([{ unreadRows: 1 }])
  } finally {
    await session.close()
  }
})

test.for<[string, Partial<NodeConfig>, Partial<NodeConfig>, string]>([
  [
    'a model that appends would have rows twice, and is refused',
    BY_TIME,
    { unique_key: [], incremental_strategy: 'append' },
    '"copied" appends, but rows of accounts are read again: it is followed by time',
  ],
  [
    'without a lookback the source is refused: gm does not guess how late rows come',
    { event_time: 'at' },
    {},
    'source raw.accounts has event_time and no lookback',
  ],
  [
    'a column that is not there is named',
    { event_time: 'att', lookback: '1 day' },
    {},
    'event_time of source raw.accounts names "att", which is no column',
  ],
])('%s', async ([, source, model, message], { adapter }) => {
  await expect(runPlain(project(source, model), adapter)).rejects.toMatchObject({
    code: 'GM3009',
    message,
  })
})
