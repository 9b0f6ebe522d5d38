import { describe, expect } from 'vitest'
import { eventText, hasKafka, test } from '../../runner/testing/kafka-fixture.ts'
import { SEED } from '../../runner/testing/random.ts'
import { createRandom } from '../generate/random.ts'

const GOOD = eventText(0)

/** What producers send that cannot be landed. */
const POISON: readonly (readonly [reason: string, value: Buffer | string | null])[] = [
  ['tombstone', null],
  ['bad_json', ''],
  ['bad_json', '   '],
  ['bad_json', '{"event_id": "x"'],
  ['bad_json', '\uFEFF{}'],
  ['schema_violation', '[]'],
  ['schema_violation', '42'],
  ['schema_violation', 'null'],
  ['schema_violation', '{}'],
  ['schema_violation', eventText(1, { n: 1.5 })],
  ['schema_violation', eventText(1, { at: 'yesterday' })],
  ['event_in_future', eventText(1, { at: '2999-01-01T00:00:00Z' })],
  ['nul_character', eventText(1, { text: 'a\u0000b' })],
  ['nul_character', Buffer.from(GOOD.replace('made', 'ma\u0000de'))],
  [
    'invalid_utf8',
    Buffer.concat([Buffer.from(GOOD.slice(0, -2)), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
  ],
  ['lone_surrogate', GOOD.replace('made', 'ma\\ud800de')],
  ['number_out_of_range', eventText(1).replace('"n":1', '"n":1,"x":1e400000')],
  [
    'nested_too_deep',
    eventText(1).replace('"n":1', `"n":1,"x":${'['.repeat(20_000)}${']'.repeat(20_000)}`),
  ],
  ['too_long', eventText(1, { more: 'x'.repeat(1_050_000) })],
]

describe.runIf(hasKafka())('records that cannot be landed', () => {
  test('each kind of poison becomes a dead letter with its bytes and reason, and the events around it land', async ({
    kafka,
    sql,
    ingest,
    ingestYml,
    until,
  }) => {
    const topic = await kafka.topic(1, { 'max.message.bytes': '4000000' })
    for (const [i, [, value]] of POISON.entries()) {
      const value2 = typeof value === 'string' ? Buffer.from(value) : value
      await kafka.producer.send({
        topic: topic.name,
        messages: [{ value: eventText(i) }, { value: value2 }],
      })
    }
    const ingestor = ingest(await ingestYml([topic]))
    await until(`select (select count(*) from ${topic.table}) = ${POISON.length}
      and (select count(*) from raw.dead_letters) = ${POISON.length}`)
    await ingestor.stop()
    const dead = await sql<{ reason: string; offset: string; raw_bytes: Buffer | null }>(
      'select reason, "offset", raw_bytes from raw.dead_letters order by "offset"',
    )
    expect(dead.map(({ reason }) => reason)).toEqual(POISON.map(([reason]) => reason))
    expect(dead.map(({ offset }) => Number(offset))).toEqual(POISON.map((_, i) => 2 * i + 1))
    for (const [i, [, value]] of POISON.entries()) {
      const sent = value === null ? null : Buffer.from(value).subarray(0, 1024 * 1024)
      expect(dead[i]?.raw_bytes).toEqual(sent)
    }
  })

  test('a row that passes every check and that the server refuses becomes a dead letter alone', async ({
    kafka,
    sql,
    ingest,
    ingestYml,
    until,
  }) => {
    const topic = await kafka.topic(1)
    const root = await ingestYml([topic])
    const first = ingest(root)
    await until(`select count(*) = 0 from ${topic.table}`)
    await first.stop()
    await sql(
      `alter table ${topic.table} add constraint odd check ((payload->>'n')::int % 100 <> 50)`,
    )
    const messages = Array.from({ length: 500 }, (_, n) => ({ value: eventText(n) }))
    await kafka.producer.send({ topic: topic.name, messages })
    ingest(root)
    await until(`select count(*) = 495 from ${topic.table}`)
    await until(`select next_offset = 500 from raw.kafka_offsets`)
    expect(
      await sql(`select reason, "offset"::int, raw_bytes from raw.dead_letters order by "offset"`),
    ).toEqual(
      [50, 150, 250, 350, 450].map((n) => ({
        reason: 'refused_by_database',
        offset: n,
        raw_bytes: Buffer.from(eventText(n)),
      })),
    )
  })

  test('of ten thousand random byte strings and damaged events each is landed or dead-lettered, once', {
    timeout: 120_000,
  }, async ({ kafka, sql, ingest, ingestYml, until }) => {
    const random = createRandom(SEED)
    const topic = await kafka.topic(3)
    const messages = Array.from({ length: 10_000 }, (_, n) => ({ value: anyBytes(random, n) }))
    for (let i = 0; i < messages.length; i += 1_000) {
      await kafka.producer.send({ topic: topic.name, messages: messages.slice(i, i + 1_000) })
    }
    const ingestor = ingest(await ingestYml([topic]))
    await until(`select sum(next_offset) = 10000 from raw.kafka_offsets`, 60_000)
    await ingestor.stop()
    const [found] = await sql(`
      with found as (
        select "partition", "offset" from ${topic.table}
        union all select "partition", "offset" from raw.dead_letters)
      select count(*)::int as n, count(distinct ("partition", "offset"))::int as distinct_n,
        (select count(*) > 100 from ${topic.table}) as some_land,
        (select count(*) > 1000 from raw.dead_letters) as many_die from found`)
    expect(found, `seed ${SEED}`).toEqual({
      n: 10_000,
      distinct_n: 10_000,
      some_land: true,
      many_die: true,
    })
    expect(ingestor.events.filter(({ type }) => type === 'retry' || type === 'fenced')).toEqual([])
  })
})

type Random = ReturnType<typeof createRandom>

/** Bytes of every kind: noise, events with bytes changed, cut, doubled or put in. */
function anyBytes(random: Random, n: number): Buffer {
  const below = (limit: number): number => Math.floor(random() * limit)
  if (n % 5 === 0) return Buffer.from(Array.from({ length: below(200) }, () => below(256)))
  const bytes = Buffer.from(eventText(n, { text: TEXTS[below(TEXTS.length)], x: random() * 1e9 }))
  if (n % 5 === 1) return bytes
  for (let i = below(4); i >= 0; i--) {
    const at = below(bytes.length)
    if (n % 5 === 2) bytes[at] = below(256)
    else if (n % 5 === 3) bytes[at] = Buffer.from(MARKS)[below(MARKS.length)] ?? 0
    else return Buffer.concat([bytes.subarray(0, at), bytes.subarray(below(bytes.length))])
  }
  return bytes
}

const MARKS = '{}[]",:\\ue-+.0123456789\n\t\r'
const TEXTS = ['plain', '\u{1F600}', 'tab\tnewline\nbackslash\\', '\\N', '\\.', 'e\u0301', '\u2028']
