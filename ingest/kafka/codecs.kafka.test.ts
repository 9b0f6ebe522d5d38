import { describe, expect } from 'vitest'
import { eventText, hasKafka, test } from '../../runner/testing/kafka-fixture.ts'

describe.runIf(hasKafka())('compressed topics', () => {
  // With this setting the broker, Java's own implementation, writes the batches anew.
  test.for(['gzip', 'snappy', 'lz4', 'zstd'])(
    'what Java compresses with %s lands',
    async (codec, { kafka, sql, ingest, ingestYml, until }) => {
      const topic = await kafka.topic(1, { 'compression.type': codec })
      const text = 'x'.repeat(100_000)
      const messages = Array.from({ length: 300 }, (_, n) => ({ value: eventText(n) }))
      await kafka.producer.send({ topic: topic.name, messages })
      await kafka.producer.send({
        topic: topic.name,
        messages: [{ value: eventText(300, { more: text }) }],
      })
      ingest(await ingestYml([topic]))
      await until(`select count(*) = 301 from ${topic.table}`)
      expect(await sql(`select max(length(payload->>'more')) as n from ${topic.table}`)).toEqual([
        { n: 100_000 },
      ])
    },
  )
})
