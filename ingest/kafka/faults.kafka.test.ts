import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import pg from 'pg'
import { describe, expect, inject } from 'vitest'
import { resetEmbedded } from '../../runner/engine/embedded/reset-embedded.ts'
import { startEmbedded } from '../../runner/engine/embedded/start-embedded.ts'
import type { Connection } from '../../runner/project/project.ts'
import { eventText, hasKafka, hasLeaders, test } from '../../runner/testing/kafka-fixture.ts'
import type { IngestorProcess } from '../../runner/testing/landing-rig.ts'
import {
  FAULTLESS,
  findFaults,
  produceSteadily,
  startIngestor,
  writeConnection,
} from '../../runner/testing/landing-rig.ts'
import { SEED } from '../../runner/testing/random.ts'
import { startBroker } from '../broker/start-broker.ts'
import { createRandom } from '../generate/random.ts'

/** A third of the faults in CI, all of them with GM_LONG=1. */
const IS_LONG = process.env['GM_LONG'] === '1'
const KILLS = IS_LONG
  ? { ingestor: 20, postgres: 10, broker: 5 }
  : { ingestor: 7, postgres: 3, broker: 2 }
const PER_SECOND = 2_000

describe.runIf(hasKafka())('faults under load', () => {
  test('killed ingestors, database servers and brokers lose and double nothing', {
    timeout: 600_000,
  }, async ({ ingestYml, kafka }) => {
    const random = createRandom(SEED)
    const folder = await mkdtemp(join(tmpdir(), 'gm-faults-'))
    const broker = { jars: inject('kafka')?.jars ?? '', folder: join(folder, 'broker') }
    let serving = await startBroker(broker)
    const embedded = { root: folder, database: 'warehouse', settings: { shared_buffers: '64MB' } }
    let server = await startEmbedded(embedded)
    const client = new kafkajs.Kafka({
      brokers: [serving.address],
      logLevel: kafkajs.logLevel.NOTHING,
    })
    const admin = client.admin()
    await admin.connect()
    // Declared like the others, but it stands on the broker that can be killed.
    const topic = await kafka.topic(4)
    await admin.createTopics({
      topics: [{ topic: topic.name, numPartitions: 4 }],
      waitForLeaders: false,
    })
    while (!(await hasLeaders(admin, topic.name, 4))) await sleep(20)
    const root = await ingestYml([{ ...topic, yml: topic.yml }], `client_id: faults\n`)
    await useBroker(root, kafka.address, serving.address)
    await writeConnection(root, server.connection)

    const work = { isOver: false }
    let ingestor = startIngestor(root)
    const ends: (number | null)[] = []
    const supervising = (async () => {
      while (!work.isOver) {
        if (ingestor.child.exitCode !== null || ingestor.child.signalCode !== null) {
          ends.push(ingestor.child.exitCode)
          ingestor = startIngestor(root)
        }
        await sleep(50)
      }
    })()
    const producing = produceSteadily(serving.address, topic.name, PER_SECOND)
    try {
      await ingestor.until('claimed')
      const faults = shuffled(random, KILLS)
      for (const fault of faults) {
        await sleep(500 + random() * 2_000)
        if (fault === 'ingestor') {
          ingestor.child.kill('SIGKILL')
        } else if (fault === 'postgres') {
          process.kill(server.pid, 'SIGKILL')
          server = await startEmbedded(embedded)
          await writeConnection(root, server.connection)
        } else {
          await serving.stop('SIGKILL')
          serving = await startBroker({ ...broker, port: serving.port })
        }
      }
      const sent = await producing.stop()
      const sql = askServer(server.connection)
      await untilLanded(sql, admin, topic, 90_000)
      work.isOver = true
      await supervising
      await ingestor.end('SIGTERM')
      console.log(`seed ${SEED}: ${faults.join(' ')}; ${sent} events; exits ${ends.join(' ')}`)
      expect(await findFaults(sql, admin, topic, sent), `seed ${SEED}`).toEqual(FAULTLESS)
      expect(sent).toBeGreaterThan(5_000)
    } finally {
      work.isOver = true
      await supervising
      await ingestor.end('SIGKILL')
      await producing.stop().catch(() => undefined)
      await admin.disconnect()
      await serving.stop('SIGKILL')
      await resetEmbedded(folder)
      await rm(folder, { recursive: true, force: true })
    }
  })

  test('ingestors that come, go and freeze, and a hostile group on the same tables, lose and double nothing', {
    timeout: 600_000,
  }, async ({ kafka, sql, connection, ingestYml, until }) => {
    const topic = await kafka.topic(6)
    const root = await ingestYml([topic], 'mode: shared\ngroup: ours\n')
    const hostile = await ingestYml([topic], 'mode: shared\ngroup: theirs\n')
    for (const folder of [root, hostile]) await writeConnection(folder, connection)
    const running: IngestorProcess[] = [startIngestor(root)]
    const producing = produceSteadily(kafka.address, topic.name, PER_SECOND)
    try {
      await running[0]?.until('claimed')
      for (let round = 0; round < (IS_LONG ? 4 : 1); round++) {
        // Two and three share the partitions.
        running.push(startIngestor(root), startIngestor(root))
        await running.at(-1)?.until('claimed')
        await sleep(1_000)
        // One freezes for longer than the group's patience, and wakes up to find its partitions landed by others.
        const zombie = running.at(-1)
        zombie?.child.kill('SIGSTOP')
        await sleep(12_500)
        zombie?.child.kill('SIGCONT')
        const enemy = startIngestor(hostile)
        running.push(enemy)
        await enemy.until('claimed')
        await sleep(5_000)
        await enemy.end('SIGTERM')
        await running[0]?.end('SIGKILL')
        running[0] = startIngestor(root)
        await running[0].until('claimed')
        await running.pop()?.end('SIGTERM')
        await running.pop()?.end('SIGTERM')
        await sleep(1_000)
      }
      const sent = await producing.stop()
      await untilLanded(sql, kafka.admin, topic, 60_000)
      expect(await findFaults(sql, kafka.admin, topic, sent)).toEqual(FAULTLESS)
      await until(`select sum(fences) > 0 from raw.kafka_ingestors`)
    } finally {
      await producing.stop().catch(() => undefined)
      for (const ingestor of running) {
        ingestor.child.kill('SIGCONT')
        await ingestor.end('SIGKILL')
      }
    }
  })

  test('without the fence the same check finds doubled rows', { timeout: 180_000 }, async ({
    kafka,
    sql,
    connection,
    ingestYml,
    until,
  }) => {
    const topic = await kafka.topic(3)
    const roots = [
      await ingestYml([topic], 'mode: shared\ngroup: ours\n'),
      await ingestYml([topic], 'mode: shared\ngroup: theirs\n'),
    ]
    for (const root of roots) await writeConnection(root, connection)
    const producing = produceSteadily(kafka.address, topic.name, PER_SECOND)
    const running = roots.map((root) => startIngestor(root, 'unfenced'))
    try {
      for (const ingestor of running) await ingestor.until('claimed')
      await until(
        `select count(*) > count(distinct ("partition", "offset")) from ${topic.table}`,
        90_000,
      )
      const sent = await producing.stop()
      const faults = await findFaults(sql, kafka.admin, topic, sent)
      expect(faults.doubled).toBeGreaterThan(0)
    } finally {
      await producing.stop().catch(() => undefined)
      for (const ingestor of running) await ingestor.end('SIGKILL')
    }
  })

  test('an ingestor that is started after a kill -9 goes on at once, and lands nothing twice', {
    timeout: 60_000,
  }, async ({ kafka, sql, connection, ingestYml, until }) => {
    const topic = await kafka.topic(3)
    const root = await ingestYml([topic])
    await writeConnection(root, connection)
    const first = startIngestor(root)
    let second: IngestorProcess | undefined
    try {
      await kafka.producer.send({ topic: topic.name, messages: [{ value: eventText(0) }] })
      await until(`select count(*) = 1 from ${topic.table}`)
      await first.end('SIGKILL')
      const begin = performance.now()
      second = startIngestor(root)
      await kafka.producer.send({ topic: topic.name, messages: [{ value: eventText(1) }] })
      await until(`select count(*) = 2 from ${topic.table}`)
      // How long that may take on a machine with nothing else to do, `bench/cases/realtime.ts` measures.
      console.log(`landed again after ${Math.round(performance.now() - begin)} ms`)
      expect(await sql(`select count(distinct event_id)::int as n from ${topic.table}`)).toEqual([
        { n: 2 },
      ])
    } finally {
      for (const ingestor of [first, second]) await ingestor?.end('SIGKILL')
    }
  })

  test('an ingestor that freezes with the lock in its hand is replaced by the one that waits', {
    timeout: 60_000,
  }, async ({ kafka, connection, ingestYml, until }) => {
    const topic = await kafka.topic(1)
    const root = await ingestYml([topic])
    await writeConnection(root, connection)
    const zombie = startIngestor(root)
    let standby: IngestorProcess | undefined
    try {
      await zombie.until('claimed')
      standby = startIngestor(root)
      await standby.until('standby')
      zombie.child.kill('SIGSTOP')
      await kafka.producer.send({ topic: topic.name, messages: [{ value: eventText(0) }] })
      await until(`select count(*) = 1 from ${topic.table}`, 20_000)
      zombie.child.kill('SIGCONT')
      await zombie.until('standby')
      await kafka.producer.send({ topic: topic.name, messages: [{ value: eventText(1) }] })
      await until(`select count(*) = 2 from ${topic.table}`)
    } finally {
      zombie.child.kill('SIGCONT')
      for (const ingestor of [zombie, standby]) await ingestor?.end('SIGKILL')
    }
  })
})

