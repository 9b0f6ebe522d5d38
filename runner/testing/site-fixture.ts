import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pg from 'pg'
import type { Browser, Page } from 'playwright-core'
import { inject } from 'vitest'
import { gm } from './gm.ts'
import { launchChromium } from './launch-chromium.ts'

/** Values that no page may hold. */
export const SECRETS = {
  password: `pa55-${randomBytes(6).toString('hex')}`,
  region: 'region-4711-hidden',
}

const FILES: Readonly<Record<string, string>> = {
  'project.yml': `name: shop
env: [SHOP_REGION]
asset-paths: [assets]
models:
  shop:
    +meta: {owner: people of the shop}
`,
  'models/sources.yml': `sources:
  - name: raw
    schema: raw
    tables:
      - name: transactions
        description: 'Lines as they landed. ![the plan](assets/plan.svg)'
        loaded_at_query: select now() - interval '2 hours'
        freshness: {warn_after: {count: 1, period: hour}}
`,
  'models/events.sql': `select event_id, event_time from {{ source('raw', 'transactions') }}\n`,
  'models/orders.sql': `{{ config(materialized='table', tags=['nightly'], docs={'statistics': true}) }}
select id, id * 2 as amount, nullif(id, 3) as customer_id, '{{ env_var('SHOP_REGION') }}' as region
from {{ ref('numbers') }}
`,
  'models/people.sql': `select id as number, 'p' || id as email from {{ ref('numbers') }}\n`,
  'models/people_copies.sql': `{{ config(materialized='table', docs={'statistics': true, 'inherit_columns': true}) }}
select number, lower(email) as address from {{ ref('people') }}
`,
  'assets/plan.svg':
    '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20"/></svg>',
  'assets/notes.txt': 'not an image',
  'models/totals.sql': `select count(*) as orders, sum(amount) as amount from {{ ref('orders') }}\n`,
  'models/hostile.sql': `select 1 as "say ""hi""", 2 as "it's", 3 as "<b>bold</b>", 4 as "__proto__" from {{ ref('totals') }}\n`,
  'models/wide.sql': `select {% for i in range(1000) %}{{ i }} as c_{{ i }}{{ ',' if not loop.last }} {% endfor %}\n`,
  'models/broken.sql': `select 1 / (orders - orders) as nothing from {{ ref('totals') }}\n`,
  'models/properties.yml': `models:
  - name: orders
    description: |
      Every order of the **shop**, with a table:

      | column | unit |
      |--------|------|
      | amount | EUR  |
    columns:
      - name: id
        description: Number of the order.
        data_tests: [not_null, unique]
      - name: region
        description: Where.
        meta: {personal_data: true}
      - name: customer_id
        description: Who bought; [a script](javascript:window.hacked=1).
        data_tests: [not_null]
  - name: people
    columns:
      - {name: number, description: Number of the person., data_tests: [not_null]}
      - {name: email, description: Where., meta: {personal_data: true}}
  - name: hostile
    description: >
      Ends a script </script><script>window.hacked = 1</script> and loads <img src=x onerror="window.hacked = 1">.
    columns:
      - name: it's
        description: "Quoted: \\"'<b>"
  - name: broken
    config: {materialized: table}
exposures:
  - name: revenue_board
    type: dashboard
    maturity: high
    url: https://boards.example/revenue
    owner: {name: Finance}
    description: What the board looks at.
    depends_on: [ref('totals')]
`,
  'models/overview.md': '{% docs __overview__ %}\nAll about the **shop**.\n{% enddocs %}\n',
  'macros/doubled.sql': `{% macro doubled(column) %}{{ column }} * 2{% endmacro %}\n`,
  'seeds/numbers.csv': 'id\n1\n2\n3\n',
  'tests/moody.sql': `select id from {{ ref('numbers') }} where {{ var('is_bad', 'false') }}\n`,
  'tests/orders_are_few.sql': `select * from {{ ref('orders') }} where id > 1000\n`,
}

export interface BuiltSite {
  readonly root: string
  /** The folder of the site. */
  readonly folder: string
  readonly browser: Browser
  readonly env: Readonly<Record<string, string>>
  /** A page of the site, from its file, with what it complained about. */
  open(hash: string, options?: OpenOptions): Promise<OpenPage>
  close(): Promise<void>
}

interface OpenOptions {
  readonly width?: number
  /** Another site's folder. */
  readonly folder?: string
}

export interface OpenPage {
  readonly page: Page
  /** Errors of scripts, and what the page's policy refused. */
  readonly complaints: readonly string[]
  /** Addresses that it asked for. */
  readonly requests: readonly string[]
}

/** Waits until every part of the page that is open has its data: its heading comes before them. */
export async function allLoaded(page: Page): Promise<void> {
  await page.locator('main [aria-busy=true]').first().waitFor({ state: 'detached' })
}

/** One project, built twice by the built command in a real database, with a failure in it, and one browser. */
export async function buildSite(): Promise<BuiltSite> {
  const root = mkdtempSync(join(tmpdir(), 'gm-site-'))
  for (const [file, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), text)
  }
  const server = inject('postgres')
  const name = `gm_site_${randomBytes(6).toString('hex')}`
  const admin = new pg.Client({
    host: server.host,
    port: server.port,
    user: server.user,
    password: server.password,
    database: server.database,
  })
  await admin.connect()
  await admin.query(`create role ${name} login superuser password '${SECRETS.password}'`)
  await admin.query(`create database ${name} owner ${name}`)
  const env = {
    GM_DATABASE_URL: `postgres://${name}:${SECRETS.password}@${server.host}:${server.port}/${name}`,
    SHOP_REGION: SECRETS.region,
  }
  await gm(root, ['build'], env, 1)
  await gm(root, ['build'], env, 1)
  await gm(root, ['test', '-s', 'moody', '--vars', 'is_bad: "true"'], env, 1)
  await gm(root, ['test', '-s', 'moody'], env)
  await gm(root, ['source', 'freshness', '--quiet'], env)
  await gm(root, ['docs', 'generate'], env)
  const folder = join(root, 'target', 'docs')
  const browser = await launchChromium()
  return {
    root,
    folder,
    browser,
    env,
    open: async (hash, { width = 1280, folder: from = folder } = {}) => {
      const page = await browser.newPage({ viewport: { width, height: 900 } })
      const complaints: string[] = []
      const requests: string[] = []
      page.on('pageerror', (error) => complaints.push(String(error)))
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text())
      })
      page.on('request', (request) => requests.push(request.url()))
      await page.goto(`file://${from}/index.html#/${hash}`)
      await page.locator('main h1').first().waitFor()
      await allLoaded(page)
      return { page, complaints, requests }
    },
    close: async () => {
      await browser.close()
      await admin.query(`drop database ${name} with (force)`)
      await admin.query(`drop role ${name}`)
      await admin.end()
      rmSync(root, { recursive: true, force: true })
    },
  }
}
