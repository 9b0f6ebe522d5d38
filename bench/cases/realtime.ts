import type { ChildProcess } from 'node:child_process'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type kafkajs from 'kafkajs'
import { Client } from 'pg'
import type { Case, Finding } from '../finding.ts'
import { delayFinding, withKafka } from '../kafka-rig.ts'
import { GM, inScratch } from '../scratch.ts'

const ROOT = join(import.meta.dirname, '../..')
const RATE = 500
const MEASURE_MS = Number(process.env['GM_BENCH_SECONDS'] ?? 60) * 1_000
const HOLD_MS = Number(process.env['GM_BENCH_HOLD_SECONDS'] ?? 150) * 1_000
const RESTARTS = 3
const LONGEST_WAIT_MS = 30_000
const LOOK_MS = 10

/** From the sending of an event to the moment when the tables of the speed layer show it, at 500 events a second. */
export const realtime: Case = () =>
  inShop(async (shop) => [
    ...(await measureDelays(shop, '', MEASURE_MS)),
    await measureRestarts(shop),
  ])

/** The same while another transaction stays open, and sees nothing of it all. */
export const realtimeHeld: Case = () =>
  inShop(async (shop) => {
    const holder = new Client({ connectionString: shop.url })
    await holder.connect()
    try {
      await holder.query('begin isolation level repeatable read')
      await holder.query('select pg_current_xact_id(), count(*) from realtime.sales_per_minute')
      const held = `, a transaction open for ${HOLD_MS / 1_000} s`
      const found = await measureDelays(shop, held, HOLD_MS)
      await holder.query('commit')
      return found
    } finally {
      await holder.end()
    }
  })

interface Shop {
  readonly url: string
  readonly database: Client
  readonly producer: kafkajs.Producer
  /** Starts the built command in the shop's folder. */
  readonly start: (...args: string[]) => ChildProcess
  ingestor: ChildProcess
}

/** The project with a day behind it, landing and following while a shop is busy. */
async function inShop(
  work: (shop: Shop) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  return await inScratch(async (folder) => {
    const clone = join(folder, 'clone')
    execFileSync('git', ['clone', '--quiet', ROOT, clone])
    return await withKafka(folder, async ({ address, producer }) => {
      const env = { ...process.env, KAFKA_BOOTSTRAP_SERVERS: address }
      const gm = (...args: string[]): string =>
        execFileSync(GM[0], [GM[1], ...args], { cwd: clone, env, encoding: 'utf8' })
      const running: ChildProcess[] = []
      const start = (...args: string[]): ChildProcess => {
        const child = spawn(GM[0], [GM[1], ...args], { cwd: clone, env, stdio: 'ignore' })
        running.push(child)
        return child
      }
      const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10)
      const past = ['--events', '50000', '--days', '1', '--start', yesterday]
      gm('generate', '--to', 'raw', '--seed', '7', ...past)
      gm('seed')
      gm('run', '--quiet', '--select', '+globalmart.realtime')
      // Makes the topics.
      gm('ingest', 'kafka', '--once', '--quiet')
      const url = gm('db', 'url').trim()
      const database = new Client({ connectionString: url })
      await database.connect()
      try {
        const ingestor = start('ingest', 'kafka')
        start('run', '--follow', '--select', 'globalmart.realtime+')
        start('generate', '--to', 'kafka', '--quiet', '--rate', String(RATE))
        // Until what the generator sends is in the tables.
        const isFlowing = `select count(*) > 0 as "isFlowing" from realtime.product_views_per_minute
          where minute > now() - interval '10 minutes'`
        for (let i = 0; ; i++) {
          const { rows } = await database.query<{ isFlowing: boolean }>(isFlowing)
          if (rows[0]?.isFlowing === true) break
          if (i > 1_800) throw new Error('nothing has come through for three minutes')
          await sleep(100)
        }
        await sleep(5_000)
        return await work({ url, database, producer, start, ingestor })
      } finally {
        await database.end()
        for (const child of running) {
          if (child.exitCode !== null || child.signalCode !== null) continue
          child.kill('SIGKILL')
          await once(child, 'close')
        }
        gm('db', 'reset', '--yes')
      }
    })
  })
}

/** What is asked of each table: true once it shows the probe of that number. */
const TABLES = {
  sales_per_minute: `exists (select from realtime.sales_per_minute where minute = $2::timestamptz)`,
  trending_products: `exists (select from realtime.trending_products where product_id = $1)`,
  cart_abandonment_rate: `(select coalesce(max(carts), 0) from realtime.cart_abandonment_rate
    where hour = date_trunc('hour', $3::timestamptz)) >= $4::bigint`,
} as const

