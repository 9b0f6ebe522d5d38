import { createHash } from 'node:crypto'
import { createDecoder } from '../decode/decode-event.ts'
import { readEventTime } from '../decode/event-time.ts'
import { openContent } from '../files/open-content.ts'
import { readLines } from '../files/read-lines.ts'
import { readCsv } from '../files/read-records.ts'
import type { SentEvent } from '../kafka/send-to-kafka.ts'
import { readMapping } from '../mapping/read-mapping.ts'
import { findTopic } from '../topics/registry.ts'

export interface ReplayOptions {
  /** CSV with a header, also gzipped, in the order of its times. */
  readonly path: string
  /** A mapping file that names the topic. */
  readonly mapping: string
  /** How many times faster than it happened; 0 leaves the times as they are. */
  readonly timeFactor: number
  /** The moment that the first event moves to, in milliseconds of Unix time. */
  readonly startMs: number
  /** Hears how many records are no events; nothing is sent for them. */
  readonly onRefused?: (count: number) => void
}

type Payload = Readonly<Record<string, unknown>>

/**
 * The events of a file as if they happened now, so many times faster. Each has an id of its own, made of that of the file's
 * record and the start, so that two replays are not taken for one. Where the order of the file is not that of its times, an
 * event is sent with those before it.
 * @throws GmError GM7002 unusable mapping, GM7003 unusable file
 */
export async function* replayFile(options: ReplayOptions): AsyncGenerator<SentEvent> {
  const { path, timeFactor, startMs, onRefused } = options
  const mapping = await readMapping(options.mapping)
  const topic = findTopic(mapping.topic)
  const decoder = createDecoder(topic, startMs)
  const blocks = readLines(openContent(path))
  let firstMs: number | undefined
  let sentMs = startMs
  for await (const { rows, dead } of readCsv(blocks, decoder, { topic, mapping, file: path })) {
    if (dead.length > 0) onRefused?.(dead.length)
    for (const { payload, eventId, eventTime } of rows) {
      const event = JSON.parse(payload) as Payload
      const key = keyOf(event)
      if (timeFactor === 0) {
        yield {
          topic: topic.name,
          key,
          text: JSON.stringify({ ...event, event_id: eventId }),
          sentMs,
        }
        continue
      }
      const happenedMs = readEventTime(eventTime)?.epochMs ?? 0
      firstMs ??= happenedMs
      const atMs = Math.round(startMs + (happenedMs - firstMs) / timeFactor)
      sentMs = Math.max(sentMs, atMs)
      const text = JSON.stringify({
        ...event,
        event_id: createHash('md5').update(`${eventId} ${startMs}`).digest('hex'),
        [topic.timeField]: new Date(atMs).toISOString(),
      })
      yield { topic: topic.name, key, text, sentMs }
    }
  }
}

function keyOf(event: Payload): string | null {
  const user = event['user_id']
  return typeof user === 'string' ? user : null
}
