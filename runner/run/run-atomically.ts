import { GmError } from '../base/error.ts'
import type { Session } from '../engine/adapter.ts'
import type { NodeId } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import type { Plan, Step } from '../plan/plan.ts'
import type { Shadow } from '../plan/shadow.ts'
import { shadowManifest, shadowsOf } from '../plan/shadow.ts'
import { readRecorded } from '../state/ledger.ts'
import type { ShadowNames } from '../state/shadows.ts'
import { dropAllShadows, recordShadows } from '../state/shadows.ts'
import { forgetVersions } from '../state/versions.ts'
import { COMMITTED_BEFORE, NOT_PUBLISHED } from './as-recorded.ts'
import type { Atomic } from './atomic.ts'
import { copyOldRows, planShadows, refusalOfShadow } from './build-shadows.ts'
import type { StepResult } from './event.ts'
import { isConnectionLost } from './is-connection-lost.ts'
import { lackOfRoom } from './lack-of-room.ts'
import { leaveIdle } from './leave-idle.ts'
import { publish, together } from './publish-shadows.ts'
import { retryLater } from './retry-later.ts'
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
    await dropAllShadows(on.control, Object.values(names), on.signal)
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
      // Cancelled in the server: nothing was published, and the run ends with its report.
      if (error instanceof Error && error.name === 'AbortError')
        return notPublished(results, undefined, shadowed)
      if (!(error instanceof GmError)) throw error
      if (!(await hasPublished(error, building, on)))
        return notPublished(results, undefined, shadowed, error)
      on.note(`published ${building.length} relations together: ${COMMITTED_BEFORE}`)
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
  return steps.filter(
    ({ relation, action }) => relation && action !== 'reuse' && action !== 'run hooks',
  )
}

/** All locks at once and in one order: two such runs never wait for each other, and other runs hold one at a time. */
async function lockAll(building: readonly Step[], on: Atomic): Promise<void> {
  const keys = building.flatMap(({ lock }) => lock ?? []).sort()
  for (const key of keys) await takeLock(on.control, key, on)
}

/** Where the connection broke with the answer to the commit, the ledger knows: it moves with the names. */
async function hasPublished(
  error: GmError,
  building: readonly Step[],
  on: Atomic,
): Promise<boolean> {
  const retry = retryLater({ limit: on.retries, note: on.note, signal: on.signal })
  for (let lost: unknown = error; isConnectionLost(lost); ) {
    try {
      const session = await on.adapter.open(on.signal)
      return await isAnyPublished(session, building, on).finally(() => session.close())
    } catch (again) {
      if (!(await retry.again(again).catch(() => false))) return false
      lost = again
    }
  }
  return false
}

async function isAnyPublished(
  session: Session,
  building: readonly Step[],
  { runId }: Atomic,
): Promise<boolean> {
  for (const { id, relation } of building) {
    const recorded = await readRecorded(session, runId, id)
    if (relation !== undefined && recorded?.relation === quoted(relation)) return true
  }
  return false
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
      reason: NOT_PUBLISHED,
      counts: {},
      ...(stands && { error }),
      ...(failed !== undefined && { because: failed.id }),
    }
  })
}
