import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientConfig } from 'pg'
import { DatabaseError } from 'pg'
import { gmErrorsOf } from '../../runner/base/error.ts'
import type { IngestConfig } from '../config/ingest-config.ts'
import type { Broker, Consumption, OffsetRange, TopicPartition } from './broker.ts'
import { ChunkQueue } from './chunk-queue.ts'
import { claimPartitions } from './claim-partitions.ts'
import { createTopics } from './create-topics.ts'
import type { IngestEvent, LandedTopic } from './ingest-event.ts'
import type { IngestState, IngestStatus } from './ingest-status.ts'
import { kafkaError } from './kafka-error.ts'
import { landChunks } from './land-chunks.ts'
import { LandingConnection } from './landing-connection.ts'
import type { Chunk } from './landing-row.ts'
import { partitionKey } from './partition-key.ts'
import type { Position } from './position.ts'
import { beginPosition } from './position.ts'
import { PartitionReader } from './read-partition.ts'
import { storeStatus } from './store-status.ts'

export interface IngestorOptions {
  readonly config: IngestConfig
  /** Asked again for each connection to PostgreSQL. */
  readonly connect: () => Promise<ClientConfig>
  readonly broker: Broker
  readonly onEvent: (event: IngestEvent) => void
  /** Ends the ingestor: it finishes its transaction and leaves the group. */
  readonly signal: AbortSignal
  /** Ends when all that lay in the topics at the first claim has landed. */
  readonly isOnce?: boolean | undefined
  /** See `LandOptions`. @internal */
  readonly isUnfenced?: boolean | undefined
}

// One transaction's worth is read while another is written. What is held for long is what makes the heap grow.
const QUEUE_BYTES = 12 * 1024 * 1024
const STATUS_MS = 1_000
const SUMMARY_MS = 10_000
const LANDING_TIMEOUT_MS = 60_000
const LONGEST_WAIT_MS = 5_000
/** From the beginning of one transaction to that of the next: what comes meanwhile shares it, where each would cost as much alone. */
const GATHER_MS = 30

/**
 * Lands Kafka's topics. One loop owns the database: it claims, lands and writes the status, one after the
 * other. The consumer fills a bounded queue beside it. After any error, and when another ingestor turns out to have
 * claimed a partition, all that is in memory is dropped and the loop claims again, from where PostgreSQL says.
 */
