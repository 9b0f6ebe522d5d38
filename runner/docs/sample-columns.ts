import type { Session } from '../engine/adapter.ts'
import { identifier, quoted } from '../manifest/quoted.ts'
import type { RelationFacts } from './relation-facts.ts'
import type { ColumnStatistics } from './site-data.ts'

/** Rows looked at; of a large table a random part, of a view the first ones. */
const SAMPLE = 10_000
const BUCKETS = 12
const COMMONEST = 3

interface Sampled {
  readonly rows: number
  readonly values: number
  readonly distinct: number
  readonly least?: string | null
  readonly greatest?: string | null
  /** Counts by bucket, from 1; what equals the greatest value is in one more. */
  readonly buckets?: Readonly<Record<string, number>> | null
  readonly commonest?: readonly (readonly [value: string, count: number])[] | null
}

/**
 * Figures of columns from a sample of their relation's rows, by column; one query. Columns of types that cannot be
 * compared are left out, and so are those that `isPrivate` names: their values are never read.
 */
export async function sampleColumns(
  session: Session,
  facts: RelationFacts,
  isPrivate: (column: string) => boolean,
): Promise<ReadonlyMap<string, ColumnStatistics>> {
  const columns = facts.columns.flatMap(({ name, type }) => {
    const how = kindOf(type)
    return how === undefined || name.startsWith('_gm_') || isPrivate(name) ? [] : [{ name, how }]
  })
  if (columns.length === 0) return new Map()
  const from = facts.type === 'BASE TABLE' && (facts.estimatedRows ?? 0) > SAMPLE * 2
  // Twice as many pages as needed, since blocks are not equally full.
  const share = from ? Math.min(100, (200 * SAMPLE) / (facts.estimatedRows ?? SAMPLE)) : 100
  const part = from ? ` tablesample system (${share.toFixed(4)})` : ''
  const list = columns.map(({ name }) => identifier(name)).join(', ')
  const { rows } = await session.query({
    purpose: 'sample columns',
    sql: `with s as materialized (select ${list} from ${quoted(facts.relation)}${part} limit ${SAMPLE})
select json_build_array(
${columns.map(({ name, how }) => figuresOf(identifier(name), how)).join(',\n')}
) as figures`,
  })
  const figures = (rows[0]?.['figures'] ?? []) as readonly Sampled[]
  return new Map(
    figures.flatMap((one, i) => {
      const column = columns[i]
      return column === undefined || one.rows === 0 ? [] : [[column.name, statisticsOf(one)]]
    }),
  )
}

type Comparable = 'number' | 'time' | 'word'

function kindOf(type: string): Comparable | undefined {
  if (/^(smallint|integer|bigint|numeric|real|double precision)/.test(type) && !type.endsWith('[]'))
    return 'number'
  if (/^(date|timestamp)/.test(type) && !type.endsWith('[]')) return 'time'
  return /^(text|character|boolean)/.test(type) && !type.endsWith('[]') ? 'word' : undefined
}

function figuresOf(column: string, how: Comparable): string {
  const common = `'rows', count(*), 'values', count(${column}), 'distinct', count(distinct ${column})`
  if (how === 'word') {
    return `(select json_build_object(${common}, 'commonest', (
  select json_agg(json_build_array(word, times) order by times desc, word)
  from (select left(${column}::text, 40) as word, count(*) as times from s where ${column} is not null
    group by ${column} having count(*) > 1 order by 2 desc, 1 limit ${COMMONEST}) as w
)) from s)`
  }
  const figure = how === 'number' ? `${column}::float8` : `extract(epoch from ${column})::float8`
  // Infinite bounds and NaN, which is greater than all, have no intervals between them.
  return `(select json_build_object(${common}, 'least', min(${column})::text, 'greatest', max(${column})::text, 'buckets', (
  select json_object_agg(bucket, times)
  from (
    select case when low > '-infinity' and high < 'infinity' and low < high
      then width_bucket(v, low, high, ${BUCKETS}) end as bucket, count(*) as times
    from (select ${figure} as v from s where ${column} is not null) as x
    cross join (select min(${figure}) as low, max(${figure}) as high from s) as y
    group by 1
  ) as b
  where bucket is not null
)) from s)`
}

function statisticsOf(sampled: Sampled): ColumnStatistics {
  const { rows, values, distinct, least, greatest, buckets, commonest } = sampled
  return {
    sampledRows: rows,
    nullShare: (rows - values) / rows,
    distinct,
    ...(least === null || least === undefined ? {} : { least }),
    ...(greatest === null || greatest === undefined ? {} : { greatest }),
    ...(buckets === null || buckets === undefined ? {} : { histogram: histogramOf(buckets) }),
    ...(commonest === null || commonest === undefined ? {} : { commonest }),
  }
}

function histogramOf(buckets: Readonly<Record<string, number>>): readonly number[] {
  const counts = Array.from({ length: BUCKETS }, (_, i) => buckets[i + 1] ?? 0)
  const last = counts.length - 1
  counts[last] = (counts[last] ?? 0) + (buckets[BUCKETS + 1] ?? 0)
  return counts
}
