import { GmError } from '../base/error.ts'
import type { UserFunctions } from '../compile/find-unstable.ts'
import { NO_USER_FUNCTIONS } from '../compile/find-unstable.ts'
import type { Session } from '../engine/adapter.ts'
import type { RowCounts, Statement } from '../engine/statement.ts'
import { literal } from '../manifest/quoted.ts'
import type { DoneBatch, DoneBatchRows } from './batches.ts'
import { DONE_BATCHES, doneBatches } from './batches.ts'
import type { Basis } from './read-bases.ts'
import { readBases } from './read-bases.ts'

interface Following {
  /** Partitions or children came since, whose lost keys are not logged yet, or went. */
  readonly hasOtherParts: boolean
}

/** What gm remembers of a relation: of the last step that changed it. */
export interface LedgerEntry {
  readonly kind: string
  /** The run whose step changed it last, or has begun to. */
  readonly runId: string
  readonly revision: string
  /** Of code and configuration at the last full build. */
  readonly fingerprint: string
  /** Generation of each input at this relation's mark on it, by the input's quoted name. */
  readonly marks: ReadonlyMap<string, string>
  /** Inputs with key columns, as `followedName` writes them, whose lost keys have been logged since it was built. */
  readonly following: ReadonlyMap<string, Following>
  /** What it was made of; undefined where that is not recorded. */
  readonly basis: Basis | undefined
  /** Microbatch: spans of event time that are done and not due again; in order. */
  readonly batches: readonly DoneBatch[]
  /** Of a history that looks at the rows of one table; undefined where its next look has to compare all of them. */
  readonly look: Look | undefined
  /** Milliseconds that its last successful step took, for scheduling; undefined when unknown. */
  readonly lastDurationMs: number | undefined
}

/** What the last look at the rows of a table lets the next one leave out. */
export interface Look {
  /** The table's quoted name. */
  readonly input: string
  /** Names how the rows were compared. */
  readonly code: string
  /** Rows that older transactions wrote are as the look saw them. */
  readonly since: string
}

export interface Ledger {
  readonly entries: ReadonlyMap<string, LedgerEntry>
  /** What each data test has read when it last passed, by the test's id. */
  readonly passes: ReadonlyMap<string, Basis>
  readonly functions: UserFunctions
  /** Whether its marks say of which parts they are. An older one, which a plan may meet, does not. */
  readonly hasNewParts: boolean
}

export const EMPTY_LEDGER: Ledger = {
  entries: new Map(),
  passes: new Map(),
  functions: NO_USER_FUNCTIONS,
  hasNewParts: true,
}

/** What has a lower one came with the server. */
const FIRST_NORMAL_OID = 16_384

/** What there is of the ledger: what only reads does not bring an older one up to date. */
export async function findLedger(
  session: Session,
  signal?: AbortSignal,
): Promise<LedgerParts | undefined> {
  const sql = `select to_regclass('gm.key_readers') is not null as "isThere", to_regclass('gm.batches') is not null as "hasBatches",
  to_regclass('gm.looks') is not null as "hasLooks",
  to_regprocedure('gm.has_other_parts(text, text, text)') is not null as "hasOtherParts",
  to_regprocedure('gm.new_parts(text, text)') is not null as "hasNewParts"`
  const { rows } = await session.query({ purpose: 'find ledger', sql }, signal)
  const found = rows[0] as unknown as LedgerParts & { readonly isThere: boolean }
  return found.isThere ? found : undefined
}

interface LedgerParts {
  readonly hasBatches: boolean
  readonly hasLooks: boolean
  readonly hasOtherParts: boolean
  readonly hasNewParts: boolean
}

const READ_LOOKS = `(select coalesce(jsonb_agg(jsonb_build_array(l.relation, l.input, l.code, t.since::text)), '[]')
   from gm.looks l cross join lateral gm.looked_to(l.relation, l.input) as t (since) where t.since is not null)`

const readFollowing = (hasOtherParts: string): string =>
  `(select coalesce(jsonb_agg(jsonb_build_array(k.relation, k.input, k.columns, ${hasOtherParts})), '[]')
   from gm.key_readers k where gm.is_following(k.relation, k.input, k.columns))`

