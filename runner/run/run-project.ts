import { GmError } from '../base/error.ts'
import type { Compiled } from '../compile/compiled.ts'
import type { Adapter, Session } from '../engine/adapter.ts'
import { sqlErrorOf } from '../engine/sql-error.ts'
import type { Statement, Transaction } from '../engine/statement.ts'
import { transactionSql } from '../engine/transaction-sql.ts'
import type { Manifest, NodeId, NodeKind, Relation } from '../manifest/node.ts'
import { isBuilt } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { createSchema } from '../materialize/materialize-view.ts'
import type { OwnMaterializer } from '../materialize/own-materialization.ts'
import type { Plan } from '../plan/plan.ts'
import type { PlanRequest, Reuse, Warehouse } from '../plan/plan-request.ts'
import type { PlannedNode, Work } from '../plan/plan-run.ts'
import { planNodes, planRun } from '../plan/plan-run.ts'
import { withViewsBetween } from '../plan/shadow.ts'
import { isMadeByOthers } from '../plan/take-over.ts'
import { foldRounds } from '../state/fold-rounds.ts'
import { PRUNE_KEY_LOG } from '../state/key-log.ts'
import type { AskedRun } from '../state/last-run.ts'
import {
  EMPTY_LEDGER,
  finishRun,
  followTables,
  forgetRun,
  MARK_DEAD_RUNS,
  readLedger,
  runLock,
  startRun,
} from '../state/ledger.ts'
import { pruneRuns } from '../state/prune-runs.ts'
import { deferEvents } from './defer-events.ts'
import { dropPending } from './drop-pending.ts'
import type { RunEvent, RunResult, StepResult } from './event.ts'
import { executeStep } from './execute-step.ts'
import { dropDeadShadows, runAtomically } from './run-atomically.ts'
import type { RunHook } from './run-hooks.ts'
import { runHooks } from './run-hooks.ts'
import { schedule } from './schedule.ts'

export interface RunRequest {
  readonly runId: string
  /** `run`, `build`, `test`, … for the ledger and the report. */
  readonly command: string
  /** Kept with the run, for `gm retry`; undefined for a run that is not to be gone on with. */
  readonly asked?: AskedRun | undefined
  readonly manifest: Manifest
  readonly work: Work
  readonly adapter: Adapter
  readonly compile: (
    node: Parameters<PlanRequest['compile']>[0],
    state: Parameters<PlanRequest['compile']>[1],
    manifest: Manifest,
  ) => Compiled
  readonly storeFailures: boolean
  readonly doWarningsFail?: boolean
  readonly failuresRelation: PlanRequest['failuresRelation']
  readonly compileText: PlanRequest['compileText']
  /** The project's own hooks, before the first step and after the last; each is run in a transaction of its own. */
  readonly onRunStart: readonly RunHook[]
  readonly onRunEnd: readonly RunHook[]
  readonly vars: Readonly<Record<string, unknown>>
  /** What counts as now, for microbatch models; the clock when not given. */
  readonly now?: Date
  readonly eventTime?: PlanRequest['eventTime']
  readonly runQuery?: PlanRequest['runQuery']
  readonly limit?: PlanRequest['limit']
  /** What builds models of the project's own materializations, by name. */
  readonly materializers?: ReadonlyMap<string, OwnMaterializer>
  readonly targetName: string
  readonly version: string
  readonly threads: number
  readonly fullRefresh: boolean
  readonly allowDestructive: boolean
  readonly reuse: Reuse
  readonly failFast: boolean
  /** Records of runs that are older are removed. */
  readonly historyRetentionDays: number
  /** How often a step is tried again after a deadlock, a serialization failure or a lost connection. */
  readonly retries: number
  /** What to do when another run works on a node: queue, or fail that node. */
  readonly lock: 'wait' | 'fail'
  /** Longest wait for readers with an older pg_snapshot before a swap. */
  readonly publishWaitMs: number
  /** `publish: atomic`: how many publications can be taken back. */
  readonly keepVersions: number
  /** One of many rounds of following: leaves no record where every node was reused, and one for the successes of an hour. */
  readonly isRound?: boolean
  /** `atomic`: all relations of the run get their new rows in one moment, or none does. */
  readonly publish: 'atomic' | 'model'
  readonly emit: (event: RunEvent) => void
  readonly signal: AbortSignal
}

