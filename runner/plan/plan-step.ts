import { GmError } from '../base/error.ts'
import { isLimited } from '../compile/compile-node.ts'
import { findUnstable } from '../compile/find-unstable.ts'
import type { RelationState } from '../engine/adapter.ts'
import type { BuiltNode, CheckingNode, Manifest, NodeId } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { completeBuild } from '../materialize/complete-build.ts'
import { checkContract } from '../materialize/contract-statements.ts'
import { seedFingerprint } from '../materialize/materialize-seed.ts'
import { isPolling } from '../materialize/polling-history.ts'
import { incrementCode } from '../materialize/record-build.ts'
import { strategyOf } from '../materialize/write-rows.ts'
import { followedName } from '../state/key-log.ts'
import { chooseMaterialization, ownWork } from './choose-materialization.ts'
import { compileState } from './compile-state.ts'
import { decide, warningFor } from './decide.ts'
import { eventTimes, followedBy, keyReaders } from './follow-inputs.ts'
import { isMicrobatch } from './microbatch-work.ts'
import type { Step } from './plan.ts'
import { planHooksLeft } from './plan-hooks-left.ts'
import { planMicrobatch } from './plan-microbatch.ts'
import type { Foreseen, PlanRequest, Warehouse } from './plan-request.ts'
import { NOTHING_FORESEEN } from './plan-request.ts'
import { planTest } from './plan-test.ts'
import { planUnitTest } from './plan-unit-test.ts'
import { hasHooks, renderHooks } from './step-hooks.ts'
import { materialsOf } from './step-materials.ts'
import { isAdoptable, isMadeByOthers, refuseLostRows } from './take-over.ts'
import { codeIs, reusedStep, whetherToRun } from './whether-to-run.ts'

