import { expect } from 'vitest'
import type { NodeConfig } from '../manifest/node.ts'
import { plainProject } from '../testing/plain-project.ts'
import { test } from '../testing/run-fixture.ts'

function hooked(text: string, config: Partial<NodeConfig> = {}, columns = '*', id = 1) {
  return plainProject({
    one: {
      config: { materialized: 'table', post_hook: [{ sql: text, transaction: true }], ...config },
      sql: () => `select ${id} as id, 2 as n`,
    },
    above: { inputs: ['one'], sql: ({ ref }) => `select ${columns} from ${ref('one')}` },
  })
}

const STATISTICS = 'select count(*)::int as n from pg_statistic_ext'

test('statistics that a hook makes without a name are there once, however often a run publishes all or nothing', async ({
  sql,
  run,
}) => {
  const project = hooked('create statistics on id, n from {{ this }}')
  for (const publish of ['model', 'atomic', 'atomic', 'atomic', 'model', 'atomic'] as const) {
    expect((await run(project, { publish })).result.status).toBe('success')
    expect(await sql(STATISTICS)).toEqual([{ n: 1 }])
  }
})

test('statistics of the same columns that somebody has made twice by hand both stay', async ({
  sql,
  run,
}) => {
  const project = hooked('comment on table {{ this }} is null')
  await run(project)
  await sql(
    'create statistics a on id, n from shop.one; create statistics b on id, n from shop.one',
  )
  await run(project, { publish: 'atomic' })
  expect(await sql(STATISTICS)).toEqual([{ n: 2 }])
})

test('a hook that gives its statistics a fixed name says in a run that publishes all or nothing how to write it, and if not exists is one way', async ({
  sql,
  run,
}) => {
  const named = hooked('create statistics shop.fixed on id, n from {{ this }}')
  expect((await run(named)).result.status).toBe('success')
  expect((await run(named)).result.status).toBe('success')
  const { result } = await run(named, { publish: 'atomic' })
  expect(result.steps[0]?.error?.hint).toContain('write if not exists')
  const lenient = hooked('create statistics if not exists shop.fixed on id, n from {{ this }}')
  expect((await run(lenient, { publish: 'atomic' })).result.status).toBe('success')
  expect(await sql('select stxname, stxrelid::regclass::text as of from pg_statistic_ext')).toEqual(
    [{ stxname: 'fixed', of: 'shop.one' }],
  )
})

test('a column that a hook adds to a table is there for the view on it in every run', async ({
  sql,
  run,
}) => {
  for (const publish of ['model', 'atomic'] as const) {
    for (const id of [1, 2, 3]) {
      const text = 'alter table {{ this }} add column extra int default 7'
      const { result } = await run(hooked(text, {}, 'id, extra', id), { publish })
      expect(result.status).toBe('success')
      expect(await sql('select * from shop.above')).toEqual([{ id, extra: 7 }])
    }
  }
})

test('a column that a hook adds to an incremental table needs on_schema_change, and the error says so', async ({
  sql,
  run,
}) => {
  const text = 'alter table {{ this }} add column if not exists extra int default 7'
  const config = { materialized: 'incremental', incremental_strategy: 'append' } as const
  await run(hooked(text, config, 'id, extra'))
  const { result } = await run(hooked(text, config, 'id, extra'))
  expect(result.steps[0]?.error).toMatchObject({
    code: 'GM4012',
    hint: expect.stringContaining('If a hook has added it') as string,
  })
  const kept = { ...config, on_schema_change: 'append_new_columns' } as const
  expect((await run(hooked(text, kept, 'id, extra'))).result.status).toBe('success')
  expect(await sql('select * from shop.above')).toEqual([
    { id: 1, extra: 7 },
    { id: 1, extra: 7 },
  ])
})
