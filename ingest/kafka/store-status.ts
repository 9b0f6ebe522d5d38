import { hostname } from 'node:os'
import { pid } from 'node:process'
import type { ClientBase } from 'pg'
import type { OffsetRange } from './broker.ts'
import type { IngestStatus } from './ingest-status.ts'
import type { Position } from './position.ts'

/** Writes what SQL can ask about an ingestor: its counters, and the ends of its partitions. */
export async function storeStatus(
  client: ClientBase,
  status: IngestStatus,
  startedAt: Date,
  positions: ReadonlyMap<string, Position>,
  ranges: ReadonlyMap<string, OffsetRange>,
): Promise<void> {
  const { id, state, rows, deadLetters, transactions, transactionMs, fences, retries } = status
  await client.query(
    `insert into raw.kafka_ingestors
       (id, host, process, started_at, seen_at, stopped_at, state, rows, dead_letters, transactions,
        transaction_ms, fences, retries)
     values ($1, $2, $3, $4, now(), case when $5 = 'stopped' then now() end, $5, $6, $7, $8, $9, $10, $11)
     on conflict (id) do update set
       process = excluded.process, seen_at = excluded.seen_at, stopped_at = excluded.stopped_at,
       state = excluded.state, rows = excluded.rows, dead_letters = excluded.dead_letters,
       transactions = excluded.transactions, transaction_ms = excluded.transaction_ms,
       fences = excluded.fences, retries = excluded.retries`,
    [
      id,
      hostname(),
      pid,
      startedAt,
      state,
      rows,
      deadLetters,
      transactions,
      transactionMs,
      fences,
      retries,
    ],
  )
  const known = [...positions].flatMap(([key, { topic, partition, epoch }]) => {
    const range = ranges.get(key)
    return range === undefined ? [] : [{ topic, partition, epoch, ...range }]
  })
  if (known.length === 0) return
  await client.query(
    `update raw.kafka_offsets o
     set low_watermark = k.low, high_watermark = k.high, checked_at = now(),
       caught_up_at = case when o.next_offset >= k.high then now() else o.caught_up_at end
     from unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[], $5::bigint[])
       as k (topic, "partition", epoch, low, high)
     -- The row in force is the last one of its epoch; should it move on meanwhile, it is still found.
     cross join lateral (
       select max(n.next_offset) as next_offset from raw.kafka_offsets n
       where n.topic = k.topic and n."partition" = k."partition" and n.epoch = k.epoch
     ) as place
     where o.topic = k.topic and o."partition" = k."partition" and o.epoch = k.epoch and o.next_offset >= place.next_offset`,
    [
      known.map(({ topic }) => topic),
      known.map(({ partition }) => partition),
      known.map(({ epoch }) => epoch),
      known.map(({ low }) => low),
      known.map(({ high }) => high),
    ],
  )
}
