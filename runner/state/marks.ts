import type { Statement } from '../engine/statement.ts'
import { identifier, literal } from '../manifest/quoted.ts'
import type { EventTime } from './event-time.ts'
import { latestTime } from './event-time.ts'

/** gm's tracking column: the transaction that wrote the row, set anew by every insert and update. */
export const XID_COLUMN = '_gm_xid'
/** On history tables only: the transaction that opened the version or corrected its interval. */
export const VERSION_XID_COLUMN = '_gm_version_xid'

/**
 * The rows of `input` that are new to `relation`'s mark on it: visible now, and neither visible in the mark's pg_snapshot nor
 * of a transaction that was seen beyond it. Each row is given exactly once over all runs, whatever commits when.
 *
 * What the mark does not see came after it or was under way at its moment. Both are looked up as such: everything since the
 * oldest writer would be read again and again while one transaction stays open somewhere. The functions stand as plain stable
 * calls, so that the planner estimates with the mark's value, and as a scalar subquery in the filter, so that it is evaluated once
 * and not for every row.
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
  return `(${xid} >= pg_snapshot_xmax(gm.mark(${args})) or ${xid} = any (gm.under_way(${args})))
    and ${xid} <> all ((select gm.seen(${args}))::xid8[])`
}

/**
 * Moves the marks to the current transaction's pg_snapshot: the one that the step's statements read with. The transaction
 * is repeatable read and its first query only reads: PostgreSQL leaves a transaction's own id out of its pg_snapshot, which
 * would count it as seen if it had one already.
 * @param writtenHere those of the inputs that this very transaction has written to. Its rows were read, and its own
 *   pg_snapshot does not say so.
 * @param eventTimes how those inputs are followed that are not tracked.
 */
export function moveMarks(
  runId: string,
  relation: string,
  inputs: readonly string[],
  writtenHere: ReadonlySet<string> = new Set(),
  eventTimes: ReadonlyMap<string, EventTime> = new Map(),
): Statement {
  const seen = (input: string): string =>
    writtenHere.has(input) ? 'array[pg_current_xact_id()]' : `'{}'::xid8[]`
  const row = (input: string): string =>
    `(${literal(input)}, ${seen(input)}, ${readTo(input, eventTimes)})`
  return {
    purpose: 'move marks',
    sql: `insert into gm.marks (relation, input, generation, mark, seen, event_time, read_to, run_id)
select ${literal(relation)}, i.input, to_regclass(i.input)::oid::text, pg_current_snapshot(), i.seen, i.event_time, i.read_to, ${literal(runId)}
from (values ${inputs.map(row).join(', ')}) as i (input, seen, event_time, read_to)
on conflict (relation, input) do update set
  generation = excluded.generation, mark = excluded.mark, seen = excluded.seen, event_time = excluded.event_time, read_to = excluded.read_to, moved_at = clock_timestamp(), run_id = excluded.run_id`,
  }
}

/** The two columns of a mark on an input that is followed by event time: nulls where it is tracked. */
function readTo(input: string, eventTimes: ReadonlyMap<string, EventTime>): string {
  const by = eventTimes.get(input)
  return by === undefined
    ? 'null::text, null::text'
    : `${literal(identifier(by.column))}, ${latestTime(input, by)}`
}

/** Writes down a table that is being built out of sight, with what it has read and the pg_snapshot that it read with. */
export function recordPending(pending: {
  readonly runId: string
  readonly nodeId: string
  readonly hidden: string
  readonly target: string
  readonly inputs: readonly string[]
  readonly eventTimes: ReadonlyMap<string, EventTime>
}): Statement {
  const generations =
    pending.inputs.length === 0
      ? `'{}'::jsonb`
      : `jsonb_build_object(${pending.inputs.map((i) => `${literal(i)}, to_regclass(${literal(i)})::oid::text`).join(', ')})`
  const times = [...pending.eventTimes].filter(([input]) => pending.inputs.includes(input))
  const readTo =
    times.length === 0
      ? 'null::jsonb'
      : `jsonb_build_object(${times.map(([input, by]) => `${literal(input)}, jsonb_build_array(${literal(identifier(by.column))}, ${latestTime(input, by)})`).join(', ')})`
  return {
    purpose: 'record pending table',
    sql: `insert into gm.pending (relation, target, node_id, run_id, snapshot, generations, read_to, reads)
values (${[pending.hidden, pending.target, pending.nodeId, pending.runId].map(literal).join(', ')}, pg_current_snapshot(), ${generations}, ${readTo},
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
      sql: `insert into gm.marks (relation, input, generation, mark, event_time, read_to, run_id)
select ${literal(target)}, g.key, g.value, p.snapshot, p.read_to -> g.key ->> 0, p.read_to -> g.key ->> 1, ${literal(runId)}
from gm.pending p, jsonb_each_text(p.generations) g
where p.relation = ${literal(hidden)}`,
    },
  ]
}
