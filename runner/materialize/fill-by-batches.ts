import type { BatchContext, Compiled } from '../compile/compiled.ts'
import { utcText } from '../compile/event-window.ts'
import { aroundUserSql } from '../engine/around-user-sql.ts'
import type { Statement } from '../engine/statement.ts'
import type { ModelNode } from '../manifest/node.ts'
import { identifier, literal } from '../manifest/quoted.ts'

/** Of a table that is being built: what explains its error knows it by this name. */
const BATCH_CONSTRAINT = '_gm_batch'

/** A batch with its SQL. */
export interface CompiledBatch {
  readonly batch: BatchContext
  readonly compiled: Compiled
}

/** A new table with the rows of all batches: of a unique key those of the last batch that gives it. */
export function fillByBatches(
  node: ModelNode,
  batches: readonly CompiledBatch[],
  tableQuoted: string,
): readonly Statement[] {
  const [first] = batches
  if (first === undefined) throw new Error(`${node.id} has no batch to be built from`)
  return [
    emptyTable(first.compiled, tableQuoted),
    refuseMissingTime(node, tableQuoted),
    ...batches.flatMap((one) => [
      // For new rows alone: not valid for the others.
      {
        purpose: 'bound batch',
        sql: `alter table ${tableQuoted} add constraint ${BATCH_CONSTRAINT} check (${within(node, one.batch)} is true) not valid`,
      },
      aroundUserSql(one.compiled, {
        purpose: `batch ${one.batch.id}`,
        head: `insert into ${tableQuoted}\n`,
        counts: 'inserted',
      }),
      {
        purpose: 'unbound batch',
        sql: `alter table ${tableQuoted} drop constraint ${BATCH_CONSTRAINT}`,
      },
    ]),
    ...keepLastBatches(node, batches, tableQuoted),
  ]
}

/**
 * Deletes the rows whose key a later batch gives as well. In one pass over all rows: to delete them batch by batch would read, for
 * each, all that was written before, or look for each of its rows in an index that has to be kept meanwhile.
 */
function keepLastBatches(
  node: ModelNode,
  batches: readonly CompiledBatch[],
  tableQuoted: string,
): readonly Statement[] {
  const { unique_key, event_time = '' } = node.config
  // Rows of one time are rows of one batch.
  if (unique_key.length === 0 || unique_key.includes(event_time) || batches.length === 1) return []
  const key = [...new Set(unique_key)].map(identifier)
  const list = key.join(', ')
  // Each row lies within its batch: its time tells which one that is.
  const starts = batches.map(({ batch }) => `"${utcText(batch.start)}"`).join(',')
  const batchOf = (row: string): string =>
    `width_bucket(${row}.${identifier(event_time)}, '{${starts}}')`
  return [
    { purpose: 'analyze keys', sql: `analyze ${tableQuoted} (${list})` },
    {
      purpose: 'delete replaced',
      sql: `with gm_last as (
  select ${list}, max(gm_batch) as gm_batch
  from (select *, ${batchOf('gm_row')} as gm_batch from ${tableQuoted} as gm_row) as gm_rows
  group by ${list}
  having min(gm_batch) < max(gm_batch)
)
delete from ${tableQuoted} as gm_row using gm_last
where ${key.map((column) => `gm_row.${column} = gm_last.${column}`).join(' and ')}
  and ${batchOf('gm_row')} < gm_last.gm_batch`,
    },
  ]
}

/** Whether a row lies in the batch. */
export function within(node: ModelNode, { start, end }: BatchContext): string {
  const time = identifier(node.config.event_time ?? '')
  return `(${time} >= ${literal(utcText(start))} and ${time} < ${literal(utcText(end))})`
}

export function refuseMissingTime(node: ModelNode, table: string): Statement {
  const column = node.config.event_time ?? ''
  const isHourly = node.config.batch_size === 'hour'
  const types = [...(isHourly ? [] : ['date']), 'timestamp', 'timestamptz']
  const isTime = `a.attname = ${literal(column)} and a.atttypid in (${types.map((type) => `'${type}'::regtype`).join(', ')})`
  return {
    purpose: 'find event time',
    sql: `select string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' order by a.attnum)
from pg_attribute a
where a.attrelid = ${literal(table)}::regclass and a.attnum > 0 and not a.attisdropped
having bool_or(${isTime}) is not true`,
    refusal: {
      code: 'GM3009',
      message: `the query gives no ${isHourly ? '' : 'date or '}timestamp "${column}", which is its event_time. It gives`,
      hint: `Name the column of the query with the time of its rows, with its upper and lower case letters.${isHourly ? ' A date has no hour: make batches of days of it.' : ''}`,
    },
  }
}

export function emptyTable(compiled: Compiled, hidden: string): Statement {
  return aroundUserSql(compiled, {
    purpose: 'build',
    head: `create table ${hidden} as\n`,
    tail: '\nwith no data',
  })
}
