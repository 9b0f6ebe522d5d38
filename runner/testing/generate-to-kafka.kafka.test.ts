import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect } from 'vitest'
import { databaseUrl, gm, REPOSITORY } from './gm.ts'
import { hasKafka, test } from './kafka-fixture.ts'

const TOPICS = ['transactions-topic', 'product-views-topic', 'cart-events-topic'] as const
const SAMPLE = join(REPOSITORY, 'ingest/samples/online-retail-sample-2010-12.csv.gz')
const RAW = ['transactions', 'product_views', 'cart_events'].map(
  (table) => `select event_id, event_time, landed_at, payload from raw.${table}`,
)
const LANDED = RAW.join(' union all ')

describe.runIf(hasKafka())('gm generate --to kafka', () => {
  // The topics are those of the shop, which all tests of this file share.
  test('sends the bytes of the files, keyed by user, or live events at a rate, or a real file faster than it happened', async ({
    kafka,
    sql,
    connection,
  }) => {
    const env = { ...databaseUrl(connection), KAFKA_BOOTSTRAP_SERVERS: kafka.address }
    const root = await mkdtemp(join(tmpdir(), 'gm-generate-'))
    try {
      await writeFile(join(root, 'project.yml'), 'name: shop\n')
      await writeFile(
        join(root, 'ingest.yml'),
        `brokers: ['${kafka.address}']\ngroup: g-${randomBytes(4).toString('hex')}\ntopics:\n` +
          TOPICS.map((topic) => `  ${topic}: { partitions: 2 }\n`).join(''),
      )
      const settings = ['--events', '3000', '--days', '3', '--seed', '5', '--bad-json', '0']
      await gm(root, ['generate', '--to', 'kafka', '--rate', '0', ...settings], env)
      await gm(root, ['ingest', 'kafka', '--once'], env)
      await gm(root, ['generate', '--out', 'files', ...settings], env)
      const lines = TOPICS.flatMap((topic) =>
        readFileSync(join(root, `files/${topic}-01.jsonl`), 'utf8')
          .trim()
          .split('\n'),
      )
      const landed = await sql<{ text: string }>(`select payload::text as text from (${LANDED}) as l
        union all select convert_from(raw_bytes, 'UTF8') from raw.dead_letters`)
      expect(landed.map(({ text }) => canonical(text)).sort()).toEqual(lines.map(canonical).sort())
      // All of a user's events are in one partition.
      expect(
        await sql(`select max(n)::int as most from (
          select count(distinct "partition") as n from raw.product_views
          where payload->>'user_id' is not null group by payload->>'user_id') as u`),
      ).toEqual([{ most: 1 }])

      await sql('truncate raw.transactions, raw.product_views, raw.cart_events')
      const begin = Date.now()
      const live = ['generate', '--to', 'kafka', '--events', '400', '--seed', '5']
      const { stdout } = await gm(root, live, { ...env, DATA_GEN_EVENTS_PER_SECOND: '200' })
      const tookMs = Date.now() - begin
      expect(stdout).toContain('Sent 400 events in')
      expect(tookMs).toBeGreaterThan(1_500)
      await gm(root, ['ingest', 'kafka', '--once'], env)
      // Those that are late by intent happened before the shop was listened to.
      const [{ now } = { now: 0 }] = await sql<{ now: number }>(
        `select count(*)::int as now from (${LANDED}) as l
         where event_time between to_timestamp(${begin / 1000}) - interval '2 minutes' and landed_at`,
      )
      expect(now).toBeGreaterThan(380)

      await sql('truncate raw.transactions, raw.product_views, raw.cart_events')
      const replay = ['generate', '--to', 'kafka', '--replay', SAMPLE, '--time-factor']
      const { stdout: told } = await gm(root, [...replay, '2000000'], env)
      const events = Number(/Sent (\d+) events/.exec(told)?.[1])
      const records = gunzipSync(readFileSync(SAMPLE)).toString().trim().split('\n').length - 1
      expect(events).toBeGreaterThan(0.98 * records)
      await gm(root, ['ingest', 'kafka', '--once'], env)
      expect(
        await sql(`select count(*)::int as n, min(event_time) > now() - interval '10 minutes' as recent
          from raw.transactions`),
      ).toEqual([{ n: events, recent: true }])
    } finally {
      await rm(root, { recursive: true })
      await kafka.admin.deleteTopics({ topics: [...TOPICS] })
    }
  })
})

/** jsonb keeps no order of fields, and numbers as they are written. */
function canonical(text: string): string {
  try {
    const fields = Object.entries(JSON.parse(text) as Record<string, unknown>)
    return JSON.stringify(fields.sort(([a], [b]) => (a < b ? -1 : 1)))
  } catch {
    return text
  }
}
