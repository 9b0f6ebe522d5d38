import type { Statement } from '../engine/statement.ts'
import { literal } from '../manifest/quoted.ts'

/** gm's tracking column: the transaction that wrote the row, set anew by every insert and update. */
export const XID_COLUMN = '_gm_xid'
/** On history tables only: the transaction that opened the version or corrected its interval. */
export const VERSION_XID_COLUMN = '_gm_version_xid'

/**
 * The rows of `input` that are new to `relation`'s mark on it: visible now, and neither visible in the mark's pg_snapshot nor
 * of a transaction that was seen beyond it. Each row is given exactly once over all runs, whatever commits when.
 *
 * gm.mark() stands as a plain stable call in the index condition, so that the planner estimates with the mark's value, and as
 * a scalar subquery in the filter, so that it is evaluated once and not for every row.
 */
export function newRows(relation: string, input: string, column = XID_COLUMN): string {
  return `(
  select * from ${input}
  where ${isNew(relation, input, `"${column}"`)}
)`
}

/** The condition under which a transaction, given as an SQL expression, is new to the relation's mark on the input. */
export function isNew(relation: string, input: string, xid: string): string {
  const args = `${literal(relation)}, ${literal(input)}`
  return `${xid} >= pg_snapshot_xmin(gm.mark(${args}))
    and not pg_visible_in_snapshot(${xid}, (select gm.mark(${args})))
    and ${xid} <> all ((select gm.seen(${args}))::xid8[])`
}

/**
 * Moves the marks to the current transaction's pg_snapshot: the one that the step's statements read with.
 * @param writtenHere those of the inputs that this very transaction has written to. Its rows were read, and its own
 *   pg_snapshot does not say so.
 */
export function moveMarks(
  runId: string,
  relation: string,
  inputs: readonly string[],
  writtenHere: ReadonlySet<string> = new Set(),
): Statement {
  const seen = (input: string): string =>
    writtenHere.has(input) ? 'array[pg_current_xact_id()]' : `'{}'::xid8[]`
  return {
    purpose: 'move marks',
    sql: `insert into gm.marks (relation, input, generation, mark, seen, run_id)
select ${literal(relation)}, i.input, to_regclass(i.input)::oid::text, pg_current_snapshot(), i.seen, ${literal(runId)}
from (values ${inputs.map((input) => `(${literal(input)}, ${seen(input)})`).join(', ')}) as i (input, seen)
on conflict (relation, input) do update set
  generation = excluded.generation, mark = excluded.mark, seen = excluded.seen, moved_at = clock_timestamp(), run_id = excluded.run_id`,
  }
}

/** Writes down a table that is being built out of sight, with what it has read and the pg_snapshot that it read with. */
export function recordPending(pending: {
  readonly runId: string
  readonly nodeId: string
  readonly hidden: string
  readonly target: string
  readonly inputs: readonly string[]
}): Statement {
  const generations =
    pending.inputs.length === 0
      ? `'{}'::jsonb`
      : `jsonb_build_object(${pending.inputs.map((i) => `${literal(i)}, to_regclass(${literal(i)})::oid::text`).join(', ')})`
  return {
    purpose: 'record pending table',
    sql: `insert into gm.pending (relation, target, node_id, run_id, snapshot, generations, reads)
values (${[pending.hidden, pending.target, pending.nodeId, pending.runId].map(literal).join(', ')}, pg_current_snapshot(), ${generations},
  gm.reads(array[${literal(pending.hidden)}, ${literal(pending.target)}]))`,
  }
}

/**
 * Sets the marks to the pg_snapshot that the pending table was built with. Marks of earlier inputs go. Recording the
 * step takes over what the table has read, and forgets that it was pending.
 */
export function publishPending(
  runId: string,
  hidden: string,
  target: string,
): readonly Statement[] {
  return [
    {
      purpose: 'forget old marks',
      sql: `delete from gm.marks where relation = ${literal(target)}`,
    },
    {
      purpose: 'set marks',
      sql: `insert into gm.marks (relation, input, generation, mark, run_id)
select ${literal(target)}, g.key, g.value, p.snapshot, ${literal(runId)}
from gm.pending p, jsonb_each_text(p.generations) g
where p.relation = ${literal(hidden)}`,
    },
  ]
}
