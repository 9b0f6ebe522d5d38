import type { Compiled } from '../compile/compiled.ts'
import type { Session } from '../engine/adapter.ts'
import type { Manifest, NodeId } from '../manifest/node.ts'
import type { MadeOfOtherCode } from '../plan/made-of-other-code.ts'
import { madeOfOtherCode } from '../plan/made-of-other-code.ts'
import type { Plan } from '../plan/plan.ts'
import type { PlanRequest, Warehouse } from '../plan/plan-request.ts'
import type { PlannedNode } from '../plan/plan-run.ts'
import { planNodes, planRun } from '../plan/plan-run.ts'
import { withViewsBetween } from '../plan/shadow.ts'
import { readWarehouse } from './read-warehouse.ts'
import type { RunRequest } from './run-request.ts'

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
  readonly planned: readonly PlannedNode[]
  /** What was asked for, and of what was done before, what is done again because of other code. */
  readonly selected: ReadonlySet<NodeId>
  readonly doneBefore: MadeOfOtherCode
  /** Every node that the plan walked, parents first. */
  readonly order: readonly NodeId[]
  readonly warehouse: Warehouse
  /** What the steps would send; filled further by whatever is planned with `requestOver`. */
  readonly compiled: ReadonlyMap<NodeId, Compiled>
  /** What was asked of the planner, over the run's own manifest or over another one. */
  readonly requestOver: (manifest: Manifest) => PlanRequest
}

/** As `planProject`, over a session of the caller's. */
export async function planOver(request: RunRequest, session: Session): Promise<PlannedRun> {
  const { manifest } = request
  const warehouse = await readWarehouse(request, session)
  const compiled = new Map<NodeId, Compiled>()
  // One moment for the whole run, however often a step is planned again.
  const now = request.now ?? new Date()
  const askOver = (over: Manifest, into: Map<NodeId, Compiled>): PlanRequest =>
    planRequest({ ...request, now }, into, over)
  const { order } = request.work
  const doneBefore = madeOfOtherCode(
    order,
    request.done ?? new Set(),
    askOver(manifest, new Map()),
    warehouse,
  )
  const hooksLeft = new Map(
    [...(request.hooksLeft ?? [])].filter(([id]) => !doneBefore.outdated.has(id)),
  )
  const requestOver = (over: Manifest): PlanRequest => ({ ...askOver(over, compiled), hooksLeft })
  const selected = new Set([...request.work.selected, ...doneBefore.outdated])
  const asked = { ...request.work, selected }
  const work = request.publish === 'atomic' ? withViewsBetween(asked, manifest) : asked
  const planned = planNodes(work, manifest)
  const plan = planRun(planned, order, requestOver(manifest), warehouse)
  return { plan, planned, order, doneBefore, selected, warehouse, compiled, requestOver }
}

function planRequest(
  request: RunRequest,
  compiled: Map<NodeId, Compiled>,
  manifest: Manifest,
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
    resumes: new Set([request.runId, ...(request.resumes ?? [])]),
    ...(request.runQuery === undefined ? {} : { runQuery: request.runQuery }),
    compile: (node, state) => {
      const result = request.compile(node, state, manifest)
      compiled.set(node.id, result)
      return result
    },
  }
}
