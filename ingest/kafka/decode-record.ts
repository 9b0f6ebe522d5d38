import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import type { TopicPlan } from '../config/ingest-config.ts'
import { createDecoder } from '../decode/decode-event.ts'
import { copyText } from '../land/copy-text.ts'
import type { Fault, FaultReason } from '../land/fault.ts'
import type { KafkaRecord } from './broker.ts'
import type { DeadRecord, LandingLine } from './landing-row.ts'

/** A longer message is no event; of its bytes the first so many are kept. */
export const MAX_MESSAGE_BYTES = 1024 * 1024

/** Columns of the lines that a record becomes, in their order. */
export const LANDING_COLUMNS =
  'topic, "partition", "offset", message_timestamp, event_id, event_type, event_time, payload'

export type DecodeRecord = (
  record: KafkaRecord,
) => LandingLine | DeadRecord | Promise<LandingLine | DeadRecord>

/**
 * Decodes the records of one partition for a landing that begins now. A promise comes back only where
 * the topic has a reader of its own.
 * @param nowMs UTC; an event more than a day ahead of it is none
 */
export function createRecordDecoder(
  plan: TopicPlan,
  partition: number,
  nowMs: number,
): DecodeRecord {
  const { topic, key: keyField, reader } = plan
  const decoder = createDecoder(topic, nowMs)
  const prefix = `${copyText(topic.name)}\t${partition}\t`
  // Messages of one moment come together: the last one's text is often the next one's.
  let lastMs = -1
  let lastText = momentText(lastMs)
  const timestampText = (epochMs: number): string => {
    if (epochMs !== lastMs) lastText = momentText(epochMs)
    lastMs = epochMs
    return lastText
  }

  const fromText = (record: KafkaRecord, text: string): LandingLine | DeadRecord => {
    const event = decoder.fromJson(text)
    if ('reason' in event) return dead(record, event.reason, event.message)
    if (keyField !== undefined) {
      const wrong = wrongKey(record, text, keyField)
      if (wrong !== undefined) return dead(record, wrong.reason, wrong.message)
    }
    const eventId = event.eventId ?? createHash('md5').update(text).digest('hex')
    const line =
      `${prefix}${record.offset}\t${timestampText(record.timestampMs)}\t${copyText(eventId)}\t` +
      `${copyText(event.eventType)}\t${event.eventTime}\t${copyText(text)}\n`
    return { line }
  }

  return (record) => {
    const { value } = record
    if (value === null) return dead(record, 'tombstone', 'a message without a value')
    if (value.length > MAX_MESSAGE_BYTES) {
      return dead(
        record,
        'too_long',
        `${value.length} bytes; at most ${MAX_MESSAGE_BYTES} are landed`,
      )
    }
    if (reader !== undefined) return readFirst(record, value)
    const fault = checkBytes(value)
    if (fault !== undefined) return dead(record, fault.reason, fault.message)
    return fromText(record, value.toString('utf8'))
  }

  async function readFirst(record: KafkaRecord, value: Buffer): Promise<LandingLine | DeadRecord> {
    let text: unknown
    try {
      text = await reader?.(value, topic.name)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      return dead(record, 'unreadable_payload', message)
    }
    if (typeof text !== 'string') {
      return dead(record, 'unreadable_payload', 'the reader gave no text')
    }
    const fault = checkBytes(Buffer.from(text))
    if (fault !== undefined) return dead(record, fault.reason, fault.message)
    return fromText(record, text)
  }
}

/** SHA-256 over what a topic that was made anew cannot have at the same offset by accident. */
export function hashRecord({ timestampMs, key, value }: KafkaRecord): Buffer {
  const hash = createHash('sha256').update(`${timestampMs} ${key?.length ?? -1} `)
  if (key !== null) hash.update(key)
  if (value !== null) hash.update(value)
  return hash.digest()
}

/** As COPY takes it: UTC with milliseconds. Null where the broker gave none (-1) or nonsense. */
export function momentText(epochMs: number): string {
  // PostgreSQL reads years to 294276, the ISO form has four digits of them.
  if (epochMs < 0 || epochMs > 253_402_300_799_999) return '\\N'
  return new Date(epochMs).toISOString()
}

/** What JSON text cannot be made of, or PostgreSQL cannot hold. */
export function checkBytes(value: Buffer): Fault | undefined {
  if (!isUtf8(value)) return { reason: 'invalid_utf8', message: 'is not UTF-8' }
  if (value.includes(0)) return { reason: 'nul_character', message: 'holds a NUL byte' }
  return undefined
}

function wrongKey(record: KafkaRecord, text: string, field: string): Fault | undefined {
  const value = (JSON.parse(text) as Readonly<Record<string, unknown>>)[field]
  // An event of nobody may go anywhere.
  if (value === undefined || value === null) return undefined
  const expected = typeof value === 'string' ? value : JSON.stringify(value)
  if (record.key?.toString('utf8') === expected) return undefined
  return { reason: 'wrong_key', message: `is not keyed by its ${field}` }
}

function dead(
  { offset, timestampMs, value }: KafkaRecord,
  reason: FaultReason,
  message: string,
): DeadRecord {
  const kept = value === null ? null : value.subarray(0, MAX_MESSAGE_BYTES)
  return { offset, timestampMs, value: kept, reason, message }
}
