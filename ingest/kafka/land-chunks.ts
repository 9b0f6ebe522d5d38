import type { ClientBase } from 'pg'
import { escapeIdentifier } from 'pg'
import { LANDING_CHANNEL } from '../../runner/base/landing-channel.ts'
import type { TopicPlan } from '../config/ingest-config.ts'
import { copyPieces } from '../land/copy-pieces.ts'
import { ensurePartition, hasPartition, partitionName } from '../land/ensure-partition.ts'
import { isDataError } from '../land/is-data-error.ts'
import { splitLines } from '../land/line-pieces.ts'
import type { Topic } from '../topics/topic.ts'
import type { KafkaRecord } from './broker.ts'
import { LANDING_COLUMNS, momentText } from './decode-record.ts'
import type { Chunk, DeadRecord } from './landing-row.ts'
import { partitionKey } from './partition-key.ts'

/** Channel on which every landing tells its topics, one notification for each. */
export const LANDED_CHANNEL = 'gm_landed'

export interface LandOptions {
  readonly plans: ReadonlyMap<string, TopicPlan>
  /**
   * Leaves out the comparison that fences other ingestors. The control of the tests of that fence.
   * @internal
   */
  readonly isUnfenced?: boolean | undefined
}

export type LandResult =
  | { readonly status: 'landed'; readonly rows: number; readonly deadLetters: number }
  /** Another ingestor claimed one of these partitions, or landed from it: nothing was written. */
  | { readonly status: 'fenced'; readonly partitions: readonly string[] }

/**
 * Lands chunks in one transaction: their rows and dead letters, and the offsets behind them. The offset
 * rows are compared and locked first, so that two ingestors never land the same record.
 * @throws what the database says; nothing was written then, unless the commit itself got no answer
 */
export async function landChunks(
  client: ClientBase,
  chunks: readonly Chunk[],
  options: LandOptions,
): Promise<LandResult> {
  try {
    return await land(client, chunks, options, copyHopefully)
  } catch (error) {
    if (!isDataError(error)) throw error
    // A row that passed our checks and not the server's: find it, and land the others.
    return await land(client, chunks, options, copyCarefully)
  }
}

/** Sends chunks of one topic to a day's partition; gives those records that the server refused. */
type CopyRows = (
  client: ClientBase,
  statement: string,
  chunks: readonly Chunk[],
) => Promise<readonly (readonly [Chunk, DeadRecord])[]>

