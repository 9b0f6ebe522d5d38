import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { eventText, hasKafka, test } from '../../runner/testing/kafka-fixture.ts'

/** A reader as the guide has it: a zero byte and a schema's number before the payload, of which number 7 is known. */
const READER = `
export default async function read(value, topic) {
  if (value[0] !== 0) throw new Error('has no schema of ' + topic)
  const schema = value.readUInt32BE(1)
  if (schema === 8) return undefined
  if (schema !== 7) throw new Error('schema ' + schema + ' is not in the registry')
  const [id, n] = value.subarray(5).toString('utf8').split('|')
  return JSON.stringify({ event_id: id, type: 'made', at: '2026-01-01T00:00:00Z', n: Number(n) })
}
`

/** A message in Confluent's wire format. */
function wire(schema: number, payload: string): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(schema, 1)
  return Buffer.concat([head, Buffer.from(payload)])
}

describe.runIf(hasKafka())('messages that are more than JSON text', () => {
  test('a reader of the topic turns them into events, and what it throws is the reason of a dead letter', async ({
    kafka,
    sql,
    ingest,
    ingestYml,
    until,
  }) => {
    const topic = await kafka.topic(1, {}, '    reader: from-registry.mjs\n')
    const root = await ingestYml([topic])
    await writeFile(join(root, 'from-registry.mjs'), READER)
    const values = [wire(7, 'a|1'), wire(9, 'b|2'), eventText(3), wire(8, 'c|4'), wire(7, 'd|5')]
    await kafka.producer.send({
      topic: topic.name,
      messages: values.map((value) => ({ value })),
    })
    ingest(root)
    await until(`select sum(next_offset) = 5 from raw.kafka_offsets`)
    expect(
      await sql(
        `select event_id, (payload->>'n')::int as n, "offset"::int from ${topic.table} order by "offset"`,
      ),
    ).toEqual([
      { event_id: 'a', n: 1, offset: 0 },
      { event_id: 'd', n: 5, offset: 4 },
    ])
    expect(
      await sql(
        `select reason, message, raw_bytes, "offset"::int from raw.dead_letters order by "offset"`,
      ),
    ).toEqual([
      {
        reason: 'unreadable_payload',
        message: 'schema 9 is not in the registry',
        raw_bytes: values[1],
        offset: 1,
      },
      {
        reason: 'unreadable_payload',
        message: `has no schema of ${topic.name}`,
        raw_bytes: Buffer.from(eventText(3)),
        offset: 2,
      },
      {
        reason: 'unreadable_payload',
        message: 'the reader gave no text',
        raw_bytes: values[3],
        offset: 3,
      },
    ])
  })

  test('an event that is not keyed by the field that its topic names is a dead letter, one of nobody is not', async ({
    kafka,
    sql,
    ingest,
    ingestYml,
    until,
  }) => {
    const topic = await kafka.topic(1, {}, '    key: text\n')
    const root = await ingestYml([topic])
    await kafka.producer.send({
      topic: topic.name,
      messages: [
        { key: 'u1', value: eventText(0, { text: 'u1' }) },
        { key: 'u2', value: eventText(1, { text: 'u1' }) },
        { key: null, value: eventText(2, { text: 'u1' }) },
        { key: 'anything', value: eventText(3) },
      ],
    })
    ingest(root)
    await until(`select sum(next_offset) = 4 from raw.kafka_offsets`)
    expect(await sql(`select event_id from ${topic.table} order by "offset"`)).toEqual([
      { event_id: 'e0' },
      { event_id: 'e3' },
    ])
    expect(
      await sql(`select reason, "offset"::int from raw.dead_letters order by "offset"`),
    ).toEqual([
      { reason: 'wrong_key', offset: 1 },
      { reason: 'wrong_key', offset: 2 },
    ])
  })
})