/**
 * Sends one probe after the other and looks every few milliseconds, as somebody who waits would. A probe is a sale of a product
 * that nobody else sells, one in a minute of its own, and a cart in an hour in which nobody else has one any more.
 */
async function measureDelays(
  { database, producer }: Shop,
  how: string,
  durationMs: number,
): Promise<Finding[]> {
  const delays = Object.keys(TABLES).map((table) => ({ table, delaysMs: [] as number[] }))
  const ask = `select ${Object.values(TABLES).join(', ')}`
  const quietHour = new Date(Date.now() - 20 * 3_600_000)
  const { rows: known } = await database.query<{ carts: string }>(
    `select carts from realtime.cart_abandonment_rate where hour = date_trunc('hour', $1::timestamptz)`,
    [quietHour],
  )
  let carts = Number(known[0]?.carts ?? 0)
  const run = Date.now().toString(36)
  const firstMinute = Date.UTC(2020, 0, 1)
  const end = performance.now() + durationMs
  for (let n = 0; performance.now() < end; n++) {
    const product = `probe-${run}-${n}`
    const minute = new Date(firstMinute + (Date.now() % 1_000_000_000) + n * 60_000)
    minute.setUTCSeconds(0, 0)
    carts += 1
    const seen = new Set<string>()
    const sentMs = performance.now()
    await producer.sendBatch({
      topicMessages: [
        {
          topic: 'transactions-topic',
          messages: [
            sale(`${product}-a`, product, new Date(), n),
            sale(`${product}-b`, 'probe', minute, n),
          ],
        },
        { topic: 'cart-events-topic', messages: [cart(product, quietHour)] },
      ],
    })
    while (seen.size < delays.length && performance.now() - sentMs < LONGEST_WAIT_MS) {
      const { rows } = await database.query<boolean[]>({
        text: ask,
        values: [product, minute, quietHour, carts],
        rowMode: 'array',
      })
      for (const [i, { table, delaysMs }] of delays.entries()) {
        if (rows[0]?.[i] !== true || seen.has(table)) continue
        seen.add(table)
        delaysMs.push(performance.now() - sentMs)
      }
      await sleep(LOOK_MS)
    }
    // What never came counts as long as it was waited for.
    for (const { table, delaysMs } of delays) if (!seen.has(table)) delaysMs.push(LONGEST_WAIT_MS)
    // Not in step with the rounds of those who work.
    await sleep(Math.random() * 500)
  }
  return delays.map(({ table, delaysMs }) =>
    delayFinding(`produce → ${table} at ${RATE} events/s${how}`, delaysMs, {
      p50: 1_000,
      p99: 2_000,
    }),
  )
}

/** From the start of an ingestor to its first landing, after another one was killed in the midst of its work. */
async function measureRestarts(shop: Shop): Promise<Finding> {
  const { database, start } = shop
  const delaysMs: number[] = []
  for (let i = 0; i < RESTARTS; i++) {
    shop.ingestor.kill('SIGKILL')
    await once(shop.ingestor, 'close')
    const { rows } = await database.query<{ sum: string }>(
      'select sum(next_offset) as sum from raw.kafka_offsets',
    )
    const beganMs = performance.now()
    shop.ingestor = start('ingest', 'kafka')
    for (;;) {
      const { rows: now } = await database.query<{ moved: boolean }>(
        'select sum(next_offset) > $1::bigint as moved from raw.kafka_offsets',
        [rows[0]?.sum],
      )
      if (now[0]?.moved === true || performance.now() - beganMs > LONGEST_WAIT_MS) break
      await sleep(LOOK_MS)
    }
    delaysMs.push(performance.now() - beganMs)
    await sleep(2_000)
  }
  return delayFinding('kill -9 → landing again', delaysMs, { p99: 5_000 })
}

interface Probe {
  readonly key: string
  readonly value: string
}

function sale(id: string, product: string, at: Date, n: number): Probe {
  const value = {
    event_id: id,
    event_type: 'purchase',
    transaction_id: id,
    line_number: 1,
    user_id: 'probe',
    product_id: product,
    category: 'Laptops',
    unit_price: 1,
    // Enough for the first rank, before the probes of the last ten minutes.
    quantity: 1_000 + n,
    total_amount: 1_000 + n,
    payment_method: 'paypal',
    country: 'Japan',
    timestamp: at.toISOString(),
  }
  return { key: 'probe', value: JSON.stringify(value) }
}

function cart(id: string, at: Date): Probe {
  const value = {
    event_id: `${id}-c`,
    event_type: 'add',
    session_id: id,
    user_id: 'probe',
    product_id: 'probe',
    quantity: 1,
    unit_price: 1,
    cart_value: 1,
    country: 'Japan',
    timestamp: at.toISOString(),
  }
  return { key: 'probe', value: JSON.stringify(value) }
}
