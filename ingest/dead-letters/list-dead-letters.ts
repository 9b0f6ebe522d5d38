import type { ClientBase } from 'pg'

/** Which dead letters are meant. */
export interface DeadLetterFilter {
  readonly topic?: string | undefined
  readonly reason?: string | undefined
  /** Ids as `list` shows them. */
  readonly ids?: readonly number[] | undefined
  /** Those that were landed after all, too. */
  readonly withReplayed?: boolean | undefined
}

export interface DeadLetterLine {
  readonly id: string
  readonly topic: string
  /** `orders/3@1207` for Kafka, `december.csv:17` for a file. */
  readonly place: string
  readonly reason: string
  readonly message: string
  readonly landedAt: string
  readonly replayedAt: string | null
}

export interface DeadLetterPage {
  readonly letters: readonly DeadLetterLine[]
  /** All that the filter finds. */
  readonly count: number
}

export interface DeadLetterBytes extends DeadLetterLine {
  /** Null for a tombstone. */
  readonly rawBytes: Buffer | null
}

/** The condition of a filter over `raw.dead_letters d`, with its binds from $1. */
export function deadLetterCondition(filter: DeadLetterFilter): {
  readonly sql: string
  readonly binds: readonly unknown[]
} {
  return {
    sql: `($1::text is null or d.topic = $1) and ($2::text is null or d.reason = $2)
      and ($3::bigint[] is null or d.id = any ($3)) and ($4 or d.replayed_at is null)`,
    binds: [
      filter.topic ?? null,
      filter.reason ?? null,
      filter.ids ?? null,
      filter.withReplayed ?? false,
    ],
  }
}

/** The newest first; at most so many. */
export async function listDeadLetters(
  client: ClientBase,
  filter: DeadLetterFilter,
  limit: number,
): Promise<DeadLetterPage> {
  const { sql, binds } = deadLetterCondition(filter)
  const { rows } = await client.query<DeadLetterLine & { total: string }>(
    `select d.id, d.topic,
       case when d.file_name is null then format('%s/%s@%s', d.topic, d."partition", d."offset")
         else format('%s:%s', d.file_name, d.line) end as place,
       d.reason, d.message, to_char(d.landed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as "landedAt",
       to_char(d.replayed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as "replayedAt",
       count(*) over () as total
     from raw.dead_letters d where ${sql}
     order by d.id desc limit $5`,
    [...binds, limit],
  )
  const letters = rows.map(({ total: _total, ...letter }) => letter)
  return { letters, count: Number(rows[0]?.total ?? 0) }
}

/** One dead letter with its bytes; undefined where there is none of the id. */
export async function showDeadLetter(
  client: ClientBase,
  id: number,
): Promise<DeadLetterBytes | undefined> {
  const { letters } = await listDeadLetters(client, { ids: [id], withReplayed: true }, 1)
  const [letter] = letters
  if (letter === undefined) return undefined
  const { rows } = await client.query<{ rawBytes: Buffer | null }>(
    'select raw_bytes as "rawBytes" from raw.dead_letters where id = $1',
    [id],
  )
  return { ...letter, rawBytes: rows[0]?.rawBytes ?? null }
}
