import type { ClaimedPartition } from './claim-partitions.ts'

/** How far one claimed partition has been read. Thrown away whenever it is claimed again. */
export interface Position extends ClaimedPartition {
  /** Offset of the next fetch. */
  read: number
  /** Offset before which everything was handed to the flusher. */
  queued: number
  /** Where the client went over records that are not for us; holds once a fetch begins there. */
  skipTo: number | undefined
  /** The first record has still to prove that the topic is the one that was landed. */
  unproved: ClaimedPartition['last']
}

/** Reading begins with the last landed record, where there is one. */
export function beginPosition(claimed: ClaimedPartition): Position {
  return {
    ...claimed,
    read: claimed.last?.offset ?? claimed.nextOffset,
    queued: claimed.nextOffset,
    skipTo: undefined,
    unproved: claimed.last,
  }
}