type Ask = (text: string) => Promise<Record<string, unknown>[]>

/** One connection a question, since the server is killed now and then. */
function askServer({ host, port, user, password, database }: Connection): Ask {
  return async (text) => {
    const client = new pg.Client({ host, port, user, password, database })
    client.on('error', () => undefined)
    await client.connect()
    try {
      return (await client.query<Record<string, unknown>>(text)).rows
    } finally {
      await client.end()
    }
  }
}

async function untilLanded(
  sql: Ask,
  admin: kafkajs.Admin,
  topic: { readonly name: string },
  timeoutMs: number,
): Promise<void> {
  const ends = await admin.fetchTopicOffsets(topic.name)
  const wanted = ends.reduce((sum, { high }) => sum + Number(high), 0)
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const [row] = await sql(
      `select sum(next_offset)::int as n from raw.kafka_offsets where topic = '${topic.name}'`,
    )
    if (row?.['n'] === wanted) return
    if (performance.now() > deadline) {
      throw new Error(`${String(row?.['n'])} of ${wanted} landed (seed ${SEED})`)
    }
    await sleep(100)
  }
}

/** Points an ingest.yml at another broker. */
async function useBroker(root: string, from: string, to: string): Promise<void> {
  const file = join(root, 'ingest.yml')
  await writeFile(file, (await readFile(file, 'utf8')).replace(from, to))
}

function shuffled(random: () => number, counts: Readonly<Record<string, number>>): string[] {
  return Object.entries(counts)
    .flatMap(([name, count]) => Array.from({ length: count }, () => ({ name, at: random() })))
    .sort((a, b) => a.at - b.at)
    .map(({ name }) => name)
}
