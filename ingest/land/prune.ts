import type { ClientBase } from 'pg'
import { escapeIdentifier } from 'pg'
import { GmError } from '../../runner/base/error.ts'

export interface PruneCandidate {
  /** `raw.transactions_p20261001`. */
  readonly partition: string
  readonly day: string
  readonly sizeBytes: number
  /** Models whose mark does not cover all of its rows. */
  readonly unreadBy: readonly string[]
}

/**
 * Daily partitions of raw tables from before a day, oldest first, with the models that have not read them to the end.
 * Empty where nothing was landed yet.
 * @param days whole days that are kept
 */
export async function findPrunable(
  client: ClientBase,
  days: number,
): Promise<readonly PruneCandidate[]> {
  const { rows } = await client.query<{ parent: string; name: string; day: string; size: string }>(
    `select p.relname as parent, c.relname as name, to_char(to_date(right(c.relname, 8), 'YYYYMMDD'), 'YYYY-MM-DD') as day,
       pg_total_relation_size(c.oid) as size
     from pg_inherits i
     join pg_class c on c.oid = i.inhrelid
     join pg_class p on p.oid = i.inhparent
     join pg_namespace n on n.oid = p.relnamespace
     where n.nspname = 'raw' and c.relname ~ '_p[0-9]{8}$'
       and to_date(right(c.relname, 8), 'YYYYMMDD') + 1 <= (now() at time zone 'UTC')::date - $1::integer
     order by day, name`,
    [days],
  )
  const candidates: PruneCandidate[] = []
  for (const { parent, name, day, size } of rows) {
    candidates.push({
      partition: `raw.${name}`,
      day,
      sizeBytes: Number(size),
      unreadBy: await readersBehind(client, parent, name),
    })
  }
  return candidates
}

/**
 * Refuses to drop them: there is no archive from which a full refresh could read their rows.
 * @throws GmError GM7012 always, naming what has not been read; nothing where there is nothing to drop
 */
export function refusePrune(candidates: readonly PruneCandidate[]): void {
  if (candidates.length === 0) return
  const unread = candidates.filter(({ unreadBy }) => unreadBy.length > 0)
  const behind = unread.map(
    ({ partition, unreadBy }) => `\n  ${partition} has not been read by ${unreadBy.join(', ')}`,
  )
  throw new GmError(
    'GM7012',
    `of the partitions ${candidates.length} could be dropped by age, and no archive holds their rows: a full refresh could not read them any more${behind.join('')}`,
    {
      hint: 'Nothing was dropped. Keep the partitions until there is an archive of the raw events, which this version of gm does not write yet.',
    },
  )
}

/** Models with a mark on the table that would still read rows of the partition; none before gm's first run. */
async function readersBehind(
  client: ClientBase,
  parent: string,
  partition: string,
): Promise<readonly string[]> {
  const { rows: found } = await client.query<{ ready: boolean }>(
    `select to_regclass('gm.marks') is not null as ready`,
  )
  if (found[0]?.ready !== true) return []
  const { rows } = await client.query<{ model: string }>(
    `select m.relation as model from gm.marks m
     where m.input = format('"raw"."%s"', $1::text) and exists (
       select from raw.${escapeIdentifier(partition)} r
       where not pg_visible_in_snapshot(r._gm_xid, m.mark) and r._gm_xid <> all (m.seen))
     order by 1`,
    [parent],
  )
  return rows.map(({ model }) => model)
}
