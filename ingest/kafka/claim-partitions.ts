import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientBase } from 'pg'
import { DatabaseError } from 'pg'
import { GmError, throwAll } from '../../runner/base/error.ts'
import type { TopicPlan } from '../config/ingest-config.ts'
import type { Broker, OffsetRange, TopicPartition } from './broker.ts'
import type { StartChoice } from './choose-start.ts'
import { chooseStart } from './choose-start.ts'
import { partitionKey } from './partition-key.ts'

/** `application_name` of the connections that land from Kafka. */
export const APPLICATION = 'gm ingest kafka'

/** A partition that is ours until somebody else claims it. */
export interface ClaimedPartition extends TopicPartition {
  readonly epoch: number
  readonly nextOffset: number
  /** The end of the partition when it was claimed. */
  readonly high: number
  /** The last landed record, where the broker should still have it. */
  readonly last: { readonly offset: number; readonly hash: Buffer } | undefined
}

/** A place where a policy made the landing jump. */
export interface Gap extends TopicPartition {
  readonly fromOffset: number
  readonly toOffset: number
  readonly reason: 'out_of_range' | 'recreated'
}

export interface ClaimResult {
  readonly partitions: readonly ClaimedPartition[]
  readonly gaps: readonly Gap[]
}

export interface ClaimOptions {
  readonly plans: ReadonlyMap<string, TopicPlan>
  readonly owner: string
  /** Keys of partitions whose last landed record turned out to be another one. */
  readonly recreated: ReadonlySet<string>
}

/**
 * Takes over partitions: their epoch is raised, so that nobody who held them before can land any more, and
 * it is settled where to go on. One transaction.
 * @throws GmError GM7009, GM7010 where a policy says stop
 */
export async function claimPartitions(
  client: ClientBase,
  broker: Broker,
  partitions: readonly TopicPartition[],
  options: ClaimOptions,
): Promise<ClaimResult> {
  const clusterId = await broker.clusterId()
  for (let attempt = 0; ; attempt++) {
    try {
      await client.query(`begin isolation level read committed; set local lock_timeout = '3s'`)
      const result = await claim(client, broker, clusterId, partitions, options)
      await client.query('commit')
      return result
    } catch (error) {
      await client.query('rollback').catch(() => undefined)
      const isBlocked = error instanceof DatabaseError && error.code === '55P03'
      if (!isBlocked || attempt >= 3) throw error
      await endFrozenIngestors(client)
    }
  }
}

interface OffsetRow {
  readonly topic: string
  readonly partition: number
  readonly next_offset: string
  readonly epoch: string
  readonly cluster_id: string | null
  readonly last_offset: string | null
  readonly last_hash: Buffer | null
}

