/** One message as the broker keeps it. Offsets are below 2^53, so plain numbers hold them. */
export interface KafkaRecord {
  readonly offset: number
  readonly timestampMs: number
  readonly key: Buffer | null
  /** Null in a tombstone. */
  readonly value: Buffer | null
}

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** What one fetch gave of one partition. */
export interface RecordBatch extends TopicPartition {
  /** Where the fetch began; not what was asked for when the client has reset its position. */
  readonly fetchedOffset: number
  /** The offset behind the batch, markers of transactions counted. */
  readonly nextOffset: number
  readonly records: readonly KafkaRecord[]
}

/** A batch without records for us: markers of transactions, aborted or compacted records. */
export interface SkippedBatch extends TopicPartition {
  /** Undefined where nothing at all was left of it. */
  readonly firstOffset: number | undefined
  readonly nextOffset: number
}

/** The offsets that a partition holds now: from `low` to before `high`. */
export interface OffsetRange {
  readonly low: number
  readonly high: number
}

export interface BatchContext {
  /** Tells the group that this member is alive; to be called while waiting. Throws when the group rebalances. */
  readonly heartbeat: () => Promise<void>
  /** Fetched before the last seek. */
  readonly isStale: () => boolean
}

export interface ConsumeOptions {
  readonly groupId: string
  readonly topics: readonly string[]
  /** Called before anything is fetched from a new assignment, which can still be paused then. */
  readonly onAssigned: (partitions: readonly TopicPartition[], consumption: Consumption) => void
  /** True when all of the batch was taken over. */
  readonly onBatch: (batch: RecordBatch, context: BatchContext) => Promise<boolean>
  readonly onSkipped: (skipped: SkippedBatch) => void
  /** The client gave up; it starts again by itself only where `restarts`. */
  readonly onCrash: (error: Error, restarts: boolean) => void
}

/** Membership in a consumer group. All calls count from the next fetch. */
export interface Consumption {
  pause(partitions: readonly TopicPartition[]): void
  resume(partitions: readonly TopicPartition[]): void
  seek(partition: TopicPartition, offset: number): void
  /** Finishes the batch at hand and leaves the group. */
  stop(): Promise<void>
}

/** All that landing needs of Kafka. Nothing else of the client library is used. */
export interface Broker {
  clusterId(): Promise<string>
  topicNames(): Promise<readonly string[]>
  createTopic(topic: string, partitions: number): Promise<void>
  /** By partition; empty where the topic does not exist. */
  ranges(topic: string): Promise<ReadonlyMap<number, OffsetRange>>
  /** Per partition the first offset of that moment or later; the end where there is none. */
  offsetsAt(topic: string, epochMs: number): Promise<ReadonlyMap<number, number>>
  consume(options: ConsumeOptions): Promise<Consumption>
  close(): Promise<void>
}
