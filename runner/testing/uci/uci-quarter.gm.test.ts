import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect } from 'vitest'
import { WITHOUT_SPEED_LAYER } from '../globalmart/shop.ts'
import { copyOfProject, databaseUrl, gm, REPOSITORY } from '../gm.ts'
import { test } from '../sql-fixture.ts'
import type { UciFile } from './oracle.ts'
import { productVersions, rfmRows, saleFacts, stageUci } from './oracle.ts'

const QUARTER = join(REPOSITORY, '../shared/data/online-retail-2010-12_2011-02.csv.gz')
const SAMPLES = ['2010-12', '2011-01', '2011-02'].map((month) =>
  join(REPOSITORY, `ingest/samples/online-retail-sample-${month}.csv.gz`),
)

/** One file a month, named so that the order of names is the order of time. */
function byMonth(csv: string): UciFile[] {
  const [header = '', ...lines] = csv.trimEnd().split('\n')
  const months = new Map<string, string[]>()
  for (const line of lines) {
    const month = /,(20\d\d-\d\d)-\d\d /.exec(line)?.[1] ?? 'none'
    months.set(month, [...(months.get(month) ?? []), line])
  }
  return [...months].sort().map(([month, of]) => ({
    name: `retail-${month}.csv`,
    text: `${[header, ...of].join('\n')}\n`,
  }))
}

const COLUMNS = {
  'staging.stg_transactions':
    'event_id, event_type, transaction_id, user_id, product_id, product_name, unit_price, quantity, total_amount, country, event_time, source_name, source_position',
  'warehouse.dim_products':
    'product_id_pk, product_id, product_name, category, brand, unit_price, effective_from, effective_to, is_current',
  'warehouse.fact_sales':
    'event_id, transaction_id, line_number, date_id, product_id_pk, user_id, quantity, unit_price, discount_amount, total_amount, payment_method, transaction_timestamp',
  'warehouse.rfm_analysis':
    'analysis_date, user_id, recency_days, frequency_count, monetary_value, r_score, f_score, m_score, rfm_score, rfm_segment',
} as const

async function proveOnFiles(
  files: readonly UciFile[],
  connection: Parameters<typeof databaseUrl>[0],
  sql: (text: string) => Promise<Record<string, unknown>[]>,
): Promise<void> {
  const { root, remove } = copyOfProject()
  try {
    const env = databaseUrl(connection)
    mkdirSync(join(root, 'landing'))
    for (const { name, text } of files) writeFileSync(join(root, 'landing', name), text)
    const land = (name: string): Promise<unknown> =>
      gm(
        root,
        [
          'ingest',
          'file',
          'transactions-topic',
          `landing/${name}`,
          '--mapping',
          'ingest/mappings/online-retail.yml',
        ],
        env,
      )
    const build = (...flags: string[]): Promise<{ stdout: string }> =>
      gm(root, ['build', ...WITHOUT_SPEED_LAYER, ...flags], env)

    // Month by month, with a run after each.
    for (const { name } of files) {
      await land(name)
      await build()
    }
    await equalsOracle(files, sql)

    const again = await build()
    expect(again.stdout).toContain('Nothing changed')
    const before = await sql('select count(*)::int as n from raw.transactions')
    await land(files[0]?.name ?? '')
    expect(await sql('select count(*)::int as n from raw.transactions')).toEqual(before)

    await sql('create schema kept')
    for (const table of Object.keys(COLUMNS)) {
      await sql(`create table kept.${table.split('.')[1] ?? ''} as select * from ${table}`)
    }

    // From all events, and landed in the wrong order before the first run.
    await build('--full-refresh')
    await equalsKept(sql)
    await sql(
      'drop schema if exists raw, staging, intermediate, seeds, warehouse, realtime, gm cascade',
    )
    for (const { name } of [...files].reverse()) await land(name)
    await build()
    await equalsKept(sql)

    // And in the wrong order with a run after each, so that intervals have to be corrected.
    await sql(
      'drop schema if exists raw, staging, intermediate, seeds, warehouse, realtime, gm cascade',
    )
    for (const { name } of [...files].reverse()) {
      await land(name)
      await build()
    }
    await equalsKept(sql)

    // The comparison can fail.
    await sql(`update warehouse.fact_sales set quantity = quantity + 1
               where event_id = (select min(event_id) from warehouse.fact_sales)`)
    await expect(equalsKept(sql)).rejects.toThrow('warehouse.fact_sales')
  } finally {
    remove()
  }
}

