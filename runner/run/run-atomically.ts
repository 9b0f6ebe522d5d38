import { GmError } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import type { Compiled } from '../compile/compiled.ts'
import type { Adapter, RelationState, Session } from '../engine/adapter.ts'
import { GuardFailed } from '../engine/adapter.ts'
import { sqlErrorOf } from '../engine/sql-error.ts'
import type { Transaction } from '../engine/statement.ts'
import type { IndexConfig, Manifest, NodeId } from '../manifest/node.ts'
import { isBuilt } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { commentStatements } from '../materialize/comment-statements.ts'
import { grantStatements } from '../materialize/grant-statements.ts'
import { createSchema } from '../materialize/materialize-view.ts'
import { refuseForeignDependents } from '../materialize/publish-table.ts'
import type { Ready, Together } from '../materialize/publish-together.ts'
import { namesOnCopy, publishTogether } from '../materialize/publish-together.ts'
import type { Plan, Step } from '../plan/plan.ts'
import type { PlanRequest, Warehouse } from '../plan/plan-request.ts'
import type { PlannedNode } from '../plan/plan-run.ts'
import { planRun } from '../plan/plan-run.ts'
import type { Shadow } from '../plan/shadow.ts'
import { shadowManifest, shadowsOf } from '../plan/shadow.ts'
import { copyBatches } from '../state/batches.ts'
import { runLock } from '../state/ledger.ts'
import type { ShadowNames } from '../state/shadows.ts'
import {
  copyToShadow,
  dropBeside,
  dropShadows,
  moveMarksToShadows,
  nameCopiedIndexes,
  recordShadows,
} from '../state/shadows.ts'
import { forgetVersions, VERSIONS_SCHEMA } from '../state/versions.ts'
import type { StepResult } from './event.ts'
import { retryLater } from './retry-later.ts'
import { takeLock } from './take-lock.ts'
import { withLockRetries } from './with-lock-retries.ts'

/** Actions that write to the rows that are there. */
const KEEPS_ROWS: ReadonlySet<Step['action']> = new Set<Step['action']>([
  'add rows',
  'run batches',
  'update history',
])

/** What an all-or-nothing run is given by the run around it. */
export interface Atomic {
  readonly runId: string
  readonly adapter: Adapter
  readonly control: Session
  readonly plan: Plan
  readonly planned: readonly PlannedNode[]
  readonly order: readonly NodeId[]
  readonly warehouse: Warehouse
  readonly request: PlanRequest
  readonly lock: 'wait' | 'fail'
  readonly publishWaitMs: number
  readonly keepVersions: number
  readonly retries: number
  /** The same request over another manifest. */
  readonly requestOver: (manifest: Manifest) => PlanRequest
  readonly readWarehouse: (session: Session, manifest: Manifest) => Promise<Warehouse>
  readonly execute: (
    plan: Plan,
    warehouse: Warehouse,
    request: PlanRequest,
    manifest: Manifest,
  ) => Promise<readonly StepResult[]>
  readonly compiled: ReadonlyMap<NodeId, Compiled>
  readonly note: (message: string) => void
  readonly sent: (transaction: Transaction) => void
  readonly signal: AbortSignal
}

/**
 * Builds every step under a shadow name that readers do not know, tests it there, and gives all of them their names in
 * one transaction, or none. The nodes' locks are held from before the first step until after that.
 */
export async function runAtomically(on: Atomic): Promise<readonly StepResult[]> {
  const building = on.plan.steps.filter(({ relation, action }) => relation && action !== 'reuse')
  if (building.length === 0) {
    return await on.execute(on.plan, on.warehouse, on.request, on.request.manifest)
  }
  refuseForeign(building, on)
  await lockAll(building, on)
  const shadowed = new Set(building.map(({ id }) => id))
  const shadows = shadowsOf(on.request.manifest, shadowed)
  const names = namesOf(shadows)
  try {
    await on.control.query(dropShadows(Object.values(names)))
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
    await forgetVersions(on.control, on.keepVersions).catch((error: unknown) => {
      on.note(`older versions are still there: ${String(error)}`)
    })
    return results
  } finally {
    await on.control.query(dropShadows(Object.values(names))).catch(() => undefined)
  }
}

/** Shadows of runs that are no more: nobody holds their lock. */
export async function dropDeadShadows(session: Session): Promise<void> {
  const { rows } = await session.query({
    purpose: 'read shadows',
    sql: 'select run_id, array_agg(relation) as names from gm.shadows group by run_id',
  })
  for (const row of rows) {
    const runId = String(row['run_id'])
    if (!(await session.lock(runLock(runId), false))) continue
    await session.transaction(dropBeside(runId, row['names'] as readonly string[]))
    await session.unlock(runLock(runId))
  }
}

