import { GmError } from '../base/error.ts'
import type { NodeId } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import type { Plan, Step } from '../plan/plan.ts'
import type { Shadow } from '../plan/shadow.ts'
import { shadowManifest, shadowsOf } from '../plan/shadow.ts'
import type { ShadowNames } from '../state/shadows.ts'
import { dropAllShadows, recordShadows } from '../state/shadows.ts'
import { forgetVersions } from '../state/versions.ts'
import type { Atomic } from './atomic.ts'
import { copyOldRows, planShadows, refusalOfShadow } from './build-shadows.ts'
import type { StepResult } from './event.ts'
import { lackOfRoom } from './lack-of-room.ts'
import { leaveIdle } from './leave-idle.ts'
import { publish, together } from './publish-shadows.ts'
import { takeLock } from './take-lock.ts'

/**
 * Builds every step under a shadow name that readers do not know, tests it there, and gives all of them their names in
 * one transaction, or none. The nodes' locks are held from before the first step until after that.
 */
export async function runAtomically(given: Atomic): Promise<readonly StepResult[]> {
  const planned = buildingSteps(given.plan)
  await lockAll(planned, given)
  const on = { ...given, plan: await leaveIdle(planned, given) }
  const building = buildingSteps(on.plan)
  if (building.length === 0) {
    return await on.execute(on.plan, on.warehouse, on.request, on.request.manifest)
  }
  for (const step of building) {
    const refusal = refusalOfShadow(step, building, on)
    if (refusal !== undefined) throw refusal
  }
  const lack = await lackOfRoom(building, on.control, on)
  if (lack !== undefined) throw lack
  const shadowed = new Set(building.map(({ id }) => id))
  const shadows = shadowsOf(on.request.manifest, shadowed)
  const names = namesOf(shadows)
  try {
    await dropAllShadows(on.control, Object.values(names))
    await on.control.query(recordShadows(on.runId, names))
    const copies = await copyOldRows(building, shadows, names, on)
    const manifest = shadowManifest(on.request.manifest, shadowed)
    const request = on.requestOver(manifest)
    const warehouse = await on.readWarehouse(on.control, manifest)
    const plan = planShadows(on, request, warehouse, shadowed)
    const results = await on.execute(plan, warehouse, request, manifest)
    const failed = results.find(({ status }) => isFailure(status))
    if (failed !== undefined || on.signal.aborted) return notPublished(results, failed, shadowed)
    try {
      await publish(await together(building, shadows, copies, on), on)
    } catch (error) {
      if (!(error instanceof GmError)) throw error
      return notPublished(results, undefined, shadowed, error)
    }
    await forgetVersions(on.control, on.runId, on.keepVersions).catch((error: unknown) => {
      on.note(`older versions are still there: ${String(error)}`)
    })
    return results
  } finally {
    await dropAllShadows(on.control, Object.values(names)).catch(() => undefined)
  }
}

export function buildingSteps({ steps }: Plan): readonly Step[] {
  return steps.filter(({ relation, action }) => relation && action !== 'reuse')
}

/** All locks at once and in one order: two such runs never wait for each other, and other runs hold one at a time. */
async function lockAll(building: readonly Step[], on: Atomic): Promise<void> {
  const keys = building.flatMap(({ lock }) => lock ?? []).sort()
  for (const key of keys) await takeLock(on.control, key, on)
}

function namesOf(shadows: readonly Shadow[]): ShadowNames {
  return Object.fromEntries(shadows.map(({ target, shadow }) => [quoted(target), quoted(shadow)]))
}

function isFailure(status: StepResult['status']): boolean {
  return ['error', 'fail', 'partial success', 'cancelled'].includes(status)
}

/** What was built is gone: its steps are reported as not run. An error of the publication itself stands at the first. */
function notPublished(
  results: readonly StepResult[],
  failed: StepResult | undefined,
  shadowed: ReadonlySet<NodeId>,
  error?: GmError,
): readonly StepResult[] {
  let isFirst = true
  return results.map((result) => {
    if (result.status !== 'success' || !shadowed.has(result.id)) return result
    const stands = error !== undefined && isFirst
    isFirst = false
    return {
      ...result,
      status: stands ? ('error' as const) : ('skipped' as const),
      reason: 'built, but not published',
      counts: {},
      ...(stands && { error }),
      ...(failed !== undefined && { because: failed.id }),
    }
  })
}