/** What would run and why, with its statements, as the warehouse stands now. Changes nothing in the database. */
export async function planProject(request: RunRequest): Promise<Plan> {
  const session = await request.adapter.open(request.signal)
  try {
    return (await planOver(request, session)).plan
  } finally {
    await session.close()
  }
}

/** A plan with what it was made from. */
export interface PlannedRun {
  readonly plan: Plan
  readonly warehouse: Warehouse
  /** What the steps would send. */
  readonly compiled: ReadonlyMap<NodeId, Compiled>
}

/** As `planProject`, over a session of the caller's. */
export async function planOver(request: RunRequest, session: Session): Promise<PlannedRun> {
  const work = workOf(request)
  const planned = planNodes(work, request.manifest)
  const warehouse = await readWarehouse(request, session)
  const compiled = new Map<NodeId, Compiled>()
  const plan = planRun(planned, work.order, planRequest(request, compiled), warehouse)
  return { plan, warehouse, compiled }
}

/**
 * Runs the selected nodes in dependency order and in parallel.
 * A failing node is an outcome, not an exception: it stands in the result, and what depends on it is skipped.
 * @throws GmError when nothing could be run (database unreachable, plan refused).
 */
export async function runProject(request: RunRequest): Promise<RunResult> {
  const { adapter, runId, signal } = request
  const { emit, flush } = deferEvents(request.emit)
  const startedAt = new Date()
  const control = await adapter.open(signal)
  try {
    await control.lock(runLock(runId), true)
    await control.query(MARK_DEAD_RUNS, signal)
    await control.query(PRUNE_KEY_LOG, signal)
    await control.query(pruneRuns(request.manifest.project, request.historyRetentionDays), signal)
    await followLanded(control, request.manifest)
    await dropPending(control, undefined)
    await dropDeadShadows(control)
    const compiled = new Map<NodeId, Compiled>()
    const work = workOf(request)
    const planned = planNodes(work, request.manifest)
    const warehouse = await readWarehouse(request, control)
    const toPlan = planRequest(request, compiled)
    const plan = planRun(planned, work.order, toPlan, warehouse)
    await control.query(
      startRun({
        runId,
        command: request.command,
        project: request.manifest.project,
        target: request.targetName,
        version: request.version,
        request: request.asked,
      }),
    )
    await createSchemas(control, plan)
    emit({
      type: 'run-start',
      runId,
      command: request.command,
      at: startedAt,
      stepCount: plan.steps.length,
      threads: request.threads,
      totals: countKinds(planned),
    })
    // Where the log cannot be opened, nothing has been done yet.
    flush()
    await runHooks(request.onRunStart, [], control, { emit, signal }).catch(
      async (error: unknown) => {
        await control.query(finishRun(runId, 'failed', [])).catch(() => undefined)
        throw error
      },
    )
    const sentBy =
      (id: NodeId, sessionNumber: number) =>
      (transaction: Transaction): void =>
        emit(() => ({ type: 'sql', id, session: sessionNumber, sql: transactionSql(transaction) }))
    const execute = async (
      steps: Plan,
      at: Warehouse,
      toPlan: PlanRequest,
      manifest: Manifest,
    ): Promise<readonly StepResult[]> =>
      await schedule({
        plan: steps,
        warehouse: at,
        threads: request.threads,
        failFast: request.failFast,
        retries: request.retries,
        signal,
        emit,
        open: () => adapter.open(signal),
        execute: (step, session, sessionNumber, { retry, abort, share }) =>
          executeStep(step, {
            session,
            request: toPlan,
            nodes: manifest.nodes,
            compiled,
            lock: request.lock,
            publishWaitMs: request.publishWaitMs,
            readWarehouse: (again) => readWarehouse(request, again, manifest),
            note: (message) => emit({ type: 'step-note', id: step.id, message }),
            sent: sentBy(step.id, sessionNumber),
            batchEnded: (event) => emit({ type: 'batch-end', ...event }),
            share: (pieces) =>
              share(
                pieces.map(
                  (piece) =>
                    ({ session: other, number }) =>
                      piece({ session: other, sent: sentBy(step.id, number) }),
                ),
              ),
            retry,
            signal: abort,
          }),
      })
    const steps =
      request.publish === 'model'
        ? await execute(plan, warehouse, toPlan, request.manifest)
        : await runAtomically({
            runId,
            adapter,
            control,
            plan,
            planned,
            order: work.order,
            warehouse,
            request: toPlan,
            lock: request.lock,
            publishWaitMs: request.publishWaitMs,
            keepVersions: request.keepVersions,
            retries: request.retries,
            requestOver: (manifest) => ({
              ...planRequest(request, compiled, manifest),
              fullRefresh: false,
              reuse: 'none',
            }),
            readWarehouse: (session, manifest) => readWarehouse(request, session, manifest),
            execute,
            compiled,
            note: (message) => emit({ type: 'log', level: 'info', message }),
            sent: (transaction) =>
              emit(() => ({
                type: 'sql',
                id: undefined,
                session: 0,
                sql: transactionSql(transaction),
              })),
            signal,
          })
    const hasEnded = await endHooks(request, steps, control, emit)
    const result: RunResult = {
      runId,
      command: request.command,
      startedAt,
      durationMs: Date.now() - startedAt.getTime(),
      status: hasEnded ? statusOf(steps, signal) : 'failed',
      steps,
    }
    const isIdle = result.steps.every((step) => step.status === 'reused')
    const ending =
      isIdle && request.isRound === true
        ? forgetRun(runId)
        : finishRun(
            runId,
            result.status,
            steps.map((step) => forLedger(step, request.manifest)),
          )
    await control.query(ending).catch(async (error: unknown) => {
      await recordOverNewSession(ending, error, request)
    })
    if (request.isRound === true && !isIdle && result.status === 'success') {
      // What is not folded now is with the next round.
      await control.query(foldRounds(runId)).catch(() => undefined)
    }
    emit({ type: 'run-end', result })
    flush()
    return result
  } finally {
    await control.close()
  }
}

