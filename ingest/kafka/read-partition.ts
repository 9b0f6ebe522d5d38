import { setImmediate } from 'node:timers/promises'
import type { TopicPlan } from '../config/ingest-config.ts'
import { LinePieces } from '../land/line-pieces.ts'
import type {
  BatchContext,
  KafkaRecord,
  RecordBatch,
  SkippedBatch,
  TopicPartition,
} from './broker.ts'
import type { ChunkQueue } from './chunk-queue.ts'
import { createRecordDecoder, hashRecord } from './decode-record.ts'
import type { Chunk, DeadRecord } from './landing-row.ts'
import type { Position } from './position.ts'

export interface PartitionReaderOptions {
  readonly queue: ChunkQueue
  readonly plans: ReadonlyMap<string, TopicPlan>
  /** Undefined for a partition that is not claimed, or not any more. */
  readonly position: (at: TopicPartition) => Position | undefined
  /** Asks for a new claim of everything; the given partition is another one than the landed one. */
  readonly reclaim: (recreated?: TopicPartition) => void
}

// Decoding so many takes a few milliseconds; then PostgreSQL gets its turn.
const SLICE_RECORDS = 500
const SLICE_BYTES = 2 * 1024 * 1024
const WAIT_MS = 500

/** Turns fetched batches into chunks for the flusher, and watches that no record is passed over. */
export class PartitionReader {
  readonly #options: PartitionReaderOptions

  constructor(options: PartitionReaderOptions) {
    this.#options = options
  }

  /** True when the whole batch is in the queue; false when it is not to be taken, or not any more. */
  async take(batch: RecordBatch, { heartbeat, isStale }: BatchContext): Promise<boolean> {
    const { position: find, reclaim, queue } = this.#options
    const position = find(batch)
    if (position === undefined || isStale()) return false
    if (batch.fetchedOffset !== position.read && batch.fetchedOffset !== position.skipTo) {
      // kafkajs moves on without a word when its offset is out of range.
      reclaim()
      return false
    }
    const [first] = batch.records
    const { unproved } = position
    if (unproved !== undefined && first?.offset === unproved.offset) {
      if (!hashRecord(first).equals(unproved.hash)) {
        reclaim(batch)
        return false
      }
    }
    try {
      for await (const chunk of this.#decode(batch, position)) {
        while (queue.isFull && find(batch) === position) {
          await queue.change(WAIT_MS)
          await heartbeat()
        }
        if (find(batch) !== position) return false
        queue.add(chunk)
        position.queued = chunk.toOffset
      }
    } catch (error) {
      // Part of the batch is queued and the client will bring all of it again.
      if (find(batch) === position) reclaim()
      throw error
    }
    if (find(batch) !== position) return false
    position.read = batch.nextOffset
    position.skipTo = undefined
    position.unproved = undefined
    return true
  }

  /** Moves over what holds no record for us. */
  skip(skipped: SkippedBatch): void {
    const position = this.#options.position(skipped)
    if (position === undefined) return
    const { firstOffset, nextOffset } = skipped
    if (firstOffset !== position.read) {
      // It may have been fetched before the last seek. Where the next fetch begins tells.
      position.skipTo = nextOffset
      return
    }
    if (position.unproved?.offset === firstOffset) {
      this.#options.reclaim(skipped)
      return
    }
    position.read = nextOffset
    position.skipTo = undefined
    position.unproved = undefined
    if (nextOffset <= position.queued) return
    this.#options.queue.add(chunkOf(position, position.queued, nextOffset))
    position.queued = nextOffset
  }

  async *#decode(batch: RecordBatch, position: Position): AsyncGenerator<Chunk> {
    const plan = this.#options.plans.get(batch.topic)
    if (plan === undefined) return
    // Landed before: the record that proved the topic, and what an interrupted batch had queued.
    const records = batch.records.filter(({ offset }) => offset >= position.queued)
    const decode = createRecordDecoder(plan, batch.partition, Date.now())
    let from = position.queued
    for (let begin = 0; begin < records.length; ) {
      const end = endOfSlice(records, begin)
      const slice = records.slice(begin, end)
      const content: Content = { rows: [], dead: [] }
      const lines = new LinePieces()
      for (const record of slice) {
        const decoded = decode(record)
        const row = decoded instanceof Promise ? await decoded : decoded
        if ('reason' in row) {
          content.dead.push(row)
        } else {
          content.rows.push(record)
          lines.add(row.line)
        }
      }
      const last = slice.at(-1)
      const to = end === records.length ? batch.nextOffset : (last?.offset ?? from) + 1
      yield chunkOf(position, from, to, content, lines.end(), last)
      from = to
      begin = end
      await setImmediate()
    }
    if (records.length === 0 && batch.nextOffset > from) {
      yield chunkOf(position, from, batch.nextOffset)
    }
  }
}

function endOfSlice(records: readonly KafkaRecord[], begin: number): number {
  let bytes = 0
  let end = begin
  while (end < records.length && end - begin < SLICE_RECORDS && bytes < SLICE_BYTES) {
    bytes += records[end]?.value?.length ?? 0
    end += 1
  }
  return end
}

interface Content {
  readonly rows: KafkaRecord[]
  readonly dead: DeadRecord[]
}

function chunkOf(
  { topic, partition, epoch }: Position,
  fromOffset: number,
  toOffset: number,
  { rows, dead }: Content = { rows: [], dead: [] },
  pieces: readonly Buffer[] = [],
  last?: KafkaRecord,
): Chunk {
  let sizeBytes = 0
  for (const piece of pieces) sizeBytes += piece.length
  // A message is kept until its row has landed, beside its line.
  for (const { value } of rows) sizeBytes += value?.length ?? 0
  for (const { value } of dead) sizeBytes += value?.length ?? 0
  return {
    topic,
    partition,
    epoch,
    fromOffset,
    toOffset,
    rows,
    pieces,
    dead,
    last:
      last === undefined
        ? undefined
        : { offset: last.offset, hash: hashRecord(last), timestampMs: last.timestampMs },
    sizeBytes,
  }
}
