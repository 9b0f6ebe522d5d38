import { openContent } from '../files/open-content.ts'
import type { Line } from '../files/read-lines.ts'
import { readLines } from '../files/read-lines.ts'
import { openSender } from './open-sender.ts'

export interface SendFileOptions {
  /** `localhost:9092`. */
  readonly address: string
  readonly topic: string
  /** JSON lines, also gzipped. */
  readonly path: string
  /** Lines at the beginning that the topic has already. */
  readonly skip: number
}

/**
 * Sends the lines of a file, keyed by their user, so that the events of one user stay in order. Lines that are no events
 * are sent as they are. Gives the number sent.
 */
export async function sendFile({ address, topic, path, skip }: SendFileOptions): Promise<number> {
  const sender = await openSender({
    brokers: [address],
    clientId: 'gm',
    tls: false,
    sasl: undefined,
  })
  try {
    let seen = 0
    for await (const lines of readLines(openContent(path))) {
      for (const line of lines) {
        seen += 1
        if (seen <= skip) continue
        const value = line.bad?.rawBytes ?? Buffer.from(line.text)
        await sender.add({ topic, key: keyOf(line), value })
      }
    }
    await sender.flush()
    return Math.max(0, seen - skip)
  } finally {
    await sender.close()
  }
}

function keyOf({ text }: Line): string | null {
  return /"user_id":\s*"([^"\\]*)"/.exec(text)?.[1] ?? null
}
