import { homedir } from 'node:os'
import { join } from 'node:path'
import type { GeneratedFile } from '../../ingest/index.ts'
import { runKafka, sendFile, startKafkaBroker, topicEnd } from '../../ingest/index.ts'
import { packageFolder } from '../project/package-folder.ts'
import type { OpenWarehouse } from './connect.ts'
import type { Io } from './io.ts'
import { formatDuration, plural } from './render/format.ts'

/** A broker for the demo, through which files of events are landed instead of straight from the disk. */
export interface DemoKafka {
  /** Sends the files and lands what lies in the topics then. Files that were sent by an earlier demo are not sent again. */
  land(
    files: readonly GeneratedFile[],
    warehouse: OpenWarehouse,
    signal: AbortSignal,
  ): Promise<void>
  stop(): Promise<void>
}

/** Starts the broker, with its data in `.gm/kafka`. @throws GmError GM7007 where there is no Java */
export async function startDemoKafka(root: string, io: Io): Promise<DemoKafka> {
  const startMs = performance.now()
  const broker = await startKafkaBroker({
    pom: join(packageFolder(), 'ingest/broker/pom.xml'),
    cache: join(io.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'gm'),
    folder: join(root, '.gm', 'kafka'),
  })
  const startedIn = formatDuration(performance.now() - startMs)
  io.out(`started a Kafka broker on ${broker.address} in ${startedIn}\n\n`)
  const before = new Map<string, number>()
  const variable = (name: string): string | undefined =>
    name === 'KAFKA_BOOTSTRAP_SERVERS' ? broker.address : io.env[name]
  const ingest = (warehouse: OpenWarehouse, signal: AbortSignal): Promise<void> =>
    runKafka({
      root,
      variable,
      onSecret: (secret) => io.addSecret(secret),
      connect: () => warehouse.clientConfig(),
      isOnce: true,
      onEvent: (event) => {
        if (event.type !== 'landed') return
        for (const { topic, rows, deadLetters } of event.topics) {
          const dead = deadLetters === 0 ? '' : `, ${plural(deadLetters, 'dead letter')}`
          const took = formatDuration(event.durationMs)
          io.out(`landed  ${topic}: ${plural(rows, 'event')}${dead} in ${took}\n`)
        }
      },
      signal,
    })
  return {
    land: async (files, warehouse, signal) => {
      // Makes the topics.
      if (before.size === 0) await ingest(warehouse, signal)
      for (const { topic, path, lines } of files) {
        const done = before.get(topic) ?? 0
        const skip = Math.max(0, (await topicEnd(broker.address, topic)) - done)
        const sent = await sendFile({ address: broker.address, topic, path, skip })
        before.set(topic, done + lines)
        io.out(`sent    ${plural(sent, 'event')} to ${topic}\n`)
      }
      await ingest(warehouse, signal)
    },
    stop: () => broker.stop(),
  }
}
