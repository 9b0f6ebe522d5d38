import type { Session } from '../engine/adapter.ts'
import { IS_DEAD_RUN } from './ledger.ts'

/** A run as the ledger remembers it. Times are ISO 8601 in UTC. */
export interface PastRun {
  readonly id: string
  readonly command: string
  readonly target: string
  readonly version: string
  readonly startedAt: string
  /** Null while it runs, and where it died and no run has come since. */
  readonly finishedAt: string | null
  readonly status: string
  readonly steps: Readonly<Record<string, number>>
}

export interface PastStep {
  readonly runId: string
  readonly nodeId: string
  readonly action: string
  readonly reason: string
  readonly status: string
  readonly startedAt: string | null
  readonly finishedAt: string
  readonly durationMs: number | null
  /** Rows inserted, updated and deleted. */
  readonly rows: number | null
  readonly failures: number | null
  readonly message: string | null
}

export interface History {
  /** Newest first. */
  readonly runs: readonly PastRun[]
  /** Of the newest runs, and of every node its newest ones; newest first. */
  readonly steps: readonly PastStep[]
}

export interface HistoryLimits {
  readonly runs: number
  /** Runs of which every step is read. */
  readonly wholeRuns: number
  readonly stepsPerNode: number
}

/** The columns of a PastRun, of gm.runs as r. Who only looks does not wait for the next run to write down which have died. */
export const RUN_COLUMNS = `
  r.run_id as id, r.command, r.target, r.gm_version as version, case when ${IS_DEAD_RUN} then 'interrupted' else r.status end as status,
  to_json(r.started_at at time zone 'UTC') #>> '{}' || 'Z' as "startedAt",
  to_json(r.finished_at at time zone 'UTC') #>> '{}' || 'Z' as "finishedAt",
  coalesce((
    select jsonb_object_agg(s.status, s.steps)
    from (select status, count(*) as steps from gm.steps where run_id = r.run_id group by status) s
  ), '{}') as steps`

const RUNS = `select ${RUN_COLUMNS}
from gm.runs r
where r.project = $1
order by r.started_at desc, r.run_id
limit $2`

const STEPS = `with newest as (
  select run_id from gm.runs where project = $1 order by started_at desc, run_id limit $2
), numbered as (
  select s.*, row_number() over (partition by s.node_id order by s.finished_at desc) as position
  from gm.steps s
  join gm.runs r on r.run_id = s.run_id and r.project = $1
)
select
  run_id as "runId", node_id as "nodeId", action, reason, status,
  to_json(started_at at time zone 'UTC') #>> '{}' || 'Z' as "startedAt",
  to_json(finished_at at time zone 'UTC') #>> '{}' || 'Z' as "finishedAt",
  duration_ms as "durationMs",
  (coalesce(inserted, 0) + coalesce(updated, 0) + coalesce(deleted, 0))::float8 as rows,
  failures::float8 as failures, message
from numbered
where position <= $3 or run_id in (select run_id from newest)
order by finished_at desc, node_id`

/** The newest runs of a project, the newest first; none where gm has never run. */
export async function readPastRuns(
  session: Session,
  project: string,
  limit: number,
): Promise<readonly PastRun[]> {
  const there = await session.query({
    purpose: 'find ledger',
    sql: `select to_regclass('gm.steps') is not null as is_there`,
  })
  if (there.rows[0]?.['is_there'] !== true) return []
  const runs = await session.query({ purpose: 'read runs', sql: RUNS, binds: [project, limit] })
  return runs.rows as unknown as readonly PastRun[]
}

/** What the ledger remembers of a project's runs; undefined where gm has never run. */
export async function readHistory(
  session: Session,
  project: string,
  limits: HistoryLimits,
): Promise<History | undefined> {
  const there = await session.query({
    purpose: 'find ledger',
    sql: `select to_regclass('gm.steps') is not null as is_there`,
  })
  if (there.rows[0]?.['is_there'] !== true) return undefined
  const runs = await session.query({
    purpose: 'read runs',
    sql: RUNS,
    binds: [project, limits.runs],
  })
  const steps = await session.query({
    purpose: 'read steps',
    sql: STEPS,
    binds: [project, limits.wholeRuns, limits.stepsPerNode],
  })
  return {
    runs: runs.rows as unknown as readonly PastRun[],
    steps: steps.rows as unknown as readonly PastStep[],
  }
}