/**
 * The run's own connection may break while its nodes go on. With the whole server gone the report is worth more than
 * the record: the next run finds this one without an end and marks it as interrupted.
 */
async function recordOverNewSession(
  ending: Statement,
  lost: unknown,
  { adapter, emit }: RunRequest,
): Promise<void> {
  if (!(lost instanceof GmError) || lost.code !== 'GM4004') throw lost
  try {
    const session = await adapter.open()
    await session.query(ending).finally(() => session.close())
  } catch (error) {
    if (!(error instanceof GmError)) throw error
    emit({
      type: 'log',
      level: 'warn',
      message: `the end of this run is not recorded: ${error.message}`,
    })
  }
}

function workOf({ work, manifest, publish }: RunRequest): Work {
  return publish === 'atomic' ? withViewsBetween(work, manifest) : work
}

function planRequest(
  request: RunRequest,
  compiled: Map<NodeId, Compiled>,
  manifest = request.manifest,
): PlanRequest {
  return {
    runId: request.runId,
    manifest,
    fullRefresh: request.fullRefresh,
    allowDestructive: request.allowDestructive,
    reuse: request.reuse,
    storeFailures: request.storeFailures,
    doWarningsFail: request.doWarningsFail ?? false,
    failuresRelation: request.failuresRelation,
    compileText: request.compileText,
    vars: request.vars,
    ...(request.limit !== undefined && { limit: request.limit }),
    ...(request.materializers !== undefined && {
      own: {
        materializers: request.materializers,
        engine: { name: request.adapter.name, capabilities: request.adapter.capabilities },
      },
    }),
    now: request.now ?? new Date(),
    ...(request.eventTime === undefined ? {} : { eventTime: request.eventTime }),
    ...(request.runQuery === undefined ? {} : { runQuery: request.runQuery }),
    compile: (node, state) => {
      const result = request.compile(node, state, manifest)
      compiled.set(node.id, result)
      return result
    },
  }
}

