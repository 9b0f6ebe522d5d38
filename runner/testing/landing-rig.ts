import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import type { IngestEvent } from '../../ingest/kafka/ingest-event.ts'
import type { Connection } from '../project/project.ts'
import { eventText } from './kafka-fixture.ts'

/** An ingestor in a process of its own. */
export interface IngestorProcess {
  readonly child: ChildProcess
  readonly events: IngestEvent[]
  readonly said: () => string
  /** Waits for an event of the kind. */
  until(type: IngestEvent['type'], timeoutMs?: number): Promise<void>
  /** Sends the signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

/** Tells ingestors over this folder where PostgreSQL is. */
export async function writeConnection(
  root: string,
  { host, port, user, password, database }: Connection,
): Promise<void> {
  const text = JSON.stringify({ host, port, user, password, database })
  await writeFile(join(root, 'connection.json'), text)
}

/** Starts an ingestor over the ingest.yml and connection.json of a folder. */
export function startIngestor(
  root: string,
  how: 'fenced' | 'unfenced' = 'fenced',
): IngestorProcess {
  const script = join(import.meta.dirname, 'ingestor-process.ts')
  const tsx = import.meta.resolve('tsx')
  const child = spawn(process.execPath, ['--import', tsx, script, root, how], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const events: IngestEvent[] = []
  let rest = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) events.push(JSON.parse(line) as IngestEvent)
  })
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const closed = once(child, 'close')
  return {
    child,
    events,
    said: () => errors,
    // A group gives a dead member up after ten seconds, and waits for those that are slow as long.
    until: async (type, timeoutMs = 90_000) => {
      const deadline = performance.now() + timeoutMs
      while (!events.some((event) => event.type === type)) {
        if (performance.now() > deadline || child.exitCode !== null) {
          throw new Error(`no event ${type}: ${errors}`)
        }
        await sleep(20)
      }
    },
    end: async (signal) => {
      child.kill(signal)
      if (child.exitCode === null && child.signalCode === null) await closed
      return child.exitCode
    },
  }
}

/** Sends numbered events at a pace; `stop` gives how many the broker has taken over. */
export interface Producing {
  readonly sent: () => number
  stop(): Promise<number>
}

/** @param perSecond events a second; a broker that is down is waited for */
export function produceSteadily(address: string, topic: string, perSecond: number): Producing {
  const kafka = new kafkajs.Kafka({
    brokers: [address],
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { initialRetryTime: 100, maxRetryTime: 500, retries: 100 },
  })
  let sent = 0
  let isOver = false
  const work = async (): Promise<void> => {
    const producer = kafka.producer({ allowAutoTopicCreation: false })
    await producer.connect()
    const begin = performance.now()
    while (!isOver) {
      const due = Math.floor(((performance.now() - begin) / 1000) * perSecond)
      const messages = Array.from({ length: Math.min(due - sent, 2_000) }, (_, i) => ({
        key: `k${(sent + i) % 31}`,
        value: eventText(sent + i),
      }))
      if (messages.length > 0) await producer.send({ topic, messages })
      sent += messages.length
      await sleep(25)
    }
    await producer.disconnect()
  }
  const working = work()
  working.catch(() => undefined)
  return {
    sent: () => sent,
    stop: async () => {
      isOver = true
      await working
      return sent
    },
  }
}

/** What is wrong with what has landed: nothing lost, nothing doubled, in the order of each partition. */
export interface LandingFault {
  readonly lost: number
  readonly doubled: number
  readonly disordered: number
}

export const FAULTLESS: LandingFault = { lost: 0, doubled: 0, disordered: 0 }

/**
 * Compares a table with the log that it was landed from: each offset of each partition exactly once, all numbers that were
 * sent, and no record committed before one with a smaller offset.
 */
export async function findFaults(
  sql: (text: string) => Promise<Record<string, unknown>[]>,
  admin: kafkajs.Admin,
  topic: { readonly name: string; readonly table: string },
  sent: number,
): Promise<LandingFault> {
  const ends = await admin.fetchTopicOffsets(topic.name)
  const inLog = ends.reduce((sum, { high }) => sum + Number(high), 0)
  const [found] = await sql(`
    with numbered as (
      select "partition", "offset", _gm_xid, (payload->>'n')::int as n,
        lag(_gm_xid) over (partition by "partition" order by "offset", _gm_xid) as before
      from ${topic.table})
    select count(*)::int as landed, count(distinct ("partition", "offset"))::int as coordinates,
      count(distinct n)::int as numbers, count(*) filter (where before > _gm_xid)::int as disordered
    from numbered`)
  const { landed, coordinates, numbers, disordered } = found as Record<string, number>
  return {
    lost: Math.max(inLog - (coordinates ?? 0), sent - (numbers ?? 0)),
    doubled: (landed ?? 0) - (coordinates ?? 0),
    disordered: disordered ?? 0,
  }
}
