import type { ClientBase } from 'pg'
import { DatabaseError } from 'pg'
import { GmError } from '../../runner/base/error.ts'
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
 * @param read tables that are about to be read and not landed in: a schema of the user's own that has them all stays as it is
 * @throws GmError GM7013 where one of the tables is there already and is not gm's
 */
export async function prepareLanding(
  client: ClientBase,
  declared: readonly Topic[] = [],
  read: readonly string[] = [],
): Promise<void> {
  const topics = new Set([...TOPICS, ...declared])
  const before = await readState(client)
  if (missingOf(before, topics) === undefined) return
  if (before.version === 0 && read.length > 0) {
    const there = await findTables(client, read)
    if (read.every((name) => there.some((table) => table.name === name))) return
  }
  await client.query('begin isolation level read committed')
  try {
    await client.query('select pg_advisory_xact_lock($1)', [LANDING_LOCK])
    // Whoever held the lock may have done it all: look again.
    await client.query('savepoint looking')
    const state = await readState(client)
    await client.query('rollback to savepoint looking')
    const missing = missingOf(state, topics)
    if (missing !== undefined) await refuseOthers(client, missing)
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
         coalesce((select max(version) from raw.migrations), 0)::integer as version,
         array(select topic from raw.topics) as topics`,
    )
    return rows[0] ?? { version: 0, topics: [] }
  } catch (error) {
    const isMissing = error instanceof DatabaseError && NOT_GMS.has(error.code ?? '')
    if (isMissing) return { version: 0, topics: [] }
    throw error
  }
}

/** No such table, no such column, or one of another type: whatever is there, gm has not made it. */
const NOT_GMS: ReadonlySet<string> = new Set(['42P01', '42703', '42883', '42804', '22P02'])

/** @throws GmError GM7013 for a table that has the name of one that is missing */
async function refuseOthers(client: ClientBase, missing: Missing): Promise<void> {
  const topics = new Map(missing.topics.map(({ name, table }) => [table, name]))
  const own = missing.migrations.flatMap(({ sql }) =>
    [...sql.matchAll(/^create (?:table|view) raw\.(\w+)/gm)].flatMap(([, name]) => name ?? []),
  )
  const [table] = await findTables(client, [...topics.keys(), ...own])
  if (table === undefined) return
  const topic = topics.get(table.name)
  const use =
    topic === undefined
      ? 'is where gm keeps account of what it lands'
      : `is where the events of ${topic} land`
  throw new GmError(
    'GM7013',
    `raw.${table.name} ${use}, and somebody else has made a ${table.kind} of that name, with ${columnsOf(table)}`,
    {
      hint: `Rename it or move it to another schema, such as: alter ${table.kind} raw.${table.name} set schema …`,
    },
  )
}

interface FoundTable {
  readonly name: string
  readonly kind: string
  readonly columns: readonly string[]
}

/** Those of the tables of schema `raw` that are there, whoever has made them. */
async function findTables(
  client: ClientBase,
  names: readonly string[],
): Promise<readonly FoundTable[]> {
  const { rows } = await client.query<FoundTable>(
    `select
       c.relname::text as name,
       case c.relkind
         when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table'
         when 'S' then 'sequence' when 'i' then 'index' when 'c' then 'type' else 'table'
       end as kind,
       array(
         select attname::text from pg_attribute
         where attrelid = c.oid and attnum > 0 and not attisdropped
         order by attnum
       ) as columns
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'raw' and c.relname = any($1)
     order by array_position($1, c.relname::text)`,
    [names],
  )
  return rows
}

function columnsOf({ columns }: FoundTable): string {
  const shown = columns.slice(0, 8).map((name) => `"${name}"`)
  if (columns.length > shown.length) shown.push('more')
  return shown.length === 0
    ? 'no columns'
    : `the column${shown.length === 1 ? '' : 's'} ${shown.join(', ')}`
}
