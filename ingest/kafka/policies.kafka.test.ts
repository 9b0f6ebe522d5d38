import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import type { KafkaClient } from '../../runner/testing/kafka-fixture.ts'
import { eventText, hasKafka, test } from '../../runner/testing/kafka-fixture.ts'

async function send(kafka: KafkaClient, topic: string, from: number, to: number): Promise<void> {
  const messages = Array.from({ length: to - from }, (_, i) => ({ value: eventText(from + i) }))
  await kafka.producer.send({ topic, messages })
}

/** Deletes what lies before an offset, as retention does. */
async function cut(kafka: KafkaClient, topic: string, offset: number): Promise<void> {
  // Without it kafkajs does not know where the partition is.
  await kafka.admin.fetchTopicOffsets(topic)
  await kafka.admin.deleteTopicRecords({
    topic,
    partitions: [{ partition: 0, offset: String(offset) }],
  })
}

async function recreate(kafka: KafkaClient, topic: string, partitions = 1): Promise<void> {
  await kafka.admin.deleteTopics({ topics: [topic] })
  for (let i = 0; ; i++) {
    try {
      await kafka.admin.createTopics({
        topics: [{ topic, numPartitions: partitions }],
        waitForLeaders: true,
      })
      if ((await kafka.admin.listTopics()).includes(topic)) return
    } catch (error) {
      if (i > 50) throw error
    }
    await sleep(100)
  }
}