function namesOf(shadows: readonly Shadow[]): ShadowNames {
  return Object.fromEntries(shadows.map(({ target, shadow }) => [quoted(target), quoted(shadow)]))
}

function refuseForeign(building: readonly Step[], on: Atomic): void {
  for (const { id, relation } of building) {
    const name = relation === undefined ? '' : quoted(relation)
    const old = on.warehouse.relations.get(name)
    const node = on.request.manifest.nodes.get(id)
    if (old === undefined || old.type === 'view' || node === undefined) continue
    refuseForeignDependents(
      old.dependents,
      { at: node.at, isOurs: (view) => on.warehouse.ledger.entries.has(quoted(view)) },
      name,
    )
    refuseLeftOut(old, building, node.at, name)
  }
}

/** A view is made again over the new table in a moment; a materialized view would have to be filled meanwhile. */
function refuseLeftOut(
  old: RelationState,
  building: readonly Step[],
  at: Location,
  name: string,
): void {
  const built = new Set(building.flatMap(({ relation }) => (relation ? [quoted(relation)] : [])))
  const left = old.dependents.filter(
    ({ type, relation }) => type === 'materialized view' && !built.has(quoted(relation)),
  )
  if (left.length === 0) return
  const names = left.map(({ relation }) => quoted(relation)).join(', ')
  throw new GmError(
    'GM4016',
    `${name} is read by the materialized view ${names}, which is not selected`,
    {
      at,
      hint: 'Select it as well, so that it is built and published with what it reads.',
    },
  )
}

/** All locks at once and in one order: two such runs never wait for each other, and other runs hold one at a time. */
async function lockAll(building: readonly Step[], on: Atomic): Promise<void> {
  const keys = building.flatMap(({ lock }) => lock ?? []).sort()
  for (const key of keys) await takeLock(on.control, key, on)
}

/** @returns the shadows that began as copies, by the quoted names of what they copy. */
async function copyOldRows(
  building: readonly Step[],
  shadows: readonly Shadow[],
  names: ShadowNames,
  on: Atomic,
): Promise<ShadowNames> {
  const copies: Record<string, string> = {}
  const byId = new Map(shadows.map((shadow) => [shadow.id, shadow]))
  for (const { id, action } of building) {
    const shadow = byId.get(id)
    if (shadow === undefined || !KEEPS_ROWS.has(action)) continue
    const target = quoted(shadow.target)
    const old = on.warehouse.relations.get(target)
    const indexNames = old && namesOnCopy(old, shadow.shadow, indexesOf(id, on))
    copies[target] = quoted(shadow.shadow)
    const copy: Transaction = {
      name: 'build',
      isolation: 'repeatable read',
      locks: [{ relation: shadow.target, mode: 'access share' }],
      statements: [
        copyToShadow(quoted(shadow.shadow), target, names),
        copyBatches(quoted(shadow.shadow), target),
        ...(indexNames === undefined
          ? []
          : [nameCopiedIndexes(quoted(shadow.shadow), target, indexNames)]),
      ],
    }
    on.sent(copy)
    await on.control.transaction(copy, on.signal)
  }
  if (Object.keys(copies).length > 0) await on.control.query(moveMarksToShadows(names, copies))
  return copies
}

/** The steps over the shadow names; what users see of them are the names and reasons of the plan that they know. */
function planShadows(
  on: Atomic,
  request: PlanRequest,
  warehouse: Warehouse,
  shadowed: ReadonlySet<NodeId>,
): Plan {
  const known = new Map(on.plan.steps.map((step) => [step.id, step]))
  const isRun = (id: NodeId): boolean => known.get(id)?.action !== 'reuse'
  const planned = on.planned
    .filter(({ node }) => isRun(node.id))
    .map(({ node, needs }) => {
      const shadow = request.manifest.nodes.get(node.id)
      return { node: shadow === undefined ? node : (shadow as typeof node), needs }
    })
  const over = new Map(
    planRun(planned, on.order, request, warehouse).steps.map((step) => [step.id, step]),
  )
  return {
    steps: on.plan.steps.map((step) => {
      const shadow = over.get(step.id)
      if (shadow === undefined) return step
      const { reason, relation } = step
      return shadowed.has(step.id) && relation !== undefined
        ? { ...shadow, reason, relation }
        : { ...shadow, reason }
    }),
  }
}

