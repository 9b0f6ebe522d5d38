import type { Statement } from '../engine/statement.ts'
import { literal } from '../manifest/quoted.ts'

/** A span of event time that was done, as the ledger keeps it. */
export interface DoneBatch {
  readonly start: Date
  readonly end: Date
}

/** All spans that are done and not due again, as one value: read with `doneBatches`. Batches side by side are one span. */
export const DONE_BATCHES = `(select coalesce(jsonb_agg(jsonb_build_array(b.relation, b.start_ms, b.end_ms) order by b.relation, b.start_ms), '[]')
   from (
     select relation, extract(epoch from min(batch_start)) * 1000 as start_ms, extract(epoch from max(batch_end)) * 1000 as end_ms
     from (
       select *, sum(is_apart) over (partition by relation order by batch_start) as span
       from (
         select relation, batch_start, batch_end,
           (lag(batch_end) over (partition by relation order by batch_start) is distinct from batch_start)::int as is_apart
         from gm.batches where not is_due
       ) as batch
     ) as numbered
     group by relation, span
   ) b)`

/** What `DONE_BATCHES` gives. */
export type DoneBatchRows = readonly (readonly [relation: string, startMs: number, endMs: number])[]

/** Spans in order, by the quoted name of their relation. */
export function doneBatches(rows: DoneBatchRows): ReadonlyMap<string, readonly DoneBatch[]> {
  const batches = new Map<string, DoneBatch[]>()
  for (const [relation, startMs, endMs] of rows) {
    const ofRelation = batches.get(relation) ?? []
    ofRelation.push({ start: new Date(startMs), end: new Date(endMs) })
    batches.set(relation, ofRelation)
  }
  return batches
}

/**
 * Writes down that an interval is done, as of what this transaction reads. What was known of intervals that it overlaps is
 * forgotten: where the batches had another size, the rest of such an interval is a gap, and done again.
 */
export function recordBatch(
  batch: DoneBatch,
  of: { readonly relation: string; readonly runId: string; readonly code: string },
): readonly Statement[] {
  const [start, end] = [moment(batch.start), moment(batch.end)]
  return [
    {
      purpose: 'forget batch',
      sql: `delete from gm.batches where relation = ${literal(of.relation)} and batch_start < ${end} and batch_end > ${start}`,
    },
    {
      purpose: 'record batch',
      sql: `insert into gm.batches (relation, batch_start, batch_end, code, read_at, run_id, inserted, deleted)
select ${literal(of.relation)}, ${start}, ${end}, ${literal(of.code)}, pg_current_snapshot(), ${literal(of.runId)}, counts.inserted, counts.deleted
from jsonb_to_record($1) as counts (inserted bigint, deleted bigint)`,
      binds: 'counts',
    },
  ]
}

/** Forgets all that was done: the table is a new one. */
export function forgetBatches(relation: string): Statement {
  return {
    purpose: 'forget batches',
    sql: `delete from gm.batches where relation = ${literal(relation)}`,
  }
}

/** Has done intervals done again, of all or of those within the bounds. What is due stays so until it is done. */
export function markDue(
  relation: string,
  bounds: { readonly from?: Date; readonly before?: Date } = {},
): Statement {
  const { from, before } = bounds
  return {
    purpose: 'mark due batches',
    sql: `update gm.batches set is_due = true where relation = ${literal(relation)} and not is_due${
      from === undefined ? '' : ` and batch_end > ${moment(from)}`
    }${before === undefined ? '' : ` and batch_start < ${moment(before)}`}`,
  }
}

/**
 * Has those intervals done again that got rows, or lost them.
 * @param times SQL of a relation with the event times of such rows in its column `moment`.
 */
export function markTouched(relation: string, times: string): Statement {
  return {
    purpose: 'mark batches with late rows',
    sql: `update gm.batches as b set is_due = true
from (
  select distinct date_trunc('hour', moment::timestamptz, 'UTC') as moment from ${times} as touched
) as t
where b.relation = ${literal(relation)} and not b.is_due and t.moment >= b.batch_start and t.moment < b.batch_end`,
  }
}

/** What the run is made of, before its first batch: whatever changes from here on is found by the next run. */
export function beginBatches(of: {
  readonly relation: string
  readonly runId: string
  readonly code: string
  readonly isStable: boolean
}): Statement {
  const values = [of.relation, of.runId, of.code].map(literal)
  return {
    purpose: 'record what is read',
    sql: `select gm.begin_batches(${values.join(', ')}, ${String(of.isStable)})`,
  }
}

/** Tells the readers of the table that it has changed. The batches have said so too, each by itself: a crash hides nothing. */
export function endBatches(relation: string, runId: string): Statement {
  return {
    purpose: 'record step',
    sql: `select gm.end_batches(${[relation, runId].map(literal).join(', ')})`,
  }
}

/** The memory of a copied table, for the copy. */
export function copyBatches(shadow: string, target: string): Statement {
  return {
    purpose: 'copy batches',
    sql: `insert into gm.batches (relation, batch_start, batch_end, code, is_due, read_at, run_id, inserted, deleted, done_at)
select ${literal(shadow)}, batch_start, batch_end, code, is_due, read_at, run_id, inserted, deleted, done_at
from gm.batches where relation = ${literal(target)}`,
  }
}

function moment(date: Date): string {
  return `${literal(date.toISOString())}::timestamptz`
}
