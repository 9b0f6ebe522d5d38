import { randomBytes } from 'node:crypto'
import { GmError } from '../base/error.ts'
import type { Adapter, DependentView, RelationState, Session } from '../engine/adapter.ts'
import { exclusiveLocks } from '../engine/exclusive-locks.ts'
import { sqlErrorOf } from '../engine/sql-error.ts'
import type { Statement, Transaction } from '../engine/statement.ts'
import type { Relation } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import {
  attachAgain,
  copyStatistics,
  detach,
  givePrivilegesAgain,
  noteAttached,
} from '../materialize/carry-attached.ts'
import { copyMade } from '../materialize/carry-made.ts'
import {
  commentAgain,
  createDependent,
  foreignReaders,
  isOurView,
  nameOf,
  rememberViews,
  withOptions,
  withoutFindings,
} from '../materialize/dependent-views.ts'
import { retryLater } from '../run/retry-later.ts'
import { withLockRetries } from '../run/with-lock-retries.ts'
import { finishRun, runLock, startRun } from '../state/ledger.ts'
import type { Publication, Version } from '../state/versions.ts'
import {
  againstRollback,
  bringBack,
  dropKept,
  lostByRollback,
  putAside,
  readPublications,
  readVersions,
  rollBackLedger,
} from '../state/versions.ts'

export interface RollbackRequest {
  readonly adapter: Adapter
  readonly session: Session
  /** The publication to go back to; undefined: the one before the last. */
  readonly to: string | undefined
  readonly isDryRun: boolean
  /** Quoted names of relations that no run can make again: they keep what they have. Undefined: not known, so all snapshots do. */
  readonly unrepeatable: readonly string[] | undefined
  readonly project: string
  readonly targetName: string
  readonly version: string
  /** How long readers of the tables are waited for. */
  readonly patienceMs: number
  readonly signal: AbortSignal
}

/** What came back, or would. */
export interface Rollback {
  /** The youngest first. */
  readonly undone: readonly Publication[]
  readonly versions: readonly Version[]
}

const HINT =
  'Nothing was changed. A rollback brings back exactly what a publication replaced; to go on from what is there now, run again with the code that you want.'

/**
 * Takes back the last publications: every table and view gets what it had before, in one transaction, with the marks and the
 * ledger of that version, so that the next run goes on from there.
 * @throws GmError GM4025 where nothing is kept, where something has been changed since, or where others read it; GM4007 while
 *   a run works on one of the nodes.
 */
export async function rollBack(request: RollbackRequest): Promise<Rollback> {
  const { session, adapter, signal } = request
  const undone = publicationsToUndo(await readPublications(session), request.to)
  const runs = undone.map(({ runId }) => runId)
  const versions = await readVersions(session, runs)
  await lockAll(versions, session)
  const relations = versions.map(({ relation }) => relationOf(relation))
  const states = await adapter.describe(relations)
  const ours = await ownViews(session)
  refuseForeign(versions, states, ours)
  await refuseReasons(session, runs)
  await refuseLosses(session, runs, request.unrepeatable)
  if (request.isDryRun) return { undone, versions }
  const runId = randomBytes(6).toString('hex')
  // Whoever begins meanwhile finds it alive.
  await session.lock(runLock(runId), true)
  await session.query(
    startRun({
      runId,
      command: 'rollback',
      project: request.project,
      target: request.targetName,
      version: request.version,
    }),
  )
  try {
    for (const { kept, relation } of versions) {
      if (kept === undefined || !states.has(relation)) continue
      await session.query(copyMade(relation, kept), signal)
      await session.query(copyStatistics(relation, kept), signal)
    }
    await swap(request, { runs, versions, states, ours, dropsViews: false })
  } catch (error) {
    await session.query(finishRun(runId, 'failed', [])).catch(() => undefined)
    throw error
  }
  await session.query(
    finishRun(
      runId,
      'success',
      versions.map(({ nodeId, relation }) => ({
        nodeId,
        relation,
        action: 'roll back',
        reason: `to what was there before run ${runs.at(-1) ?? ''}`,
        status: 'success',
        startedAt: null,
        durationMs: 0,
        counts: {},
        failures: null,
        retries: 0,
        message: null,
      })),
    ),
  )
  signal.throwIfAborted()
  return { undone, versions }
}

function publicationsToUndo(
  publications: readonly Publication[],
  to: string | undefined,
): readonly Publication[] {
  const [last] = publications
  if (last?.isKept !== true) {
    throw new GmError('GM4025', 'no version is kept that could come back', {
      hint: 'Runs with --publish atomic keep what they replace where project.yml says keep_versions: 1 or more.',
    })
  }
  if (to === undefined) return [last]
  const index = publications.findIndex(({ runId }) => runId === to)
  const later = publications.slice(0, Math.max(index, 0))
  if (later.length > 0 && later.every(({ isKept }) => isKept)) return later
  const listed = publications.map(({ runId, publishedAt }) => `${runId} (${publishedAt})`)
  throw new GmError(
    'GM4025',
    index === 0 ? `run ${to} is the last that published` : `nothing is kept of a run ${to}`,
    { hint: `Kept are ${listed.join(', ')}. Without --to the last of them is taken back.` },
  )
}

