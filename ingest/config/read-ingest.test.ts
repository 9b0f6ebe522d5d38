import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { gmErrorsOf } from '../../runner/base/error.ts'
import type { IngestConfig } from './ingest-config.ts'
import { parseIngest, planIngest } from './read-ingest.ts'

const GOOD = `brokers: ['localhost:9092']
topics:
  cart-events-topic:
  clicks:
    table: clicks
    type_field: kind
    time_field: at
    fields: { kind: text, at: timestamp, user_id: { type: id, required: true } }
`

function plan(text: string, env: Readonly<Record<string, string>> = {}): IngestConfig {
  const { file, placeOf } = parseIngest(text, (name) => env[name])
  return planIngest(file, placeOf)
}

function errorsOf(text: string): string[] {
  try {
    plan(text)
    return []
  } catch (error) {
    return (gmErrorsOf(error) ?? []).map((e) => `${String(e)} | ${e.hint ?? ''}`)
  }
}

describe('reading ingest.yml', () => {
  test('the one of this repository is sound', () => {
    const file = join(import.meta.dirname, '..', '..', 'ingest.yml')
    expect([...plan(readFileSync(file, 'utf8')).topics.keys()]).toContain('transactions-topic')
  })

  test('policies below a topic count over those at the top, and these over the defaults', () => {
    const { topics } = plan(
      GOOD.replace('cart-events-topic:', 'cart-events-topic: { start: latest }').replace(
        'topics:',
        "on_recreated: earliest\nstart: {timestamp: '2026-01-31T00:00:00Z'}\ntopics:",
      ),
    )
    expect(topics.get('cart-events-topic')).toMatchObject({
      start: 'latest',
      onRecreated: 'earliest',
    })
    expect(topics.get('clicks')).toMatchObject({
      start: { timestampMs: Date.UTC(2026, 0, 31) },
      onOutOfRange: 'stop',
    })
  })

  test('a topic of its own checks its fields and keeps those that it does not know', () => {
    const clicks = plan(GOOD).topics.get('clicks')?.topic
    const event = { kind: 'a', at: '2026-01-01', user_id: 'u', other: 1 }
    expect(clicks?.event.safeParse(event)).toMatchObject({ success: true, data: { other: 1 } })
    expect(clicks?.event.safeParse({ ...event, user_id: null }).success).toBe(false)
  })

  test('variables are put in, KAFKA_BOOTSTRAP_SERVERS counts over brokers, and no password can be enumerated', () => {
    const sasl = `sasl: { mechanism: plain, username: gm, password: "{{ env_var('SECRET') }}" }\n`
    const { kafka } = plan(sasl + GOOD, { SECRET: 'hunter2', KAFKA_BOOTSTRAP_SERVERS: 'a:1, b:2' })
    expect(kafka.brokers).toEqual(['a:1', 'b:2'])
    expect(kafka.sasl?.password).toBe('hunter2')
    expect(JSON.stringify(kafka)).not.toContain('hunter2')
  })

  test.for([
    [
      'an unknown key',
      GOOD.replace('type_field', 'typ_field'),
      'ingest.yml:6:5  GM7006  Unknown key "typ_field". | Did you mean "type_field"?',
    ],
    [
      'a misspelt topic',
      GOOD.replace('cart-events', 'cart-event'),
      'ingest.yml:3:3  GM7006  The topic "cart-event-topic" is not known and lacks table, type_field, time_field, fields. | Did you mean "cart-events-topic"?',
    ],
    [
      'a type field that is not declared',
      GOOD.replace('type_field: kind', 'type_field: knd'),
      'ingest.yml:6:17  GM7006  type_field names "knd", which is not among the fields. | Did you mean "kind"?',
    ],
    [
      'a table of another topic',
      GOOD.replace('table: clicks', 'table: transactions'),
      'ingest.yml:5:12  GM7006  The table transactions is that of transactions-topic. | ',
    ],
    [
      'a field for the key that is none',
      GOOD.replace('cart-events-topic:', 'cart-events-topic: { key: userid }'),
      'ingest.yml:3:29  GM7006  Events of cart-events-topic have no field "userid". | Did you mean "user_id"?',
    ],
    [
      'another template',
      GOOD.replace("'localhost:9092'", "'{{ var(1) }}'"),
      `ingest.yml:1:11  GM7006  Only env_var() can stand here, as the whole value. | Write "{{ env_var('NAME') }}" or "{{ env_var('NAME', 'otherwise') }}".`,
    ],
    [
      'a variable that is not set',
      GOOD.replace("'localhost:9092'", `"{{ env_var('KAFKA') }}"`),
      'ingest.yml:1:11  GM7006  The environment variable KAFKA is not set. | Set KAFKA, or write it into .env beside project.yml.',
    ],
    [
      'a change of a topic that gm brings',
      GOOD.replace('cart-events-topic:', 'cart-events-topic: { table: other }'),
      'ingest.yml:3:24  GM7006  gm brings the topic cart-events-topic; table cannot be changed. | Leave the key out, or land a topic of another name.',
    ],
  ] as const)('%s is an error at its place', ([, text, expected]) => {
    expect(errorsOf(text)).toEqual([expected])
  })
})
