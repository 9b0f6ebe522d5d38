import type { ClientBase } from 'pg'
import { DatabaseError } from 'pg'
import { TOPICS } from '../topics/registry.ts'
import type { Topic } from '../topics/topic.ts'
import type { Migration } from './migrations.ts'
import { MIGRATIONS, topicTable } from './migrations.ts'

/** One lock for every change of schema `raw`; the number only has to stay the same. */
export const LANDING_LOCK = '7301301001'

/**
 * Creates what is missing of schema `raw`: gm's own tables and one table per topic, so that models
 * over topics without events build. One query when nothing is missing. Safe when two start at once.
 * The client must not be in a transaction.
 * @param declared topics of the user's own, besides those that gm brings
 */
export async function prepareLanding(
  client: ClientBase,
  declared: readonly Topic[] = [],
): Promise<void> {
  const topics = new Set([...TOPICS, ...declared])
  if (missingOf(await readState(client), topics) === undefined) return
  await client.query('begin isolation level read committed')
  try {
    await client.query('select pg_advisory_xact_lock($1)', [LANDING_LOCK])
    // Whoever held the lock may have done it all: look again.
    await client.query('savepoint looking')
    const state = await readState(client)
    await client.query('rollback to savepoint looking')
    const missing = missingOf(state, topics)
    for (const { version, name, sql } of missing?.migrations ?? []) {
      await client.query(sql)
      await client.query('insert into raw.migrations (version, name) values ($1, $2)', [
        version,
        name,
      ])
    }
    for (const topic of missing?.topics ?? []) {
      await client.query(topicTable(topic))
      await client.query('insert into raw.topics (topic, table_name) values ($1, $2)', [
        topic.name,
        topic.table,
      ])
    }
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}

interface LandingState {
  readonly version: number
  readonly topics: readonly string[]
}

interface Missing {
  readonly migrations: readonly Migration[]
  readonly topics: readonly Topic[]
}

function missingOf(state: LandingState, known: ReadonlySet<Topic>): Missing | undefined {
  const migrations = MIGRATIONS.filter(({ version }) => version > state.version)
  const topics = [...known].filter(({ name }) => !state.topics.includes(name))
  return migrations.length + topics.length === 0 ? undefined : { migrations, topics }
}

/** Version 0 where schema `raw` was never prepared. */
async function readState(client: ClientBase): Promise<LandingState> {
  try {
    const { rows } = await client.query<LandingState>(
      `select
         (select max(version) from raw.migrations) as version,
         array(select topic from raw.topics) as topics`,
    )
    return rows[0] ?? { version: 0, topics: [] }
  } catch (error) {
    const isMissing = error instanceof DatabaseError && error.code === '42P01'
    if (isMissing) return { version: 0, topics: [] }
    throw error
  }
}
