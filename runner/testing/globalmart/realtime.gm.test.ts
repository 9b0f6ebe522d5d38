import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { expect } from 'vitest'
import { databaseUrl, startGm } from '../gm.ts'
import { randomFrom } from '../random.ts'
import { test } from '../sql-fixture.ts'
import { dirtyEvents } from './dirty-events.ts'
import { Shop } from './shop.ts'
import { splitFiles } from './split-files.ts'
import type { EventFile } from './stage-events.ts'

/** Set it to try other events and orders. */
const SEED = Number(process.env['GM_ORACLE_SEED'] ?? 7)

// Few sales a day, so a category is compared with itself after three.
const VARS = ['--vars', '{baseline_sample: 3}']
const FLAGS = ['--select', '+path:models/globalmart/realtime', ...VARS]
const WITHOUT_TESTS = [...FLAGS, '--resource-type', 'model']

type Sql = (text: string) => Promise<Record<string, unknown>[]>
type Contents = ReadonlyMap<string, readonly string[]>

/** All rows of the speed layer's tables as sorted text. Its one view looks at the clock and is left out. */
async function contents(sql: Sql): Promise<Contents> {
  const tables = await sql(`
    select format('%I.%I', t.schemaname, t.tablename) as name,
      (select string_agg(format('%I', a.attname), ', ' order by a.attnum)
       from pg_attribute as a
       where a.attrelid = format('%I.%I', t.schemaname, t.tablename)::regclass
         and a.attnum > 0 and not a.attisdropped and a.attname not like '\\_gm%') as columns
    from pg_tables as t
    where t.schemaname = 'realtime' or t.tablename = 'sales_baselines'
    order by 1`)
  const found = new Map<string, string[]>()
  for (const { name, columns } of tables) {
    const rows = await sql(
      `select (row(${String(columns)}))::text as row from ${String(name)} order by 1`,
    )
    found.set(
      String(name),
      rows.map(({ row }) => String(row)),
    )
  }
  return found
}

test('the speed layer is the same in any split and order of landings and after a full refresh', {
  timeout: 600_000,
}, async ({ connection, sql }) => {
  const batches = dirtyEvents({
    seed: SEED + 11,
    events: 1_500,
    batches: 4,
    from: '2024-01-10',
    days: 3,
    users: 20,
    products: 12,
    contradictions: 'anything',
  })
  const random = randomFrom(SEED)
  const shop = new Shop(connection, sql)
  try {
    for (const batch of batches) {
      await shop.land(batch)
      await shop.build(...WITHOUT_TESTS)
    }
    await shop.build(...FLAGS)
    const increments = await contents(sql)
    expect(increments.size).toBe(18)
    const empty = [...increments].filter(([, rows]) => rows.length === 0).map(([name]) => name)
    expect(empty).toEqual([])

    await shop.build('--full-refresh', ...WITHOUT_TESTS)
    expect(await contents(sql)).toEqual(increments)

    await shop.empty()
    const parts = splitFiles(batches.flat(), 3)
    for (const part of parts.map((p) => ({ p, at: random() })).sort((a, b) => a.at - b.at)) {
      await shop.land(part.p)
      await shop.build(...WITHOUT_TESTS)
    }
    const reordered = await contents(sql)
    await shop.build('--full-refresh', ...WITHOUT_TESTS)
    expect(reordered).toEqual(await contents(sql))

    // The comparison can fail.
    await sql(`update realtime.sales_per_minute set revenue = revenue + 0.01
               where minute = (select min(minute) from realtime.sales_per_minute)`)
    expect(await contents(sql)).not.toEqual(reordered)
  } finally {
    shop.remove()
  }
})

