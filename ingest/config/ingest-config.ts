import type { Topic } from '../topics/topic.ts'

/** Where a partition begins that was never landed from. */
export type Start =
  | 'earliest'
  | 'latest'
  | { readonly offset: number }
  | { readonly timestampMs: number }

/** Turns a message into JSON text; what it throws becomes the reason of a dead letter. */
export type PayloadReader = (value: Buffer, topic: string) => string | Promise<string>

/** One topic as it is to be landed. */
export interface TopicPlan {
  readonly topic: Topic
  readonly start: Start
  /** What follows when retention was faster than the landing. */
  readonly onOutOfRange: 'stop' | 'earliest' | 'latest'
  /** What follows when somebody deleted the topic and made it anew. */
  readonly onRecreated: 'stop' | 'earliest'
  /** Field that the messages are keyed by; undefined where that is not checked. */
  readonly key: string | undefined
  /** For the topic to be created; undefined where it has to be there. */
  readonly partitions: number | undefined
  readonly reader: PayloadReader | undefined
}

/** How to reach the brokers. `sasl` is not enumerable, so that no log or message shows its password. */
export interface KafkaConnection {
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly tls:
    | boolean
    | {
        readonly ca?: string | undefined
        readonly cert?: string | undefined
        readonly key?: string | undefined
      }
  readonly sasl:
    | {
        readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
        readonly username: string
        readonly password: string
      }
    | undefined
}

/** What `ingest.yml` says, with all defaults. */
export interface IngestConfig {
  readonly kafka: KafkaConnection
  readonly mode: 'single' | 'shared'
  readonly group: string
  readonly maxRows: number
  readonly health: { readonly host: string; readonly port: number } | undefined
  /** By name of the topic. */
  readonly topics: ReadonlyMap<string, TopicPlan>
}