async function together(
  building: readonly Step[],
  shadows: readonly Shadow[],
  copies: ShadowNames,
  on: Atomic,
): Promise<Together> {
  const states = await on.adapter.describe(
    shadows.flatMap(({ target, shadow }) => [target, shadow]),
  )
  const byId = new Map(shadows.map((shadow) => [shadow.id, shadow]))
  const ready = building.flatMap((step): Ready[] => {
    const shadow = byId.get(step.id)
    const state = shadow && states.get(quoted(shadow.shadow))
    if (shadow === undefined || state === undefined) return []
    const name = quoted(shadow.target)
    const create = step.transactions
      .flatMap(({ statements }) => statements)
      .find(({ purpose }) => purpose === 'create view')
    return [
      {
        id: step.id,
        target: shadow.target,
        shadow: state,
        old: states.get(name),
        createView: create?.sql.replace(/^create view /, 'create or replace view '),
        configured: configuredOn(step.id, states.get(name), on),
        isCopy: name in copies,
        indexes: indexesOf(step.id, on),
      },
    ]
  })
  const published = new Set(ready.map(({ target }) => quoted(target)))
  const carried = new Map(
    ready.flatMap(({ old }) =>
      (old?.dependents ?? [])
        .filter(({ relation }) => !published.has(quoted(relation)))
        .filter(({ relation }) => old?.type !== 'view' || isOurs(quoted(relation), on))
        .map((view) => [quoted(view.relation), view] as const),
    ),
  )
  const own = await on.adapter.describe([...carried.values()].map(({ relation }) => relation))
  const readBy = (name: string): number => own.get(name)?.dependents.length ?? 0
  const codes = Object.fromEntries(
    on.plan.steps.flatMap(({ id, codes: [full = '', increment = full] = [], action }) => {
      if (action === 'reuse' || full === '') return []
      return [[id, KEEPS_ROWS.has(action) ? increment : full]]
    }),
  )
  return {
    runId: on.runId,
    ready,
    carried: [...carried].sort(([a], [b]) => readBy(b) - readBy(a)).map(([, view]) => view),
    codes,
    keeps: on.keepVersions > 0,
    dropsViews: ready.some(({ old, shadow }) => old?.type === 'view' && shadow.type !== 'view'),
  }
}

/** A view is made anew under its name, and a table gets back what the old one had: both need what the shadow had. */
function configuredOn(id: NodeId, old: RelationState | undefined, on: Atomic) {
  const node = on.request.manifest.nodes.get(id)
  if (node === undefined || !isBuilt(node)) return []
  return [...grantStatements(node, old), ...commentStatements(node)]
}

function indexesOf(id: NodeId, on: Atomic): readonly IndexConfig[] {
  const node = on.request.manifest.nodes.get(id)
  return node !== undefined && isBuilt(node) ? node.config.indexes : []
}

function isOurs(name: string, on: Atomic): boolean {
  return on.warehouse.ledger.entries.has(name)
}

/** Invalid_table_definition, dependent_objects_still_exist and undefined_column: a view that cannot stay in its place. */
const CANNOT_STAY: ReadonlySet<string> = new Set(['42P16', '2BP01', '42703'])

async function publish(given: Together, on: Atomic): Promise<void> {
  const { done, holders } = await on.control.waitForOldSnapshots(on.publishWaitMs, on.signal)
  if (!done) {
    const who = holders
      .map((h) => `pid ${h.pid} (${h.applicationName || h.user}, ${Math.round(h.ageSeconds)} s)`)
      .join(', ')
    throw new GmError(
      'GM4016',
      `older transactions are open, to which the new tables would be empty: ${who}`,
      {
        hint: 'Nothing was published. Raise publish_wait_seconds, or run again when they have ended.',
      },
    )
  }
  if (given.keeps) await on.control.query(createSchema(VERSIONS_SCHEMA))
  const begin = performance.now()
  try {
    await withLockRetries(
      publishTogether(given),
      { ...on, session: on.control, retry: retryLater({ ...on, limit: on.retries }) },
      Math.max(on.publishWaitMs, 1_000),
    )
  } catch (error) {
    const state = sqlErrorOf(error)?.sqlState ?? ''
    if (CANNOT_STAY.has(state) && !given.dropsViews) {
      refuseForeignViews(given, on)
      await publish({ ...given, dropsViews: true }, on)
      return
    }
    throw explain(error, state)
  }
  on.note(
    `published ${given.ready.length} relations together in ${Math.round(performance.now() - begin)} ms`,
  )
}

function explain(error: unknown, sqlState: string): unknown {
  if (error instanceof GuardFailed) {
    return new GmError(
      'GM4016',
      'a relation was replaced by hand while this run built its next version',
      {
        hint: 'Nothing was published. Run again.',
      },
    )
  }
  if (sqlState !== '55P03') return error
  return new GmError('GM4016', 'readers held the old versions for too long', {
    hint: 'Nothing was published. Raise publish_wait_seconds, or run again when they have ended.',
    cause: error,
  })
}

function refuseForeignViews({ ready }: Together, on: Atomic): void {
  for (const { id, old, target } of ready) {
    const node = on.request.manifest.nodes.get(id)
    if (old?.type !== 'view' || node === undefined) continue
    refuseForeignDependents(
      old.dependents,
      { at: node.at, isOurs: (view) => isOurs(quoted(view), on) },
      quoted(target),
    )
  }
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
