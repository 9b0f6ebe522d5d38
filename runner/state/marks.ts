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
export function newRows(
  relation: string,
  input: string,
  { column = XID_COLUMN, hasParts = false } = {},
): string {
  const isNewRow = isNew(relation, input, `"${column}"`)
  return `(
  select * from ${input}
  where ${isNewRow}${hasParts ? rowsOfNewParts(relation, input, `"${column}"`) : ''}
)`
}

/**
 * Rows look read that were written before their table became a part of the input, or while it was none. Where no part came
 * since the mark, the scalar subquery is all that is run.
 */
function rowsOfNewParts(relation: string, input: string, xid: string): string {
  const args = `${literal(relation)}, ${literal(input)}`
  return `
  union all
  select * from ${input}
  where (select gm.new_parts(${args}) <> '{}')
    and tableoid = any ((select gm.new_parts(${args}))::oid[])
    and not (${isNew(relation, input, xid)})
    and pg_visible_in_snapshot(${xid}, gm.left_at(${args}, tableoid)) is not true`
}

/** The condition under which a transaction, given as an SQL expression, is new to the relation's mark on the input. */
export function isNew(relation: string, input: string, xid: string): string {
  const args = `${literal(relation)}, ${literal(input)}`
  return `(${xid} >= pg_snapshot_xmax(gm.mark(${args})) or ${xid} = any (gm.under_way(${args})))
    and ${xid} <> all ((select gm.seen(${args}))::xid8[])`
}

/** How a step follows inputs that are not simply tables with gm's tracking column; by their quoted names. */
export interface FollowedBy {
  readonly runId: string
  readonly eventTimes: ReadonlyMap<string, EventTime>
  /** Those that have, or can get, partitions or children. */
  readonly withParts: ReadonlySet<string>
}

/**
 * Moves the marks to the current transaction's pg_snapshot: the one that the step's statements read with. The transaction
 * is repeatable read and its first query only reads: PostgreSQL leaves a transaction's own id out of its pg_snapshot, which
 * would count it as seen if it had one already.
 */
export function moveMarks(
  { runId, eventTimes, withParts }: FollowedBy,
  relation: string,
  inputs: readonly string[],
): readonly Statement[] {
  if (inputs.length === 0) return []
  const row = (input: string): string =>
    `(${literal(input)}, ${String(withParts.has(input))}, ${readTo(input, eventTimes)})`
  return [
    {
      purpose: 'move marks',
      sql: `insert into gm.marks as m (relation, input, generation, mark, parts, event_time, read_to, run_id)
select ${literal(relation)}, i.input, to_regclass(i.input)::oid::text, pg_current_snapshot(), gm.parts_read(to_regclass(i.input), i.with_parts), i.event_time, i.read_to, ${literal(runId)}
from (values ${inputs.map(row).join(', ')}) as i (input, with_parts, event_time, read_to)
on conflict (relation, input) do update set
  generation = excluded.generation, mark = excluded.mark, seen = '{}', parts = gm.parts_left(m.parts, m.mark, excluded.parts), event_time = excluded.event_time, read_to = excluded.read_to, moved_at = clock_timestamp(), run_id = excluded.run_id`,
    },
  ]
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
  const ofInputs = (value: (input: string) => string): string =>
    pending.inputs.length === 0
      ? `'{}'::jsonb`
      : `jsonb_build_object(${pending.inputs.map((input) => `${literal(input)}, ${value(`to_regclass(${literal(input)})`)}`).join(', ')})`
  const times = [...pending.eventTimes].filter(([input]) => pending.inputs.includes(input))
  const readTo =
    times.length === 0
      ? 'null::jsonb'
      : `jsonb_build_object(${times.map(([input, by]) => `${literal(input)}, jsonb_build_array(${literal(identifier(by.column))}, ${latestTime(input, by)})`).join(', ')})`
  return {
    purpose: 'record pending table',
    sql: `insert into gm.pending (relation, target, node_id, run_id, snapshot, generations, parts, read_to, reads)
values (${[pending.hidden, pending.target, pending.nodeId, pending.runId].map(literal).join(', ')}, pg_current_snapshot(), ${ofInputs((input) => `${input}::oid::text`)}, ${ofInputs((input) => `gm.parts_read(${input}, true)`)}, ${readTo},
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
      sql: `insert into gm.marks (relation, input, generation, mark, parts, event_time, read_to, run_id)
select ${literal(target)}, g.key, g.value, p.snapshot, p.parts -> g.key, p.read_to -> g.key ->> 0, p.read_to -> g.key ->> 1, ${literal(runId)}
from gm.pending p, jsonb_each_text(p.generations) g
where p.relation = ${literal(hidden)}`,
    },
  ]
}
