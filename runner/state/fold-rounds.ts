import type { Statement } from '../engine/statement.ts'

/**
 * Takes the hour's earlier rounds of following into this one, which went well like them: their rows are added to its own and their
 * records go, so that a ledger that is written by the second has one run an hour. A round that failed stays as it is.
 */
export function foldRounds(runId: string): Statement {
  return {
    purpose: 'fold rounds',
    sql: `with round as (
  select run_id, project, target, started_at from gm.runs where run_id = $1
), earlier as (
  select r.run_id, r.started_at
  from gm.runs r
  join round on r.project = round.project and r.target = round.target and r.run_id <> round.run_id
  where r.command = 'follow' and r.status = 'success'
    and date_trunc('hour', r.started_at) = date_trunc('hour', round.started_at)
), sums as (
  select
    s.node_id, sum(s.extracted)::bigint as extracted, sum(s.inserted)::bigint as inserted, sum(s.updated)::bigint as updated,
    sum(s.deleted)::bigint as deleted, sum(s.retries)::int as retries,
    max(s.status) filter (where s.status <> 'reused') as status,
    max(s.action) filter (where s.status <> 'reused') as action,
    max(s.reason) filter (where s.status <> 'reused') as reason
  from gm.steps s join earlier using (run_id)
  group by s.node_id
), added as (
  update gm.steps s set
    extracted = coalesce(s.extracted + m.extracted, s.extracted, m.extracted),
    inserted = coalesce(s.inserted + m.inserted, s.inserted, m.inserted),
    updated = coalesce(s.updated + m.updated, s.updated, m.updated),
    deleted = coalesce(s.deleted + m.deleted, s.deleted, m.deleted),
    retries = coalesce(s.retries + m.retries, s.retries, m.retries),
    -- A node with nothing new in this round may have had something in the hour.
    status = case when s.status = 'reused' then coalesce(m.status, s.status) else s.status end,
    action = case when s.status = 'reused' then coalesce(m.action, s.action) else s.action end,
    reason = case when s.status = 'reused' then coalesce(m.reason, s.reason) else s.reason end
  from sums m where s.run_id = $1 and s.node_id = m.node_id
), begun as (
  update gm.runs set started_at = (select min(started_at) from earlier)
  where run_id = $1 and exists (select from earlier)
)
delete from gm.runs r using earlier where r.run_id = earlier.run_id`,
    binds: [runId],
  }
}
