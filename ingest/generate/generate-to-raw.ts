import { createHash } from 'node:crypto'
import type { Client, ClientConfig } from 'pg'
import { LANDING_CHANNEL } from '../../runner/base/landing-channel.ts'
import type { Decoder } from '../decode/decode-event.ts'
import { createDecoder } from '../decode/decode-event.ts'
import { BatchLander } from '../land/batch-lander.ts'
import { beginLanding } from '../land/begin-landing.ts'
import type { ReadBlock } from '../land/read-block.ts'
import { putRecord } from '../land/read-block.ts'
import { withLanding } from '../land/with-landing.ts'
import type { Topic } from '../topics/topic.ts'
import { generateEvents } from './generate-events.ts'
import type { GeneratedCounts } from './generated-counts.ts'
import { countEvent, noCounts } from './generated-counts.ts'
import type { GenerateOptions } from './options.ts'
import { readOptions } from './options.ts'
import { GENERATED } from './systems.ts'

export interface RawOptions {
  readonly connection: ClientConfig
  readonly signal?: AbortSignal | undefined
}

/** What has landed of a topic. */
export interface GeneratedTable {
  readonly topic: string
  /** Such as `raw.transactions`. */
  readonly table: string
  readonly events: number
  readonly deadLetters: number
}

export interface RawResult extends Readonly<GeneratedCounts> {
  readonly tables: readonly GeneratedTable[]
  /** `already-landed`: these very events were generated into this database before; nothing was added. */
  readonly status: 'landed' | 'already-landed'
  readonly durationMs: number
}

/** Rows of one COPY: few enough to be held for every topic, enough that its beginning and end do not count. */
const BLOCK_ROWS = 4_000

/**
 * Lands generated events by COPY, without files or Kafka between, by the same contract: checked like any other, broken ones as
 * dead letters, all of them in one transaction, once. Their file name is `generated-…`, their line the place among the
 * events of their topic.
 * @throws GmError GM7004 for options that cannot be used; otherwise what pg throws. An abort throws the signal's reason, and
 * nothing is kept.
 */
export async function generateToRaw(
  given: Partial<GenerateOptions>,
  { connection, signal }: RawOptions,
): Promise<RawResult> {
  const beganMs = performance.now()
  const options = readOptions(given)
  const result = await withLanding(connection, [], (client) => land(client, options, signal))
  return { ...result, durationMs: performance.now() - beganMs }
}

interface Filling {
  readonly topic: Topic
  readonly lander: BatchLander
  readonly decoder: Decoder
  lines: number
  block: ReadBlock
}

async function land(
  client: Client,
  options: GenerateOptions,
  signal: AbortSignal | undefined,
): Promise<Omit<RawResult, 'durationMs'>> {
  const counts = noCounts()
  const hash = createHash('sha256').update(JSON.stringify(options)).digest('hex')
  const { topics } = GENERATED[options.system]
  const { partitionOf, landedAtMs } = await beginLanding(client, topics)
  try {
    await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [hash])
    if (await wasLanded(client, hash)) {
      await client.query('rollback')
      return { ...counts, tables: [], status: 'already-landed' }
    }
    const target = { fileName: `generated-${hash.slice(0, 8)}`, fileHash: hash }
    const fillings = new Map(
      topics.map((topic): [string, Filling] => {
        const at = { ...target, topic: topic.name, partition: partitionOf(topic) }
        // Every event was checked, and none of ours is refused: no savepoints are needed.
        const lander = new BatchLander(client, at, 'hopeful')
        const decoder = createDecoder(topic, landedAtMs)
        return [topic.name, { topic, lander, decoder, lines: 0, block: { rows: [], dead: [] } }]
      }),
    )
    for (const event of generateEvents(options)) {
      countEvent(counts, event)
      const filling = fillings.get(event.topic)
      if (filling === undefined) continue
      const { text } = event
      const { block, decoder } = filling
      filling.lines += 1
      putRecord(block, filling.lines, text, text, decoder.fromJson(text))
      if (block.rows.length + block.dead.length < BLOCK_ROWS) continue
      await empty(filling)
      signal?.throwIfAborted()
    }
    for (const filling of fillings.values()) await empty(filling)
    const tables = [...fillings.values()].map(({ topic, lander }) => ({
      topic: topic.name,
      table: `raw.${topic.table}`,
      events: lander.landed,
      deadLetters: lander.deadLetters,
    }))
    for (const { topic, events, deadLetters } of tables) {
      await client.query(
        `insert into raw.landed_files (topic, file_hash, file_name, lines, events, dead_letters)
         values ($1, $2, $3, $4, $5, $6)`,
        [topic, hash, target.fileName, events + deadLetters, events, deadLetters],
      )
    }
    signal?.throwIfAborted()
    await client.query(`notify ${LANDING_CHANNEL}; commit`)
    return { ...counts, tables, status: 'landed' }
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}

async function empty(filling: Filling): Promise<void> {
  const { rows, dead } = filling.block
  filling.block = { rows: [], dead: [] }
  await filling.lander.add(rows, dead)
  await filling.lander.flush()
}

async function wasLanded(client: Client, hash: string): Promise<boolean> {
  const { rowCount } = await client.query('select from raw.landed_files where file_hash = $1', [
    hash,
  ])
  return rowCount !== 0
}
