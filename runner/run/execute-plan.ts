import type { Session } from '../engine/adapter.ts'
import type { OpenedAhead } from '../engine/open-ahead.ts'
import type { Transaction } from '../engine/statement.ts'
import { transactionSql } from '../engine/transaction-sql.ts'
import type { Manifest, NodeId } from '../manifest/node.ts'
import type { Plan } from '../plan/plan.ts'
import type { PlanRequest, Warehouse } from '../plan/plan-request.ts'
import { shadowsOf } from '../plan/shadow.ts'
import { readCommitted } from './as-recorded.ts'
import type { DeferredEvents } from './defer-events.ts'
import type { StepResult } from './event.ts'
import { executeStep } from './execute-step.ts'
import { nameAsPublished } from './name-as-published.ts'
import type { PlannedRun } from './plan-project.ts'
import { readWarehouse } from './read-warehouse.ts'
import { runAtomically } from './run-atomically.ts'
import type { RunRequest } from './run-request.ts'
import { schedule } from './schedule.ts'

/** Does the steps of a plan, each publishing what it has built, or all together at the end. */
export async function executePlan(
  request: RunRequest,
  run: PlannedRun,
  { control, workers }: { readonly control: Session; readonly workers: OpenedAhead },
  emit: DeferredEvents['emit'],
): Promise<readonly StepResult[]> {
  const { adapter, runId, signal, manifest } = request
  const { plan, warehouse, compiled } = run
  const sentBy =
    (id: NodeId | undefined, session: number) =>
    (transaction: Transaction): void =>
      emit(() => ({ type: 'sql', id, session, sql: transactionSql(transaction) }))
  const execute = async (
    steps: Plan,
    at: Warehouse,
    asked: PlanRequest,
    over: Manifest,
  ): Promise<readonly StepResult[]> =>
    await schedule({
      plan: steps,
      warehouse: at,
      threads: request.threads,
      failFast: request.failFast,
      retries: request.retries,
      signal,
      emit,
      open: workers.take,
      committed: ({ id }, session) => readCommitted(session, runId, id),
      execute: async (step, session, sessionNumber, { retry, abort, share }) =>
        await executeStep(step, {
          session,
          request: asked,
          nodes: over.nodes,
          compiled,
          lock: request.lock,
          publishWaitMs: request.publishWaitMs,
          readWarehouse: (again) => readWarehouse(request, again, over),
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
        }).catch((error: unknown) => {
          const hidden = [...over.nodes.keys()].filter(
            (id) => over.nodes.get(id) !== manifest.nodes.get(id),
          )
          throw nameAsPublished(error, shadowsOf(manifest, new Set(hidden)))
        }),
    })
  const asked = run.requestOver(manifest)
  if (request.publish === 'model') return await execute(plan, warehouse, asked, manifest)
  return await runAtomically({
    runId,
    adapter,
    control,
    plan,
    planned: run.planned,
    order: run.order,
    warehouse,
    request: asked,
    lock: request.lock,
    publishWaitMs: request.publishWaitMs,
    keepVersions: request.keepVersions,
    retries: request.retries,
    requestOver: (over) => ({ ...run.requestOver(over), fullRefresh: false, reuse: 'none' }),
    readWarehouse: (session, over) => readWarehouse(request, session, over),
    execute,
    compiled,
    note: (message) => emit({ type: 'log', level: 'info', message }),
    sent: sentBy(undefined, 0),
    signal,
  })
}
