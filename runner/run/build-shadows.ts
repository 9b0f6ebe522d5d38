import { GmError } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import type { RelationState } from '../engine/adapter.ts'
import type { Transaction } from '../engine/statement.ts'
import type { NodeId } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { refuseForeignDependents } from '../materialize/dependent-views.ts'
import { namesOnCopy } from '../materialize/publish-together.ts'
import type { Plan, Step } from '../plan/plan.ts'
import type { PlanRequest, Warehouse } from '../plan/plan-request.ts'
import { planRun } from '../plan/plan-run.ts'
import type { Shadow } from '../plan/shadow.ts'
import { copyBatches } from '../state/batches.ts'
import type { ShadowNames } from '../state/shadows.ts'
import {
  copyForeignKeys,
  copyIdentities,
  copyToShadow,
  moveMarksToShadows,
  nameCopiedIndexes,
} from '../state/shadows.ts'
import type { Atomic } from './atomic.ts'
import { indexesOf, isOurs, KEEPS_ROWS } from './atomic.ts'
import { blameNode } from './blame-node.ts'

type Standing = Pick<Atomic, 'warehouse' | 'request'>

/**
 * What others have built on the relation that the step replaces, and would be lost: GM4008, GM4016. The copy of an increment takes
 * the place of its table too.
 */
export function refusalOfShadow(
  { id, relation }: Step,
  building: readonly Step[],
  on: Standing,
): GmError | undefined {
  const old = relation && on.warehouse.relations.get(quoted(relation))
  const node = on.request.manifest.nodes.get(id)
  if (old === undefined || old.type === 'view' || node === undefined) return undefined
  try {
    refuseForeignDependents(old, { at: node.at, isOurs: (view) => isOurs(view, on) })
    refuseLeftOut(old, building, node.at, on)
    return undefined
  } catch (error) {
    if (!(error instanceof GmError)) throw error
    return error
  }
}

/** A view is made again over the new table in a moment; a materialized view would have to be filled meanwhile. */
function refuseLeftOut(
  old: RelationState,
  building: readonly Step[],
  at: Location,
  on: Standing,
): void {
  const built = new Set(building.flatMap(({ relation }) => (relation ? [quoted(relation)] : [])))
  const left = old.dependents.filter(
    (view) =>
      view.type === 'materialized view' && isOurs(view, on) && !built.has(quoted(view.relation)),
  )
  if (left.length === 0) return
  const names = left.map(({ relation }) => quoted(relation)).join(', ')
  throw new GmError(
    'GM4016',
    `${quoted(old.relation)} is read by the materialized view ${names}, which is not selected`,
    {
      at,
      hint: 'Select it as well, so that it is built and published with what it reads.',
    },
  )
}

/** @returns the shadows that began as copies, by the quoted names of what they copy. */
export async function copyOldRows(
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
        // Rows that a policy hides from gm would be lost: the server refuses instead.
        { purpose: 'read all rows', sql: 'set local row_security = off' },
        copyToShadow(quoted(shadow.shadow), target, names),
        copyIdentities(quoted(shadow.shadow), target),
        copyForeignKeys(quoted(shadow.shadow), target),
        copyBatches(quoted(shadow.shadow), target),
        ...(indexNames === undefined
          ? []
          : [nameCopiedIndexes(quoted(shadow.shadow), target, indexNames)]),
      ],
    }
    on.sent(copy)
    await on.control.transaction(copy, on.signal).catch((error: unknown) => {
      throw blameNode(error, on.request.manifest.nodes.get(id))
    })
  }
  if (Object.keys(copies).length > 0) await on.control.query(moveMarksToShadows(names, copies))
  return copies
}

/** The steps over the shadow names; what users see of them are the names and reasons of the plan that they know. */
export function planShadows(
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
