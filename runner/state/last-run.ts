import type { Session } from '../engine/adapter.ts'
import type { NodeId } from '../manifest/node.ts'
import { MARK_DEAD_RUNS } from './ledger.ts'

/** What a run was asked for, as the ledger keeps it. */
export interface AskedRun {
  /** As the command line gave them, variables included. */
  readonly flags: Readonly<Record<string, unknown>>
  readonly publish: 'atomic' | 'model'
  /** Ids of the nodes that were to run. */
  readonly selected: readonly string[]
  /** The runs that it goes on with, the first one first. */
  readonly resumes?: readonly string[]
}

/** What a run goes on with: itself a run that may have gone on with others. */
export interface Resumed {
  /** The first one first. */
  readonly runIds: readonly string[]
  /** When the first of them began. */
  readonly startedAt: Date
}

/** The last run of a project on a target. */
export interface LastRun {
  readonly id: string
  readonly command: string
  readonly status: string
  /** Undefined for what cannot be gone on with, such as a clone. */
  readonly flags: Readonly<Record<string, unknown>> | undefined
  /** Ids of the nodes that failed or that it did not come to. */
  readonly left: readonly NodeId[]
  /** Those of them whose rows are committed, and how many hooks after them are still to run. */
  readonly hooksLeft: ReadonlyMap<NodeId, number>
  /** Ids of those that it, or what it has gone on with, has done. */
  readonly done: readonly NodeId[]
  /** It and what it has gone on with. */
  readonly resumed: Resumed
}

/**
 * A step is done when its row says so: it is written in the step's own transaction. Of a run that publishes all or nothing and did not
 * publish, nothing is done, whatever its rows say; one that was killed after it has left its relations in the ledger, under their own names.
 * Rounds of --follow are no runs that anybody asked for one by one.
 */
const LAST_RUN = `select
  r.run_id as id, r.command, r.status, r.request -> 'flags' as flags,
  coalesce(r.request -> 'resumes', '[]') || to_jsonb(r.run_id) as run_ids,
  (
    select to_json(min(first.started_at) at time zone 'UTC') #>> '{}' || 'Z'
    from gm.runs first
    where first.run_id = r.run_id or r.request -> 'resumes' ? first.run_id
  ) as started_at,
  (
    select coalesce(jsonb_agg(selected.id order by selected.id), '[]')
    from jsonb_array_elements_text(r.request -> 'selected') as selected (id)
    where not exists (
      select from gm.steps s
      where s.run_id = r.run_id and s.node_id = selected.id
        and s.status in ('success', 'reused', 'pass', 'warn')
        and coalesce((to_jsonb(s) ->> 'hooks_left')::int, 0) = 0
        and r.is_published
    )
  ) as unfinished,
  (
    select coalesce(jsonb_object_agg(newest.node_id, newest.hooks_left), '{}')
    from (
      select distinct on (s.node_id) s.node_id, (to_jsonb(s) ->> 'hooks_left')::int as hooks_left
      from gm.steps s
      join gm.runs of_step using (run_id)
      join gm.relations made using (relation)
      where (s.run_id = r.run_id or r.request -> 'resumes' ? s.run_id)
        and to_jsonb(s) ->> 'hooks_left' is not null
        and not exists (select from gm.shadows shadow where shadow.relation = s.relation)
      order by s.node_id, of_step.started_at desc
    ) newest
    where newest.hooks_left > 0
  ) as hooks_left,
  (
    select coalesce(jsonb_agg(distinct selected.id), '[]')
    from gm.runs asked, jsonb_array_elements_text(asked.request -> 'selected') as selected (id)
    where asked.run_id = r.run_id or r.request -> 'resumes' ? asked.run_id
  ) as selected
from (
  select *, status in ('success', 'warn') or request ->> 'publish' is distinct from 'atomic' or exists (
    select from gm.steps s join gm.relations made using (relation)
    where s.run_id = last.run_id and s.status = 'success'
      and not exists (select from gm.shadows shadow where shadow.relation = s.relation)
  ) as is_published
  from gm.runs last
  where project = $1 and target = $2 and command <> 'follow'
  order by started_at desc
  limit 1
) r`

/** The last run of the project on the target, by the ledger; undefined where there was none, or gm has never run. */
export async function readLastRun(
  session: Session,
  project: string,
  target: string,
): Promise<LastRun | undefined> {
  const there = await session.query({
    purpose: 'find ledger',
    sql: `select exists (
  select from pg_attribute where attrelid = to_regclass('gm.runs') and attname = 'request'
) as is_there`,
  })
  if (there.rows[0]?.['is_there'] !== true) return undefined
  await session.query(MARK_DEAD_RUNS)
  const { rows } = await session.query({
    purpose: 'read last run',
    sql: LAST_RUN,
    binds: [project, target],
  })
  const [row] = rows
  if (row === undefined) return undefined
  const left = row['unfinished'] as readonly NodeId[]
  return {
    id: String(row['id']),
    command: String(row['command']),
    status: String(row['status']),
    flags: (row['flags'] ?? undefined) as LastRun['flags'],
    left,
    hooksLeft: new Map(
      Object.entries(row['hooks_left'] as Record<NodeId, number>).filter(([id]) =>
        left.includes(id as NodeId),
      ) as [NodeId, number][],
    ),
    done: (row['selected'] as readonly NodeId[]).filter((id) => !left.includes(id)),
    resumed: {
      runIds: row['run_ids'] as readonly string[],
      startedAt: new Date(String(row['started_at'])),
    },
  }
}