/** One node's step, from its code and the warehouse as it is. Pure: the same arguments give the same step. */
export function planStep(
  node: BuiltNode | CheckingNode,
  needs: readonly NodeId[],
  request: PlanRequest,
  warehouse: Warehouse,
  foreseen: Foreseen = NOTHING_FORESEEN,
): Step {
  if (node.kind === 'unit_test') return planUnitTest(node, needs, request, warehouse, foreseen)
  if (node.kind === 'test') return planTest(node, needs, request, warehouse, foreseen)
  const name = quoted(node.relation)
  const hooksLeft = request.hooksLeft?.get(node.id)
  if (hooksLeft !== undefined) return planHooksLeft(node, needs, hooksLeft, request, warehouse)
  const target = warehouse.relations.get(name)
  const entry = warehouse.ledger.entries.get(name)
  const isForeign = isMadeByOthers(target, entry)
  const adopts = isForeign && isAdoptable(node, target)
  if (isForeign && !adopts && !request.fullRefresh) {
    throw new GmError('GM4008', `${name} exists already, and gm did not make it`, {
      at: node.at,
      hint: 'gm replaces only what it made. Drop or rename it, or let gm replace it with --full-refresh.',
    })
  }
  if (leavesAsItIs(node, request, target, entry?.fingerprint)) {
    return reusedStep(node, needs, node.relation, 'a part of its inputs would not make it again')
  }
  if (target !== undefined && !isForeign) refuseLostRows(node, entry?.kind, request)
  // A part is built in one go, and no batch counts as done.
  if (isMicrobatch(node) && request.limit === undefined)
    return planMicrobatch(node, needs, request, warehouse, foreseen)
  const decision = decide(node, request, warehouse, foreseen)
  const marked = new Map<string, string>()
  if (decision.isIncremental) {
    for (const [input, generation] of entry?.marks ?? [])
      if (!decision.readAgain.has(input)) marked.set(input, generation)
  }
  const state = compileState(node, decision.isIncremental, request, warehouse, decision.readAgain)
  const compiled = node.kind === 'seed' ? undefined : request.compile(node, state)
  const own = ownWork(node, compiled, decision, target, request)
  const unstable =
    compiled === undefined
      ? undefined
      : [compiled.sql, ...(own ?? []).map(({ sql }) => sql)]
          .map((sql) => findUnstable(sql, warehouse.ledger.functions))
          .find((name) => name !== undefined)
  const codes =
    compiled === undefined
      ? [node.kind === 'seed' ? seedFingerprint(node) : '']
      : decision.readAgain.size > 0
        ? [compiled.fingerprint]
        : [compiled.fingerprint, incrementCode(compiled)]
  const isAsked = request.reuse === 'none' || !decision.isOptional || hasHooks(node)
  const isOtherCode = !codes.includes(entry?.basis?.code ?? '')
  const run = whetherToRun(node, {
    decided: decision.reason,
    isAsked,
    basis: entry?.basis,
    codes,
    // A view gives what its SQL gives, whenever it was created.
    unstable: decision.action === 'create view' ? undefined : unstable,
    foreseen,
    manifest: request.manifest,
  })
  if (run === undefined) return reusedStep(node, needs, node.relation)
  const { misses } = decision
  const reason =
    misses === undefined || misses === run.reason ? run.reason : `${run.reason}; ${misses}`
  // Marks that a part has moved would lose the rest.
  const isPart = request.limit !== undefined
  const readsOthers = node.kind !== 'seed'
  const readers = readsOthers && !isPart ? keyReaders(node, request.manifest) : []
  const materials = materialsOf(node, compiled, request, warehouse, {
    marked,
    readAgain: decision.readAgain,
    follows: readsOthers && !isPart ? followedBy(node, request.manifest) : [],
    eventTimes: readsOthers ? eventTimes(node, request.manifest, warehouse) : new Map(),
    keyReaders: readers,
    otherParts: readers.filter(
      (reader) => entry?.following.get(followedName(reader))?.hasOtherParts === true,
    ),
    isStable: unstable === undefined,
    isOtherCode,
    reason,
    shape: foreseen.shape,
    remade: foreseen.remade ?? new Map(),
  })
  const warning = warningFor(node, decision, request, adopts)
  // What the user has sent along, and statements of their own, are for them to know.
  const isPlain = own === undefined && node.config.sql_header === undefined
  return {
    id: node.id,
    kind: node.kind,
    action: decision.action,
    reason,
    ...(warning !== undefined && { warning }),
    needs,
    lock: name,
    relation: node.relation,
    transactions: completeBuild(
      chooseMaterialization(node, decision, compiled, materials, foreseen, own).transactions,
      node,
      materials,
      renderHooks(node, state, request),
      node.kind === 'model' && compiled !== undefined ? checkContract(node, compiled) : [],
    ),
    severity: undefined,
    codes,
    ...codeIs(target, entry, codes),
    ...(run.mayBeReused && { reuse: { key: name, codes } }),
    ...(decision.action === 'add rows' &&
      !isAsked &&
      !isOtherCode &&
      isPlain && { mayBeIdle: true }),
    ...(dropsDuplicates(node, request.manifest, warehouse) && { dropsDuplicates: true }),
  }
}

/**
 * Whether a relation keeps rows that a build from a part of its inputs cannot give again. What a part has made is made
 * anew; tables and views are, too, and the next whole run brings their rows back.
 */
function leavesAsItIs(
  node: BuiltNode,
  { limit, fullRefresh }: PlanRequest,
  target: RelationState | undefined,
  fingerprint: string | undefined,
): boolean {
  if (limit === undefined || target === undefined) return false
  if (isPolling(node)) return true
  if (fullRefresh || isLimited(fingerprint ?? '')) return false
  return node.kind === 'snapshot' || node.config.materialized === 'incremental'
}

/**
 * A model that is unique on a key that the landed records carry, and reads them alone: a record that makes no row has
 * the key of another. With an input of another kind, or several, a row more or less says nothing about duplicates.
 */
function dropsDuplicates(node: BuiltNode, manifest: Manifest, warehouse: Warehouse): boolean {
  if (node.kind !== 'model' || node.config.materialized !== 'incremental') return false
  if (node.config.materialization !== undefined) return false
  const [followed, ...others] = node.changesOf.map((id) => manifest.nodes.get(id))
  if (followed?.kind !== 'source' || others.length > 0 || strategyOf(node) !== 'merge') return false
  const columns = warehouse.relations.get(quoted(followed.relation))?.columns ?? []
  return node.config.unique_key.every((key) => columns.some(({ name }) => name === key))
}
