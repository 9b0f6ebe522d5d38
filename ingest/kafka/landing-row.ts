import type { FaultReason } from '../land/fault.ts'
import type { KafkaRecord } from './broker.ts'

/** A record that passed every check of ours: its line in COPY's text format, with the newline. */
export interface LandingLine {
  readonly line: string
}

/** A record that goes to `raw.dead_letters`. */
export interface DeadRecord {
  readonly offset: number
  readonly timestampMs: number
  /** Null in a tombstone. */
  readonly value: Buffer | null
  readonly reason: FaultReason
  readonly message: string
}

/** A stretch of one partition that is landed whole or not at all. */
export interface Chunk {
  readonly topic: string
  readonly partition: number
  readonly epoch: number
  /** The offset before which everything has been landed when this is. */
  readonly fromOffset: number
  /** The offset behind the last record, markers and compacted records counted. */
  readonly toOffset: number
  /** The records that become rows, for the dead letters that they may still become. */
  readonly rows: readonly KafkaRecord[]
  /** Their lines in COPY's text format, in the same order. */
  readonly pieces: readonly Buffer[]
  readonly dead: readonly DeadRecord[]
  /** The last record of the stretch; undefined where it holds none. */
  readonly last: LastRecord | undefined
  readonly sizeBytes: number
}

export interface LastRecord {
  readonly offset: number
  readonly hash: Buffer
  readonly timestampMs: number
}