/** Runs take the locks of their nodes in this order too. */
async function lockAll(versions: readonly Version[], session: Session): Promise<void> {
  for (const key of versions.map(({ relation }) => relation).sort()) {
    if (await session.lock(key, false)) continue
    throw new GmError('GM4007', `another run is working on ${key}`, {
      hint: 'Wait for it to end.',
    })
  }
}

async function ownViews(session: Session): Promise<ReadonlySet<string>> {
  const { rows } = await session.query({
    purpose: 'read ledger',
    sql: 'select relation from gm.relations',
  })
  return new Set(rows.map((row) => String(row['relation'])))
}

/** A view on a table is bound to that very table. Those of gm are made again; those of others would have to be dropped. */
function refuseForeign(
  versions: readonly Version[],
  states: ReadonlyMap<string, RelationState>,
  ours: ReadonlySet<string>,
): void {
  const inSet = new Set(versions.map(({ relation }) => relation))
  const reasons = versions.flatMap(({ relation }) => {
    const state = states.get(relation)
    if (state === undefined || state.type === 'view') return []
    const foreign = foreignReaders(state, (view) => isOurView(view, ours))
    const left = state.dependents.filter(({ type, relation: view }) => {
      const name = quoted(view)
      return type === 'materialized view' && ours.has(name) && !inSet.has(name)
    })
    return [
      ...foreign.map((view) => `${nameOf(view)} reads ${relation} and is not gm's`),
      ...left.map((view) => `${nameOf(view)} reads ${relation} and was not published with it`),
    ]
  })
  refuse(reasons)
}

async function refuseReasons(session: Session, runs: readonly string[]): Promise<void> {
  const { rows } = await session.query({
    purpose: 'check rollback',
    sql: againstRollback(runs),
  })
  refuse(rows.map((row) => String(row['reason'])))
}

/** Rows that were seen since and that no run can see again are lost with a version only where somebody asks for it. */
async function refuseLosses(
  session: Session,
  runs: readonly string[],
  unrepeatable: readonly string[] | undefined,
): Promise<void> {
  if (unrepeatable?.length === 0) return
  const { rows } = await session.query({
    purpose: 'check losses',
    sql: lostByRollback(runs, unrepeatable),
  })
  const reasons = rows.map(
    ({ relation }) => `${String(relation)} has seen since what no run can see again`,
  )
  refuse(reasons, `${HINT} With --allow-destructive these rows go.`)
}

function refuse(reasons: readonly string[], hint = HINT): void {
  if (reasons.length === 0) return
  throw new GmError('GM4025', `there is no way back: ${reasons.join('; ')}`, { hint })
}

interface Swap {
  readonly runs: readonly string[]
  readonly versions: readonly Version[]
  readonly states: ReadonlyMap<string, RelationState>
  /** Quoted names of what gm has made. */
  readonly ours: ReadonlySet<string>
  readonly dropsViews: boolean
}

/** Views that cannot be replaced in place: another column, another type, a view where a table was. */
const CANNOT_STAY: ReadonlySet<string> = new Set(['42P16', '2BP01', '42703', '42809'])

async function swap(request: RollbackRequest, given: Swap): Promise<void> {
  const { session, signal } = request
  try {
    await withLockRetries(
      await swapTransaction(request.adapter, given),
      {
        session,
        compiled: new Map(),
        note: () => undefined,
        sent: () => undefined,
        retry: retryLater({ limit: 0, note: () => undefined, signal }),
        signal,
      },
      Math.max(request.patienceMs, 1_000),
    )
  } catch (error) {
    const state = sqlErrorOf(error)?.sqlState ?? ''
    if (!CANNOT_STAY.has(state)) throw error
    if (!given.dropsViews) {
      await swap(request, { ...given, dropsViews: true })
      return
    }
    const reason = error instanceof GmError ? error.message : String(error)
    throw new GmError(
      'GM4025',
      `there is no way back: what is built on it does not fit the older version: ${reason}`,
      { hint: HINT, cause: error },
    )
  }
}

