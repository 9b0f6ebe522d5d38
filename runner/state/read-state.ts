import type { Session } from '../engine/adapter.ts'
import type { NodeId } from '../manifest/node.ts'
import { literal } from '../manifest/quoted.ts'
import type { DoneBatch, DoneBatchRows } from './batches.ts'
import { DONE_BATCHES, doneBatches } from './batches.ts'
import { findLedger } from './ledger.ts'
import { isNew, newRows } from './marks.ts'

/** How far one relation has read one of its inputs; of a polling snapshot, when it last compared all of them. */
export interface MarkState {
  readonly relation: string
  /** The node that made it, with its project; undefined where nothing is recorded of it. */
  readonly madeBy: { readonly project: string; readonly nodeId: NodeId } | undefined
  readonly input: string
  /** Rows that are new to it; undefined where they cannot be counted, or only by reading all of them. */
  readonly unreadRows: number | undefined
  /** Logged keys that it has not read. */
  readonly unreadKeys: number
  /** For how long there have been such rows at most: since the mark was moved. 0 when there are none. */
  readonly behindSeconds: number
  readonly movedAt: string
  /**
   * `rebuilt`: another table stands behind the input's name, so the relation will be rebuilt; `gone`: none does;
   * `not readable`: this role may not look, so nothing is known of what is new.
   */
  readonly inputIs: 'followed' | 'rebuilt' | 'gone' | 'not readable'
}

/** A session or prepared transaction whose old pg_snapshot or open write makes others wait or keeps dead rows. */
export interface OldSnapshot {
  readonly pid: number | undefined
  readonly user: string | undefined
  readonly application: string
  readonly state: string
  readonly ageSeconds: number
  /** Its own rows are not visible to anybody yet. */
  readonly isWriting: boolean
}

export interface State {
  /** False in a restored or cloned database, where the marks mean nothing until they are rebased. */
  readonly isSameDatabase: boolean
  readonly marks: readonly MarkState[]
  /** Quoted names of all that gm has made. */
  readonly made: ReadonlySet<string>
  /** Microbatch: spans of event time that are done and not due again, in order, by the quoted name of their relation. */
  readonly doneBatches: ReadonlyMap<string, readonly DoneBatch[]>
  readonly oldSnapshots: readonly OldSnapshot[]
}

/** Every mark with its lag, and who holds old snapshots; undefined where gm has never run. */
export async function readState(
  session: Session,
  signal?: AbortSignal,
): Promise<State | undefined> {
  const ask = async <Row extends object>(purpose: string, sql: string): Promise<readonly Row[]> =>
    (await session.query({ purpose, sql }, signal)).rows as readonly Row[]
  const there = await findLedger(session, signal)
  if (there === undefined) return undefined
  const [cluster] = await ask<{ is_same: boolean }>(
    'compare cluster',
    `select c.system_identifier = s.system_identifier and c.database_oid = d.oid as is_same
from gm.cluster c, pg_control_system() s, pg_database d where d.datname = current_database()`,
  )
  const marks = await ask<MarkRow>(
    'read marks',
    `${READ_MARKS}${there.hasLooks ? READ_LOOKS : ''}\norder by relation, input`,
  )
  const unread = await countUnread(marks, there.hasNewParts, ask)
  const [done] = there.hasBatches
    ? await ask<{ made: readonly string[]; batches: DoneBatchRows }>(
        'read batches',
        `select (select coalesce(jsonb_agg(relation), '[]') from gm.relations) as made, ${DONE_BATCHES} as batches`,
      )
    : []
  return {
    isSameDatabase: cluster?.is_same === true,
    marks: marks.map((row, i) => toMarkState(row, unread[i])),
    made: new Set(done?.made),
    doneBatches: doneBatches(done?.batches ?? []),
    oldSnapshots: (await ask<OldRow>('read old snapshots', READ_OLD_SNAPSHOTS)).map(
      ({ pid, user, application, state, age, is_writing }) => ({
        pid: pid ?? undefined,
        user: user ?? undefined,
        application,
        state,
        ageSeconds: age,
        isWriting: is_writing,
      }),
    ),
  }
}

interface MarkRow {
  readonly relation: string
  readonly project: string | null
  readonly node_id: string | null
  readonly input: string
  readonly moved_at: string
  readonly age: number
  readonly input_is: MarkState['inputIs']
  readonly is_tracked: boolean
  /** The quoted column that an untracked input is followed by. */
  readonly event_time: string | null
  readonly read_to: string | null
  /** A look has no mark: to count what is new to it would read the whole input. */
  readonly is_look: boolean
}

interface OldRow {
  readonly pid: number | null
  readonly user: string | null
  readonly application: string
  readonly state: string
  readonly age: number
  readonly is_writing: boolean
}

