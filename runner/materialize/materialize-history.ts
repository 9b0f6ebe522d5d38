import type { Compiled } from '../compile/compiled.ts'
import { aroundUserSql } from '../engine/around-user-sql.ts'
import type { Statement } from '../engine/statement.ts'
import type { SnapshotNode } from '../manifest/node.ts'
import { identifier, quoted } from '../manifest/quoted.ts'
import { moveMarks, VERSION_XID_COLUMN, XID_COLUMN } from '../state/marks.ts'
import { analyzeAfter } from './analyze-after.ts'
import { guardColumns, withoutTracking } from './compare-columns.ts'
import { countExtracted } from './count-extracted.ts'
import { ownColumns } from './evolve-table.ts'
import { followIndexes } from './follow-indexes.ts'
import { guardTarget } from './guard-target.ts'
import type { Materialize } from './materialize.ts'
import { probeQuery, readThroughChanges } from './materialize-incremental.ts'
import { noOverlaps, overlapExtension } from './polling-history.ts'
import type { WantedIndex } from './publish-table.ts'
import { buildAndPublish, followInputs } from './publish-table.ts'
import { unionRecomputed } from './recomputed-keys.ts'
import { recordBuild } from './record-build.ts'
import { refuseIncomparable, refuseOtherTimes } from './refuse-columns.ts'

/** The end of an interval that has none yet. */
const OPEN_END = `timestamptz '9999-12-31 00:00:00+00'`

/** As the end of the version before it: without a zone it is in UTC, whatever zone a header of the user's sets. */
const BEGINNING = `case pg_typeof("effective_from") when 'timestamptz'::regtype then "effective_from"::timestamptz else "effective_from"::timestamp at time zone 'UTC' end`

const EVENT_INTERVAL = { validFrom: 'effective_from', validTo: 'effective_to' }

/** What versions() leaves in its result and the table has not: the events' own time and coordinates say nothing about a version. */
function eventColumns({ time, ties }: History): readonly string[] {
  return [time, ...ties, 'gm_opens', 'gm_version', 'gm_is_last']
}

interface History {
  readonly key: readonly string[]
  readonly time: string
  readonly ties: readonly string[]
  readonly watched: readonly string[]
  readonly surrogateKey: string
}

export function historyOf(node: SnapshotNode): History {
  const { unique_key, updated_at, tie_breakers, check_cols, surrogate_key } = node.config
  if (updated_at === undefined || !Array.isArray(check_cols) || unique_key.length === 0) {
    throw new Error(`${node.id} was parsed without updated_at, check_cols or unique_key`)
  }
  return {
    key: unique_key,
    time: updated_at,
    ties: tie_breakers ?? [],
    watched: check_cols as readonly string[],
    surrogateKey: surrogate_key ?? `${node.name}_sk`,
  }
}

/** A new table with the history of every key. */
export function fillHistory(
  node: SnapshotNode,
  compiled: Compiled,
  tableQuoted: string,
): readonly Statement[] {
  const dropped = eventColumns(historyOf(node)).map((c) => `drop column ${identifier(c)}`)
  return [
    { ...versions(node, compiled, `create table ${tableQuoted} as\n`), counts: 'inserted' },
    { purpose: 'drop event columns', sql: `alter table ${tableQuoted} ${dropped.join(', ')}` },
    refuseTimes(node, tableQuoted),
  ]
}

/** The history of every key, from all events. */
export const buildHistory: Materialize<SnapshotNode> = (node, compiled, materials) => {
  const history = historyOf(node)
  return {
    transactions: buildAndPublish({
      node,
      materials,
      fill: (hidden) => [
        ...overlapExtension(node),
        ...countExtracted(materials.follows),
        probeQuery(compiled),
        refuseOtherTimes(node, history.time),
        refuseIncomparable(node, history.watched),
        ...fillHistory(node, compiled, hidden),
      ],
      indexes: historyIndexes(node, history),
      notNull: [
        ...history.key,
        history.surrogateKey,
        'effective_from',
        'effective_to',
        'is_current',
      ],
      tracking: [XID_COLUMN, VERSION_XID_COLUMN],
      marks: materials.follows,
      record: recordBuild(node, compiled, materials, 'build history', true),
    }),
  }
}

function historyIndexes(node: SnapshotNode, history: History): readonly WantedIndex[] {
  return [
    { columns: [history.surrogateKey], unique: true },
    { columns: [...history.key, 'effective_from'], unique: true },
    { columns: [...history.key, 'is_current'] },
    { columns: [VERSION_XID_COLUMN] },
    ...(node.config.no_overlaps === true
      ? [noOverlaps(node.relation.identifier, history.key, EVENT_INTERVAL)]
      : []),
    ...node.config.indexes,
  ]
}

/**
 * Rebuilds the history of the keys that new events touch, and writes only what differs. Versions are named by key and
 * beginning, so a late event that changes nothing writes nothing, and one that does corrects the intervals around it.
 */