describe.runIf(hasKafka())('where landing begins and goes on', () => {
  test('a start of latest, of a moment or of an offset leaves out what lies before it', async ({
    kafka,
    sql,
    ingest,
    ingestYml,
    until,
  }) => {
    const start = (text: string) => kafka.topic(1, {}, `    start: ${text}\n`)
    const latest = await start('latest')
    const moment = await start(`{timestamp: '2026-01-02T00:00:00Z'}`)
    const offset = await start('{offset: 30}')
    for (const topic of [latest, moment, offset]) {
      const messages = Array.from({ length: 50 }, (_, n) => ({
        value: eventText(n),
        timestamp: String(Date.UTC(2026, 0, 1) + n * 3_600_000),
      }))
      await kafka.producer.send({ topic: topic.name, messages })
    }
    ingest(await ingestYml([latest, moment, offset]))
    await until(`select count(*) = 3 from raw.kafka_offsets`)
    for (const topic of [latest, moment, offset]) await send(kafka, topic.name, 50, 51)
    const count = (table: string) =>
      `(select array_agg("offset"::int order by "offset") from ${table})`
    await until(`select count(*) = 21 from ${offset.table}`)
    await until(`select count(*) = 27 from ${moment.table}`)
    await until(`select count(*) = 1 from ${latest.table}`)
    const [first] = await sql<{ l: number[]; m: number[]; o: number[] }>(
      `select ${count(latest.table)} as l, ${count(moment.table)} as m, ${count(offset.table)} as o`,
    )
    expect([first?.l[0], first?.m[0], first?.o[0]]).toEqual([50, 24, 30])
  })

  test('records that retention took stop the ingestor; on_out_of_range earliest goes on and notes the gap', async ({
    kafka,
    sql,
    ingest,
    ingestYml,
    until,
  }) => {
    const topic = await kafka.topic(1)
    await send(kafka, topic.name, 0, 100)
    const root = await ingestYml([topic])
    const first = ingest(root)
    await until(`select count(*) = 100 from ${topic.table}`)
    await first.stop()
    await send(kafka, topic.name, 100, 200)
    await cut(kafka, topic.name, 150)
    await expect(ingest(root).ended).rejects.toMatchObject({ code: 'GM7009' })
    ingest(await ingestYml([topic], 'on_out_of_range: earliest\n'))
    await until(`select count(*) = 150 from ${topic.table}`)
    expect(
      await sql('select from_offset::int, to_offset::int, reason from raw.kafka_gaps'),
    ).toEqual([{ from_offset: 100, to_offset: 150, reason: 'out_of_range' }])
  })

  test('retention that overtakes a running ingestor is not passed over in silence', async ({
    kafka,
    sql,
    ingest,
    ingestYml,
    until,
  }) => {
    const topic = await kafka.topic(1)
    await send(kafka, topic.name, 0, 10)
    const ingestor = ingest(await ingestYml([topic]))
    await until(`select count(*) = 10 from ${topic.table}`)
    // It cannot land, and gives up what it holds after the five seconds that it waits for a lock.
    await sql('begin; lock table raw.kafka_offsets in access exclusive mode')
    await send(kafka, topic.name, 10, 20)
    await cut(kafka, topic.name, 15)
    await sleep(5_500)
    await sql('commit')
    await expect(ingestor.ended).rejects.toMatchObject({ code: 'GM7009' })
  })

  test.for([
    ['shorter', 20],
    ['longer', 200],
  ] as const)(
    'a topic made anew and %s stops the ingestor; on_recreated earliest lands the new one',
    async ([, count], { kafka, sql, ingest, ingestYml, until }) => {
      const topic = await kafka.topic(1)
      await send(kafka, topic.name, 0, 100)
      const root = await ingestYml([topic])
      const first = ingest(root)
      await until(`select count(*) = 100 from ${topic.table}`)
      await first.stop()
      await recreate(kafka, topic.name)
      await send(kafka, topic.name, 1000, 1000 + count)
      await expect(ingest(root).ended).rejects.toMatchObject({ code: 'GM7010' })
      expect(await sql(`select count(*)::int as n from ${topic.table}`)).toEqual([{ n: 100 }])
      ingest(await ingestYml([topic], 'on_recreated: earliest\n'))
      await until(`select count(*) = ${100 + count} from ${topic.table}`)
      expect(
        await sql(`select reason, from_offset::int, to_offset::int from raw.kafka_gaps`),
      ).toEqual([{ reason: 'recreated', from_offset: 100, to_offset: 0 }])
    },
  )

  test('a topic that is made anew under a running ingestor is noticed', async ({
    kafka,
    ingest,
    ingestYml,
    until,
  }) => {
    const topic = await kafka.topic(1)
    await send(kafka, topic.name, 0, 100)
    const ingestor = ingest(await ingestYml([topic]))
    await until(`select count(*) = 100 from ${topic.table}`)
    await recreate(kafka, topic.name)
    await send(kafka, topic.name, 1000, 1300)
    await expect(ingestor.ended).rejects.toMatchObject({ code: 'GM7010' })
  })

  test('partitions that are added while it runs are landed from their beginning, also with start latest', async ({
    kafka,
    ingest,
    ingestYml,
    until,
  }) => {
    const topic = await kafka.topic(1)
    ingest(await ingestYml([topic], 'start: latest\n'))
    await until(`select count(*) = 1 from raw.kafka_offsets`)
    await kafka.admin.createPartitions({
      topicPartitions: [{ topic: topic.name, count: 4 }],
      validateOnly: false,
    })
    await sleep(200)
    const other = kafka.client.producer({ allowAutoTopicCreation: false, metadataMaxAge: 100 })
    await other.connect()
    const messages = Array.from({ length: 40 }, (_, n) => ({
      value: eventText(n),
      partition: n % 4,
    }))
    await other.send({ topic: topic.name, messages })
    await other.disconnect()
    await until(`select count(*) = 40 and count(distinct "partition") = 4 from ${topic.table}`)
  })

  test('of transactions the committed ones land, and the lag comes down to nothing behind their markers', async ({
    kafka,
    sql,
    ingest,
    ingestYml,
    until,
  }) => {
    const topic = await kafka.topic(1)
    const producer = kafka.client.producer({
      transactionalId: topic.name,
      maxInFlightRequests: 1,
      idempotent: true,
    })
    await producer.connect()
    ingest(await ingestYml([topic]))
    for (let round = 0; round < 12; round++) {
      const transaction = await producer.transaction()
      const messages = Array.from({ length: 10 }, (_, n) => ({ value: eventText(round * 10 + n) }))
      await transaction.send({ topic: topic.name, messages })
      // The last ones are aborted, so that the log ends with a batch that holds nothing for us.
      await (round % 3 === 0 ? transaction.commit() : transaction.abort())
    }
    await producer.disconnect()
    await until(`select count(*) = 40 from ${topic.table}`)
    await until(`select lag_records = 0 and landed_offset = 132 from raw.kafka_lag`)
    expect(
      await sql(`select bool_and((payload->>'n')::int / 10 % 3 = 0) as ok from ${topic.table}`),
    ).toEqual([{ ok: true }])
  })

  test('of a compacted topic what is left lands once, from before and behind the compaction', async ({
    kafka,
    sql,
    ingest,
    ingestYml,
    until,
  }) => {
    const topic = await kafka.topic(1, {
      'cleanup.policy': 'compact',
      'segment.ms': '100',
      'min.cleanable.dirty.ratio': '0.01',
    })
    const root = await ingestYml([topic])
    const write = async (from: number, to: number): Promise<void> => {
      const messages = Array.from({ length: to - from }, (_, i) => ({
        key: `k${i % 5}`,
        value: eventText(from + i),
      }))
      await kafka.producer.send({ topic: topic.name, messages })
    }
    await write(0, 50)
    const first = ingest(root)
    await until(`select count(*) = 50 from ${topic.table}`)
    await first.stop()
    // Rolls the segments; the cleaner then removes all but the last of each key.
    for (let round = 0; round < 4; round++) {
      await write(50 + round * 10, 60 + round * 10)
      await sleep(150)
    }
    await sleep(1_500)
    const second = ingest(root)
    await until(`select next_offset = 90 from raw.kafka_offsets`)
    const found = await sql<{ doubled: boolean; last: number }>(
      `select count(*) > count(distinct "offset") as doubled, max("offset")::int as last from ${topic.table}`,
    )
    expect(found).toEqual([{ doubled: false, last: 89 }])
    expect(second.events.some(({ type }) => type === 'gap')).toBe(false)
  })
})
