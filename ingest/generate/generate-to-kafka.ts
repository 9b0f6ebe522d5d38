import { GmError } from '../../runner/base/error.ts'
import type { SendProgress, ToKafkaOptions } from '../kafka/send-to-kafka.ts'
import { sendToKafka } from '../kafka/send-to-kafka.ts'
import { readMapping } from '../mapping/read-mapping.ts'
import { generateEvents } from './generate-events.ts'
import type { GenerateOptions } from './options.ts'
import { LISTED, readOptions } from './options.ts'
import type { ReplayOptions } from './replay-file.ts'
import { replayFile } from './replay-file.ts'
import { GENERATED } from './systems.ts'

/** Where to send, and who hears of it. */
export type KafkaTarget = Omit<ToKafkaOptions, 'topics' | 'pace' | 'most'>

/** All that was sent. */
export type SentResult = SendProgress

const FASTEST = 100_000

/**
 * Sends generated events to Kafka. At a pace they are of a shop that is open now, and end after `events` of them where that is
 * given; with a pace of 0 they are those of `start` and `days`, the very bytes of the files, as fast as the brokers take them.
 * @param perSecond events a second
 * @throws GmError GM7004 for settings that cannot be used, and what `sendToKafka` throws
 */
export async function generateToKafka(
  given: Partial<GenerateOptions>,
  perSecond: number,
  target: KafkaTarget,
): Promise<SentResult> {
  if (!Number.isFinite(perSecond) || perSecond < 0 || perSecond > FASTEST) {
    throw new GmError('GM7004', `rate is a number from 0 to ${FASTEST}, not ${perSecond}`, {
      hint: LISTED,
    })
  }
  const isLive = perSecond > 0
  if (isLive && (given.start !== undefined || given.days !== undefined)) {
    throw new GmError('GM7004', 'start and days are of the past, and events at a rate are of now', {
      hint: 'Leave them out, or give --rate 0 to send the events of those days as fast as possible.',
    })
  }
  const live = isLive ? { startMs: Date.now(), perSecond } : undefined
  const options = readOptions({ ...given, live })
  return await sendToKafka(generateEvents(options), {
    ...target,
    topics: GENERATED[options.system].topics.map(({ name }) => name),
    pace: isLive ? 'by-time' : 'at-once',
    most: isLive ? given.events : undefined,
  })
}

/**
 * Sends the events of a file to Kafka as if they happened now, so many times faster; with a factor of 0 as they are, as fast
 * as the brokers take them. Records that are no events are counted and left out.
 * @throws GmError GM7002, GM7003, GM7004, and what `sendToKafka` throws
 */
export async function replayToKafka(
  replayed: Omit<ReplayOptions, 'startMs' | 'onRefused'>,
  target: KafkaTarget,
): Promise<SentResult & { readonly refused: number }> {
  const { timeFactor, mapping } = replayed
  if (!Number.isFinite(timeFactor) || timeFactor < 0) {
    throw new GmError('GM7004', `time-factor is a number from 0, not ${timeFactor}`, {
      hint: LISTED,
    })
  }
  const { topic } = await readMapping(mapping)
  let refused = 0
  const onRefused = (count: number): void => {
    refused += count
  }
  const sent = await sendToKafka(replayFile({ ...replayed, startMs: Date.now(), onRefused }), {
    ...target,
    topics: [topic],
    pace: timeFactor === 0 ? 'at-once' : 'by-time',
  })
  return { ...sent, refused }
}
