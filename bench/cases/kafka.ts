import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type kafkajs from 'kafkajs'
import { copyFloor } from '../copy-floor.ts'
import type { Case, Finding } from '../finding.ts'
import { delayFinding, withKafka } from '../kafka-rig.ts'
import { compare, measure } from '../measure.ts'
import { GM, inScratch } from '../scratch.ts'

const EVENTS = Number(process.env['GM_BENCH_EVENTS'] ?? 500_000)
const MANY_EVENTS = Number(process.env['GM_BENCH_EVENTS'] ?? 5_000_000)
const TOPIC = 'transactions-topic'
const PARTITIONS = 4
const RATES = [50, 500, 5_000]
const LATENCY_MS = 10_000

interface Landing {
  readonly folder: string
  readonly producer: kafkajs.Producer
  readonly gm: (...args: string[]) => string
  readonly url: string
  readonly psql: (sql: string) => string
}

/** An empty project with one topic. */
async function inLanding(
  work: (landing: Landing) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  return await inScratch((folder) =>
    withKafka(folder, async ({ address, producer }) => {
      mkdirSync(join(folder, 'models'))
      writeFileSync(join(folder, 'project.yml'), 'name: bench\n')
      writeFileSync(
        join(folder, 'ingest.yml'),
        `brokers: ['${address}']\ntopics:\n  ${TOPIC}: { partitions: ${PARTITIONS} }\n`,
      )
      const gm = (...args: string[]): string =>
        execFileSync(GM[0], [GM[1], ...args], { cwd: folder, encoding: 'utf8' })
      try {
        const url = gm('db', 'url').trim()
        const psql = (sql: string): string =>
          execFileSync('psql', [url, '-X', '-qAt', '-v', 'ON_ERROR_STOP=1', '-c', sql], {
            encoding: 'utf8',
          })
        // Makes the topic.
        gm('ingest', 'kafka', '--once')
        return await work({ folder, producer, gm, url, psql })
      } finally {
        gm('db', 'reset', '--yes')
      }
    }),
  )
}

async function produce(producer: kafkajs.Producer, count: number): Promise<void> {
  for (let n = 0; n < count; n += 5_000) {
    const messages = Array.from({ length: Math.min(5_000, count - n) }, (_, i) => ({
      key: `u${(n + i) % 5_000}`,
      value: transaction(n + i),
    }))
    await producer.send({ topic: TOPIC, messages })
  }
}

/** Landing what lies in Kafka, against psql's \copy of the rows that it became; then how long one event takes, at several paces. */
export const kafka: Case = () =>
  inLanding(async ({ folder, producer, gm, url, psql }) => {
    await produce(producer, EVENTS)
    const rewind = 'update raw.kafka_offsets set next_offset = 0, last_hash = null'
    gm('ingest', 'kafka', '--once')
    const landed = Number(psql('select count(*) from raw.transactions'))
    if (landed !== EVENTS) throw new Error(`${landed} of ${EVENTS} events have landed`)
    const floor = { argv: copyFloor(psql, url, folder) }
    const pair = await compare({
      ours: { argv: [...GM, 'ingest', 'kafka', '--once'], cwd: folder },
      floor,
      rounds: 3,
      before: async () => {
        psql(`truncate raw.transactions, bench_floor; ${rewind}`)
        psql('checkpoint')
        await Promise.resolve()
      },
    })
    const speed = 1 / (pair.wallRatio ?? Infinity)
    const perSecond = Math.round(EVENTS / pair.ours.wallSeconds)
    const perEvent = ((pair.ours.cpuSeconds / EVENTS) * 1e6).toFixed(1)
    const found: Finding[] = [
      {
        name: `land ${EVENTS} events from Kafka, start and stop included`,
        floorName: 'psql \\copy of the same rows',
        pair,
        target:
          `speed ≥ 0.40 of it (here ${speed.toFixed(2)}), ≥ 30000/s (here ${perSecond}), ≤ 400 MiB; ` +
          `${perEvent} µs of CPU an event`,
        isMet: speed >= 0.4 && perSecond >= 30_000 && pair.ours.peakMiB <= 400,
      },
    ]
    // The last run was the floor's, which had rewound the topic.
    gm('ingest', 'kafka', '--once')
    for (const rate of RATES) found.push(await latency(folder, producer, psql, rate))
    return found
  })

/** Memory does not grow with what lies in Kafka. */
export const kafkaMemory: Case = () =>
  inLanding(async ({ folder, producer, psql }) => {
    await produce(producer, MANY_EVENTS)
    const ours = await measure({ argv: [...GM, 'ingest', 'kafka', '--once'], cwd: folder })
    const landed = Number(psql('select count(*) from raw.transactions'))
    if (landed !== MANY_EVENTS) throw new Error(`${landed} of ${MANY_EVENTS} events have landed`)
    const perSecond = Math.round(MANY_EVENTS / ours.wallSeconds)
    return [
      {
        name: `land ${MANY_EVENTS} events from Kafka in one go`,
        floorName: '',
        pair: { ours, floor: undefined, wallRatio: undefined, cpuRatio: undefined, rounds: 1 },
        target: `≤ 400 MiB, ≥ 30000/s (here ${perSecond})`,
        isMet: ours.peakMiB <= 400 && perSecond >= 30_000,
      },
    ]
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
  // The commit is later than now() by the transaction's own length; the landing time is the best that is stored.
  const delaysMs = psql(
    'select extract(epoch from landed_at - message_timestamp) * 1000 from raw.transactions',
  )
  return delayFinding(
    `produce → raw at ${rate} events/s`,
    delaysMs.trim().split('\n').map(Number),
    { p99: 1_000 },
  )
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