async function claim(
  client: ClientBase,
  broker: Broker,
  clusterId: string,
  partitions: readonly TopicPartition[],
  options: ClaimOptions,
): Promise<ClaimResult> {
  // One claim at a time: who starts a topic settles the start of all its partitions.
  await client.query(`select pg_advisory_xact_lock(hashtextextended('gm ingest claim', 0))`)
  const topics = [...new Set(partitions.map(({ topic }) => topic))]
  const { rows } = await client.query<OffsetRow>(
    `select topic, "partition", next_offset, epoch, cluster_id, last_offset, last_hash
     from raw.kafka_offsets where topic = any ($1::text[])
     order by topic, "partition" for update`,
    [topics],
  )
  // Only now: what another ingestor landed before it lost the lock lies below these.
  const ranges = new Map<string, ReadonlyMap<number, OffsetRange>>()
  for (const topic of topics) {
    ranges.set(topic, await settledRanges(broker, topic, rows))
  }

  const wanted = new Set(partitions.map(partitionKey))
  const claimed: ClaimedPartition[] = []
  const gaps: Gap[] = []
  const errors: GmError[] = []
  const changes: (TopicPartition & { at: number; range: OffsetRange; isJump: boolean })[] = []
  for (const topic of topics) {
    const plan = options.plans.get(topic)
    if (plan === undefined) continue
    const known = new Map(
      rows.filter((row) => row.topic === topic).map((row) => [row.partition, row]),
    )
    const isStarted = [...known.values()].some((row) => Number(row.next_offset) >= 0)
    const startOffsets =
      typeof plan.start === 'object' && 'timestampMs' in plan.start && !isStarted
        ? await broker.offsetsAt(topic, plan.start.timestampMs)
        : undefined
    for (const [partition, range] of ranges.get(topic) ?? []) {
      const key = partitionKey({ topic, partition })
      // The start of a topic is settled for all partitions at once, whoever is to land them.
      if (isStarted && !wanted.has(key)) continue
      const row = known.get(partition)
      const nextOffset = Number(row?.next_offset ?? -1)
      const isOther = row?.cluster_id != null && row.cluster_id !== clusterId
      const choice = chooseStart(
        {
          nextOffset,
          range,
          isAddedPartition: isStarted,
          isRecreated: isOther || options.recreated.has(key),
          offsetAtStart: startOffsets?.get(partition),
        },
        plan,
      )
      if ('stop' in choice) {
        errors.push(stopError({ topic, partition }, choice, nextOffset, range, plan))
        continue
      }
      const isJump = choice.gap !== undefined
      if (choice.gap !== undefined) {
        gaps.push({
          topic,
          partition,
          fromOffset: nextOffset,
          toOffset: choice.at,
          reason: choice.gap,
        })
      }
      changes.push({ topic, partition, at: choice.at, range, isJump })
      if (!wanted.has(key)) continue
      const lastOffset = row?.last_offset == null ? undefined : Number(row.last_offset)
      const canVerify = lastOffset !== undefined && lastOffset >= range.low && !isJump
      claimed.push({
        topic,
        partition,
        epoch: Number(row?.epoch ?? 0) + 1,
        nextOffset: choice.at,
        high: range.high,
        last:
          canVerify && row?.last_hash != null
            ? { offset: lastOffset, hash: row.last_hash }
            : undefined,
      })
    }
  }
  throwAll(errors)
  if (claimed.length < wanted.size) {
    throw new Error('the brokers do not list all partitions yet that they have assigned')
  }
  await store(client, changes, wanted, options.owner, clusterId)
  await storeGaps(client, gaps)
  return { partitions: claimed, gaps }
}

const SETTLE_TRIES = 4
const SETTLE_MS = 500

/**
 * The ranges of a topic. A broker that has just come up can name an end that lies too low for a moment, so
 * a topic is taken for shorter than it was only when that stays so.
 */
async function settledRanges(
  broker: Broker,
  topic: string,
  rows: readonly OffsetRow[],
): Promise<ReadonlyMap<number, OffsetRange>> {
  for (let attempt = 1; ; attempt++) {
    const ranges = await broker.ranges(topic)
    const isShorter = rows.some((row) => {
      const high = row.topic === topic ? ranges.get(row.partition)?.high : undefined
      return high !== undefined && Number(row.next_offset) > high
    })
    if (!isShorter || attempt === SETTLE_TRIES) return ranges
    await sleep(SETTLE_MS)
  }
}

