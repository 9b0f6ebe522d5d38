import kafkajs from 'kafkajs'
import type { KafkaConnection } from '../config/ingest-config.ts'
import { clientConfig } from './kafkajs-broker.ts'

/** A message on its way to a topic. */
export interface SentMessage {
  readonly topic: string
  /** By which its partition is chosen, as Java's clients do; null for any. */
  readonly key: string | null
  readonly value: string | Buffer
}

/** Sends messages in batches, each topic's in order. */
export interface Sender {
  /** Gives a promise when a batch is full and is being sent, which must be awaited. */
  add(message: SentMessage): Promise<void> | undefined
  /** Sends what is left. */
  flush(): Promise<void>
  close(): Promise<void>
}

// Far below the mebibyte that a broker takes at once; the client library does not divide what it is given.
const BATCH_BYTES = 400_000

/** Opens a producer. @throws what kafkajs throws where the brokers cannot be reached */
export async function openSender(connection: KafkaConnection): Promise<Sender> {
  const kafka = new kafkajs.Kafka(clientConfig(connection, () => undefined))
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  })
  await producer.connect()
  let batch = new Map<string, { key: string | null; value: string | Buffer }[]>()
  let bytes = 0
  const flush = async (): Promise<void> => {
    if (batch.size === 0) return
    const topicMessages = [...batch].map(([topic, messages]) => ({ topic, messages }))
    batch = new Map()
    bytes = 0
    await producer.sendBatch({ topicMessages })
  }
  return {
    add({ topic, key, value }) {
      const ofTopic = batch.get(topic)
      if (ofTopic === undefined) batch.set(topic, [{ key, value }])
      else ofTopic.push({ key, value })
      bytes += value.length
      return bytes < BATCH_BYTES ? undefined : flush()
    },
    flush,
    close: () => producer.disconnect(),
  }
}