async function land(
  client: ClientBase,
  chunks: readonly Chunk[],
  options: LandOptions,
  copyRows: CopyRows,
): Promise<LandResult> {
  const moves = movesOf(chunks)
  try {
    const day = await begin(client, moves, options)
    if (day === undefined) {
      await client.query('rollback')
      return { status: 'fenced', partitions: moves.map(partitionKey) }
    }
    let rowCount = 0
    const dead: (readonly [Chunk, DeadRecord])[] = []
    for (const [topicName, ofTopic] of groupByTopic(chunks)) {
      const plan = options.plans.get(topicName)
      if (plan === undefined) continue
      const statement =
        `copy raw.${escapeIdentifier(partitionName(plan.topic, day))} ` +
        `(${LANDING_COLUMNS}) from stdin`
      for (const chunk of ofTopic) for (const letter of chunk.dead) dead.push([chunk, letter])
      const refused = await copyRows(client, statement, ofTopic)
      for (const letter of refused) dead.push(letter)
      rowCount += ofTopic.reduce((sum, { rows }) => sum + rows.length, 0) - refused.length
    }
    await storeDeadLetters(client, dead)
    await moveOffsets(client, moves)
    await client.query(`notify ${LANDING_CHANNEL}; commit`)
    return { status: 'landed', rows: rowCount, deadLetters: dead.length }
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}

interface Move {
  readonly topic: string
  readonly partition: number
  readonly epoch: number
  readonly fromOffset: number
  readonly toOffset: number
  readonly last: Chunk['last']
}

/** One move a partition; the chunks of a partition follow each other without a gap. */
function movesOf(chunks: readonly Chunk[]): Move[] {
  const moves = new Map<string, Move>()
  for (const chunk of chunks) {
    const key = partitionKey(chunk)
    const before = moves.get(key)
    if (before !== undefined && before.toOffset !== chunk.fromOffset) {
      throw new Error(`chunks of ${key} do not follow each other`)
    }
    const { topic, partition, epoch, toOffset } = chunk
    const fromOffset = before?.fromOffset ?? chunk.fromOffset
    moves.set(key, {
      topic,
      partition,
      epoch,
      fromOffset,
      toOffset,
      last: chunk.last ?? before?.last,
    })
  }
  return [...moves.values()]
}

/**
 * Begins the transaction with the offset rows locked, in one order for everybody. Gives the UTC day of
 * its `now()`, whose partitions exist then; undefined where another ingestor has been faster.
 */
async function begin(
  client: ClientBase,
  moves: readonly Move[],
  { plans, isUnfenced = false }: LandOptions,
): Promise<string | undefined> {
  for (;;) {
    // Both are sent at once; the second is the first to see anything.
    const [, { rows }] = await Promise.all([
      client.query('begin isolation level read committed'),
      client.query<{ day: string; held: number }>(
        `select to_char(now() at time zone 'UTC', 'YYYY-MM-DD') as day, (
           select count(*)::int from (
             select from raw.kafka_offsets
             where (topic, "partition", epoch, next_offset)
               in (select * from unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[]))
             order by topic, "partition"
             ${isUnfenced ? '' : 'for update'}
           ) as ours
         ) as held`,
        [
          moves.map(({ topic }) => topic),
          moves.map(({ partition }) => partition),
          moves.map(({ epoch }) => epoch),
          moves.map(({ fromOffset }) => fromOffset),
        ],
      ),
    ])
    const { day = '', held = 0 } = rows[0] ?? {}
    if (held < moves.length && !isUnfenced) return undefined
    const missing = await missingPartitions(client, moves, plans, day)
    if (missing.length === 0) return day
    // Made in transactions of their own, so that their locks do not last as long as ours.
    await client.query('rollback')
    for (const topic of missing) await ensurePartition(client, topic, day)
  }
}

/** Partitions known to exist, by connection: they are dropped a month later at the earliest. */
const KNOWN = new WeakMap<ClientBase, Set<string>>()

async function missingPartitions(
  client: ClientBase,
  moves: readonly Move[],
  plans: ReadonlyMap<string, TopicPlan>,
  day: string,
): Promise<readonly Topic[]> {
  const known = KNOWN.get(client) ?? new Set<string>()
  KNOWN.set(client, known)
  const missing: Topic[] = []
  for (const topicName of new Set(moves.map(({ topic }) => topic))) {
    const topic = plans.get(topicName)?.topic
    if (topic === undefined) continue
    const name = partitionName(topic, day)
    if (known.has(name)) continue
    if (await hasPartition(client, name)) known.add(name)
    else missing.push(topic)
  }
  return missing
}

const copyHopefully: CopyRows = async (client, statement, chunks) => {
  const pieces = chunks.flatMap((chunk) => chunk.pieces)
  if (pieces.length > 0) await copyPieces(client, statement, pieces)
  return []
}

const copyCarefully: CopyRows = async (client, statement, chunks) => {
  const refused: (readonly [Chunk, DeadRecord])[] = []
  for (const chunk of chunks) {
    const lines = splitLines(chunk.pieces)
    for (const letter of await copyHalves(client, statement, chunk.rows, lines)) {
      refused.push([chunk, letter])
    }
  }
  return refused
}

/** Halves what the server refuses until the one row stands alone. */
async function copyHalves(
  client: ClientBase,
  statement: string,
  rows: readonly KafkaRecord[],
  lines: readonly Buffer[],
): Promise<readonly DeadRecord[]> {
  if (rows.length === 0) return []
  await client.query('savepoint chunk')
  try {
    await copyPieces(client, statement, [Buffer.concat(lines)])
    await client.query('release savepoint chunk')
    return []
  } catch (error) {
    if (!isDataError(error)) throw error
    await client.query('rollback to savepoint chunk; release savepoint chunk')
    const [only] = rows
    if (rows.length === 1 && only !== undefined) {
      const { offset, timestampMs, value } = only
      return [{ offset, timestampMs, value, reason: 'refused_by_database', message: error.message }]
    }
  }
  const middle = rows.length >> 1
  const halves = [
    [rows.slice(0, middle), lines.slice(0, middle)],
    [rows.slice(middle), lines.slice(middle)],
  ] as const
  const refused: DeadRecord[] = []
  for (const half of halves) refused.push(...(await copyHalves(client, statement, ...half)))
  return refused
}

async function storeDeadLetters(
  client: ClientBase,
  dead: readonly (readonly [Chunk, DeadRecord])[],
): Promise<void> {
  if (dead.length === 0) return
  await client.query(
    `insert into raw.dead_letters
       (topic, "partition", "offset", message_timestamp, raw_bytes, reason, message)
     select * from unnest(
       $1::text[], $2::integer[], $3::bigint[], $4::timestamptz[], $5::bytea[], $6::text[], $7::text[])`,
    [
      dead.map(([{ topic }]) => topic),
      dead.map(([{ partition }]) => partition),
      dead.map(([, { offset }]) => offset),
      dead.map(([, { timestampMs }]) => momentOrNull(timestampMs)),
      dead.map(([, { value }]) => value),
      dead.map(([, { reason }]) => reason),
      // A message may quote the record; what PostgreSQL's text cannot hold is replaced.
      dead.map(([, { message }]) => message.replaceAll('\0', '\uFFFD').slice(0, 1000)),
    ],
  )
}

async function moveOffsets(client: ClientBase, moves: readonly Move[]): Promise<void> {
  await client.query(
    `with moved as (
       update raw.kafka_offsets o
       set next_offset = m.next_offset,
         last_offset = coalesce(m.last_offset, o.last_offset),
         last_hash = coalesce(m.last_hash, o.last_hash),
         last_timestamp = coalesce(m.last_timestamp, o.last_timestamp),
         landed_at = now()
       from unnest(
         $1::text[], $2::integer[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bytea[], $8::timestamptz[]
       ) m (topic, "partition", epoch, from_offset, next_offset, last_offset, last_hash, last_timestamp)
       where o.topic = m.topic and o."partition" = m."partition" and o.epoch = m.epoch and o.next_offset = m.from_offset
       returning o.topic
     )
     select pg_notify('${LANDED_CHANNEL}', topic) from (select distinct topic from moved) as t`,
    [
      moves.map(({ topic }) => topic),
      moves.map(({ partition }) => partition),
      moves.map(({ epoch }) => epoch),
      moves.map(({ fromOffset }) => fromOffset),
      moves.map(({ toOffset }) => toOffset),
      moves.map(({ last }) => last?.offset ?? null),
      moves.map(({ last }) => last?.hash ?? null),
      moves.map(({ last }) => (last === undefined ? null : momentOrNull(last.timestampMs))),
    ],
  )
}

function momentOrNull(epochMs: number): string | null {
  const text = momentText(epochMs)
  return text === '\\N' ? null : text
}

function groupByTopic(chunks: readonly Chunk[]): Map<string, Chunk[]> {
  const groups = new Map<string, Chunk[]>()
  for (const chunk of chunks) {
    const group = groups.get(chunk.topic)
    if (group === undefined) groups.set(chunk.topic, [chunk])
    else group.push(chunk)
  }
  return groups
}
