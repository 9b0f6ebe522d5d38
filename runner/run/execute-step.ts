import { GmError } from '../base/error.ts'
import { differenceTable } from '../check/difference-table.ts'
import type { Verdict } from '../check/test-statement.ts'
import { verdictOf } from '../check/test-statement.ts'
import { rowDifferences } from '../check/unit-test-statement.ts'
import type { Compiled } from '../compile/compiled.ts'
import type { Column, Session } from '../engine/adapter.ts'
import { GuardFailed } from '../engine/adapter.ts'
import { sqlErrorOf } from '../engine/sql-error.ts'
import type { RowCounts, Transaction } from '../engine/statement.ts'
import type { Node, NodeId } from '../manifest/node.ts'
import { isBuilt, isChecking } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { makesDependent } from '../materialize/dependent-views.ts'
import type { Step } from '../plan/plan.ts'
import type { Foreseen, PlanRequest, Warehouse } from '../plan/plan-request.ts'
import { NOTHING_FORESEEN } from '../plan/plan-request.ts'
import { planStep } from '../plan/plan-step.ts'
import { NOTHING_CHANGED } from '../plan/whether-to-run.ts'
import { readRecorded, recordPart } from '../state/ledger.ts'
import { readBases } from '../state/read-bases.ts'
import { blameNode, viewMadeBy } from './blame-node.ts'
import { dropPending } from './drop-pending.ts'
import type { BatchEnded, BatchResult, StepStatus } from './event.ts'
import { forgetSettings } from './forget-settings.ts'
import { isConnectionLost } from './is-connection-lost.ts'
import type { RetryLater } from './retry-later.ts'
import { runBatches, sumOfBatches } from './run-batches.ts'
import type { HeldLock, Progress } from './run-transactions.ts'
import { goesOn, runTransactions, transactionsLeft } from './run-transactions.ts'
import type { Piece, Worker } from './share.ts'
import { takeLock } from './take-lock.ts'
import { withinTimeout } from './within-timeout.ts'

const MAX_ATTEMPTS = 8

export interface Execution {
  readonly session: Session
  readonly request: PlanRequest
  readonly nodes: ReadonlyMap<NodeId, Node>
  /** Each node's SQL as it was last compiled, for placing errors. */
  readonly compiled: ReadonlyMap<NodeId, Compiled>
  readonly lock: 'wait' | 'fail'
  readonly publishWaitMs: number
  readonly readWarehouse: (session: Session) => Promise<Warehouse>
  readonly note: (message: string) => void
  readonly sent: (transaction: Transaction) => void
  readonly retry: RetryLater
  readonly batchEnded: (event: BatchEnded) => void
  /** Does parts of the step on its session and on those that have nothing else to do. */
  readonly share: (pieces: readonly Piece<Worker>[]) => Promise<void>
  readonly signal: AbortSignal
}

export interface Executed {
  /** As it ran in the end: it may have been planned again. */
  readonly step: Step
  readonly status: StepStatus
  readonly counts: RowCounts
  readonly failures?: number
  readonly batches?: readonly BatchResult[]
  readonly error?: GmError
}

/**
 * Runs one step under its lock. When the warehouse is no longer as the plan saw it (another run was faster, a view took
 * another shape), the step is planned again from what is there now.
 * @throws GmError placed in the user's file; AbortError when the signal aborts.
 */
export async function executeStep(planned: Step, on: Execution): Promise<Executed> {
  if (planned.action === 'reuse') return reused(planned)
  if (planned.isPlannedLate !== true && planned.transactions.length === 0)
    return { step: planned, status: 'skipped', counts: {} }
  const node = on.nodes.get(planned.id)
  if (planned.lock === undefined) {
    if (await isReusable(planned, on)) return reused(planned)
    const step = await asOfNow(planned, on)
    if (step.action === 'reuse') return reused(step)
    if (step.transactions.length === 0) return { step, status: 'skipped', counts: {} }
    const run = step.kind === 'unit_test' ? runUnitTest : runTest
    return await withinTimeout(node, on.signal, (signal) => run(step, { ...on, signal }))
  }
  if (planned.warning !== undefined) on.note(planned.warning)
  await takeLock(on.session, planned.lock, on)
  const held: HeldLock = { key: planned.lock }
  try {
    // What an earlier attempt had built, before its connection was lost, is still there under its hidden name.
    if (on.retry.count() > 0) await dropPending(on.session, planned.lock)
    else if (await isReusable(planned, on)) return reused(planned)
    const { lock } = planned
    return await withinTimeout(node, on.signal, (signal) =>
      runUntilPlanHolds(planned, held, lock, { ...on, signal }),
    )
  } catch (error) {
    throw blameNode(error, node)
  } finally {
    if (held.key !== undefined) await on.session.unlock(held.key).catch(() => undefined)
    await forgetSettings(on.session, node)
  }
}

