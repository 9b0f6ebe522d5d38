import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { resetEmbedded } from '../engine/embedded/reset-embedded.ts'
import { startEmbedded } from '../engine/embedded/start-embedded.ts'
import { QUICK } from '../testing/embedded-fixture.ts'
import type { PlainProject, RunOptions } from '../testing/plain-project.ts'
import { plainProject } from '../testing/plain-project.ts'
import { test as withPlans } from '../testing/plan-fixture.ts'

/** As few locks as a server can have: some three hundred. */
const FEW_LOCKS = {
  ...QUICK,
  max_connections: '10',
  max_locks_per_transaction: '10',
  max_worker_processes: '0',
}

const test = withPlans.extend({
  // eslint-disable-next-line no-empty-pattern
  connection: async ({}, use) => {
    const root = await mkdtemp(join(tmpdir(), 'gm-few-locks-'))
    try {
      await use((await startEmbedded({ root, database: 'shop', settings: FEW_LOCKS })).connection)
    } finally {
      await resetEmbedded(root)
      await rm(root, { recursive: true, force: true })
    }
  },
})

const TOGETHER: RunOptions = { publish: 'atomic', reuse: 'none' }

function tables(count: number): PlainProject {
  return plainProject(
    Object.fromEntries(
      Array.from({ length: count }, (_, i) => [
        `t_${i}`,
        { config: { materialized: 'table' }, sql: () => `select ${i} as id, 'x' as name` },
      ]),
    ),
  )
}

const LEFT = `select relation from gm.shadows union all
select relname from pg_class where relname ~ '__gm_' and relkind = 'r' union all
select kept from gm.versions where to_regclass(kept) is null union all
select relname from pg_class c where relnamespace = to_regnamespace('gm_versions') and relkind = 'r'
  and not exists (select from gm.versions v where to_regclass(v.kept) = c.oid)`

test('more relations than the server has locks for are refused before any is built, by the plan too', async ({
  run,
  plan,
  sql,
}) => {
  const many = tables(60)
  await run(many, TOGETHER)
  const before = await sql('select oid, relname from pg_class order by oid')
  const said = /60 relations together needs at least 360 locks/
  await expect(run(many, TOGETHER)).rejects.toThrow(said)
  expect(await sql('select oid, relname from pg_class order by oid')).toEqual(before)
  const { problems } = await plan(many, TOGETHER)
  expect(problems.map(({ error }) => String(error))).toEqual([expect.stringMatching(said)])
})

test('what a dead run has left is dropped, also where it is more than the server has locks for', async ({
  run,
  sql,
}) => {
  const one = tables(1)
  await run(one, TOGETHER)
  await sql('create schema if not exists shop')
  for (let i = 0; i < 400; i++) {
    await sql(`create table shop.left_${i}__gm_next as select ${i} as id, 'x'::text as name`)
  }
  await sql(`insert into gm.shadows (relation, target, run_id)
    select format('"shop"."left_%s__gm_next"', i), format('"shop"."left_%s"', i), 'dead' from generate_series(0, 399) i`)
  const { steps } = await run(one, TOGETHER)
  expect(steps).toEqual({ t_0: 'build table: success +1' })
  expect(await sql(LEFT)).toEqual([])
})

test('versions that are kept no longer go, however many there are', async ({ run, sql }) => {
  const some = tables(50)
  for (let i = 0; i < 6; i++) await run(some, { ...TOGETHER, keepVersions: 6 })
  await run(some, { ...TOGETHER, keepVersions: 1 })
  expect(await sql('select count(*)::int as n from gm.versions')).toEqual([{ n: 50 }])
  expect(await sql(LEFT)).toEqual([])
})
