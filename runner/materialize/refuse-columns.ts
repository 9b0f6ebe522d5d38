import { incomparableTypes } from '../engine/incomparable-types.ts'
import type { Statement } from '../engine/statement.ts'
import type { SnapshotNode } from '../manifest/node.ts'
import { literal } from '../manifest/quoted.ts'
import { SHAPE } from './materialize-incremental.ts'
import type { PollingHistory } from './polling-history.ts'

const COLUMNS = `pg_attribute a where a.attrelid = ${literal(`pg_temp.${SHAPE}`)}::regclass and a.attnum > 0 and not a.attisdropped`

/** Columns of the configuration that the query does not give. One of check_cols would never be compared. */
export function refuseMissing({ key, updatedAt, watched }: PollingHistory): Statement {
  const named = [
    ...key.map((name) => ['unique_key', name]),
    ...(updatedAt === undefined ? [] : [['updated_at', updatedAt]]),
    ...(watched === 'all' ? [] : watched.map((name) => ['check_cols', name])),
  ]
  return {
    purpose: 'refuse missing columns',
    sql: `select format('"%s", which %s names', given.name, given.setting)
from (values ${named.map((pair) => `(${pair.map(literal).join(', ')})`).join(', ')}) as given (setting, name)
where not exists (
  select from ${COLUMNS} and (a.attname = given.name or (given.setting = 'check_cols' and a.attname = lower(given.name)))
)`,
    refusal: {
      code: 'GM3013',
      message: 'the query gives no column',
      hint: 'Correct the configuration, or have the query give the column.',
    },
  }
}

/** Of two boxes of one area the server finds no change, and of two values of json it cannot tell. */
export function refuseIncomparable(node: SnapshotNode, watched: readonly string[]): Statement {
  return {
    purpose: 'refuse columns without equality',
    sql: `select string_agg(format('"%s" is %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' order by a.attnum)
from ${COLUMNS} and a.attname in (${watched.map(literal).join(', ')})
  and a.atttypid in (${incomparableTypes(`select a.atttypid from ${COLUMNS}`)})
having count(*) > 0`,
    refusal: {
      code: 'GM3009',
      message: `check_cols of ${node.name} must be of types whose values can be compared, and`,
      hint: 'Cast them in the query: json to jsonb, others to text.',
    },
  }
}

/** Of other types there is no moment at which a row was seen to be gone. */
export function refuseOtherTimes(node: SnapshotNode, updatedAt: string): Statement {
  return {
    purpose: 'refuse other times',
    sql: `select format_type(a.atttypid, a.atttypmod) from ${COLUMNS} and a.attname = ${literal(updatedAt)}
  and a.atttypid not in ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype)`,
    refusal: {
      code: 'GM3009',
      message: `updated_at of ${node.name} must be a date or a timestamp. "${updatedAt}" is`,
      hint: 'Cast it in the query.',
    },
  }
}
