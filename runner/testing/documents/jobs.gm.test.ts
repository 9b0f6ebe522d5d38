import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { copyOfProject, databaseUrl, gm } from '../gm.ts'
import { test as withDatabase } from '../sql-fixture.ts'

interface Fixture {
  /** A copy of this repository's own project, and its command on the test's database. */
  globalmart: {
    readonly root: string
    readonly gm: (args: string, expected?: number) => Promise<{ stdout: string; stderr: string }>
    /** Lands two sales, of which the second is sent twice. */
    readonly landSales: () => Promise<void>
  }
}

const test = withDatabase.extend<Fixture>({
  globalmart: async ({ connection }, use) => {
    const { root, remove } = copyOfProject()
    const run = (args: string, expected = 0): ReturnType<typeof gm> =>
      gm(root, args.split(' '), databaseUrl(connection), expected)
    const landSales = async (): Promise<void> => {
      const events = [sale('a'), sale('b'), sale('b')].map((event) => JSON.stringify(event))
      writeFileSync(join(root, 'sales.jsonl'), events.join('\n'))
      await run('ingest file transactions-topic sales.jsonl')
    }
    try {
      await use({ root, gm: run, landSales })
    } finally {
      remove()
    }
  },
})

function sale(id: string): Record<string, unknown> {
  return {
    event_id: id,
    event_type: 'purchase',
    transaction_id: id,
    user_id: `user ${id}`,
    product_id: 'P1',
    unit_price: 2.5,
    quantity: 1,
    country: 'France',
    timestamp: '2024-03-02T11:30:00Z',
  }
}

const TRACKER = `select job_name, last_run_status, rows_processed::int as rows_processed
from warehouse.batch_job_tracker`

test('each group and a single job run on an empty warehouse, with all that they need and nothing more', async ({
  globalmart,
  sql,
}) => {
  const built = async (): Promise<unknown[]> =>
    (
      await sql<{ name: string }>(
        `select relname as name from pg_class where relnamespace = 'warehouse'::regnamespace and relkind in ('r', 'v') order by 1`,
      )
    ).map(({ name }) => name)
  const dimensions = ['dim_category', 'dim_customers', 'dim_date', 'dim_geography', 'dim_products']
  await globalmart.gm('run --job dimensions')
  expect(await built()).toEqual(dimensions)
  await globalmart.gm('run --job fact_sales')
  expect(await built()).toEqual([...dimensions, 'fact_sales'])
  await globalmart.gm('run --jobs facts analytics')
  expect(await built()).toEqual([
    'customer_segments',
    ...dimensions,
    'fact_cart_events',
    'fact_product_views',
    'fact_sales',
    'product_performance',
    'rfm_analysis',
    'sales_trends',
  ])
})

test('a job runs no tests with run, and its own with build', async ({ globalmart }) => {
  const { stdout: ran } = await globalmart.gm('run --job dim_products')
  expect(ran).toMatch(/Running run: \d+ models?, 1 snapshot,/)
  const { stdout: built } = await globalmart.gm('build --job dim_products')
  expect(built).toMatch(/Running build: \d+ models?, 1 snapshot, \d+ tests,/)
})

test('a dry run of all jobs says what it would do and does nothing', async ({
  globalmart,
  sql,
}) => {
  const { stdout } = await globalmart.gm('run --job all --dry-run')
  expect(stdout).toContain('warehouse.fact_sales')
  expect(stdout).toContain('first build')
  expect(await sql(`select 1 from pg_namespace where nspname = 'warehouse'`)).toEqual([])
})

test('an unknown job, or a job beside a selection, runs nothing and says what there is', async ({
  globalmart,
}) => {
  const { stderr } = await globalmart.gm('run --job dimension', 2)
  expect(stderr).toContain('GM1010  there is no job dimension')
  expect(stderr).toContain(
    'Did you mean "dimensions"? There are dimensions, facts, analytics, realtime, all, and the name of every model, snapshot and seed.',
  )
  const both = await globalmart.gm('run --job facts --select dim_date', 2)
  expect(both.stderr).toContain('GM1010  --job and --select both say what to take')
})

test('an event that was landed twice is counted as skipped, on a first build, a further run and a full reload', async ({
  globalmart,
}) => {
  await globalmart.landSales()
  const first = await globalmart.gm('run --job stg_transactions')
  expect(first.stdout).toContain('[2 rows, 1 duplicate skipped')
  expect(first.stdout).toContain('rows extracted  3\n')
  expect(first.stdout).toContain('rows inserted   2\n')
  expect(first.stdout).toContain('rows skipped    1 duplicate\n')

  writeFileSync(
    join(globalmart.root, 'more.jsonl'),
    [sale('b'), sale('c')].map((event) => JSON.stringify(event)).join('\n'),
  )
  await globalmart.gm('ingest file transactions-topic more.jsonl')
  const more = await globalmart.gm('run --job stg_transactions')
  // `more.jsonl` sorts before `sales.jsonl`, so its event b replaces the one that is staged.
  expect(more.stdout).toContain('[1 inserted, 1 updated in')
  expect(more.stdout).toContain('rows skipped    0 duplicates\n')

  const reload = await globalmart.gm('run --job stg_transactions --full-reload')
  expect(reload.stdout).toContain('[3 rows, 2 duplicates skipped')
})

test('the tracker has one row a job: its last run, with rows and seconds, also of a run that failed', async ({
  globalmart,
  sql,
}) => {
  await globalmart.landSales()
  await globalmart.gm('run --job all')
  const ofSales = `${TRACKER} where job_name in ('stg_transactions', 'fact_sales', 'dim_date', 'rfm_analysis') order by 1`
  expect(await sql(ofSales)).toEqual([
    { job_name: 'dim_date', last_run_status: 'SUCCESS', rows_processed: 9861 },
    { job_name: 'fact_sales', last_run_status: 'SUCCESS', rows_processed: 2 },
    { job_name: 'rfm_analysis', last_run_status: 'SUCCESS', rows_processed: 0 },
    { job_name: 'stg_transactions', last_run_status: 'SUCCESS', rows_processed: 2 },
  ])
  const [{ oddities } = {}] = await sql<{ oddities: number }>(`select count(*)::int as oddities
    from warehouse.batch_job_tracker
    where execution_duration_sec is null or execution_duration_sec < 0 or execution_duration_sec > 600
      or last_run_timestamp not between now() - interval '10 minutes' and now()`)
  expect(oddities).toBe(0)

  // A model that divides by zero fails, and what needs it is not run.
  const model = join(globalmart.root, 'models/globalmart/facts/fact_sales.sql')
  const good = readFileSync(model, 'utf8')
  writeFileSync(model, good.replace('sales.quantity,', 'sales.quantity / 0 as quantity,'))
  const before = await sql(
    `select * from warehouse.batch_job_tracker where job_name = 'sales_trends'`,
  )
  await globalmart.gm('run --job all --full-reload', 1)
  expect(await sql(`${TRACKER} where last_run_status = 'FAILED'`)).toEqual([
    { job_name: 'fact_sales', last_run_status: 'FAILED', rows_processed: 0 },
  ])
  expect(
    await sql(`select * from warehouse.batch_job_tracker where job_name = 'sales_trends'`),
  ).toEqual(before)

  writeFileSync(model, good)
  await globalmart.gm('run --job fact_sales')
  expect(await sql(`${TRACKER} where last_run_status <> 'SUCCESS'`)).toEqual([])
})