/** Operators and casts of extensions change with the extension alone; a range type brings a cast of its own. */
const READ_LEDGER = `select
  (select coalesce(jsonb_agg(jsonb_build_array(r.relation, r.kind, r.run_id, r.revision::text, r.fingerprint, d.duration_ms)), '[]')
   from gm.relations r
   left join lateral (
     select s.duration_ms from gm.steps s
     where s.node_id = r.node_id and s.status = 'success'
     order by s.finished_at desc limit 1
   ) d on true) as relations,
  (select coalesce(jsonb_agg(jsonb_build_array(m.relation, m.input, m.generation)), '[]') from gm.marks m) as marks,
  ${DONE_BATCHES} as batches,
  (select jsonb_build_object(
     'names', coalesce(jsonb_agg(distinct p.proname), '[]'),
     'attributes', coalesce(jsonb_agg(distinct p.proname) filter (where p.pronargs = 1 and t.typtype in ('c', 'd', 'p')), '[]'))
   from pg_proc p join pg_namespace n on n.oid = p.pronamespace left join pg_type t on t.oid = p.proargtypes[0]
   where n.nspname not in ('pg_catalog', 'information_schema', 'gm')) as functions,
  (select coalesce(jsonb_agg(distinct o.sign), '[]')
   from (
     select oprname as sign, oid, 'pg_operator'::regclass as catalog from pg_operator
     union all select '::', oid, 'pg_cast'::regclass from pg_cast where castfunc <> 0
   ) as o
   where o.oid >= ${FIRST_NORMAL_OID} and not exists (
     select from pg_depend d where d.classid = o.catalog and d.objid = o.oid and d.deptype in ('e', 'i')
   )) as operators,
  (select c.system_identifier = s.system_identifier and c.database_oid = d.oid
   from gm.cluster c, pg_control_system() s, pg_database d where d.datname = current_database()) as is_same_database`

interface LedgerRow {
  readonly relations: readonly (readonly [string, string, string, string, string, number | null])[]
  readonly marks: readonly (readonly [string, string, string])[]
  readonly following: readonly (readonly [
    relation: string,
    input: string,
    columns: string,
    hasOtherParts: boolean,
  ])[]
  readonly batches: DoneBatchRows
  readonly looks: readonly (readonly [
    relation: string,
    input: string,
    code: string,
    since: string,
  ])[]
  readonly functions: {
    readonly names: readonly string[]
    readonly attributes: readonly string[]
  }
  readonly operators: readonly string[]
  readonly is_same_database: boolean
}

/**
 * Everything the ledger knows; undefined where gm has never run.
 * @throws GmError GM4010 when the database is a restored or cloned one: marks hold transaction ids of the original.
 */
export async function readLedger(
  session: Session,
  signal?: AbortSignal,
): Promise<Ledger | undefined> {
  const there = await findLedger(session, signal)
  if (there === undefined) return undefined
  const readLooks = there.hasLooks ? READ_LOOKS : `'[]'::jsonb`
  const hasOtherParts = there.hasOtherParts
    ? 'gm.has_other_parts(k.relation, k.input, k.columns)'
    : 'false'
  const { rows } = await session.query(
    {
      purpose: 'read ledger',
      sql: `${READ_LEDGER},\n  ${readLooks} as looks,\n  ${readFollowing(hasOtherParts)} as following`,
    },
    signal,
  )
  const row = rows[0] as LedgerRow | undefined
  if (row === undefined) throw new Error('the ledger query gave no row')
  if (!row.is_same_database) {
    throw new GmError(
      'GM4010',
      'this database is a restored backup or a clone of the one that gm built',
      {
        hint: 'What each model has read is recorded as transaction ids of the original server. `gm state rebase` makes them those of this one.',
      },
    )
  }
  const bases = await readBases(session, undefined, signal)
  const marks = new Map<string, Map<string, string>>()
  for (const [relation, input, generation] of row.marks) {
    const ofRelation = marks.get(relation) ?? new Map<string, string>()
    ofRelation.set(input, generation)
    marks.set(relation, ofRelation)
  }
  const following = new Map<string, Map<string, Following>>()
  for (const [relation, input, columns, hasNew] of row.following) {
    const ofRelation = following.get(relation) ?? new Map<string, Following>()
    ofRelation.set(`${input} (${columns})`, { hasOtherParts: hasNew })
    following.set(relation, ofRelation)
  }
  const batches = doneBatches(row.batches)
  const looks = new Map(
    row.looks.map(([relation, input, code, since]) => [relation, { input, code, since }]),
  )
  const entries = new Map<string, LedgerEntry>()
  for (const [relation, kind, runId, revision, fingerprint, durationMs] of row.relations) {
    entries.set(relation, {
      kind,
      runId,
      revision,
      fingerprint,
      marks: marks.get(relation) ?? new Map<string, string>(),
      following: following.get(relation) ?? new Map<string, Following>(),
      basis: bases.get(relation),
      batches: batches.get(relation) ?? [],
      look: looks.get(relation),
      lastDurationMs: durationMs ?? undefined,
    })
  }
  return {
    entries,
    passes: bases,
    hasNewParts: there.hasNewParts,
    functions: {
      // A cast can be written like a call.
      names: new Set([...row.functions.names, ...(row.operators.includes('::') ? ['cast'] : [])]),
      attributes: new Set(row.functions.attributes),
      operators: row.operators,
    },
  }
}