test('a sale that is landed late changes the baselines of the day after it, as a rebuild does', {
  timeout: 180_000,
}, async ({ connection, sql }) => {
  const sale = (id: string, time: string, total: number): string =>
    `{"event_id":"${id}","event_type":"purchase","transaction_id":"${id}","user_id":"u1","product_id":"p1","category":"Lamps","unit_price":${total},"quantity":1,"total_amount":${total},"country":"France","timestamp":"${time}"}\n`
  const file = (name: string, text: string): EventFile => ({
    topic: 'transactions-topic',
    name,
    text,
  })
  // One sale every six hours of three days, all of one price.
  const steady = Array.from({ length: 12 }, (_, n) =>
    sale(`s${n}`, new Date(Date.UTC(2024, 0, 10, 6 * n, 15)).toISOString(), 100),
  )
  // Two hours that had none, on the first day: dear sales, one of which comes before all others.
  const late = sale('l1', '2024-01-10T08:30:00Z', 900) + sale('l2', '2024-01-09T23:30:00Z', 900)
  const shop = new Shop(connection, sql)
  const flags = ['--select', '+sales_baselines', ...VARS, '--resource-type', 'model']
  const baselines = (): Promise<Record<string, unknown>[]> =>
    sql(`select subject, subject_key, to_char(hour at time zone 'UTC', 'DD HH24') as hour, sample_size, median, median_distance
         from intermediate.sales_baselines order by hour, subject, subject_key`)
  try {
    await shop.land([file('a.jsonl', steady.join(''))])
    await shop.build(...flags)
    const before = await baselines()
    await shop.land([file('b.jsonl', late)])
    await shop.build(...flags)
    const after = await baselines()
    // Hours up to a day after the late sales were changed or came to be, those behind were not.
    const told = new Set(before.map((row) => JSON.stringify(row)))
    const changed = after.filter((row) => !told.has(JSON.stringify(row)))
    expect([...new Set(changed.map(({ hour }) => hour))]).toEqual([
      ...['09 23', '10 00', '10 06', '10 08', '10 12', '10 18', '11 00', '11 06'],
    ])
    await shop.build('--full-refresh', ...flags)
    expect(await baselines()).toEqual(after)
  } finally {
    shop.remove()
  }
})

test('what depends on now is computed for the time that the run is told', {
  timeout: 120_000,
}, async ({ connection, sql }) => {
  const view = (id: string, time: string): string =>
    `{"event_id":"${id}","event_type":"view","session_id":"s${id}","user_id":"u${id}","product_id":"p${id}","timestamp":"${time}"}\n`
  const shop = new Shop(connection, sql)
  const trending = (): Promise<Record<string, unknown>[]> =>
    sql('select product_id from realtime.trending_products order by rank')
  try {
    await shop.land([
      {
        topic: 'product-views-topic',
        name: 'a.jsonl',
        text: view('1', '2024-01-10T10:00:00Z') + view('2', '2024-01-10T10:08:00Z'),
      },
    ])
    await shop.build(...WITHOUT_TESTS)
    expect(await trending()).toEqual([{ product_id: 'p1' }, { product_id: 'p2' }])
    await shop.build(...WITHOUT_TESTS, '--as-of', '2024-01-10T10:12:00Z')
    expect(await trending()).toEqual([{ product_id: 'p2' }])
    await shop.build(...WITHOUT_TESTS, '--as-of', '2024-01-10T10:05:00Z')
    expect(await trending()).toEqual([{ product_id: 'p1' }])
  } finally {
    shop.remove()
  }
})

test('following, woken by each landing, ends where a batch run for the same time ends', {
  timeout: 300_000,
}, async ({ connection, sql }) => {
  const files = dirtyEvents({
    seed: SEED + 12,
    events: 600,
    batches: 3,
    from: '2024-01-10',
    days: 2,
    users: 15,
    products: 8,
    contradictions: 'anything',
  }).flat()
  const shop = new Shop(connection, sql)
  try {
    const asOf = ['--as-of', '2024-01-11T12:00:00Z']
    // As the guide has it: the staging models, which nobody names, are followed with what reads them.
    const selection = ['--select', 'globalmart.realtime+', ...VARS, ...asOf]
    const following = startGm(
      shop.root,
      ['run', '--follow', '--tick', '600000', '--log-format', 'json', ...selection],
      databaseUrl(connection),
    )
    const told = lines(following.child)
    // The first run builds everything; each landing then brings a run of its own, or shares one with the next.
    await told.next()
    for (const file of files) {
      await shop.land([file])
      const line = await told.next()
      expect(JSON.parse(String(line.value))).toMatchObject({ type: 'followed', level: 'info' })
    }
    await settled(sql)
    following.child.kill('SIGINT')
    expect((await following.ended).status).toBe(0)
    const followed = await contents(sql)
    await shop.build('--full-refresh', ...WITHOUT_TESTS, ...asOf)
    expect(await contents(sql)).toEqual(followed)
  } finally {
    shop.remove()
  }
})

async function* lines({ stdout }: ChildProcess): AsyncGenerator<string> {
  if (stdout !== null) yield* createInterface({ input: stdout })
}

/** Waits until nothing that was landed is still to be read. */
async function settled(sql: Sql): Promise<void> {
  for (;;) {
    const [left] = await sql(`
      select (select count(distinct event_id) from raw.transactions)
           + (select count(distinct event_id) from raw.product_views)
           + (select count(distinct event_id) from raw.cart_events)
           - (select count(*) from staging.stg_transactions)
           - (select count(*) from staging.stg_product_views)
           - (select count(*) from staging.stg_cart_events) as unread,
        (select count(*) from gm.runs where status = 'running') as running`)
    if (String(left?.['unread']) === '0' && String(left?.['running']) === '0') return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
