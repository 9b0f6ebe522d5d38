import type { FaultReason } from '../land/fault.ts'

/** A record that passed every check of ours, ready to be sent. */
export interface LandingRow {
  /** Its line in COPY's text format, with the newline. */
  readonly line: string
  readonly offset: number
  readonly timestampMs: number
  /** The message as it came, for the dead letter that it may still become. */
  readonly value: Buffer
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
  readonly rows: readonly LandingRow[]
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