/** The row of a run, written before its first step. Runs whose session is gone are marked as interrupted. */
export function startRun(run: {
  readonly runId: string
  readonly command: string
  readonly project: string
  readonly target: string
  readonly version: string
  /** What `gm retry` needs to ask for the same again, kept as JSON; undefined for what is not to be gone on with. */
  readonly request?: unknown
}): Statement {
  const { request } = run
  return {
    purpose: 'record run',
    sql: `insert into gm.runs (run_id, command, project, target, gm_version, request) values ($1, $2, $3, $4, $5, $6)`,
    binds: [
      run.runId,
      run.command,
      run.project,
      run.target,
      run.version,
      request === undefined ? null : JSON.stringify(request),
    ],
  }
}

/** Takes back the record of a run that did nothing. */
export function forgetRun(runId: string): Statement {
  return {
    purpose: 'forget run',
    sql: 'delete from gm.runs where run_id = $1',
    binds: [runId],
  }
}

/** Of gm.runs as r: it never ended, and nobody holds its run lock: it died without a word. */
export const IS_DEAD_RUN = `r.status = 'running' and not exists (
    select from pg_locks l
    where l.locktype = 'advisory' and l.objsubid = 1
      and l.database = (select oid from pg_database where datname = current_database())
      and ((l.classid::bigint << 32) | l.objid::bigint) = hashtextextended('run ' || r.run_id, 0)
  )`

export const MARK_DEAD_RUNS: Statement = {
  purpose: 'mark interrupted runs',
  sql: `with dead as (
  select r.run_id from gm.runs r where ${IS_DEAD_RUN}
)
update gm.runs set status = 'interrupted', finished_at = clock_timestamp() from dead where runs.run_id = dead.run_id`,
}

/** The lock that a run holds as long as it lives. */
export function runLock(runId: string): string {
  return `run ${runId}`
}

export interface FinishedStep {
  readonly nodeId: string
  readonly relation: string | null
  readonly action: string
  readonly reason: string
  readonly status: string
  readonly startedAt: string | null
  readonly durationMs: number
  /** Of all its transactions: a table's rows are counted where it is built, and recorded where it is published. */
  readonly counts: RowCounts
  readonly failures: number | null
  readonly message: string | null
  readonly retries: number
}

/**
 * Ends a run: its status, and for each step what only the runner knows: start, duration, all rows, failures, messages. What has been
 * recorded with its rows, under its published name, is done, and its row stays: its connection may have broken with the commit.
 */
export function finishRun(
  runId: string,
  status: string,
  steps: readonly FinishedStep[],
): Statement {
  return {
    purpose: 'finish run',
    sql: `with given as (
  select * from jsonb_to_recordset($3::jsonb) as s (
    "nodeId" text, relation text, action text, reason text, status text, "startedAt" timestamptz,
    "durationMs" double precision, counts jsonb, failures bigint, message text, retries int
  )
), recorded as (
  insert into gm.steps (
    run_id, node_id, relation, action, reason, status, started_at, duration_ms, extracted, inserted, updated, deleted, failures, message, retries
  )
  select
    $1, "nodeId", relation, action, reason, status, "startedAt", "durationMs", (counts->>'extracted')::bigint,
    (counts->>'inserted')::bigint, (counts->>'updated')::bigint, (counts->>'deleted')::bigint, failures, message, retries
  from given
  where status in ('success', 'partial success') or not exists (
    select from gm.steps s
    where s.run_id = $1 and s.node_id = "nodeId" and s.relation = given.relation
      and s.status = 'success' and coalesce(s.hooks_left, 0) = 0
  )
  on conflict (run_id, node_id) do update set
    status = excluded.status, started_at = excluded.started_at, duration_ms = excluded.duration_ms, extracted = excluded.extracted,
    inserted = excluded.inserted, updated = excluded.updated, deleted = excluded.deleted,
    failures = excluded.failures, message = excluded.message, retries = excluded.retries
)
, judged as (
  select "nodeId" as node_id, status = 'pass' as has_passed from given where status in ('pass', 'warn', 'fail', 'error')
), passed as (
  update gm.passes p set has_passed = true from judged j
  where p.node_id = j.node_id and p.run_id = $1 and j.has_passed
), outdated as (
  delete from gm.passes p using judged j
  where p.node_id = j.node_id and not (p.run_id = $1 and j.has_passed)
)
update gm.runs set status = $2, finished_at = clock_timestamp() where run_id = $1`,
    binds: [runId, status, JSON.stringify(steps)],
  }
}

