import { setTimeout as sleep } from 'node:timers/promises'
import { readIngest } from '../config/read-ingest.ts'
import { createTopics } from './create-topics.ts'
import { kafkaError } from './kafka-error.ts'
import { connectKafka } from './kafkajs-broker.ts'
import type { Sender } from './open-sender.ts'
import { openSender } from './open-sender.ts'

export interface ToKafkaOptions {
  /** Folder of project.yml and ingest.yml, which tells the brokers. */
  readonly root: string
  /** Environment variables, those of `.env` included. */
  readonly variable: (name: string) => string | undefined
  /** Told of every secret in ingest.yml, before anything is logged. */
  readonly onSecret: (secret: string) => void
  /** Those that are missing are made. */
  readonly topics: readonly string[]
  /** Each waits for its moment; `at-once` sends as fast as the brokers take them. */
  readonly pace: 'by-time' | 'at-once'
  /** Ends after so many; when the events end where it is not given. */
  readonly most?: number | undefined
  readonly onProgress?: ((progress: SendProgress) => void) | undefined
  /** Ends the sending; what was taken up is sent. */
  readonly signal?: AbortSignal | undefined
}

/** An event and when it is to be sent, in milliseconds of Unix time. */
export interface SentEvent {
  readonly topic: string
  /** By which its partition is chosen; null for any. */
  readonly key: string | null
  readonly text: string
  readonly sentMs: number
}

/** What was sent since the last such news. */
export interface SendProgress {
  readonly events: number
  readonly byTopic: Readonly<Record<string, number>>
  readonly durationMs: number
}

/** Partitions of a topic that has to be made and of which ingest.yml says nothing. */
const PARTITIONS = 3
const PROGRESS_MS = 10_000
/** Sleeping for less would be sending one by one; what became due meanwhile goes together. */
const SHORTEST_SLEEP_MS = 10
/** Events between two looks at the clock where nothing is waited for. */
const LOOK_EVENTS = 1_000

/**
 * Sends events to Kafka, keyed like their producers do; gives all that was sent.
 * @throws GmError GM7006 without a sound ingest.yml, GM7007 where the brokers cannot be used
 */
export async function sendToKafka(
  events: Iterable<SentEvent> | AsyncIterable<SentEvent>,
  options: ToKafkaOptions,
): Promise<SendProgress> {
  const { root, variable, onSecret, topics } = options
  const { kafka, topics: plans } = await readIngest(root, variable)
  if (kafka.sasl !== undefined) onSecret(kafka.sasl.password)
  const broker = connectKafka(kafka, () => undefined)
  let sender: Sender | undefined
  try {
    const wanted = topics.map(
      (topic) => [topic, plans.get(topic)?.partitions ?? PARTITIONS] as const,
    )
    await createTopics(broker, new Map(wanted))
    sender = await openSender(kafka)
    return await sendAll(events, sender, options)
  } catch (error) {
    throw kafkaError(error, kafka)
  } finally {
    await sender?.close()
    await broker.close()
  }
}

async function sendAll(
  events: Iterable<SentEvent> | AsyncIterable<SentEvent>,
  sender: Sender,
  { pace, most = Infinity, onProgress, signal }: ToKafkaOptions,
): Promise<SendProgress> {
  const all = createTally()
  let recent = createTally()
  const tell = (): void => {
    if (recent.sinceMs() < PROGRESS_MS) return
    onProgress?.(recent.progress())
    recent = createTally()
  }
  for await (const event of events) {
    if (signal?.aborted === true || all.events() >= most) break
    const waitMs = pace === 'by-time' ? event.sentMs - Date.now() : 0
    if (waitMs > 0) {
      await sender.flush()
      await pause(Math.max(waitMs, SHORTEST_SLEEP_MS), tell, signal)
      if (isAborted(signal)) break
    } else if (all.events() % LOOK_EVENTS === 0) tell()
    await sender.add({ topic: event.topic, key: event.key, value: event.text })
    all.add(event.topic)
    recent.add(event.topic)
  }
  await sender.flush()
  return all.progress()
}

/** Sleeps, in pieces after which there may be something to tell. */
async function pause(
  durationMs: number,
  tell: () => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const untilMs = performance.now() + durationMs
  for (
    let leftMs = durationMs;
    leftMs > 0 && !isAborted(signal);
    leftMs = untilMs - performance.now()
  ) {
    tell()
    await sleep(Math.min(leftMs, PROGRESS_MS / 10), undefined, signal && { signal }).catch(
      () => undefined,
    )
  }
  tell()
}

/** Asked after every wait: what was false before may be true now. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true
}

interface Tally {
  events(): number
  add(topic: string): void
  sinceMs(): number
  progress(): SendProgress
}

function createTally(): Tally {
  const byTopic: Record<string, number> = {}
  const beganMs = performance.now()
  let events = 0
  return {
    events: () => events,
    add: (topic) => {
      events += 1
      byTopic[topic] = (byTopic[topic] ?? 0) + 1
    },
    sinceMs: () => performance.now() - beganMs,
    progress: () => ({ events, byTopic: { ...byTopic }, durationMs: performance.now() - beganMs }),
  }
}
