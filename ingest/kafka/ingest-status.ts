import type { TopicPartition } from './broker.ts'
import type { Counters } from './ingest-event.ts'

/** `standby` waits for another ingestor to end; `retrying` has met an error and begins again. */
export type IngestState = 'starting' | 'standby' | 'running' | 'retrying' | 'stopped'

export interface IngestStatus extends Counters {
  readonly id: string
  readonly state: IngestState
  /** How long it has been in this state. */
  readonly stateMs: number
  readonly partitions: readonly (TopicPartition & {
    readonly landedOffset: number
    readonly highWatermark: number | undefined
    readonly lag: number | undefined
  })[]
}