/** The step's own entry, as the last statement of its last transaction. */
export function recordStep(step: {
  readonly runId: string
  readonly project: string
  readonly nodeId: string
  readonly kind: string
  readonly relation: string
  readonly action: string
  readonly reason: string
  readonly fingerprint: string
  /** Of what this very step has run. */
  readonly code: string
  /** Whether the SQL gives the same rows on the same inputs. */
  readonly isStable: boolean
  readonly isFullBuild: boolean
}): Statement {
  const values = [
    step.runId,
    step.project,
    step.nodeId,
    step.kind,
    step.relation,
    step.action,
    step.reason,
    step.fingerprint,
    step.code,
  ].map(literal)
  return {
    purpose: 'record step',
    sql: `select gm.record_step($1, ${values.join(', ')}, ${String(step.isStable)}, ${String(step.isFullBuild)})`,
    binds: 'counts',
  }
}

/** What a step has recorded in the transaction that wrote its rows. */
export interface RecordedRows {
  readonly counts: RowCounts
  /** Its quoted name: another one than the node's until a run that publishes all or nothing has done so. */
  readonly relation: string
  /** Hooks outside of transactions that are still to come. */
  readonly hooksLeft: number
}

/** What this run has recorded of a step; undefined where it has not, or where some of its batches have failed. */
export async function readRecorded(
  session: Session,
  runId: string,
  nodeId: string,
  signal?: AbortSignal,
): Promise<RecordedRows | undefined> {
  const { rows } = await session.query(
    {
      purpose: 'read step',
      sql: `select jsonb_strip_nulls(jsonb_build_object('extracted', extracted, 'inserted', inserted, 'updated', updated, 'deleted', deleted)) as counts,
  relation, coalesce(hooks_left, 0) as "hooksLeft"
from gm.steps where run_id = $1 and node_id = $2 and status = 'success'`,
      binds: [runId, nodeId],
    },
    signal,
  )
  return rows[0] as unknown as RecordedRows | undefined
}

/** Of a step some of whose batches have failed: after its own entry, in the same transaction. */
export function recordPart(runId: string, nodeId: string): Statement {
  return {
    purpose: 'record step',
    sql: `update gm.steps set status = 'partial success' where run_id = ${literal(runId)} and node_id = ${literal(nodeId)}`,
  }
}

/** How many of a step's hooks outside of transactions are still to come: with its rows at first, and after each of them. */
export function recordHooksLeft(
  step: { readonly runId: string; readonly nodeId: string; readonly relation: string },
  left: number,
): Statement {
  const { runId, nodeId, relation } = step
  return {
    purpose: 'record hooks',
    sql: `insert into gm.steps (run_id, node_id, relation, action, reason, status, hooks_left)
values (${[runId, nodeId, relation].map(literal).join(', ')}, 'run hooks', '', 'success', ${left})
on conflict (run_id, node_id) do update set hooks_left = excluded.hooks_left`,
  }
}

/** Writes down that no row of the input, as the transaction sees it, is other than the version that holds. After the step's own entry. */
export function recordLook(relation: string, input: string, code: string): Statement {
  return {
    purpose: 'record look',
    sql: `select gm.note_look(${[relation, input, code].map(literal).join(', ')})`,
  }
}

/** Whether the last look still says of the same rows that they need not be compared. */
export function isLookedTo(relation: string, { input, since }: Look): string {
  return `gm.looked_to(${literal(relation)}, ${literal(input)}) is not distinct from ${literal(since)}::xid8`
}

/**
 * What a data test has read, in the transaction that read it. It counts once the run has recorded that it passed. A connection that is
 * lost with the commit makes the test run twice.
 */
export function recordTest(runId: string, nodeId: string, code: string): Statement {
  return {
    purpose: 'record reading',
    sql: `insert into gm.passes (node_id, run_id, code, reads, read_at)
values (${[nodeId, runId, code].map(literal).join(', ')}, gm.reads('{}'), pg_current_snapshot())
on conflict (node_id, run_id) do update set code = excluded.code, reads = excluded.reads, read_at = excluded.read_at`,
  }
}

/** Lets gm notice what anybody changes or deletes in those of the tables that it has landed itself. */
export function followTables(names: readonly string[]): Statement {
  return {
    purpose: 'follow landed tables',
    sql: `select gm.follow_landed(array[${names.map(literal).join(', ')}])`,
  }
}
