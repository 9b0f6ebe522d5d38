import { setTimeout as sleep } from 'node:timers/promises'
import type { Admin, Consumer, KafkaConfig } from 'kafkajs'
import kafkajs from 'kafkajs'
import type { KafkaConnection } from '../config/ingest-config.ts'
import type { Broker, ConsumeOptions, Consumption, OffsetRange, TopicPartition } from './broker.ts'
import { registerCodecs } from './codecs.ts'

/**
 * The broker answers a fetch when there is so much, or after so long: answered at each event, 500 a second cost a third of a core here and as
 * much there.
 */
const MIN_BYTES = 64 * 1024
const MAX_WAIT_MS = 30
const SESSION_MS = 10_000
const HEARTBEAT_MS = 2_000
/** How soon partitions that are added to a topic are found. */
const METADATA_AGE_MS = 5_000
/** Compressed bytes: what they unfold to is held in memory all at once. */
const PARTITION_BYTES = 256 * 1024
const FETCH_BYTES = 2 * 1024 * 1024

/** Tells what the client library has to say: kept for the debug log, nothing there is ours to explain. */
export type BrokerLog = (level: 'debug' | 'warn', message: string) => void

/** Kafka through kafkajs, which is known here only. Connects at the first call. */
export function connectKafka(connection: KafkaConnection, log: BrokerLog): Broker {
  registerCodecs()
  const kafka = new kafkajs.Kafka(clientConfig(connection, log))
  let reached: Promise<Admin> | undefined
  const reach = async (): Promise<Admin> => {
    reached ??= openAdmin(kafka)
    try {
      return await reached
    } catch (error) {
      reached = undefined
      throw error
    }
  }
  const leave = async (): Promise<void> => {
    const leaving = reached
    reached = undefined
    await leaving?.then((admin) => admin.disconnect()).catch(() => undefined)
  }
  return {
    clusterId: async () => {
      const admin = await reach()
      return (await admin.describeCluster()).clusterId
    },
    topicNames: async () => {
      const admin = await reach()
      return await admin.listTopics()
    },
    createTopic: async (topic, partitions) => {
      const admin = await reach()
      // kafkajs waits for leaders as well, and fails where the topic is not known everywhere yet.
      const topics = [{ topic, numPartitions: partitions }]
      await admin.createTopics({ topics, waitForLeaders: false })
      await untilThere(admin, topic, partitions)
    },
    ranges: async (topic) => {
      const admin = await reach()
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
      let offsets = await admin.fetchTopicOffsets(topic)
      if (offsets.length !== topics[0]?.partitions.length) {
        // Partitions were added: an admin client remembers those of the first call for minutes.
        await leave()
        offsets = await (await reach()).fetchTopicOffsets(topic)
      }
      return new Map(
        offsets.map(({ partition, low, high }): [number, OffsetRange] => [
          partition,
          { low: Number(low), high: Number(high) },
        ]),
      )
    },
    offsetsAt: async (topic, epochMs) => {
      const admin = await reach()
      const offsets = await admin.fetchTopicOffsetsByTimestamp(topic, epochMs)
      return new Map(offsets.map(({ partition, offset }) => [partition, Number(offset)]))
    },
    consume: (options) => consume(kafka, options),
    close: leave,
  }
}

const CREATE_MS = 10_000
const LOOK_MS = 50

/** Waits until a new topic has all its partitions, with leaders that answer: the brokers name one a moment before it does. */
async function untilThere(admin: Admin, topic: string, partitions: number): Promise<void> {
  const begin = performance.now()
  for (;;) {
    try {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
      const known = topics[0]?.partitions ?? []
      if (known.filter(({ leader }) => leader >= 0).length === partitions) {
        await admin.fetchTopicOffsets(topic)
        return
      }
      if (performance.now() - begin > CREATE_MS) return
    } catch (error) {
      if (performance.now() - begin > CREATE_MS) throw error
    }
    await sleep(LOOK_MS)
  }
}

async function openAdmin(kafka: kafkajs.Kafka): Promise<Admin> {
  const admin = kafka.admin({ retry: { retries: 3, initialRetryTime: 100, maxRetryTime: 1_000 } })
  await admin.connect()
  return admin
}

