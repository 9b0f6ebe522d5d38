import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import { inject } from 'vitest'
import { registerCodecs } from '../../ingest/kafka/codecs.ts'
import type { IngestEvent } from '../../ingest/kafka/ingest-event.ts'
import { runKafka } from '../../ingest/kafka/run-kafka.ts'
import { test as base } from './sql-fixture.ts'

/** A topic of its own for a test, with the declaration that lands it. */
export interface TestTopic {
  readonly name: string
  /** `raw.t_…`. */
  readonly table: string
  /** Lines of ingest.yml below `topics:`. */
  readonly yml: string
}

export interface RunningIngestor {
  readonly events: IngestEvent[]
  /** Rejects with what ended it. */
  readonly ended: Promise<void>
  stop(): Promise<void>
}

interface KafkaFixture {
  /** A client of the broker. Everything that is opened with it is closed after the test. */
  kafka: KafkaClient
  /** Writes ingest.yml into a new folder. @param lines what stands above `topics:`, besides the brokers and the group */
  ingestYml: (topics: readonly TestTopic[], lines?: string) => Promise<string>
  /** Starts an ingestor in this process. It is stopped after the test. */
  ingest: (root: string) => RunningIngestor
  /** Waits until a query gives something true in its only column. */
  until: (query: string, timeoutMs?: number) => Promise<void>
}

export interface KafkaClient {
  readonly address: string
  readonly admin: kafkajs.Admin
  readonly producer: kafkajs.Producer
  readonly client: kafkajs.Kafka
  /** A new topic of a random name. @param settings of the topic, and lines for its declaration */
  topic: (
    partitions: number,
    settings?: Readonly<Record<string, string>>,
    lines?: string,
  ) => Promise<TestTopic>
}

const FIELDS = `    type_field: type
    time_field: at
    fields: { event_id: id, type: id, at: timestamp, n: integer, text: text }
`

/** vitest's `test` with a real broker and a real PostgreSQL; skipped where there is no broker. */
export const test = base.extend<KafkaFixture>({
  // eslint-disable-next-line no-empty-pattern
  kafka: async ({}, use) => {
    const given = inject('kafka')
    if (given === null) throw new Error('there is no broker')
    registerCodecs()
    const client = new kafkajs.Kafka({
      brokers: [given.address],
      clientId: 'gm-tests',
      logLevel: kafkajs.logLevel.NOTHING,
      retry: { initialRetryTime: 50 },
    })
    const admin = client.admin()
    // What it sends again, as a busy broker answers late, stands in the topic once.
    const producer = client.producer({
      allowAutoTopicCreation: false,
      idempotent: true,
      maxInFlightRequests: 1,
    })
    await Promise.all([admin.connect(), producer.connect()])
    const made: string[] = []
    await use({
      address: given.address,
      admin,
      producer,
      client,
      topic: async (partitions, settings = {}, lines = '') => {
        const id = randomBytes(6).toString('hex')
        const topic = `t-${id}`
        const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }))
        await admin.createTopics({
          topics: [{ topic, numPartitions: partitions, configEntries }],
          waitForLeaders: false,
        })
        // Until all of the broker knows it, others are told that there is none.
        while (!(await hasLeaders(admin, topic, partitions))) await sleep(20)
        made.push(topic)
        const yml = `  ${topic}:\n    table: t_${id}\n${FIELDS}${lines}`
        return { name: topic, table: `raw.t_${id}`, yml }
      },
    })
    const left = new Set(await admin.listTopics())
    await admin.deleteTopics({ topics: made.filter((topic) => left.has(topic)) })
    await Promise.all([admin.disconnect(), producer.disconnect()])
  },

  ingestYml: async ({ kafka }, use) => {
    const roots: string[] = []
    await use(async (topics, lines = '') => {
      const root = await mkdtemp(join(tmpdir(), 'gm-ingest-'))
      roots.push(root)
      const group = lines.includes('group:') ? '' : `group: ${root.slice(-6)}\n`
      const text = `brokers: ['${kafka.address}']\n${group}${lines}topics:\n${topics.map(({ yml }) => yml).join('')}`
      await writeFile(join(root, 'ingest.yml'), text)
      await writeFile(join(root, 'project.yml'), 'name: shop\n')
      return root
    })
    for (const root of roots) await rm(root, { recursive: true, force: true })
  },

  ingest: async ({ connection }, use) => {
    const running: RunningIngestor[] = []
    const { host, port, user, password, database } = connection
    await use((root) => {
      const stopping = new AbortController()
      const events: IngestEvent[] = []
      const ended = runKafka({
        root,
        variable: () => undefined,
        onSecret: () => undefined,
        connect: () => Promise.resolve({ host, port, user, password, database }),
        onEvent: (event) => events.push(event),
        signal: stopping.signal,
      })
      ended.catch(() => undefined)
      const ingestor: RunningIngestor = {
        events,
        ended,
        stop: async () => {
          stopping.abort()
          await ended
        },
      }
      running.push(ingestor)
      return ingestor
    })
    for (const ingestor of running) await ingestor.stop().catch(() => undefined)
  },

  until: async ({ sql }, use) => {
    await use(async (query, timeoutMs = 30_000) => {
      const deadline = performance.now() + timeoutMs
      for (;;) {
        // The tables are not there before the first ingestor has made them.
        const rows = await sql(query).catch(() => [])
        if (Object.values(rows[0] ?? {})[0] === true) return
        if (performance.now() > deadline) throw new Error(`not true in ${timeoutMs} ms: ${query}`)
        await sleep(50)
      }
    })
  },
})

/** Whether a new topic has all its partitions, with leaders. */
export async function hasLeaders(
  admin: kafkajs.Admin,
  topic: string,
  partitions: number,
): Promise<boolean> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    const leaders = topics[0]?.partitions.filter(({ leader }) => leader >= 0) ?? []
    return leaders.length === partitions
  } catch {
    return false
  }
}

/** Whether this machine can run the tests with Kafka. */
export const hasKafka = (): boolean => inject('kafka') !== null

/** An event of the topics above. */
export function eventText(n: number, more: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    event_id: `e${n}`,
    type: 'made',
    at: '2026-01-01T00:00:00Z',
    n,
    ...more,
  })
}
