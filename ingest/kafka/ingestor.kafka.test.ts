import { describe, expect } from 'vitest'
import { eventText, hasKafka, test } from '../../runner/testing/kafka-fixture.ts'

describe.runIf(hasKafka())('landing from Kafka', () => {
  test('events of all partitions land once, with their coordinates and their text as it was sent', async ({
    kafka,
    sql,
    ingest,
    ingestYml,
    until,
  }) => {
    const topic = await kafka.topic(3)
    const big =
      '{"event_id": "big",  "type":"made","at":"2026-01-01T00:00:00Z","x":1234567890123456789012345678901234567890}'
    const messages = Array.from({ length: 1000 }, (_, n) => ({
      key: `k${n % 7}`,
      value: eventText(n),
    }))
    await kafka.producer.send({ topic: topic.name, messages })
    await kafka.producer.send({
      topic: topic.name,
      messages: [{ value: big, timestamp: '1700000000123' }],
    })
    const ingestor = ingest(await ingestYml([topic]))
    await until(`select count(*) = 1001 from ${topic.table}`)
    await ingestor.stop()

    expect(
      await sql(`select count(distinct ("partition", "offset"))::int as coordinates, count(distinct event_id)::int as events,
        count(distinct "partition")::int as partitions from ${topic.table}`),
    ).toEqual([{ coordinates: 1001, events: 1001, partitions: 3 }])
    expect(
      await sql(
        `select topic, payload->>'x' as x, message_timestamp, event_type from ${topic.table} where event_id = 'big'`,
      ),
    ).toEqual([
      {
        topic: topic.name,
        x: '1234567890123456789012345678901234567890',
        message_timestamp: new Date(1_700_000_000_123),
        event_type: 'made',
      },
    ])
  })

  test('an ingestor that is started again goes on where the last one ended', async ({
    kafka,
    sql,
    ingest,
    ingestYml,
    until,
  }) => {
    const topic = await kafka.topic(2)
    const root = await ingestYml([topic])
    for (let round = 0; round < 3; round++) {
      const ingestor = ingest(root)
      const messages = Array.from({ length: 100 }, (_, n) => ({
        value: eventText(round * 100 + n),
      }))
      await kafka.producer.send({ topic: topic.name, messages })
      await until(`select count(*) = ${(round + 1) * 100} from ${topic.table}`)
      await ingestor.stop()
    }
    expect(await sql(`select count(distinct event_id)::int as n from ${topic.table}`)).toEqual([
      { n: 300 },
    ])
  })
})
