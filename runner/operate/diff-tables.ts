import type { Column } from '../engine/adapter.ts'
import type { Statement } from '../engine/statement.ts'
import type { Relation } from '../manifest/node.ts'
import { identifier, literal, quoted } from '../manifest/quoted.ts'

/** Two tables to compare. */
export interface TablePair {
  readonly before: Relation
  readonly after: Relation
  /** Columns that both have, with their types; the key's among them. */
  readonly columns: readonly ComparedColumn[]
  /** Names of columns that identify a row in both; empty: rows are compared as wholes, with how often each is there. */
  readonly key: readonly string[]
  /** Sample rows of each kind. */
  readonly samples: number
  /** Only the rows whose key falls into one of so many equal parts, the same in both; 1: all. */
  readonly parts: number
}

export interface ComparedColumn {
  readonly name: string
  readonly before: string
  readonly after: string
  /** The server cannot compare its values in one of the tables. */
  readonly isIncomparable: boolean
  /** Its values are shown to nobody. */
  readonly isMasked: boolean
}

/** How two tables differ. Values of samples are texts as PostgreSQL writes them. */
export interface RowsDiff {
  readonly rowsBefore: number
  readonly rowsAfter: number
  readonly added: number
  readonly removed: number
  /** Rows of one key with other values; 0 without a key. */
  readonly changed: number
  readonly columns: readonly ColumnDiff[]
  readonly samples: {
    readonly added: readonly SampleRow[]
    readonly removed: readonly SampleRow[]
    readonly changed: readonly { readonly before: SampleRow; readonly after: SampleRow }[]
  }
}

export interface ColumnDiff {
  readonly name: string
  /** Rows of one key with another value. */
  readonly changed: number
  /** Exact, as PostgreSQL writes it; of numbers that are not masked. */
  readonly sum?: { readonly before: string | null; readonly after: string | null }
}

/** One value for each compared column. */
export type SampleRow = readonly (string | null)[]

const MASK = '***'

/** Columns that are in both tables. */
export function comparedColumns(
  before: readonly Column[],
  after: readonly Column[],
  isMasked: (column: string) => boolean,
): readonly ComparedColumn[] {
  const known = new Map(before.map((column) => [column.name, column]))
  return after.flatMap((column) => {
    const { name } = column
    const was = known.get(name)
    if (was === undefined) return []
    const isIncomparable = was.isIncomparable === true || column.isIncomparable === true
    return [
      { name, before: was.type, after: column.type, isIncomparable, isMasked: isMasked(name) },
    ]
  })
}

/**
 * One statement that joins the tables once, keeps only the rows that differ, and counts and samples them: figures and
 * samples come from one pg_snapshot.
 */
export function diffStatement(pair: TablePair): Statement {
  const { columns, key } = pair
  const names = columns.map((_, i) => `c${i}`)
  const keyNames = key.map((name) => `c${columns.findIndex((column) => column.name === name)}`)
  const numbers = columns.flatMap((column, i) => (isSummed(column) ? [summand(column, i)] : []))
  const totals = ['count(*)::text', ...numbers.map((name) => `sum(${name})::text`)].join(', ')
  const changed = names.map((name) =>
    keyNames.includes(name)
      ? `0::bigint`
      : `count(*) filter (where gm_n = 0 and a_${name} is distinct from b_${name})`,
  )
  const byColumn = key.length === 0 ? `'[]'::jsonb` : `to_jsonb(array[${changed.join(', ')}])`
  return {
    purpose: 'compare',
    sql: `with gm_a as not materialized (
  ${side(pair, 'before')}
), gm_b as not materialized (
  ${side(pair, 'after')}
), gm_diff as materialized (
  ${key.length === 0 ? differentWholes(names) : differentRows(names, keyNames)}
)
select
  (select to_jsonb(array[${totals}]) from gm_a) as before,
  (select to_jsonb(array[${totals}]) from gm_b) as after,
  d.*,
  ${sample(pair, keyNames, 'added')},
  ${sample(pair, keyNames, 'removed')},
  ${sample(pair, keyNames, 'changed')}
from (
  select coalesce(sum(gm_n) filter (where gm_n > 0), 0)::text as added,
    coalesce(-sum(gm_n) filter (where gm_n < 0), 0)::text as removed,
    count(*) filter (where gm_n = 0)::text as changed,
    ${byColumn} as columns
  from gm_diff
) as d`,
  }
}

/** gm_n: 1 for a row that came, -1 for one that went, 0 for one with other values. */
function differentRows(names: readonly string[], keyNames: readonly string[]): string {
  const differs = names
    .filter((name) => !keyNames.includes(name))
    .map((name) => `\n    or gm_a.${name} is distinct from gm_b.${name}`)
  return `select
    case when gm_a.gm_in is null then 1 when gm_b.gm_in is null then -1 else 0 end as gm_n,
    ${names.map((name) => `gm_a.${name} as a_${name}, gm_b.${name} as b_${name}`).join(', ')}
  from gm_a full join gm_b on ${keyNames.map((name) => `gm_a.${name} = gm_b.${name}`).join(' and ')}
  where gm_a.gm_in is null or gm_b.gm_in is null${differs.join('')}`
}

