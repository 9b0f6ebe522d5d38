import { expect } from 'vitest'
import { plainProject } from '../testing/plain-project.ts'
import { test } from '../testing/run-fixture.ts'
import { openClient } from '../testing/sql-fixture.ts'

const LEFT = `select relname as name from pg_class where relname ~ '__gm_' and relkind = 'r' union all
select relation from gm.shadows union all select relation from gm.pending order by 1`

test('what a dead run has left and a backup reads is left to the next run, which is not held up', async ({
  connection,
  run,
  sql,
}) => {
  const project = plainProject({
    one: { config: { materialized: 'table' }, sql: () => 'select 1 as id' },
  })
  await run(project)
  await sql(`create table shop.two__gm_new as select 1 as id; create table shop.two__gm_next as select 1 as id;
insert into gm.pending (relation, target, node_id, run_id, snapshot, generations)
values ('"shop"."two__gm_new"', '"shop"."two"', 'model.shop.two', 'dead', pg_current_snapshot(), '{}');
insert into gm.shadows (relation, target, run_id) values ('"shop"."two__gm_next"', '"shop"."two"', 'dead')`)
  const left = await sql(LEFT)
  expect(left).toHaveLength(4)
  const backup = await openClient(connection)
  try {
    await backup.query('begin; select * from shop.two__gm_new, shop.two__gm_next')
    expect((await run(project)).steps).toEqual({ one: 'build table: success +1' })
    expect(await sql(LEFT)).toEqual(left)
  } finally {
    await backup.end()
  }
  await run(project)
  expect(await sql(LEFT)).toEqual([])
})