async function equalsOracle(
  files: readonly UciFile[],
  sql: (text: string) => Promise<Record<string, unknown>[]>,
): Promise<void> {
  const { events, figures } = stageUci(files)
  const [counted] = await sql(`select
    (select count(*)::int from raw.transactions) as landed,
    (select count(*)::int from raw.dead_letters) as dead_letters,
    count(*)::int as events,
    count(*) filter (where event_type = 'return')::int as returns,
    count(*) filter (where user_id is null)::int as guest_events,
    sum(total_amount)::text as revenue,
    count(distinct user_id)::int as customers,
    count(distinct product_id)::int as products,
    array_agg(distinct country collate "C" order by country collate "C") as countries
  from staging.stg_transactions`)
  expect(counted).toEqual({
    landed: figures.lines - figures.dead_letters,
    dead_letters: figures.dead_letters,
    events: figures.events,
    returns: figures.returns,
    guest_events: figures.guest_events,
    revenue: figures.revenue,
    customers: figures.customers,
    products: figures.products,
    countries: figures.countries,
  })
  const versions = productVersions(events)
  await equalRows(sql, 'warehouse.dim_products', 'product_id collate "C", effective_from', versions)
  await equalRows(sql, 'warehouse.fact_sales', 'event_id collate "C"', saleFacts(events, versions))
  await equalRows(
    sql,
    'warehouse.rfm_analysis',
    'analysis_date, user_id collate "C"',
    rfmRows(events),
  )
}

/** Compares a table with the oracle's rows, all values as PostgreSQL prints them. */
async function equalRows(
  sql: (text: string) => Promise<Record<string, unknown>[]>,
  table: string,
  order: string,
  expected: readonly object[],
): Promise<void> {
  const columns = Object.keys(expected[0] ?? {})
  const rows = await sql(
    `select ${columns.map((c) => `${c}::text`).join(', ')} from ${table} order by ${order}`,
  )
  const asText = expected.map((row) =>
    Object.fromEntries(Object.entries(row).map(([k, v]) => [k, v === null ? null : String(v)])),
  )
  expect(rows.length, table).toBe(asText.length)
  const different = rows.findIndex((row, i) => JSON.stringify(row) !== JSON.stringify(asText[i]))
  if (different !== -1)
    expect(rows[different], `${table}, row ${different}`).toEqual(asText[different])
}

async function equalsKept(
  sql: (text: string) => Promise<Record<string, unknown>[]>,
): Promise<void> {
  for (const [table, columns] of Object.entries(COLUMNS)) {
    const kept = `kept.${table.split('.')[1] ?? ''}`
    const [row] = await sql(`select
      (select count(*)::int from (select ${columns} from ${table} except all select ${columns} from ${kept}) a) as more,
      (select count(*)::int from (select ${columns} from ${kept} except all select ${columns} from ${table}) b) as fewer`)
    if (row?.['more'] !== 0 || row['fewer'] !== 0)
      throw new Error(`${table} differs: ${JSON.stringify(row)}`)
  }
}

test('the sample, landed and built in any order, equals figures computed from its lines without SQL', {
  timeout: 300_000,
}, async ({ connection, sql }) => {
  const files = SAMPLES.map((path) => ({
    name: path.slice(path.lastIndexOf('/') + 1).replace('.gz', ''),
    text: gunzipSync(readFileSync(path)).toString(),
  }))
  await proveOnFiles(files, connection, sql)
})

// The one test that may be skipped: its data lies beside the repository, not in it.
test.skipIf(!existsSync(QUARTER))(
  'the whole UCI quarter, landed and built in any order, equals figures computed from its lines without SQL',
  { timeout: 900_000 },
  async ({ connection, sql }) => {
    await proveOnFiles(byMonth(gunzipSync(readFileSync(QUARTER)).toString()), connection, sql)
  },
)