function reused(step: Step): Executed {
  const reason = step.action === 'reuse' ? step.reason : NOTHING_CHANGED
  const kept: Step = { ...step, action: 'reuse', reason }
  return { step: kept, status: 'reused', counts: {} }
}

/** The steps before it may have found nothing to do. */
export async function isReusable(
  { reuse }: Step,
  on: Pick<Execution, 'session' | 'signal'>,
): Promise<boolean> {
  if (reuse === undefined) return false
  const basis = (await readBases(on.session, reuse.key, on.signal)).get(reuse.key)
  return basis !== undefined && basis.changed === undefined && reuse.codes.includes(basis.code)
}

async function runTest(step: Step, on: Execution): Promise<Executed> {
  const outcome = await runTransactions(step.transactions, step, { key: undefined }, on)
  const verdict: Verdict = verdictOf(outcome.rows, step.severity ?? 'error')
  const executed = { step, status: verdict.status, counts: {}, failures: verdict.failures }
  return verdict.status === 'pass'
    ? executed
    : { ...executed, error: failedTest(step, verdict, on) }
}

function failedTest(step: Step, { failures }: Verdict, on: Execution): GmError {
  const node = on.nodes.get(step.id)
  return new GmError('GM5001', failures === 1 ? '1 row fails' : `${failures} rows fail`, {
    at: node?.at,
    hint:
      step.stores === undefined
        ? `To see them: gm show --select ${node?.name ?? step.id} --limit -1`
        : `They are kept: select * from ${quoted(step.stores)}`,
  })
}

async function runUnitTest(step: Step, on: Execution): Promise<Executed> {
  const { rows } = await runTransactions(step.transactions, step, { key: undefined }, on)
  const differences = rowDifferences(rows)
  if (differences === undefined) return { step, status: 'pass', counts: {}, failures: 0 }
  const { count } = differences
  const error = new GmError('GM5002', `${count} ${count === 1 ? 'row differs' : 'rows differ'}`, {
    at: on.nodes.get(step.id)?.at,
    table: differenceTable(differences),
    hint: '- is expected and missing, + is returned and not expected.',
  })
  return { step, status: 'fail', counts: {}, failures: count, error }
}

async function runUntilPlanHolds(
  planned: Step,
  held: HeldLock,
  target: string,
  on: Execution,
): Promise<Executed> {
  let step = await asOfNow(planned, on)
  let foreseen = NOTHING_FORESEEN
  let progress = await progressBefore(step, on)
  try {
    for (let attempt = 1; ; attempt++) {
      if (step.action === 'reuse' && progress.reached === undefined) return reused(step)
      try {
        if (step.batches !== undefined) return await runBatched(step, held, foreseen, on)
        await runTransactions(transactionsLeft(step, progress), step, held, on, progress)
        const { counts } = progress
        return { step, status: 'success', counts: { ...counts, ...skippedBy(step, counts) } }
      } catch (error) {
        const learned =
          attempt < MAX_ATTEMPTS && !on.signal.aborted
            ? learnFrom(error, step, foreseen, on)
            : undefined
        if (learned === undefined) throw error
        foreseen = learned
        const next = replan(step, await on.readWarehouse(on.session), foreseen, on)
        if (!goesOn(step, next, progress)) {
          await dropPending(on.session, target)
          progress = { counts: {} }
        }
        step = next
      }
    }
  } catch (error) {
    if (!isConnectionLost(error)) await dropPending(on.session, target).catch(() => undefined)
    throw error
  }
}

/** What an attempt has committed whose connection was lost, be it with the answer to the commit. Batches are known one by one. */
async function progressBefore(step: Step, on: Execution): Promise<Progress> {
  if (on.retry.count() === 0 || step.batches !== undefined) return { counts: {} }
  const recorded = await readRecorded(on.session, on.request.runId, step.id, on.signal)
  return recorded === undefined ? { counts: {} } : { counts: recorded.counts, reached: 'recorded' }
}

