import { describe, expect } from 'vitest'
import { eventText, hasKafka, test } from '../../runner/testing/kafka-fixture.ts'

describe.runIf(hasKafka())('events that come one by one', () => {
  test('share a transaction with those of the same moment', async ({
    kafka,
    sql,
    ingest,
    ingestYml,
    until,
  }) => {
    const topic = await kafka.topic(3)
    ingest(await ingestYml([topic]))
    await until(`select count(*) = 3 from raw.kafka_offsets`)
    const startMs = performance.now()
    for (let n = 0; n < 300; n++) {
      await kafka.producer.send({
        topic: topic.name,
        messages: [{ key: String(n), value: eventText(n) }],
      })
    }
    await until(`select sum(next_offset) = 300 from raw.kafka_offsets`)
    const [row] = await sql<{ transactions: number }>(
      `select count(distinct _gm_xid)::int as transactions from ${topic.table}`,
    )
    // They begin 30 ms apart; alone, each event would have had one of its own.
    expect(row?.transactions).toBeLessThanOrEqual((performance.now() - startMs) / 30 + 1)
  })
})