/** What a name means, also where this role may not use its schema: to_regclass fails for the whole query then. */
const found = (name: string): string => `left join lateral (
  select c.oid, has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') as is_readable
  from pg_namespace n join pg_class c on c.relnamespace = n.oid
  where n.nspname = (parse_ident(${name}))[1] and c.relname = (parse_ident(${name}))[2]
) i on true`

const READ_MARKS = `select m.relation, made.project, made.node_id, m.input,
  to_char(m.moved_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as moved_at,
  ceil(extract(epoch from clock_timestamp() - m.moved_at))::int as age,
  case
    when i.oid is null then 'gone'
    when not i.is_readable then 'not readable'
    when i.oid::text <> m.generation then 'rebuilt'
    else 'followed'
  end as input_is,
  exists (
    select from pg_attribute a where a.attrelid = i.oid and a.attname = '_gm_xid' and not a.attisdropped
  ) as is_tracked, m.event_time, m.read_to, false as is_look
from gm.marks m left join gm.relations made using (relation)
${found('m.input')}`

const READ_LOOKS = `
union all
select l.relation, r.project, r.node_id, l.input, to_char(r.changed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
  ceil(extract(epoch from clock_timestamp() - r.changed_at))::int,
  case when i.is_readable then 'followed' else 'not readable' end, false, null, null, true
from gm.looks l join gm.relations r using (relation)
${found('l.input')}
where case when i.is_readable then gm.looked_to(l.relation, l.input) is not null else i.oid is not null end`

const READ_OLD_SNAPSHOTS = `select a.pid, a.usename as "user", coalesce(a.application_name, '') as application,
  coalesce(a.state, 'hidden') as state,
  coalesce(extract(epoch from clock_timestamp() - a.xact_start)::int, 0) as age, a.backend_xid is not null as is_writing
from pg_stat_activity a
where a.datname = current_database() and a.pid <> pg_backend_pid() and a.backend_type = 'client backend'
  and (a.backend_xmin is not null or a.backend_xid is not null)
union all
select null, p.owner, 'prepared transaction ' || p.gid, 'prepared',
  extract(epoch from clock_timestamp() - p.prepared)::int, true
from pg_prepared_xacts p
where p.database = current_database()
order by age desc`

type Ask = <Row extends object>(purpose: string, sql: string) => Promise<readonly Row[]>

/** One query for all marks, in their order. */
async function countUnread(
  marks: readonly MarkRow[],
  hasParts: boolean,
  ask: Ask,
): Promise<readonly { readonly rows: number | undefined; readonly keys: number }[]> {
  if (marks.length === 0) return []
  const counts = marks.map((mark) => {
    const isCounted = mark.input_is === 'followed' || mark.input_is === 'rebuilt'
    if (mark.is_look || !isCounted) return 'select null::int as rows, 0 as keys'
    const { relation, input } = mark
    const keys = `select count(*)::int from gm.key_log log where log.generation = to_regclass(${literal(input)})::oid
    and ${isNew(relation, input, 'log.xid')}`
    return `select ${unreadRows(mark, hasParts)} as rows, (${keys}) as keys`
  })
  const found = await ask<{ rows: number | null; keys: number }>(
    'count unread',
    counts.join('\nunion all\n'),
  )
  return found.map(({ rows, keys }) => ({ rows: rows ?? undefined, keys }))
}

function unreadRows(
  { relation, input, input_is, is_tracked, event_time, read_to }: MarkRow,
  hasParts: boolean,
): string {
  if (input_is !== 'followed' || (!is_tracked && event_time === null)) return 'null'
  if (is_tracked)
    return `(select count(*)::int from ${newRows(relation, input, { hasParts })} as unread)`
  const time = String(event_time)
  const later = read_to === null ? '' : `${time} > ${literal(read_to)} and `
  // As in latestTime: what lies in the future is read again each time, and never counts as read.
  return `(select count(*)::int from ${input} where ${later}${time} <= now())`
}

function toMarkState(
  row: MarkRow,
  unread: { readonly rows: number | undefined; readonly keys: number } | undefined,
): MarkState {
  const unreadRows = unread?.rows
  const unreadKeys = unread?.keys ?? 0
  return {
    relation: row.relation,
    madeBy:
      row.project === null || row.node_id === null
        ? undefined
        : { project: row.project, nodeId: row.node_id as NodeId },
    input: row.input,
    unreadRows,
    unreadKeys,
    behindSeconds: (unreadRows ?? 0) + unreadKeys === 0 ? 0 : row.age,
    movedAt: row.moved_at,
    inputIs: row.input_is,
  }
}
