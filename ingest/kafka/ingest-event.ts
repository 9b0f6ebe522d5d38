import type { Gap } from './claim-partitions.ts'

/** What an ingestor tells while it works; screens, logs and the health page are made of it. */
export type IngestEvent =
  | { readonly type: 'standby'; readonly group: string }
  | { readonly type: 'started'; readonly id: string; readonly topics: readonly string[] }
  | { readonly type: 'health'; readonly url: string }
  | { readonly type: 'topic-created'; readonly topic: string; readonly partitions: number }
  | { readonly type: 'claimed'; readonly partitions: readonly string[] }
  | ({ readonly type: 'gap' } & Gap)
  | {
      readonly type: 'landed'
      readonly topics: readonly LandedTopic[]
      readonly durationMs: number
    }
  | { readonly type: 'fenced'; readonly partitions: readonly string[] }
  | {
      readonly type: 'retry'
      readonly what: 'database' | 'kafka'
      readonly message: string
      readonly waitMs: number
    }
  | { readonly type: 'kafka'; readonly message: string }
  | ({ readonly type: 'stopped' } & Counters)

/** What came of a topic since the last such event. */
export interface LandedTopic {
  readonly topic: string
  readonly rows: number
  readonly deadLetters: number
  /** Records that are still in Kafka, as far as is known. */
  readonly lag: number
}

/** Since the ingestor's start. */
export interface Counters {
  readonly rows: number
  readonly deadLetters: number
  readonly transactions: number
  readonly transactionMs: number
  readonly fences: number
  readonly retries: number
}
