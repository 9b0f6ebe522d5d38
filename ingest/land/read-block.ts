import { createHash } from 'node:crypto'
import type { DecodedEvent } from '../decode/decode-event.ts'
import type { RawRow } from './batch-lander.ts'
import type { DeadLetter, Fault } from './fault.ts'

/** What a block of records came to. */
export interface ReadBlock {
  readonly rows: RawRow[]
  readonly dead: DeadLetter[]
}

/**
 * Puts a record where it belongs. An event without an event_id gets the MD5 of its payload, so equal ones are one event.
 * @param text the record as it came
 * @param payload JSON text
 */
export function putRecord(
  block: ReadBlock,
  line: number,
  text: string,
  payload: string,
  decoded: DecodedEvent | Fault,
): void {
  if ('reason' in decoded) {
    block.dead.push({ line, ...decoded, rawBytes: Buffer.from(text) })
    return
  }
  const { eventType, eventTime } = decoded
  const eventId = decoded.eventId ?? createHash('md5').update(payload).digest('hex')
  block.rows.push({ line, text, eventId, eventType, eventTime, payload })
}