export const updateHistory: Materialize<SnapshotNode> = (node, compiled, materials) => {
  const target = materials.target
  if (target === undefined) throw new Error(`${node.id} has no table to update`)
  const history = historyOf(node)
  const name = quoted(node.relation)
  const columns = ownColumns(target)
  const sk = identifier(history.surrogateKey)
  const values = columns.filter((c) => c !== history.surrogateKey).map(identifier)
  const key = history.key.map(identifier)
  const marks = readThroughChanges(compiled)
  const list = columns.map(identifier).join(', ')
  const recomputed = unionRecomputed(compiled, history.key, node.at)
  const indexes = followIndexes(node.relation, target, historyIndexes(node, history), materials)
  return {
    transactions: [
      ...followInputs(name, materials.otherParts),
      ...indexes.before,
      {
        name: 'write',
        isolation: 'repeatable read',
        locks: materials.lockable.map((relation) => ({ relation, mode: 'access share' })),
        statements: [
          guardTarget(name, materials),
          ...indexes.create,
          ...countExtracted(marks, name, materials),
          probeQuery(compiled),
          refuseOtherTimes(node, history.time),
          refuseIncomparable(node, history.watched),
          versions(node, compiled, 'create temporary table _gm_versions on commit drop as\n'),
          guardColumns('_gm_versions', withoutTracking(target.columns), eventColumns(history)),
          refuseTimes(node, '_gm_versions'),
          { purpose: 'index versions', sql: `create unique index on _gm_versions (${sk})` },
          { purpose: 'analyze versions', sql: 'analyze _gm_versions' },
          {
            purpose: 'delete versions',
            sql: `delete from ${name} as old_row
using (select ${key.join(', ')} from _gm_versions${recomputed === '' ? `\ngroup by ${key.join(', ')}` : recomputed}) as touched
where ${key.map((c) => `old_row.${c} = touched.${c}`).join(' and ')}
  and not exists (select from _gm_versions as v where v.${sk} = old_row.${sk})`,
            counts: 'deleted',
          },
          {
            purpose: 'update versions',
            // To the byte, as a rebuild would have them: 1.0 is not 1.00 here, and json has no other equality.
            sql: `update ${name} as old_row set
  ${values.map((c) => `${c} = v.${c}`).join(', ')},
  "${XID_COLUMN}" = pg_current_xact_id(),
  "${VERSION_XID_COLUMN}" = case
    when old_row."effective_to" is distinct from v."effective_to" then pg_current_xact_id()
    else old_row."${VERSION_XID_COLUMN}"
  end
from _gm_versions as v
where v.${sk} = old_row.${sk}
  and row(${values.map((c) => `old_row.${c}`).join(', ')})::record
    *<> row(${values.map((c) => `v.${c}`).join(', ')})::record`,
            counts: 'updated',
          },
          {
            purpose: 'insert versions',
            sql: `insert into ${name} (${list})
select ${list} from _gm_versions as v
where not exists (select from ${name} as old_row where old_row.${sk} = v.${sk})`,
            counts: 'inserted',
          },
          ...moveMarks(materials, name, marks),
          recordBuild(node, compiled, materials, 'update history', false),
        ],
      },
      analyzeAfter(target),
    ],
  }
}

/** A version without a beginning, or that begins when all of them end, is never the one that holds. */
function refuseTimes(node: SnapshotNode, table: string): Statement {
  const { key, time } = historyOf(node)
  const names = key.map((c) => `coalesce(${identifier(c)}::text, 'null')`).join(` || ', ' || `)
  return {
    purpose: 'refuse times',
    sql: `select '(' || ${names} || '): ' || coalesce("effective_from"::text, 'null')
from ${table}
where ("effective_from" > '-infinity' and "effective_from" < ${OPEN_END}) is not true
order by 1
limit 5`,
    refusal: {
      code: 'GM4009',
      message: `updated_at (${time}) of the events of ${node.name} must be a time before 9999-12-31, and is not for`,
      hint: 'Leave such events out of the query, or give them the time at which they happened.',
    },
  }
}

/**
 * Events in, versions out. Of the events of one moment the last by the tie-breakers counts. A version opens where a
 * watched column differs from the event before; all other columns are those of the version's last event.
 * An event without a time sorts first and begins a version at null, which the table refuses: no event is lost in silence.
 * The names of its CTEs cannot meet the user's: their SQL stands in the innermost, which sees none of them.
 */
function versions(node: SnapshotNode, compiled: Compiled, lead: string): Statement {
  const history = historyOf(node)
  const key = history.key.map(identifier).join(', ')
  const time = identifier(history.time)
  const ties = history.ties.map((column) => `, ${identifier(column)} desc nulls last`).join('')
  const watched = history.watched.map(identifier)
  const head = `${lead}with gm_events as (\n`
  const tail = `
), gm_moments as (
  select distinct on (${key}, ${time}) *
  from gm_events
  order by ${key}, ${time} nulls first${ties}
), gm_compared as (
  select *,
    row_number() over by_time = 1
      or (${watched.join(', ')})
        is distinct from (${watched.map((c) => `lag(${c}) over by_time`).join(', ')}) as gm_opens
  from gm_moments
  window by_time as (partition by ${key} order by ${time} nulls first)
), gm_numbered as (
  select *, count(*) filter (where gm_opens) over (partition by ${key} order by ${time} nulls first) as gm_version
  from gm_compared
), gm_bounded as (
  select *,
    first_value(${time}) over by_version as "effective_from",
    row_number() over by_version = count(*) over (partition by ${key}, gm_version) as gm_is_last
  from gm_numbered
  window by_version as (partition by ${key}, gm_version order by ${time} nulls first)
), gm_last as (
  select *, lead(${BEGINNING}, 1, ${OPEN_END}) over (partition by ${key} order by "effective_from") as "effective_to"
  from gm_bounded
  where gm_is_last
), gm_keyed as (
  select
    md5(concat_ws('|', ${key}, case when isfinite("effective_from") then (extract(epoch from "effective_from") * 1000000)::bigint end)) as ${identifier(history.surrogateKey)},
    *,
    "effective_to" = ${OPEN_END} as "is_current"
  from gm_last
)
select * from gm_keyed`
  return aroundUserSql(compiled, { purpose: 'history', head, tail })
}