async function swapTransaction(adapter: Adapter, given: Swap): Promise<Transaction> {
  const { versions, states, runs, dropsViews } = given
  const inSet = new Set(versions.map(({ relation }) => relation))
  const current = versions.flatMap(({ relation }) => states.get(relation) ?? [])
  const tables = current.filter(({ type }) => type !== 'view')
  const carried = await carriedViews(current, inSet, given.ours, adapter)
  const restored = dropsViews ? withoutFindings(carried) : carried
  const back = versions.filter(({ kind }) => kind === 'view')
  const goneViews = versions.filter(
    ({ kind, relation }) => kind !== 'view' && states.get(relation)?.type === 'view',
  )
  // What stands around the relations stays as it is now: only their rows and columns go back.
  const kept = versions.flatMap(({ kept, relation }) => {
    const now = states.get(relation)
    return kept === undefined || now === undefined ? [] : [{ kept, now }]
  })
  const replaced = [
    ...kept.map(({ now }) => now),
    ...(dropsViews
      ? [...back.flatMap(({ relation }) => states.get(relation) ?? []), ...restored]
      : []),
  ].map(({ relation }) => relation)
  return {
    name: 'publish',
    isolation: 'read committed',
    locks: exclusiveLocks([...current, ...carried]),
    lockTimeoutMs: 100,
    statements: [
      {
        purpose: 'check rollback',
        sql: againstRollback(runs),
        refusal: { code: 'GM4025', message: 'there is no way back:', hint: HINT },
      },
      ...rememberViews(carried, 'before'),
      ...(replaced.length === 0 ? [] : [noteAttached(replaced)]),
      ...kept.map((version) => detach(version.kept)),
      ...(dropsViews ? dropViews(current, carried) : []),
      ...tables.map(({ relation }) => putAside(relation)),
      ...versions.flatMap(({ kept, relation, names }) =>
        kept === undefined || goneViews.some((view) => view.relation === relation)
          ? []
          : [bringBack(kept, relationOf(relation), names)],
      ),
      ...back.map(({ relation, definition = '' }) =>
        createView(relation, definition, states.get(relation)?.options ?? []),
      ),
      ...restored.map((view) => ({
        purpose: 'create view',
        sql: createDependent(view, 'create or replace'),
      })),
      ...(dropsViews ? commentsOf(back, states, restored) : []),
      // A view that was not there before, or that a table was in the place of.
      ...(dropsViews
        ? []
        : [...goneViews].reverse().map(({ relation }) => ({
            purpose: 'drop view',
            sql: `drop view ${relation}`,
          }))),
      ...versions.flatMap(({ kept, relation, names }) =>
        kept !== undefined && goneViews.some((view) => view.relation === relation)
          ? [bringBack(kept, relationOf(relation), names)]
          : [],
      ),
      // A materialized view before what it reads.
      ...[...tables]
        .reverse()
        .map(({ type, generation }) =>
          dropKept(type === 'partitioned table' ? 'table' : type, generation),
        ),
      ...(replaced.length === 0 ? [] : [givePrivilegesAgain(replaced), attachAgain(replaced)]),
      ...rememberViews(carried, 'after'),
      ...rollBackLedger(runs),
    ],
  }
}

/** Views of gm on what is replaced that the publications did not touch; the innermost first. */
async function carriedViews(
  current: readonly RelationState[],
  inSet: ReadonlySet<string>,
  ours: ReadonlySet<string>,
  adapter: Adapter,
): Promise<readonly DependentView[]> {
  const views = new Map(
    current.flatMap(({ dependents }) =>
      dependents
        .filter((view) => isOurView(view, ours) && !inSet.has(quoted(view.relation)))
        .map((view) => [quoted(view.relation), view] as const),
    ),
  )
  const own = await adapter.describe([...views.values()].map(({ relation }) => relation))
  const readBy = (name: string): number => own.get(name)?.dependents.length ?? 0
  return [...views].sort(([a], [b]) => readBy(b) - readBy(a)).map(([, view]) => view)
}

function createView(relation: string, definition: string, options: readonly string[]): Statement {
  return {
    purpose: 'create view',
    sql: `create or replace view ${relation}${withOptions(options)} as\n${definition.replace(/;\s*$/, '')}`,
  }
}

/** The outermost first: whoever is read by more stands further in. */
function dropViews(
  current: readonly RelationState[],
  carried: readonly DependentView[],
): readonly Statement[] {
  const views = current
    .filter(({ type }) => type === 'view')
    .sort((a, b) => a.dependents.length - b.dependents.length)
  return [...[...carried].reverse(), ...views].map(({ relation }) => ({
    purpose: 'drop view',
    sql: `drop view ${quoted(relation)}`,
  }))
}

/** Comments of views that were dropped and made again. */
function commentsOf(
  back: readonly Version[],
  states: ReadonlyMap<string, RelationState>,
  carried: readonly DependentView[],
): readonly Statement[] {
  const own = back.flatMap(({ relation }) => states.get(relation) ?? [])
  return [...own, ...carried].flatMap((view) => commentAgain('view', quoted(view.relation), view))
}

/** The parts of a name as gm writes it: both parts quoted. */
function relationOf(name: string): Relation {
  const [, schema = '', identifier = ''] = /^"((?:[^"]|"")*)"\."((?:[^"]|"")*)"$/.exec(name) ?? []
  return { schema: schema.replaceAll('""', '"'), identifier: identifier.replaceAll('""', '"') }
}
