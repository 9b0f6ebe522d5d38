import { expect } from 'vitest'
import { databaseUrl, gm } from '../gm.ts'
import { test } from '../sql-fixture.ts'

const SOURCES = 'sources: [{name: raw, tables: [{name: orders, config: {log_keys: true}}]}]\n'

const MONTH = "date_trunc('month', day)"

/** Revenue by month, for months that a condition chooses. */
function months(condition: string): string {
  return `{{ config(materialized='incremental', unique_key='month') }}
select ${MONTH} as month, sum(amount) as revenue from {{ source('raw', 'orders') }} as o
{% if is_incremental() %}where ${condition}{% endif %}
group by 1
`
}

test('months are refused where days are chosen, are right as the message says to choose them, and run unjudged where somebody answers for it', async ({
  connection,
  sql,
  project,
}) => {
  await sql(`create schema raw;
    create table raw.orders (day date, amount int, _gm_xid xid8 not null default pg_current_xact_id());
    insert into raw.orders values ('2026-01-01', 1), ('2026-01-02', 2), ('2026-02-01', 4)`)
  const keys = (more: string): string => `changed_keys(source('raw', 'orders'), 'day'${more})`
  const days = (more: string): string => `day in (select day from {{ ${keys(more)} }} as k)`
  const run = async (condition: string, status?: number) => {
    const files = { 'models/sources.yml': SOURCES, 'models/months.sql': months(condition) }
    return await gm(await project(files), ['run'], databaseUrl(connection), status)
  }
  const { stderr } = await run(days(''), 2)
  expect(stderr).toContain('GM3014  changes of orders would be lost: they choose rows of a group')
  expect(stderr).toContain(`${MONTH} in (select ${MONTH} from …)`)
  expect(stderr).toContain('changed_keys(…, unchecked=true)')

  const byMonth = `${MONTH} in (select ${MONTH} from {{ ${keys('')} }} as k)`
  await run(byMonth)
  await sql(
    `insert into raw.orders values ('2026-01-03', 8); delete from raw.orders where amount = 4`,
  )
  await sql(`insert into raw.orders values ('2026-02-02', 16)`)
  await run(byMonth)
  const rows = await sql('select revenue::int from public.months order by month')
  expect(rows).toEqual([{ revenue: 11 }, { revenue: 16 }])

  await run(days(', unchecked=true'))
  const { stderr: wrong } = await run(days(", unchecked='yes'"), 2)
  expect(wrong).toContain('"unchecked" of changed_keys() must be true or false')
})