async function store(
  client: ClientBase,
  changes: readonly (TopicPartition & { at: number; range: OffsetRange; isJump: boolean })[],
  wanted: ReadonlySet<string>,
  owner: string,
  clusterId: string,
): Promise<void> {
  await client.query(
    `with changes as (
       select * from unnest($1::text[], $2::integer[], $3::bigint[], $4::integer[], $5::bigint[], $6::bigint[], $7::boolean[])
         as c (topic, "partition", at, step, low, high, is_jump)
     ), moved as (
       update raw.kafka_offsets o set
         next_offset = c.at,
         epoch = o.epoch + c.step,
         owner = case when c.step = 1 then $8 end,
         cluster_id = $9,
         low_watermark = c.low,
         high_watermark = c.high,
         checked_at = clock_timestamp(),
         caught_up_at = case when c.at >= c.high then clock_timestamp() else o.caught_up_at end,
         -- The last record of a topic that is gone says nothing about the new one.
         last_offset = case when not c.is_jump then o.last_offset end,
         last_hash = case when not c.is_jump then o.last_hash end
       from changes c
       where o.topic = c.topic and o."partition" = c."partition"
       returning o.topic, o."partition"
     )
     insert into raw.kafka_offsets
       (topic, "partition", next_offset, epoch, owner, cluster_id, low_watermark, high_watermark, checked_at, caught_up_at)
     select topic, "partition", at, step, case when step = 1 then $8 end, $9, low, high, clock_timestamp(),
       case when at >= high then clock_timestamp() end
     from changes
     where (topic, "partition") not in (select topic, "partition" from moved)`,
    [
      changes.map(({ topic }) => topic),
      changes.map(({ partition }) => partition),
      changes.map(({ at }) => at),
      changes.map((change) => (wanted.has(partitionKey(change)) ? 1 : 0)),
      changes.map(({ range }) => range.low),
      changes.map(({ range }) => range.high),
      changes.map(({ isJump }) => isJump),
      owner,
      clusterId,
    ],
  )
}

async function storeGaps(client: ClientBase, gaps: readonly Gap[]): Promise<void> {
  if (gaps.length === 0) return
  await client.query(
    `insert into raw.kafka_gaps (topic, "partition", from_offset, to_offset, reason)
     select * from unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[], $5::text[])`,
    [
      gaps.map(({ topic }) => topic),
      gaps.map(({ partition }) => partition),
      gaps.map(({ fromOffset }) => fromOffset),
      gaps.map(({ toOffset }) => toOffset),
      gaps.map(({ reason }) => reason),
    ],
  )
}

/**
 * An ingestor that froze inside its transaction holds the offset rows and would hold them for ever. Whoever
 * claims has the partitions by Kafka's word, and ending the other's session only rolls back.
 */
async function endFrozenIngestors(client: ClientBase): Promise<void> {
  await client.query(
    `select pg_terminate_backend(a.pid)
     from pg_stat_activity a
     where a.application_name = $1 and a.datname = current_database() and a.pid <> pg_backend_pid()
       and a.xact_start < clock_timestamp() - interval '3 seconds'
       and exists (
         select from pg_locks l
         where l.pid = a.pid and l.relation = 'raw.kafka_offsets'::regclass and l.granted)`,
    [APPLICATION],
  )
}

function stopError(
  at: TopicPartition,
  choice: Extract<StartChoice, { stop: string }>,
  nextOffset: number,
  { low, high }: OffsetRange,
  plan: TopicPlan,
): GmError {
  const where = `partition ${at.partition} of ${at.topic}`
  switch (choice.stop) {
    case 'out_of_range':
      return new GmError(
        'GM7009',
        `${where} begins at offset ${low} now, and ${nextOffset} was to be landed next: ${low - nextOffset} records are gone`,
        {
          hint: `Retention was faster than the landing. Set on_out_of_range of ${at.topic} to earliest to go on after the gap; it is noted in raw.kafka_gaps.`,
        },
      )
    case 'recreated':
      return new GmError(
        'GM7010',
        `${where} holds offsets ${low} to ${high} now and is not the one that was landed up to ${nextOffset}`,
        {
          hint: `The topic was deleted and made anew, or the brokers are others. Set on_recreated of ${at.topic} to earliest to land it from its beginning.`,
        },
      )
    case 'start_out_of_range': {
      const start = JSON.stringify(plan.start)
      return new GmError(
        'GM7009',
        `${where} holds offsets ${low} to ${high}, and the start of ingest.yml is ${start}`,
        { hint: 'Choose an offset in this range, or earliest, latest or a timestamp.' },
      )
    }
  }
}
