import type { ClientBase } from 'pg'
import { escapeIdentifier } from 'pg'
import type { Topic } from '../topics/topic.ts'
import { LANDING_LOCK } from './prepare-landing.ts'

/** Name of a day's partition in schema `raw`, such as `transactions_p20261121`. */
export function partitionName(topic: Topic, day: string): string {
  return `${topic.table}_p${day.replaceAll('-', '')}`
}

/**
 * Creates the partition of one UTC day where it is missing; safe when two landers start at once.
 * The client must not be in a transaction.
 * @param day `2026-11-21`
 */
export async function ensurePartition(
  client: ClientBase,
  topic: Topic,
  day: string,
): Promise<void> {
  const parent = `raw.${escapeIdentifier(topic.table)}`
  const name = partitionName(topic, day)
  const partition = `raw.${escapeIdentifier(name)}`
  const next = new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10)
  await client.query('begin isolation level read committed')
  try {
    await client.query('select pg_advisory_xact_lock($1)', [LANDING_LOCK])
    if (!(await hasPartition(client, name))) {
      // `create table … partition of` locks the parent against every reader. Attaching a table made
      // beforehand lets them go on.
      await client.query(`create table ${partition} (like ${parent} including all)`)
      await client.query(
        `alter table ${parent} attach partition ${partition}
           for values from ('${day} 00:00:00+00') to ('${next} 00:00:00+00')`,
      )
    }
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}

/** Whether schema `raw` has a partition of that name. */
export async function hasPartition(client: ClientBase, name: string): Promise<boolean> {
  const { rows } = await client.query<{ found: boolean }>(
    `select exists (
       select from pg_class
       where relname = $1 and relnamespace = to_regnamespace('raw') and relispartition
     ) as found`,
    [name],
  )
  return rows[0]?.found === true
}
