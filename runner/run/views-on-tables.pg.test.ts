import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { PlainProject } from '../testing/plain-project.ts'
import { plainProject } from '../testing/plain-project.ts'
import { test } from '../testing/run-fixture.ts'

/** Each time that the query of sales is run counts. */
const READS = 'create sequence reads'

async function readsOf(sql: (text: string) => Promise<{ last_value?: string }[]>): Promise<number> {
  const [row] = await sql('select last_value from reads')
  return Number(row?.last_value)
}

test.for([
  { materialized: 'table' },
  {
    materialized: 'incremental',
    incremental_strategy: 'append',
    on_schema_change: 'sync_all_columns',
  },
] as const)(
  'where views do not fit any more what the table becomes, it is built or written to once: %s',
  async (config, { run, sql }) => {
    await sql(READS)
    const shop = (select: string): PlainProject =>
      plainProject({
        sales: { config, sql: () => `select nextval('reads') as id, ${select}` },
        listed: { inputs: ['sales'], sql: ({ ref }) => `select * from ${ref('sales')}` },
        upper: { inputs: ['listed'], sql: ({ ref }) => `select * from ${ref('listed')}` },
      })
    await run(shop('1 as price, 2 as old'))
    const { steps } = await run(shop('1 as price'), { allowDestructive: true })
    expect(steps).toMatchObject({
      sales: expect.stringMatching(/success \+1$/) as string,
      listed: 'create view: success',
      upper: 'create view: success',
    })
    expect(await readsOf(sql)).toBe(2)
    const ids = config.materialized === 'table' ? ['2'] : ['1', '2']
    expect(await sql('select id, price from shop.upper order by id')).toEqual(
      ids.map((id) => ({ id, price: 1 })),
    )
    expect(await sql('select relation from gm.pending')).toEqual([])
  },
)

test('a view that fits stays as it is until its own step, also where another does not and what its new SQL reads comes later in the run', async ({
  run,
  sql,
}) => {
  const shop = (price: string, count: string): PlainProject =>
    plainProject({
      sales: { config: { materialized: 'table' }, sql: () => `select 1 as id${price}` },
      listed: { inputs: ['sales'], sql: ({ ref }) => `select * from ${ref('sales')}` },
      later: {
        config: { materialized: 'table' },
        inputs: ['sales'],
        sql: ({ ref }) => `select id${count} from ${ref('sales')}`,
      },
      fits: {
        inputs: ['sales', 'later'],
        sql: ({ ref }) =>
          `select s.id${count && ', l.n'} from ${ref('sales')} s join ${ref('later')} l using (id)`,
      },
    })
  await run(shop(', 2 as price', ''))
  const { steps } = await run(shop('', ', 3 as n'))
  expect(Object.values(steps).filter((step) => !step.includes('success'))).toEqual([])
  expect(await sql('select * from shop.listed')).toEqual([{ id: 1 }])
  expect(await sql('select * from shop.fits')).toEqual([{ id: 1, n: 3 }])
})

const SLOW = plainProject({
  sales: {
    config: { materialized: 'table' },
    sql: () => `select nextval('reads') as id from (select pg_advisory_xact_lock(7)) as l`,
  },
  listed: { inputs: ['sales'], sql: ({ ref }) => `select * from ${ref('sales')}` },
})

test('a view of the project that another run makes while the table is built is kept, and the table built once', async ({
  run,
  sql,
}) => {
  await sql(READS)
  const sales = { select: ['sales'] }
  await run(SLOW, sales)
  await sql('select pg_advisory_lock(7)')
  const building = run(SLOW, sales)
  await untilItWaits(sql)
  await run(SLOW, { select: ['listed'] })
  await sql('select pg_advisory_unlock(7)')
  expect((await building).steps).toEqual({ sales: 'build table: success +1' })
  expect(await sql('select id from shop.listed')).toEqual([{ id: '2' }])
  expect(await readsOf(sql)).toBe(2)
})

test('a view that another run makes a table of while the table below it is built is not taken for a view', async ({
  run,
  sql,
}) => {
  await sql(READS)
  const listed = { materialized: 'table' } as const
  const asTable = plainProject({
    sales: { config: listed, sql: () => '' },
    listed: {
      config: listed,
      inputs: ['sales'],
      sql: ({ ref }) => `select * from ${ref('sales')}`,
    },
  })
  await run(SLOW)
  await sql('select pg_advisory_lock(7)')
  const building = run(SLOW, { select: ['sales'] })
  await untilItWaits(sql)
  await run(asTable, { select: ['listed'] })
  await sql('select pg_advisory_unlock(7)')
  expect((await building).steps).toEqual({ sales: 'build table: success +1' })
  expect(await readsOf(sql)).toBe(2)
  expect(await sql('select id from shop.listed')).toEqual([{ id: '1' }])
})

test("where it is a stranger's view, the run refuses and leaves nothing behind", async ({
  run,
  sql,
}) => {
  await sql(READS)
  const sales = { select: ['sales'] }
  await run(SLOW, sales)
  await sql('select pg_advisory_lock(7)')
  const building = run(SLOW, sales)
  await untilItWaits(sql)
  await sql('create view public.report as select id from shop.sales')
  await sql('select pg_advisory_unlock(7)')
  expect((await building).steps['sales']).toContain(
    `view "public"."report" depends on it and is not gm's`,
  )
  expect(await sql('select id from public.report')).toEqual([{ id: '1' }])
  expect(await sql('select relation from gm.pending')).toEqual([])
  expect(await sql(`select relname from pg_class where relname like 'sales\\_\\_%'`)).toEqual([])
})

async function untilItWaits(sql: (text: string) => Promise<unknown[]>): Promise<void> {
  const waiting = `select from pg_locks where locktype = 'advisory' and objid = 7 and not granted`
  while ((await sql(waiting)).length === 0) await sleep(20)
}
