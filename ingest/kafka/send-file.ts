import kafkajs from 'kafkajs'
import { openContent } from '../files/open-content.ts'
import type { Line } from '../files/read-lines.ts'
import { readLines } from '../files/read-lines.ts'

export interface SendFileOptions {
  /** `localhost:9092`. */
  readonly address: string
  readonly topic: string
  /** JSON lines, also gzipped. */
  readonly path: string
  /** Lines at the beginning that the topic has already. */
  readonly skip: number
}

// Far below the mebibyte that a broker takes at once.
const BATCH_BYTES = 400_000

/**
 * Sends the lines of a file, keyed by their user, so that the events of one user stay in order. Lines that are no events
 * are sent as they are. Gives the number sent.
 */
export async function sendFile(options: SendFileOptions): Promise<number> {
  const { address, topic, path } = options
  const kafka = new kafkajs.Kafka({ brokers: [address], logLevel: kafkajs.logLevel.NOTHING })
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  })
  await producer.connect()
  try {
    let seen = 0
    let sent = 0
    let bytes = 0
    let messages: { key: string | null; value: Buffer }[] = []
    const flush = async (): Promise<void> => {
      if (messages.length > 0) await producer.send({ topic, messages })
      sent += messages.length
      messages = []
      bytes = 0
    }
    for await (const lines of readLines(openContent(path))) {
      for (const line of lines) {
        seen += 1
        if (seen <= options.skip) continue
        const value = line.bad?.rawBytes ?? Buffer.from(line.text)
        messages.push({ key: keyOf(line), value })
        bytes += value.length
        if (bytes >= BATCH_BYTES) await flush()
      }
    }
    await flush()
    return sent
  } finally {
    await producer.disconnect()
  }
}

function keyOf({ text }: Line): string | null {
  return /"user_id":\s*"([^"\\]*)"/.exec(text)?.[1] ?? null
}