/**
 * What comes before the batches may find more of them than the plan knew: rows that came late. So they are read anew once it
 * has run. What comes after them is done for those that succeeded, but for the user's own hooks when any has failed.
 */
async function runBatched(
  step: Step,
  held: HeldLock,
  foreseen: Foreseen,
  on: Execution,
): Promise<Executed> {
  const { key } = held
  await runTransactions(step.transactions, step, { key: undefined }, on)
  const begun = { isIncremental: step.action === 'run batches' }
  const now = replan(step, await on.readWarehouse(on.session), { ...foreseen, begun }, on)
  const batches = await runBatches({ ...step, batches: now.batches ?? [] }, on)
  const sum = sumOfBatches(step, batches)
  const after = step.after ?? []
  const rest = sum.status === 'success' ? after : recordsOf(after, on.request.runId, step)
  await runTransactions(rest, step, { key }, on)
  held.key = undefined
  return { step, batches, ...sum }
}

function recordsOf(
  transactions: readonly Transaction[],
  runId: string,
  { id }: Step,
): readonly Transaction[] {
  return transactions.flatMap((transaction) => {
    const records = transaction.statements.filter(({ purpose }) => purpose === 'record step')
    return records.length === 0
      ? []
      : [{ ...transaction, statements: [...records, recordPart(runId, id)] }]
  })
}

/** Records that were read and neither inserted nor updated, where that means that they were there already. */
function skippedBy(step: Step, counts: RowCounts): RowCounts {
  const { extracted, inserted = 0, updated = 0 } = counts
  if (step.dropsDuplicates !== true || extracted === undefined) return {}
  return { skipped: extracted - inserted - updated }
}

async function asOfNow(step: Step, on: Execution): Promise<Step> {
  if (step.isPlannedLate !== true) return step
  return replan(step, await on.readWarehouse(on.session), NOTHING_FORESEEN, on)
}

function replan(step: Step, warehouse: Warehouse, foreseen: Foreseen, on: Execution): Step {
  const node = on.nodes.get(step.id)
  if (node === undefined || !(isBuilt(node) || isChecking(node))) {
    throw new Error(`${step.id} is neither built nor a test`)
  }
  return planStep(node, step.needs, on.request, warehouse, foreseen)
}

/** What a guard over columns tells besides its verdict. */
function isColumns(found: unknown): found is readonly Column[] {
  return Array.isArray(found)
}

/** What a step's failure tells its next plan; undefined where that would fail as well. */
function learnFrom(
  error: unknown,
  step: Step,
  foreseen: Foreseen,
  on: Execution,
): Foreseen | undefined {
  if (error instanceof GuardFailed)
    return isColumns(error.found) ? { ...foreseen, shape: error.found } : foreseen
  const info = sqlErrorOf(error)
  if (info === undefined) return undefined
  const { sqlState, statement } = info
  // What the view is made of next may fit: its own step comes later in this run.
  if (makesDependent(statement) && sqlState.startsWith('42')) {
    if (foreseen.remade !== undefined) return undefined
    const remade = viewsOf(on)
    return remade.has(viewMadeBy(statement)) ? { ...foreseen, remade } : undefined
  }
  switch (sqlState) {
    case '42P16': // invalid_table_definition: create or replace view with other columns
      return statement.purpose === 'create view'
        ? { ...foreseen, reshaped: new Set([step.id]) }
        : undefined
    case '42809': // wrong_object_type: a table has taken the place of a view
      return statement.purpose === 'lock' ? foreseen : undefined
    case '2BP01': // dependent_objects_still_exist: somebody made a view since the plan
    case '42P07': // duplicate_table
    case '42P01': // undefined_table: a relation to lock or drop went away
      return statement.user === undefined && statement.isUsers === undefined ? foreseen : undefined
    default:
      return undefined
  }
}

/** The SQL of the views that this run makes, by their quoted names. */
function viewsOf({ nodes, compiled }: Execution): ReadonlyMap<string, string> {
  const views = new Map<string, string>()
  for (const [id, { sql }] of compiled) {
    const node = nodes.get(id)
    if (node?.kind !== 'model' || node.config.materialization !== undefined) continue
    if ((node.config.materialized ?? 'view') === 'view') views.set(quoted(node.relation), sql)
  }
  return views
}