export class Ingestor {
  readonly id = `${Date.now().toString(36)}-${randomBytes(4).toString('hex')}`
  readonly #options: IngestorOptions
  readonly #connection: LandingConnection
  readonly #queue: ChunkQueue
  readonly #reader: PartitionReader
  readonly #counters = {
    rows: 0,
    deadLetters: 0,
    transactions: 0,
    transactionMs: 0,
    fences: 0,
    retries: 0,
  }
  readonly #landed = new Map<string, { rows: number; deadLetters: number }>()
  readonly #startedAt = new Date()
  #state: IngestState = 'starting'
  #stateSince = performance.now()
  #consumption: Consumption | undefined
  #assignment: readonly TopicPartition[] = []
  #positions = new Map<string, Position>()
  #offsets = new Map<string, number>()
  #recreated = new Set<string>()
  #needsClaim = false
  #needsConsumer = true
  #hasClaimed = false
  #failures = 0
  #ranges = new Map<string, OffsetRange>()
  #rangesAt = 0
  #landingAt = -Infinity
  #statusAt = 0
  #summaryAt = performance.now()
  /** Ends of the partitions at the first claim, by key; undefined before it. */
  #goal: ReadonlyMap<string, number> | undefined
  #isDone = false
  #fatal: unknown

  constructor(options: IngestorOptions) {
    this.#options = options
    const { config, connect, signal, onEvent } = options
    this.#connection = new LandingConnection({
      connect,
      topics: [...config.topics.values()].map((plan) => plan.topic),
      lock: config.mode === 'single' ? `gm ingest ${config.group}` : undefined,
      onStandby: () => {
        this.#enter('standby')
        onEvent({ type: 'standby', group: config.group })
      },
      signal,
    })
    this.#queue = new ChunkQueue(config.maxRows, QUEUE_BYTES)
    this.#reader = new PartitionReader({
      queue: this.#queue,
      plans: config.topics,
      position: (at) => this.#positions.get(partitionKey(at)),
      reclaim: (recreated) => {
        if (recreated !== undefined) this.#recreated.add(partitionKey(recreated))
        this.#reclaim()
      },
    })
    signal.addEventListener('abort', () => this.#queue.clear())
  }

  /**
   * Works until the signal is aborted.
   * @throws GmError GM7007, GM7008, GM7009, GM7010 where it cannot go on; before the first claim also what pg throws
   */
  async run(): Promise<void> {
    const { signal, broker, config, onEvent } = this.#options
    try {
      await this.#connection.client()
      await checkTopics(broker, config, onEvent)
      onEvent({ type: 'started', id: this.id, topics: [...config.topics.keys()] })
      while (!signal.aborted && !this.#isDone) {
        try {
          await this.#step()
        } catch (error) {
          await this.#recover(error)
        }
      }
    } catch (error) {
      if (!signal.aborted) this.#fatal ??= error
    } finally {
      await this.#stop()
    }
    if (this.#fatal !== undefined) throw this.#fatal as Error
  }

  status(): IngestStatus {
    return {
      id: this.id,
      state: this.#state,
      stateMs: Math.round(performance.now() - this.#stateSince),
      ...this.#counters,
      partitions: [...this.#positions.values()].map(({ topic, partition }) => {
        const key = partitionKey({ topic, partition })
        const landedOffset = this.#offsets.get(key) ?? 0
        const highWatermark = this.#ranges.get(key)?.high
        const lag =
          highWatermark === undefined ? undefined : Math.max(0, highWatermark - landedOffset)
        return { topic, partition, landedOffset, highWatermark, lag }
      }),
    }
  }

  async #step(): Promise<void> {
    if (this.#needsConsumer) await this.#consume()
    if (this.#needsClaim) await this.#claim()
    const now = performance.now()
    if (now - this.#statusAt >= STATUS_MS) {
      this.#statusAt = now
      await this.#report()
    }
    const gatherMs = this.#landingAt + GATHER_MS - now
    if (gatherMs > 0 && !this.#queue.isEmpty && !this.#queue.isFull) {
      await sleep(gatherMs, undefined, { signal: this.#options.signal }).catch(() => undefined)
      return
    }
    const chunks = this.#queue.take(this.#options.config.maxRows)
    if (chunks.length > 0) await this.#land(chunks)
    else if (this.#hasReachedGoal()) this.#isDone = true
    else await this.#queue.change(STATUS_MS / 4)
  }

  async #consume(): Promise<void> {
    const { broker, config, onEvent } = this.#options
    await this.#connection.client()
    this.#needsConsumer = false
    const old = this.#consumption
    this.#consumption = undefined
    await old?.stop().catch(() => undefined)
    try {
      await broker.consume({
        // A fresh group needs not wait until the broker has given up a member that was killed.
        groupId: config.mode === 'shared' ? config.group : `${config.group}-${this.id}`,
        topics: [...config.topics.keys()],
        onAssigned: (partitions, consumption) => {
          this.#consumption = consumption
          this.#assignment = partitions
          this.#reclaim()
        },
        onBatch: (batch, context) => this.#reader.take(batch, context),
        onSkipped: (skipped) => this.#reader.skip(skipped),
        onCrash: (error, restarts) => {
          this.#counters.retries += 1
          onEvent({ type: 'retry', what: 'kafka', message: error.message, waitMs: 0 })
          if (!restarts) this.#needsConsumer = true
        },
      })
    } catch (error) {
      this.#needsConsumer = true
      throw kafkaError(error, config.kafka)
    }
  }

  /** Drops what is in memory; the loop claims before it lands anything more. */
  #reclaim(): void {
    this.#needsClaim = true
    this.#positions = new Map()
    this.#queue.clear()
    try {
      this.#consumption?.pause(this.#assignment)
    } catch {
      // A consumer that has stopped reads nothing anyway.
    }
  }

  async #claim(): Promise<void> {
    const { broker, config, onEvent } = this.#options
    const assignment = this.#assignment
    const client = await this.#connection.client()
    if (assignment.length === 0) {
      this.#needsClaim = false
      this.#enter('running')
      return
    }
    const result = await claimPartitions(client, broker, assignment, {
      plans: config.topics,
      owner: this.id,
      recreated: this.#recreated,
    })
    // The group may have changed its mind meanwhile.
    if (assignment !== this.#assignment) return
    this.#needsClaim = false
    this.#hasClaimed = true
    this.#recreated.clear()
    for (const gap of result.gaps) onEvent({ type: 'gap', ...gap })
    for (const claimed of result.partitions) {
      const position = beginPosition(claimed)
      this.#positions.set(partitionKey(claimed), position)
      this.#offsets.set(partitionKey(claimed), claimed.nextOffset)
      this.#consumption?.seek(claimed, position.read)
    }
    if (this.#options.isOnce === true) {
      this.#goal ??= new Map(
        result.partitions.map((claimed) => [partitionKey(claimed), claimed.high]),
      )
    }
    this.#consumption?.resume(assignment)
    onEvent({ type: 'claimed', partitions: result.partitions.map(partitionKey) })
    this.#enter('running')
  }

  /** Whether the work of `isOnce` is done: what was there at the first claim has landed. */
  #hasReachedGoal(): boolean {
    if (this.#options.isOnce !== true || this.#goal === undefined || this.#needsClaim) return false
    return [...this.#positions.keys()].every(
      (key) => (this.#offsets.get(key) ?? 0) >= (this.#goal?.get(key) ?? 0),
    )
  }

  async #land(chunks: readonly Chunk[]): Promise<void> {
    const { config, isUnfenced, onEvent } = this.#options
    const client = await this.#connection.client()
    const startMs = performance.now()
    this.#landingAt = startMs
    // A server that does not answer would hold everything up for as long as TCP hopes.
    const watchdog = setTimeout(() => this.#connection.drop(), LANDING_TIMEOUT_MS)
    try {
      const result = await landChunks(client, chunks, { plans: config.topics, isUnfenced })
      if (result.status === 'fenced') {
        this.#counters.fences += 1
        onEvent({ type: 'fenced', partitions: result.partitions })
        this.#reclaim()
        await this.#backOff()
        return
      }
      this.#counters.rows += result.rows
      this.#counters.deadLetters += result.deadLetters
      this.#counters.transactions += 1
      this.#counters.transactionMs += Math.round(performance.now() - startMs)
      this.#failures = 0
    } finally {
      clearTimeout(watchdog)
    }
    for (const chunk of chunks) {
      this.#offsets.set(partitionKey(chunk), chunk.toOffset)
      const sum = this.#landed.get(chunk.topic) ?? { rows: 0, deadLetters: 0 }
      sum.rows += chunk.rows.length
      sum.deadLetters += chunk.dead.length
      this.#landed.set(chunk.topic, sum)
    }
  }

  async #recover(error: unknown): Promise<void> {
    if (this.#options.signal.aborted) return
    // What policies and settings say does not change by trying again, and neither does what was never right.
    if (gmErrorsOf(error) !== undefined || !this.#hasClaimed) throw error
    if (!(error instanceof Error)) throw error
    this.#counters.retries += 1
    const isOfKafka = error.name.startsWith('KafkaJS')
    // Whatever is not the server's own word leaves the connection in a state that nobody knows.
    if (!isOfKafka && !(error instanceof DatabaseError)) this.#connection.drop()
    this.#enter('retrying')
    this.#reclaim()
    const waitMs = await this.#backOff()
    this.#options.onEvent({
      type: 'retry',
      what: isOfKafka ? 'kafka' : 'database',
      message: error.message,
      waitMs,
    })
  }

  /** Waits longer from time to time, and never as long as others do; gives the milliseconds. */
  async #backOff(): Promise<number> {
    this.#failures += 1
    const most = Math.min(LONGEST_WAIT_MS, 50 * 2 ** Math.min(this.#failures, 8))
    const waitMs = Math.round(most * (0.5 + Math.random() / 2))
    await sleep(waitMs, undefined, { signal: this.#options.signal }).catch(() => undefined)
    return waitMs
  }

  async #report(): Promise<void> {
    const client = await this.#connection.client()
    void this.#lookAtRanges()
    await storeStatus(client, this.status(), this.#startedAt, this.#positions, this.#ranges)
    if (performance.now() - this.#summaryAt >= SUMMARY_MS) this.#summarise()
  }

  /** Asks for the ends of the partitions beside the loop, which must not wait for Kafka. */
  async #lookAtRanges(): Promise<void> {
    if (performance.now() - this.#rangesAt < STATUS_MS) return
    this.#rangesAt = performance.now()
    try {
      for (const topic of this.#options.config.topics.keys()) {
        for (const [partition, range] of await this.#options.broker.ranges(topic)) {
          const key = partitionKey({ topic, partition })
          this.#ranges.set(key, range)
          // A topic never becomes shorter by itself.
          const position = this.#positions.get(key)
          if (position !== undefined && range.high < position.nextOffset) this.#reclaim()
        }
      }
      this.#rangesAt = performance.now()
    } catch {
      // The consumer meets the same trouble and tells of it.
    }
  }

  #summarise(): void {
    const durationMs = Math.round(performance.now() - this.#summaryAt)
    this.#summaryAt = performance.now()
    const lags = this.status().partitions
    const topics = [...this.#landed].map(([topic, counts]): LandedTopic => {
      const lag = lags.filter((p) => p.topic === topic).reduce((sum, p) => sum + (p.lag ?? 0), 0)
      return { topic, ...counts, lag }
    })
    this.#landed.clear()
    if (topics.length > 0) this.#options.onEvent({ type: 'landed', topics, durationMs })
  }

  async #stop(): Promise<void> {
    this.#positions = new Map()
    this.#queue.clear()
    await this.#consumption?.stop().catch(() => undefined)
    this.#enter('stopped')
    this.#summarise()
    try {
      if (this.#hasClaimed) {
        const client = await this.#connection.client()
        await storeStatus(client, this.status(), this.#startedAt, this.#positions, this.#ranges)
      }
    } catch {
      // The counters of a server that is gone are gone with it.
    }
    await this.#connection.close()
    this.#options.onEvent({ type: 'stopped', ...this.#counters })
  }

  #enter(state: IngestState): void {
    if (this.#state === state) return
    this.#state = state
    this.#stateSince = performance.now()
  }
}

async function checkTopics(
  broker: Broker,
  { kafka, topics }: IngestConfig,
  onEvent: (event: IngestEvent) => void,
): Promise<void> {
  const wanted = new Map([...topics].map(([name, { partitions }]) => [name, partitions]))
  try {
    for (const created of await createTopics(broker, wanted)) {
      onEvent({ type: 'topic-created', ...created })
    }
  } catch (error) {
    throw kafkaError(error, kafka)
  }
}