/** gm_n: how many more of such rows there are than there were. */
function differentWholes(names: readonly string[]): string {
  const both = names.map((name) => `${name} as a_${name}, ${name} as b_${name}`)
  return `select ${['sum(gm_side) as gm_n', ...both].join(', ')}
  from (
    select *, 1 as gm_side from gm_b
    union all
    select *, -1 from gm_a
  ) as gm_sides
  group by ${['gm_in', ...names].join(', ')}
  having sum(gm_side) <> 0`
}

function side(
  { before, after, columns, key, parts }: TablePair,
  which: 'before' | 'after',
): string {
  const list = columns.map((column, i) => `${comparable(column)} as c${i}`)
  const hashed = columns
    .filter(({ name }) => key.length === 0 || key.includes(name))
    .map((column) => `coalesce(${alike(column)}, '')`)
    .join(` || '|' || `)
  const part =
    parts === 1 || hashed === ''
      ? ''
      : `\n  where (hashtextextended(${hashed}, 0) & 9223372036854775807) % ${parts} = 0`
  return `select ${['true as gm_in', ...list].join(', ')}
  from ${quoted(which === 'before' ? before : after)}${part}`
}

function sample(
  { columns, samples }: TablePair,
  keyNames: readonly string[],
  what: 'added' | 'removed' | 'changed',
): string {
  const row = (prefix: 'a' | 'b'): string =>
    `to_jsonb(array[${columns.map(({ isMasked }, i) => shown(`${prefix}_c${i}`, isMasked)).join(', ')}]::text[])`
  const rows =
    what === 'changed'
      ? `jsonb_build_array(${row('a')}, ${row('b')})`
      : row(what === 'added' ? 'b' : 'a')
  const condition = { added: 'gm_n > 0', removed: 'gm_n < 0', changed: 'gm_n = 0' }[what]
  const order =
    keyNames.length === 0
      ? 'gm_row'
      : keyNames.map((name) => `${what === 'removed' ? 'a' : 'b'}_${name}`).join(', ')
  return `(select coalesce(jsonb_agg(s.gm_row), '[]') from (
    select ${rows} as gm_row from gm_diff where ${condition} order by ${order} limit ${samples}
  ) as s) as sample_${what}`
}

/** A masked value never leaves the database; whether there is one does. */
function shown(name: string, isMasked: boolean): string {
  return isMasked ? `case when ${name} is not null then ${literal(MASK)} end` : `${name}::text`
}

const NUMBER = /^(?:smallint|integer|bigint|real|double precision|numeric(?:\(.*\))?)$/
const FLOAT = /^(?:real|double precision)$/
const TEXT = /^(?:text|character varying(?:\(\d+\))?)$/
function comparable({ name, before, after, isIncomparable }: ComparedColumn): string {
  const isAlike =
    before === after || [NUMBER, TEXT].some((family) => family.test(before) && family.test(after))
  const value = isAlike && !isIncomparable ? identifier(name) : `${identifier(name)}::text`
  // The two may be sorted by different rules, and what these rules take for equal shows all the same.
  return TEXT.test(after) ? `${value} collate "C"` : value
}

/** A text that is the same of values that are equal: 1.0 is 1.00. */
function alike(column: ComparedColumn): string {
  const isNumber = NUMBER.test(column.before) && NUMBER.test(column.after)
  return isNumber
    ? `trim_scale(${identifier(column.name)}::numeric)::text`
    : `${comparable(column)}::text`
}

/** Floating point numbers have no room for some sums, and their sum depends on the order of the rows. */
function summand({ before, after }: ComparedColumn, i: number): string {
  return FLOAT.test(before) || FLOAT.test(after) ? `c${i}::numeric` : `c${i}`
}

function isSummed({ before, after, isMasked }: ComparedColumn): boolean {
  return !isMasked && NUMBER.test(before) && NUMBER.test(after)
}

/** Whether no two rows of a table have one key, and none has a null in it. */
export function keyStatement(relation: Relation, key: readonly string[]): Statement {
  const list = key.map(identifier)
  return {
    purpose: 'check key',
    sql: `select not exists (select from ${quoted(relation)} where ${list.map((name) => `${name} is null`).join(' or ')})
  and not exists (select from ${quoted(relation)} group by ${list.join(', ')} having count(*) > 1) as ok`,
  }
}

/** What the statement's one row says. */
export function readDiff(pair: TablePair, row: Readonly<Record<string, unknown>>): RowsDiff {
  const before = row['before'] as SampleRow
  const after = row['after'] as SampleRow
  const counts = row['columns'] as readonly number[]
  let summed = 0
  return {
    rowsBefore: Number(before[0]),
    rowsAfter: Number(after[0]),
    added: Number(row['added']),
    removed: Number(row['removed']),
    changed: pair.key.length === 0 ? 0 : Number(row['changed']),
    columns: pair.columns.map((column, i) => {
      if (!isSummed(column)) return { name: column.name, changed: counts[i] ?? 0 }
      summed += 1
      const sum = { before: before[summed] ?? null, after: after[summed] ?? null }
      return { name: column.name, changed: counts[i] ?? 0, sum }
    }),
    samples: {
      added: row['sample_added'] as readonly SampleRow[],
      removed: row['sample_removed'] as readonly SampleRow[],
      changed: (row['sample_changed'] as readonly (readonly [SampleRow, SampleRow])[]).map(
        ([was, is]) => ({ before: was, after: is }),
      ),
    },
  }
}
