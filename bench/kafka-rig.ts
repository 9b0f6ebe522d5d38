import { homedir } from 'node:os'
import { join } from 'node:path'
import kafkajs from 'kafkajs'
import { fetchJars } from '../ingest/broker/fetch-jars.ts'
import { startBroker } from '../ingest/broker/start-broker.ts'
import type { Finding } from './finding.ts'

const ROOT = join(import.meta.dirname, '..')

export interface KafkaRig {
  readonly address: string
  readonly producer: kafkajs.Producer
}

/** A broker of its own with a producer, gone when the work is done. */
export async function withKafka<T>(
  folder: string,
  work: (rig: KafkaRig) => Promise<T>,
): Promise<T> {
  const jars = await fetchJars(join(ROOT, 'ingest/broker/pom.xml'), join(homedir(), '.cache/gm'))
  const broker = await startBroker({ jars, folder: join(folder, 'broker') })
  const client = new kafkajs.Kafka({
    brokers: [broker.address],
    logLevel: kafkajs.logLevel.NOTHING,
  })
  const producer = client.producer({ allowAutoTopicCreation: false })
  try {
    await producer.connect()
    return await work({ address: broker.address, producer })
  } finally {
    await producer.disconnect()
    await broker.stop('SIGKILL')
  }
}

/** A row of the results for delays that are promised as percentiles; the one of the wall time is the 99th. */
export function delayFinding(
  name: string,
  delaysMs: readonly number[],
  most: { readonly p50?: number; readonly p99: number },
): Finding {
  const [p50, p99] = [percentile(delaysMs, 0.5), percentile(delaysMs, 0.99)]
  const measured = { wallSeconds: p99 / 1_000, cpuSeconds: 0, peakMiB: 0 }
  const promised = most.p50 === undefined ? '' : `p50 < ${most.p50} ms, `
  return {
    name: `${name}, p99 of ${delaysMs.length}`,
    floorName: '',
    pair: {
      ours: measured,
      floor: undefined,
      wallRatio: undefined,
      cpuRatio: undefined,
      rounds: 1,
    },
    target: `${promised}p99 < ${most.p99} ms (p50 ${p50.toFixed(0)}, p99 ${p99.toFixed(0)})`,
    isMet: p99 < most.p99 && p50 < (most.p50 ?? Infinity),
  }
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}
