import { GmError } from '../base/error.ts'
import { GuardFailed } from '../engine/adapter.ts'
import type { NodeId } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { leaveUnlessNew } from '../materialize/write-rows.ts'
import type { Plan, Step } from '../plan/plan.ts'
import { NOTHING_CHANGED, NOTHING_NEW } from '../plan/whether-to-run.ts'
import type { Atomic } from './atomic.ts'
import { isReusable } from './execute-step.ts'
import { withinTimeout } from './within-timeout.ts'

type Asking = Pick<
  Atomic,
  'plan' | 'request' | 'compiled' | 'warehouse' | 'control' | 'sent' | 'signal'
>

/**
 * The plan with what would change nothing left as it is. Where each step publishes for itself this is found out by running it;
 * here it would be copied first, published, and kept as a version that gives the same rows.
 */
export async function leaveIdle(building: readonly Step[], on: Asking): Promise<Plan> {
  const idle = new Map<NodeId, string>()
  const busy = new Set(building.map(({ id }) => id))
  for (const step of building) {
    if (step.needs.some((id) => busy.has(id))) continue
    const reason = await reasonToLeave(step, on)
    if (reason === undefined) continue
    idle.set(step.id, reason)
    busy.delete(step.id)
  }
  return {
    steps: on.plan.steps.map((step) => {
      const reason = idle.get(step.id)
      return reason === undefined ? step : { ...step, action: 'reuse' as const, reason }
    }),
  }
}

async function reasonToLeave(step: Step, on: Asking): Promise<string | undefined> {
  if (await isReusable(step, { session: on.control, signal: on.signal })) return NOTHING_CHANGED
  return (await hasNothingNew(step, on)) ? NOTHING_NEW : undefined
}

async function hasNothingNew(step: Step, on: Asking): Promise<boolean> {
  const node = on.request.manifest.nodes.get(step.id)
  const compiled = on.compiled.get(step.id)
  if (node?.kind !== 'model' || compiled === undefined) return false
  const target = on.warehouse.relations.get(quoted(node.relation))
  if (step.mayBeIdle !== true || step.isPlannedLate === true || target === undefined) return false
  const look = leaveUnlessNew(node, compiled, target, step.transactions)
  if (look === undefined) return false
  on.sent(look)
  try {
    await withinTimeout(node, on.signal, (signal) => on.control.transaction(look, signal))
    return true
  } catch (error) {
    // Where it cannot be asked, the step finds out, and says what it has to say at its own place.
    if (!(error instanceof GmError || error instanceof GuardFailed)) throw error
    return false
  }
}
