import { findUnstable } from '../compile/find-unstable.ts'
import type { NodeId } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { completeBuild, withHeader } from '../materialize/complete-build.ts'
import { checkContract } from '../materialize/contract-statements.ts'
import type { CompiledBatch } from '../materialize/fill-by-batches.ts'
import { incrementCode } from '../materialize/record-build.ts'
import type { Interval } from './batch-intervals.ts'
import { compileState } from './compile-state.ts'
import type { Decision } from './decide.ts'
import { warningFor } from './decide.ts'
import type { MicrobatchNode } from './microbatch-work.ts'
import {
  batchContext,
  describeBatches,
  followInputsOf,
  isResumed,
  materializeMicrobatch,
  mayRunAtOnce,
  planBatches,
} from './microbatch-work.ts'
import type { Step } from './plan.ts'
import type { Foreseen, PlanRequest, Warehouse } from './plan-request.ts'
import { reasonToRebuild, refuseRebuild } from './reason-to-rebuild.ts'
import { hasHooks, renderHooks } from './step-hooks.ts'
import { materialsOf } from './step-materials.ts'
import { codeIs, reusedStep, whetherToRun } from './whether-to-run.ts'

/** A model's step that is made batch by batch. */
export function planMicrobatch(
  node: MicrobatchNode,
  needs: readonly NodeId[],
  request: PlanRequest,
  warehouse: Warehouse,
  foreseen: Foreseen,
): Step {
  const name = quoted(node.relation)
  const target = warehouse.relations.get(name)
  const entry = warehouse.ledger.entries.get(name)
  const rebuild =
    foreseen.begun === undefined ? reasonToRebuild(node, request, warehouse, foreseen) : undefined
  // What takes the place of a table has all of its batches.
  const isReplaced = rebuild !== undefined && target !== undefined
  const times = {
    now: request.now,
    isBegun: foreseen.begun !== undefined || (rebuild === undefined && isResumed(entry, request)),
    ...(request.eventTime && !isReplaced && { eventTime: request.eventTime }),
  }
  const done = rebuild === undefined ? (entry?.batches ?? []) : []
  const plan = planBatches(node, times, done)
  const isIncremental = foreseen.begun?.isIncremental ?? rebuild === undefined
  if (rebuild !== undefined) refuseRebuild(node, rebuild, warehouse)
  const batches = describeBatches(node, plan.due)
  const decision: Decision = {
    action: rebuild === undefined ? 'run batches' : 'build incremental',
    reason: batches,
    isIncremental,
    isOptional: rebuild === undefined && plan.isOptional && request.eventTime === undefined,
    readAgain: new Set(),
  }
  const state = compileState(node, decision.isIncremental, request, warehouse)
  const compile = (batch: Interval): CompiledBatch => {
    const context = batchContext(batch, node)
    const compiled = request.compile(node, { ...state, window: batch, batch: context })
    return { batch: context, compiled }
  }
  const { compiled } = compile(plan.newest)
  const following = followInputsOf(node, compiled, request.manifest, warehouse, foreseen.rebuilt)
  const unstable = findUnstable(compiled.sql, warehouse.ledger.functions)
  const codes = [compiled.fingerprint, incrementCode({ fingerprint: compiled.fingerprint })]
  const run = whetherToRun(node, {
    decided: rebuild?.reason ?? batches,
    isAsked: request.reuse === 'none' || !decision.isOptional || hasHooks(node),
    basis: entry?.basis,
    codes,
    unstable,
    foreseen,
    manifest: request.manifest,
  })
  if (run === undefined) return reusedStep(node, needs, node.relation)
  // Which ones those are is found by the step itself.
  const found = rebuild === undefined && following.marked.size > 0 && !request.eventTime
  const which = found ? `${batches} and those whose rows have changed` : batches
  const why = run.reason === batches ? batches : `${run.reason}, ${which}`
  const reason = [why, ...following.misses].join('; ')
  const materials = materialsOf(node, compiled, request, warehouse, {
    marked: rebuild === undefined ? following.marked : new Map(),
    readAgain: new Set(),
    follows: [...new Set(following.arrivals.map(({ table }) => table))],
    eventTimes: new Map(),
    keyReaders: following.keyReaders,
    otherParts: [],
    isStable: unstable === undefined,
    isOtherCode: !codes.includes(entry?.basis?.code ?? ''),
    reason,
    shape: foreseen.shape,
    remade: foreseen.remade ?? new Map(),
  })
  const isFirst = target === undefined
  const how = rebuild === undefined ? 'update' : isFirst ? 'create' : 'rebuild'
  const work = materializeMicrobatch(node, how, plan, following, materials, times, compile)
  const hooks = renderHooks(node, state, request)
  const all = completeBuild(
    [...work.transactions, ...(work.after ?? [])],
    node,
    materials,
    hooks,
    checkContract(node, compiled),
  )
  const before = work.transactions.length + hooks.pre.filter((hook) => !hook.transaction).length
  const parts = work.batches === undefined ? all.length : before
  const warning = times.isBegun ? undefined : warningFor(node, decision, request, false)
  return {
    id: node.id,
    kind: node.kind,
    action: decision.action,
    reason,
    ...(warning !== undefined && { warning }),
    needs,
    lock: name,
    relation: node.relation,
    transactions: all.slice(0, parts),
    ...(work.batches !== undefined && {
      batches: work.batches.map((batch) => ({
        ...batch,
        transactions: batch.transactions.map((transaction) => withHeader(transaction, hooks)),
      })),
      isConcurrent: mayRunAtOnce(node),
      after: all.slice(parts),
    }),
    severity: undefined,
    codes,
    ...codeIs(target, entry, codes),
    ...(run.mayBeReused && plan.isOptional && { reuse: { key: name, codes } }),
  }
}