/** Settings of kafkajs; `sasl` holds the password. */
export function clientConfig(connection: KafkaConnection, log: BrokerLog): KafkaConfig {
  const { brokers, clientId, tls, sasl } = connection
  return {
    brokers: [...brokers],
    clientId,
    ...(tls === false ? {} : { ssl: tls === true ? true : present(tls) }),
    ...(sasl === undefined ? {} : { sasl: sasl as NonNullable<KafkaConfig['sasl']> }),
    connectionTimeout: 3_000,
    requestTimeout: 15_000,
    logLevel: kafkajs.logLevel.WARN,
    logCreator: () => (entry) => {
      const { message, error } = entry.log as { message: string; error?: unknown }
      const told = typeof error === 'string' ? `${message}: ${error}` : message
      log(entry.level === kafkajs.logLevel.DEBUG ? 'debug' : 'warn', told)
    },
  }
}

async function consume(kafka: kafkajs.Kafka, options: ConsumeOptions): Promise<Consumption> {
  const consumer = kafka.consumer({
    groupId: options.groupId,
    sessionTimeout: SESSION_MS,
    rebalanceTimeout: SESSION_MS,
    heartbeatInterval: HEARTBEAT_MS,
    metadataMaxAge: METADATA_AGE_MS,
    minBytes: MIN_BYTES,
    maxWaitTimeInMs: MAX_WAIT_MS,
    maxBytesPerPartition: PARTITION_BYTES,
    maxBytes: FETCH_BYTES,
    allowAutoTopicCreation: false,
    retry: {
      initialRetryTime: 100,
      maxRetryTime: 1_000,
      retries: 5,
      restartOnFailure: () => Promise.resolve(true),
    },
  })
  const consumption: Consumption = {
    pause: (partitions) => consumer.pause(grouped(partitions)),
    resume: (partitions) => consumer.resume(grouped(partitions)),
    seek: ({ topic, partition }, offset) => {
      consumer.seek({ topic, partition, offset: String(offset) })
    },
    stop: () => consumer.disconnect(),
  }
  listen(consumer, consumption, options)
  try {
    await consumer.connect()
    await consumer.subscribe({ topics: [...options.topics], fromBeginning: true })
    await consumer.run({
      // Offsets live in PostgreSQL, in the transaction of the rows.
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: async (payload) => {
        const { batch } = payload
        const last = batch.lastOffset()
        const isTaken = await options.onBatch(
          {
            topic: batch.topic,
            partition: batch.partition,
            // kafkajs knows it and does not declare it.
            fetchedOffset: Number((batch as unknown as { fetchedOffset: string }).fetchedOffset),
            nextOffset: Number(last) + 1,
            records: batch.messages.map(({ offset, timestamp, key, value }) => ({
              offset: Number(offset),
              timestampMs: Number(timestamp),
              key,
              value,
            })),
          },
          {
            heartbeat: () => payload.heartbeat(),
            isStale: () => payload.isStale() || !payload.isRunning(),
          },
        )
        if (isTaken) payload.resolveOffset(last)
      },
    })
  } catch (error) {
    await consumer.disconnect().catch(() => undefined)
    throw error
  }
  return consumption
}

function listen(consumer: Consumer, consumption: Consumption, options: ConsumeOptions): void {
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    options.onAssigned(
      Object.entries(payload.memberAssignment).flatMap(([topic, partitions]) =>
        partitions.map((partition) => ({ topic, partition })),
      ),
      consumption,
    )
  })
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
    // Batches of markers only never reach eachBatch.
    if (payload.batchSize > 0) return
    const first = payload.firstOffset as string | null
    options.onSkipped({
      topic: payload.topic,
      partition: payload.partition,
      firstOffset: first === null ? undefined : Number(first),
      nextOffset: Number(payload.lastOffset) + 1,
    })
  })
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    options.onCrash(payload.error, payload.restart)
  })
}

function grouped(partitions: readonly TopicPartition[]): { topic: string; partitions: number[] }[] {
  const byTopic = new Map<string, number[]>()
  for (const { topic, partition } of partitions) {
    byTopic.set(topic, [...(byTopic.get(topic) ?? []), partition])
  }
  return [...byTopic].map(([topic, numbers]) => ({ topic, partitions: numbers }))
}

/** kafkajs takes an undefined key for one that is set. */
function present(tls: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(tls).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  )
}
