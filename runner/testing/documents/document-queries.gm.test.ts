import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { expect } from 'vitest'
import type { Connection } from '../../project/project.ts'
import { copyOfProject, databaseUrl, gm, REPOSITORY } from '../gm.ts'
import { test } from '../sql-fixture.ts'

/** The queries by name. The file holds them as users have them: unqualified names, Grafana's macros, a semicolon. */
const QUERIES = new Map(
  readFileSync(join(import.meta.dirname, 'queries.sql'), 'utf8')
    .split('-- name: ')
    .slice(1)
    .map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1).trim()]),
)

/** What each query gives on the events below: its columns, and how many rows. */
const ANSWERS: Readonly<Record<string, readonly [columns: string, rows: number | undefined]>> = {
  'job history': [
    'job_name last_run_status last_run_timestamp rows_processed execution_duration_sec',
    43,
  ],
  'job status': [
    'job_name last_run_status last_run_timestamp rows_processed execution_duration_sec',
    0,
  ],
  'last load of a job': ['job_name last_run_timestamp', 1],
  'customer history': [
    'customer_sk user_id customer_segment effective_from effective_to is_current',
    2,
  ],
  'RFM results': ['rfm_segment customer_count avg_spending avg_recency', 5],
  'dimension counts': ['table_name count', 4],
  'fact counts': ['table_name count', 3],
  'analytics counts': ['table_name count', 4],
  'Grafana panel': ['time revenue', 2],
  q1_top_products_by_revenue: ['product_id category total_sales total_revenue conversion_rate', 10],
  q2_customer_segmentation_summary: [
    'segment_name customer_count total_revenue avg_order_value pct_customers',
    6,
  ],
  q3_daily_sales_trend: ['date num_orders revenue avg_order_value', 2],
  q4_views_and_sales_as_written: ['category total_views total_sales conversion_rate', 2],
  q5_customer_lifetime_value: [
    'user_id customer_segment total_transactions total_spent avg_order_value first_transaction_date last_transaction_date',
    12,
  ],
  q6_sales_by_country_as_written: ['country num_orders revenue avg_order_value', 2],
  q7_rfm_champions: ['user_id recency_days frequency_count monetary_value rfm_segment', 2],
  'latest sale and the clock': ['max now', 1],
  // How many lines a plan has is the planner's business.
  "plan of the last day's sales": ['QUERY PLAN', undefined],
  'duplicate events': ['event_id count', 0],
}

test('every complete SELECT of the documents runs as written when search_path begins with warehouse', {
  timeout: 120_000,
}, async ({ connection }) => {
  const { root, remove } = copyOfProject()
  try {
    const env = databaseUrl(connection)
    for (const [topic, events] of Object.entries(EVENTS)) {
      writeFileSync(join(root, `${topic}.jsonl`), events.map((e) => JSON.stringify(e)).join('\n'))
      await gm(root, ['ingest', 'file', topic, `${topic}.jsonl`], env)
    }
    await gm(root, ['run', '--job', 'all'], env)
    const answers = await ask(connection)
    for (const [name, [columns, rows]] of Object.entries(ANSWERS)) {
      const answer = answers.get(name)
      expect(answer, name).toEqual({ columns, rows: rows ?? answer?.rows })
    }
    expect([...answers.keys()].sort()).toEqual(Object.keys(ANSWERS).sort())
  } finally {
    remove()
  }
})

test('the seven warehouse queries stand among the analyses word by word, with ref() for the names', () => {
  const seven = [...QUERIES].filter(([name]) => /^q\d_/.test(name))
  expect(seven).toHaveLength(7)
  for (const [name, query] of seven) {
    const analysis = readFileSync(join(REPOSITORY, `analyses/globalmart/${name}.sql`), 'utf8')
    const asWritten = analysis
      .replace(/^--.*\n/, '')
      .replace(/\{\{ ref\('(\w+)'\) \}\}/g, '$1')
      .trim()
    expect(`${asWritten};`, name).toBe(query)
  }
})

type Answer = Readonly<{ columns: string; rows: number }>

async function ask({ database, ...server }: Connection): Promise<Map<string, Answer>> {
  const { host, port, user, password } = server
  const client = new pg.Client({ host, port, user, password, database })
  await client.connect()
  try {
    await client.query('set search_path to warehouse, public')
    const answers = new Map<string, Answer>()
    for (const [name, query] of QUERIES) {
      const { fields, rows } = await client.query<Record<string, unknown>>(expandGrafana(query))
      answers.set(name, { columns: fields.map((field) => field.name).join(' '), rows: rows.length })
    }
    return answers
  } finally {
    await client.end()
  }
}

/** Source: Grafana's PostgreSQL data source, `$__timeFilter(column)`. */
function expandGrafana(query: string): string {
  return query.replace(
    /\$__timeFilter\((\w+)\)/g,
    `$1 BETWEEN '2024-01-01T00:00:00Z' AND '2024-12-31T23:59:59Z'`,
  )
}

/** Twelve customers who buy a product each on the last day of January and USER_1234 again in March, who looked before. */
const CUSTOMERS = Array.from({ length: 12 }, (_, i) => ({
  user_id: i === 0 ? 'USER_1234' : `USER_${i}`,
  product_id: `P${i}`,
  category: i % 2 === 0 ? 'Garden' : 'Kitchen',
  country: i % 2 === 0 ? 'Germany' : 'France',
  unit_price: 10 + i,
}))

const EVENTS = {
  'transactions-topic': [
    ...CUSTOMERS.map((customer, i) => sale(customer, `t${i}`, '2024-01-31T10:00:00Z')),
    ...CUSTOMERS.slice(0, 1).map((customer) => sale(customer, 't99', '2024-03-02T11:30:00Z')),
  ],
  'product-views-topic': CUSTOMERS.map(({ user_id, product_id, country }, i) => ({
    event_id: `v${i}`,
    event_type: 'view',
    session_id: `s${i}`,
    user_id,
    product_id,
    country,
    timestamp: '2024-01-31T09:50:00Z',
  })),
  'cart-events-topic': CUSTOMERS.map(({ user_id, product_id, country, unit_price }, i) => ({
    event_id: `c${i}`,
    event_type: 'add',
    session_id: `s${i}`,
    user_id,
    product_id,
    country,
    unit_price,
    quantity: 1,
    timestamp: '2024-01-31T09:55:00Z',
  })),
}

function sale(
  customer: (typeof CUSTOMERS)[number],
  transaction: string,
  timestamp: string,
): Record<string, unknown> {
  return {
    ...customer,
    event_id: transaction,
    event_type: 'purchase',
    transaction_id: transaction,
    product_name: `Product ${customer.product_id}`,
    quantity: 2,
    timestamp,
  }
}
