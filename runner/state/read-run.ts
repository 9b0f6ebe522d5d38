import type { Session } from '../engine/adapter.ts'
import type { PastRun } from './history.ts'
import { RUN_COLUMNS } from './history.ts'

/** A step as the ledger remembers it, with all that it counted. Times are ISO 8601 in UTC. */
export interface RecordedStep {
  readonly nodeId: string
  readonly relation: string | null
  readonly action: string
  readonly reason: string
  readonly status: string
  readonly startedAt: string | null
  /** Null for a step of a run that died: its rows are committed, and nobody was left to take the time. */
  readonly durationMs: number | null
  readonly inserted: number | null
  readonly updated: number | null
  readonly deleted: number | null
  readonly failures: number | null
  readonly retries: number
  readonly message: string | null
}

export interface RecordedRun {
  readonly run: PastRun
  /** In the order in which they started; those that never did come last. */
  readonly steps: readonly RecordedStep[]
}

const STEPS = `select
  node_id as "nodeId", relation, action, reason, status,
  to_json(started_at at time zone 'UTC') #>> '{}' || 'Z' as "startedAt", duration_ms as "durationMs",
  inserted::float8 as inserted, updated::float8 as updated, deleted::float8 as deleted, failures::float8 as failures,
  coalesce(retries, 0) as retries, message
from gm.steps
where run_id = $1
order by started_at nulls last, node_id`

/**
 * Runs of the project whose ids begin with the given text, with their steps; two where the text does not tell one from
 * another, so that the caller can say so. Without a text, the newest run. Empty where there is none, or gm has never run.
 */
export async function readRuns(
  session: Session,
  project: string,
  prefix: string | undefined,
): Promise<readonly RecordedRun[]> {
  const there = await session.query({
    purpose: 'find ledger',
    sql: `select exists (
  select from pg_attribute where attrelid = to_regclass('gm.steps') and attname = 'retries'
) as is_there`,
  })
  if (there.rows[0]?.['is_there'] !== true) return []
  const { rows } = await session.query({
    purpose: 'read run',
    sql: `select ${RUN_COLUMNS} from gm.runs r
where r.project = $1 and starts_with(r.run_id, $2)
order by r.started_at desc, r.run_id
limit $3`,
    binds: [project, prefix ?? '', prefix === undefined ? 1 : 2],
  })
  const found: RecordedRun[] = []
  for (const row of rows) {
    const run = row as unknown as PastRun
    const steps = await session.query({ purpose: 'read steps', sql: STEPS, binds: [run.id] })
    found.push({ run, steps: steps.rows as unknown as readonly RecordedStep[] })
  }
  return found
}