async function readWarehouse(
  request: RunRequest,
  session: Session,
  manifest = request.manifest,
): Promise<Warehouse> {
  const relations: Relation[] = []
  const built: string[] = []
  for (const node of manifest.nodes.values()) {
    if (isBuilt(node)) built.push(quoted(node.relation))
    if (isBuilt(node) || node.kind === 'source') relations.push(node.relation)
  }
  let before: string | undefined
  for (;;) {
    const [states, ledger = EMPTY_LEDGER] = await Promise.all([
      request.adapter.describe(relations),
      readLedger(session, request.signal),
    ])
    // What another run publishes between the two readings looks like a table that somebody else has made. If it is one, it
    // looks the same the next time.
    const doubtful = built
      .filter((name) => isMadeByOthers(states.get(name), ledger.entries.get(name)))
      .map((name) => {
        const theirs = states.get(name)?.generation
        return [name, theirs, ledger.entries.get(name)?.basis?.generation].join(' ')
      })
      .join('\n')
    if (doubtful === '' || doubtful === before) return { relations: states, ledger }
    before = doubtful
  }
}

/** From then on a row of theirs that somebody changes or deletes is noticed. In a busy moment the next run does it. */
async function followLanded(session: Session, manifest: Manifest): Promise<void> {
  const names = [...manifest.nodes.values()]
    .filter((node) => node.kind === 'source')
    .map((node) => quoted(node.relation))
  if (names.length === 0) return
  const follow = { locks: [], lockTimeoutMs: 100, statements: [followTables(names)] }
  for (;;) {
    try {
      await session.transaction({ name: 'write', isolation: 'read committed', ...follow })
      return
    } catch (error) {
      const state = sqlErrorOf(error)?.sqlState
      if (state === '55P03') return
      // Another run has begun to follow one of them in the meantime; those that are left come next.
      if (state !== '42710') throw error
    }
  }
}

async function createSchemas(session: Session, plan: Plan): Promise<void> {
  const wanted = [
    ...new Set(
      plan.steps.flatMap(({ relation, stores }) =>
        [relation, stores].flatMap((made) => (made === undefined ? [] : [made.schema])),
      ),
    ),
  ]
  const { rows } = await session.query({
    purpose: 'read schemas',
    sql: 'select nspname as name from pg_namespace',
  })
  const existing = new Set(rows.map((row) => row['name']))
  for (const schema of wanted.filter((name) => !existing.has(name)).sort()) {
    await session.query(createSchema(schema)).catch(async (error: unknown) => {
      // Two runs that begin at once may both try; the second finds it there.
      const again = await session.query({
        purpose: 'read schemas',
        sql: 'select 1 from pg_namespace where nspname = $1',
        binds: [schema],
      })
      if (again.rows.length === 0) throw error
    })
  }
}

function countKinds(planned: readonly PlannedNode[]): Partial<Record<NodeKind, number>> {
  const totals: Partial<Record<NodeKind, number>> = {}
  for (const { node } of planned) totals[node.kind] = (totals[node.kind] ?? 0) + 1
  return totals
}

/** @returns false when one failed: what was built stays, and the run counts as failed. */
async function endHooks(
  { onRunEnd, signal }: RunRequest,
  steps: readonly StepResult[],
  session: Session,
  emit: (event: RunEvent) => void,
): Promise<boolean> {
  if (onRunEnd.length === 0 || signal.aborted) return true
  try {
    await runHooks(onRunEnd, steps, session, { emit, signal })
    return true
  } catch (error) {
    if (!(error instanceof GmError)) throw error
    emit({ type: 'log', level: 'warn', message: String(error) })
    return false
  }
}

function statusOf(steps: readonly StepResult[], signal: AbortSignal): RunResult['status'] {
  if (signal.aborted) return 'cancelled'
  if (steps.some((step) => ['error', 'fail', 'partial success'].includes(step.status)))
    return 'failed'
  return steps.some((step) => step.status === 'warn') ? 'warn' : 'success'
}

function forLedger(step: StepResult, manifest: Manifest): Parameters<typeof finishRun>[2][number] {
  const node = manifest.nodes.get(step.id)
  return {
    nodeId: step.id,
    relation: node !== undefined && isBuilt(node) ? quoted(node.relation) : null,
    action: step.action,
    reason: step.reason,
    status: step.status,
    startedAt: step.startedAt?.toISOString() ?? null,
    durationMs: step.durationMs,
    counts: step.counts,
    failures: step.failures ?? null,
    message: step.error instanceof GmError ? String(step.error) : null,
    retries: step.retries ?? 0,
  }
}
