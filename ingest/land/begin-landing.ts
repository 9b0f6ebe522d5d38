import type { ClientBase } from 'pg'
import { escapeIdentifier } from 'pg'
import type { Topic } from '../topics/topic.ts'
import { ensurePartition, hasPartition, partitionName } from './ensure-partition.ts'

/** A transaction that has begun. */
export interface Landing {
  /** The quoted name of the topic's partition of the transaction's day. */
  readonly partitionOf: (topic: Topic) => string
  /** The transaction's own time. */
  readonly landedAtMs: number
}

/** Begins a transaction, with the partitions in which its rows belong by its own time. */
export async function beginLanding(client: ClientBase, topics: readonly Topic[]): Promise<Landing> {
  for (;;) {
    await client.query('begin isolation level read committed')
    const { rows } = await client.query<{ day: string; epochMs: string }>(
      `select
         to_char(now() at time zone 'UTC', 'YYYY-MM-DD') as day,
         floor(extract(epoch from now()) * 1000)::text as "epochMs"`,
    )
    const { day = '', epochMs = '0' } = rows[0] ?? {}
    const missing: Topic[] = []
    for (const topic of topics) {
      if (!(await hasPartition(client, partitionName(topic, day)))) missing.push(topic)
    }
    if (missing.length === 0) {
      return {
        partitionOf: (topic) => `raw.${escapeIdentifier(partitionName(topic, day))}`,
        landedAtMs: Number(epochMs),
      }
    }
    // Made in transactions of their own, so that their locks do not last as long as the landing.
    await client.query('rollback')
    for (const topic of missing) await ensurePartition(client, topic, day)
  }
}
