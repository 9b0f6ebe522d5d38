import { createHash } from 'node:crypto'
import type { ClientBase } from 'pg'
import { escapeIdentifier } from 'pg'
import type { TopicPlan } from '../config/ingest-config.ts'
import { createDecoder } from '../decode/decode-event.ts'
import { checkBytes, MAX_MESSAGE_BYTES } from '../kafka/decode-record.ts'
import { ensurePartition } from '../land/ensure-partition.ts'
import { isDataError } from '../land/is-data-error.ts'
import type { DeadLetterFilter } from './list-dead-letters.ts'
import { deadLetterCondition } from './list-dead-letters.ts'

export interface ReplayResult {
  readonly replayed: number
  /** Still no events: by id and why. */
  readonly refused: readonly { readonly id: string; readonly message: string }[]
}

interface Letter {
  readonly id: string
  readonly topic: string
  readonly partition: number | null
  readonly offset: string | null
  readonly file_name: string | null
  readonly file_hash: string | null
  readonly line: string | null
  readonly raw_bytes: Buffer | null
}

const BATCH = 1_000

/**
 * Tries dead letters again by the rules of today, and lands those that are events now under their first coordinates.
 * Each is landed once, however many replay at once. Lines of CSV have lost their mapping and are refused.
 * The client must not be in a transaction.
 */
export async function replayDeadLetters(
  client: ClientBase,
  filter: DeadLetterFilter,
  plans: ReadonlyMap<string, TopicPlan>,
): Promise<ReplayResult> {
  const { sql, binds } = deadLetterCondition({ ...filter, withReplayed: false })
  const refused: { id: string; message: string }[] = []
  let replayed = 0
  let after = '0'
  for (;;) {
    await prepareDay(client, plans)
    await client.query('begin isolation level read committed')
    try {
      const { rows } = await client.query<Letter>(
        `select d.id, d.topic, d."partition", d."offset", d.file_name, d.file_hash, d.line, d.raw_bytes
         from raw.dead_letters d where ${sql} and d.id > $5
         order by d.id limit ${BATCH} for update`,
        [...binds, after],
      )
      for (const letter of rows) {
        const problem = await replay(client, letter, plans)
        if (problem === undefined) replayed += 1
        else refused.push({ id: letter.id, message: problem })
      }
      await client.query('commit')
      after = rows.at(-1)?.id ?? after
      if (rows.length < BATCH) return { replayed, refused }
    } catch (error) {
      await client.query('rollback').catch(() => undefined)
      throw error
    }
  }
}

/** Lands one letter inside the transaction; gives what is wrong with it still. */
async function replay(
  client: ClientBase,
  letter: Letter,
  plans: ReadonlyMap<string, TopicPlan>,
): Promise<string | undefined> {
  const plan = plans.get(letter.topic)
  if (plan === undefined) return `the topic ${letter.topic} is not known any more`
  if (letter.raw_bytes === null) return 'a message without a value'
  if (letter.raw_bytes.length >= MAX_MESSAGE_BYTES) return 'only the first mebibyte of it was kept'
  const event = await decode(letter, letter.raw_bytes, plan)
  if ('message' in event) return event.message
  await client.query('savepoint letter')
  try {
    await client.query(
      `insert into raw.${escapeIdentifier(plan.topic.table)}
         (topic, "partition", "offset", message_timestamp, file_name, file_hash, line,
          event_id, event_type, event_time, payload)
       select d.topic, d."partition", d."offset", d.message_timestamp, d.file_name, d.file_hash, d.line, $2, $3, $4, $5
       from raw.dead_letters d where d.id = $1`,
      [letter.id, event.eventId, event.eventType, event.eventTime, event.text],
    )
    await client.query('update raw.dead_letters set replayed_at = now() where id = $1', [letter.id])
    await client.query('release savepoint letter')
    return undefined
  } catch (error) {
    if (!isDataError(error)) throw error
    await client.query('rollback to savepoint letter')
    return error.message
  }
}

interface Replayable {
  readonly eventId: string
  readonly eventType: string
  readonly eventTime: string
  readonly text: string
}

async function decode(
  letter: Letter,
  bytes: Buffer,
  plan: TopicPlan,
): Promise<Replayable | { readonly message: string }> {
  if (letter.file_name !== null && /\.csv(\.gz)?$/i.test(letter.file_name)) {
    return { message: 'a line of CSV: land a corrected file instead' }
  }
  let text: string
  try {
    text = plan.reader === undefined ? bytes.toString() : await plan.reader(bytes, letter.topic)
  } catch (error) {
    return { message: error instanceof Error ? error.message : String(error) }
  }
  // What the topic says of its keys cannot be asked again: the key of the message is not kept.
  const fault = checkBytes(plan.reader === undefined ? bytes : Buffer.from(text))
  if (fault !== undefined) return { message: fault.message }
  const event = createDecoder(plan.topic, Date.now()).fromJson(text)
  if ('reason' in event) return { message: event.message }
  const eventId = event.eventId ?? createHash('md5').update(text).digest('hex')
  return { eventId, eventType: event.eventType, eventTime: event.eventTime, text }
}

/** Rows land in today's partitions, whatever day they failed. */
async function prepareDay(
  client: ClientBase,
  plans: ReadonlyMap<string, TopicPlan>,
): Promise<void> {
  const { rows } = await client.query<{ day: string }>(
    `select to_char(now() at time zone 'UTC', 'YYYY-MM-DD') as day`,
  )
  for (const { topic } of plans.values()) await ensurePartition(client, topic, rows[0]?.day ?? '')
}
