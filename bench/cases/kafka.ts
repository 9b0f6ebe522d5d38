import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import { fetchJars } from '../../ingest/broker/fetch-jars.ts'
import { startBroker } from '../../ingest/broker/start-broker.ts'
import type { Case, Finding } from '../finding.ts'
import { compare, measure } from '../measure.ts'
import { GM, inScratch } from '../scratch.ts'

const EVENTS = Number(process.env['GM_BENCH_EVENTS'] ?? 500_000)
const TOPIC = 'transactions-topic'
const PARTITIONS = 4
const RATES = [50, 500, 5_000]
const LATENCY_MS = 10_000

/** Landing what lies in Kafka, against psql's \copy of the rows that it became; then how long one event takes, at several paces. */
export const kafka: Case = async () =>
  await inScratch(async (folder) => {
    const root = join(import.meta.dirname, '../..')
    const jars = await fetchJars(join(root, 'ingest/broker/pom.xml'), join(homedir(), '.cache/gm'))
    const broker = await startBroker({ jars, folder: join(folder, 'broker') })
    mkdirSync(join(folder, 'models'))
    writeFileSync(join(folder, 'project.yml'), 'name: bench\n')
    writeFileSync(
      join(folder, 'ingest.yml'),
      `brokers: ['${broker.address}']\ntopics:\n  ${TOPIC}: { partitions: ${PARTITIONS} }\n`,
    )
    const gm = (...args: string[]): string =>
      execFileSync(GM[0], [GM[1], ...args], { cwd: folder, encoding: 'utf8' })
    const client = new kafkajs.Kafka({
      brokers: [broker.address],
      logLevel: kafkajs.logLevel.NOTHING,
    })
    const producer = client.producer()
    try {
      const url = gm('db', 'url').trim()
      const psql = (sql: string): string =>
        execFileSync('psql', [url, '-X', '-qAt', '-v', 'ON_ERROR_STOP=1', '-c', sql], {
          encoding: 'utf8',
        })
      gm('ingest', 'kafka', '--once')
      await producer.connect()
      for (let n = 0; n < EVENTS; n += 5_000) {
        const messages = Array.from({ length: 5_000 }, (_, i) => ({
          key: `u${(n + i) % 5_000}`,
          value: transaction(n + i),
        }))
        await producer.send({ topic: TOPIC, messages })
      }
      const rewind = 'update raw.kafka_offsets set next_offset = 0, last_hash = null'
      gm('ingest', 'kafka', '--once')
      const landed = Number(psql('select count(*) from raw.transactions'))
      if (landed !== EVENTS) throw new Error(`${landed} of ${EVENTS} events have landed`)
      const rows = join(folder, 'rows.copy')
      const columns = psql(
        `select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
         where attrelid = 'raw.transactions'::regclass and attnum > 0 and attname <> '_gm_xid'`,
      ).trim()
      psql(`\\copy (select ${columns} from raw.transactions) to '${rows}'`)
      const partition = psql(
        `select inhrelid::regclass from pg_inherits where inhparent = 'raw.transactions'::regclass limit 1`,
      ).trim()
      psql(`create table bench_floor (like ${partition} including all)`)
      const copy = `\\copy bench_floor (${columns}) from '${rows}'`
      const pair = await compare({
        ours: { argv: [...GM, 'ingest', 'kafka', '--once'], cwd: folder },
        floor: { argv: ['psql', url, '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-c', copy] },
        rounds: 3,
        before: async () => {
          psql(`truncate raw.transactions, bench_floor; ${rewind}`)
          psql('checkpoint')
          await Promise.resolve()
        },
      })
      const speed = 1 / (pair.wallRatio ?? Infinity)
      const perSecond = Math.round(EVENTS / pair.ours.wallSeconds)
      const found: Finding[] = [
        {
          name: `land ${EVENTS} events from Kafka, start and stop included`,
          floorName: 'psql \\copy of the same rows',
          pair,
          target: `speed ≥ 0.40 of it (here ${speed.toFixed(2)}), ≥ 30000/s (here ${perSecond}), ≤ 400 MiB`,
          isMet: speed >= 0.4 && perSecond >= 30_000 && pair.ours.peakMiB <= 400,
        },
      ]
      // The last run was the floor's, which had rewound the topic.
      gm('ingest', 'kafka', '--once')
      for (const rate of RATES) found.push(await latency(folder, producer, psql, rate))
      return found
    } finally {
      await producer.disconnect()
      gm('db', 'reset', '--yes')
      await broker.stop('SIGKILL')
    }
  })

/** Sends at a pace while an ingestor runs; the message's time of creation against the time at which its row was committed. */
async function latency(
  folder: string,
  producer: kafkajs.Producer,
  psql: (sql: string) => string,
  rate: number,
): Promise<Finding> {
  psql('truncate raw.transactions')
  const seconds = LATENCY_MS / 1_000
  const running = measure({
    argv: ['timeout', '--signal=TERM', String(seconds + 8), ...GM, 'ingest', 'kafka', '-q'],
    cwd: folder,
  }).catch(() => undefined)
  while (
    psql(
      "select bool_or(seen_at > now() - interval '2 seconds' and state = 'running') from raw.kafka_ingestors",
    ).trim() !== 't'
  )
    await sleep(100)
  const begin = performance.now()
  let sent = 0
  // Commits are seen from outside, by somebody who looks every few milliseconds.
  while (performance.now() - begin < LATENCY_MS) {
    const due = Math.floor(((performance.now() - begin) / 1_000) * rate)
    const now = String(Date.now())
    const messages = Array.from({ length: due - sent }, (_, i) => ({
      key: `u${(sent + i) % 5_000}`,
      value: transaction(sent + i),
      timestamp: now,
    }))
    if (messages.length > 0) await producer.send({ topic: TOPIC, messages })
    sent += messages.length
    await sleep(10)
  }
  await running
  const [p50 = NaN, p99 = NaN] = psql(
    // The commit is later than now() by the transaction's own length, which track_commit_timestamp would tell; the landing time is the best there is.
    `select unnest(percentile_cont(array[0.5, 0.99]) within group (order by extract(epoch from landed_at - message_timestamp) * 1000))
     from raw.transactions`,
  )
    .trim()
    .split('\n')
    .map(Number)
  const zero = { wallSeconds: p99 / 1_000, cpuSeconds: 0, peakMiB: 0 }
  return {
    name: `produce → raw at ${rate} events/s, p99`,
    floorName: '',
    pair: { ours: zero, floor: undefined, wallRatio: undefined, cpuRatio: undefined, rounds: 1 },
    target: `p99 < 1 s (p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms)`,
    isMet: p99 < 1_000,
  }
}

function transaction(i: number): string {
  const quantity = 1 + (i % 9)
  const price = 1 + (i % 500) / 100
  return JSON.stringify({
    event_id: `e${i}`,
    event_type: 'purchase',
    transaction_id: `t${Math.floor(i / 4)}`,
    line_number: 1 + (i % 4),
    user_id: i % 10 === 0 ? null : `u${i % 5_000}`,
    product_id: `p${i % 3_000}`,
    product_name: `product number ${i % 3_000}`,
    category: `category ${i % 100}`,
    unit_price: price,
    quantity,
    total_amount: Math.round(quantity * price * 100) / 100,
    payment_method: 'credit_card',
    country: 'Germany',
    timestamp: '2026-01-01T00:00:00Z',
  })
}
