import type { Client } from 'pg'

/** format_type() of the types that nearly all results are made of; others are asked for once. */
const KNOWN: readonly (readonly [number, string])[] = [
  [16, 'boolean'],
  [17, 'bytea'],
  [19, 'name'],
  [20, 'bigint'],
  [21, 'smallint'],
  [23, 'integer'],
  [25, 'text'],
  [114, 'json'],
  [700, 'real'],
  [701, 'double precision'],
  [1009, 'text[]'],
  [1042, 'character'],
  [1043, 'character varying'],
  [1082, 'date'],
  [1083, 'time without time zone'],
  [1114, 'timestamp without time zone'],
  [1184, 'timestamp with time zone'],
  [1186, 'interval'],
  [1700, 'numeric'],
  [2950, 'uuid'],
  [3802, 'jsonb'],
]

/** Names of the types that a session has met, by oid. */
export function knownTypeNames(): Map<number, string> {
  return new Map(KNOWN)
}

/** Adds the names of the oids that `names` lacks; no round trip when it has them all. */
export async function learnTypeNames(
  client: Client,
  names: Map<number, string>,
  oids: readonly number[],
): Promise<void> {
  const unknown = [...new Set(oids)].filter((oid) => !names.has(oid))
  if (unknown.length === 0) return
  const { rows } = await client.query<{ oid: number; name: string }>(
    'select t.oid, format_type(t.oid, null) as name from pg_type t where t.oid = any ($1::oid[])',
    [unknown],
  )
  for (const { oid, name } of rows) names.set(oid, name)
}
