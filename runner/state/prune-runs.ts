import type { Session } from '../engine/adapter.ts'
import type { Statement } from '../engine/statement.ts'

/** Rounds of `run --follow` that went well are one run an hour (see foldRounds); those that failed may be many. */
const FAILED_ROUNDS_ARE_KEPT_DAYS = 1

/** Forgets what is over for longer than the project keeps it; part of each run, so that the ledger has an end. */
export function pruneRuns(project: string, retentionDays: number): Statement {
  return {
    purpose: 'prune runs',
    sql: `delete from gm.runs
where project = $1 and finished_at is not null
  and started_at < now() - make_interval(secs => 86400 * case when command = 'follow' and status <> 'success' then least($2::float8, ${FAILED_ROUNDS_ARE_KEPT_DAYS}) else $2 end)`,
    binds: [project, retentionDays],
  }
}

/** Forgets all runs of the project that began before so many days. @returns how many. */
export async function pruneOlderThan(
  session: Session,
  project: string,
  days: number,
): Promise<number> {
  const there = await session.query({
    purpose: 'find ledger',
    sql: `select to_regclass('gm.runs') is not null as is_there`,
  })
  if (there.rows[0]?.['is_there'] !== true) return 0
  const { sql, binds, purpose } = pruneRuns(project, days)
  const { rows } = await session.query({
    purpose,
    sql: `${sql}\nreturning 1`,
    ...(binds && { binds }),
  })
  return rows.length
}
