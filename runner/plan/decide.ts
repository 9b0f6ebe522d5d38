import { GmError } from '../base/error.ts'
import type { BuiltNode, Manifest, ModelNode, SnapshotNode } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { canRefresh, changesIndexes } from '../materialize/materialize-materialized-view.ts'
import { isPolling } from '../materialize/polling-history.ts'
import { compileState } from './compile-state.ts'
import { eventTimes } from './follow-inputs.ts'
import type { Action } from './plan.ts'
import type { Foreseen, PlanRequest, Warehouse } from './plan-request.ts'
import { mayReadAgain, reasonToRebuild, refuseRebuild } from './reason-to-rebuild.ts'
import { isAdoptable } from './take-over.ts'

export interface Decision {
  readonly action: Action
  readonly reason: string
  /** What it may miss, which is said whatever the reason turns out to be. */
  readonly misses?: string
  readonly isIncremental: boolean
  /** Quoted names of inputs that are read from their beginning, though the table stays. */
  readonly readAgain: ReadonlySet<string>
  /** Nothing but a change of code or inputs would make it necessary. */
  readonly isOptional: boolean
}

const NOTHING: ReadonlySet<string> = new Set()

/** What is to be done with a node, and why. Compiles a table of gm's only to see whether its code has changed. */
export function decide(
  node: BuiltNode,
  request: PlanRequest,
  warehouse: Warehouse,
  foreseen: Foreseen,
): Decision {
  const target = warehouse.relations.get(quoted(node.relation))
  if (node.kind === 'seed') {
    const action = 'load seed'
    if (target === undefined) return asked(action, 'first load')
    if (request.fullRefresh) return asked(action, 'full refresh')
    if (target.type !== 'table') return asked(action, `a ${target.type} stands behind its name`)
    return { ...asked(action, 'selected'), isOptional: true }
  }
  if (node.kind === 'model' && node.config.materialized !== 'incremental') {
    if (node.config.materialized === 'materialized_view')
      return decideMaterializedView(node, request, warehouse)
    const isTable = node.config.materialized === 'table'
    const action = isTable ? 'build table' : 'create view'
    if (target === undefined) return asked(action, 'first build')
    if (request.fullRefresh) return asked(action, 'full refresh')
    if (target.type !== (isTable ? 'table' : 'view'))
      return asked(action, `a ${target.type} stands behind its name`)
    return { ...asked(action, 'selected'), isOptional: true }
  }
  if (node.kind === 'snapshot' && isPolling(node)) return decidePolling(node, request, warehouse)
  const [build, update]: [Action, Action] =
    node.kind === 'snapshot'
      ? ['build history', 'update history']
      : ['build incremental', 'add rows']
  const rebuild = reasonToRebuild(node, request, warehouse, foreseen)
  if (rebuild === undefined) {
    const misses = missedByTime(node, request.manifest, warehouse)
    return {
      action: update,
      reason: misses ?? 'new rows since its mark',
      ...(misses !== undefined && { misses }),
      isIncremental: true,
      isOptional: true,
      readAgain: NOTHING,
    }
  }
  if (mayReadAgain(node, rebuild)) {
    return {
      action: update,
      reason: `${rebuild.reason}: read again, as full_refresh: false keeps the table`,
      isIncremental: true,
      isOptional: false,
      readAgain: new Set(rebuild.inputs),
    }
  }
  refuseRebuild(node, rebuild, warehouse)
  return asked(build, rebuild.reason)
}

/** Another query makes another view; else it is refreshed, if that can be done beside readers. */
function decideMaterializedView(
  node: ModelNode,
  request: PlanRequest,
  warehouse: Warehouse,
): Decision {
  const { relations, ledger } = warehouse
  const name = quoted(node.relation)
  const target = relations.get(name)
  const action = 'build materialized view'
  if (target === undefined) return asked(action, 'first build')
  if (request.fullRefresh) return asked(action, 'full refresh')
  if (target.type !== 'materialized view')
    return asked(action, `a ${target.type} stands behind its name`)
  // The fingerprint does not depend on what is decided here: the SQL of such a model is the same each time.
  const { fingerprint } = request.compile(node, compileState(node, false, request, warehouse))
  const isSame = ledger.entries.get(name)?.fingerprint === fingerprint
  const hasOtherIndexes = changesIndexes(node, target)
  return {
    action: isSame && canRefresh(node, { target }) ? 'refresh materialized view' : action,
    reason: hasOtherIndexes ? 'its indexes changed' : 'selected',
    isIncremental: false,
    isOptional: !hasOtherIndexes,
    readAgain: NOTHING,
  }
}

/** Nothing but its absence makes a polling snapshot begin anew: its past is nowhere else. */
function decidePolling(
  node: SnapshotNode,
  request: PlanRequest,
  { relations, ledger }: Warehouse,
): Decision {
  const name = quoted(node.relation)
  const target = relations.get(name)
  if (node.config.full_refresh === true) {
    throw new GmError('GM3009', `"${node.name}" cannot have full_refresh: true`, {
      at: node.at,
      hint: 'The history of a snapshot that polls is nowhere else. To begin it anew, rename or drop its table by hand.',
    })
  }
  // Somebody's table that is no history is replaced only with --full-refresh, which planStep asks for.
  const isOther = ledger.entries.get(name) === undefined && !isAdoptable(node, target)
  if (target?.type !== 'table' || (isOther && request.fullRefresh)) {
    return asked(
      'build history',
      target === undefined ? 'first build' : `a ${target.type} stands behind its name`,
    )
  }
  return {
    action: 'update history',
    reason: 'rows as they are now',
    isIncremental: true,
    isOptional: true,
    readAgain: NOTHING,
  }
}

function asked(action: Action, reason: string): Decision {
  return { action, reason, isIncremental: false, isOptional: false, readAgain: NOTHING }
}

/** What a run reads of inputs that it follows by time, and what it misses; undefined where it follows none. */
function missedByTime(
  node: BuiltNode,
  manifest: Manifest,
  warehouse: Warehouse,
): string | undefined {
  const times = [...eventTimes(node, manifest, warehouse)]
  if (times.length === 0) return undefined
  return times
    .map(
      ([input, { column, lookback }]) =>
        `rows of ${input} from ${lookback} before the latest ${column}: what comes later than that, or is deleted, is missed`,
    )
    .join('; ')
}

export function warningFor(
  node: BuiltNode,
  decision: Decision,
  { fullRefresh, eventTime }: PlanRequest,
  adopts: boolean,
): string | undefined {
  if (adopts) return `${node.name} goes on with the history that is in its table`
  if (!fullRefresh || !decision.isIncremental) return undefined
  if (decision.action === 'run batches' && eventTime !== undefined)
    return `${node.name} was not rebuilt: the batches from --event-time-start to --event-time-end are done again, and the others stay`
  return isPolling(node)
    ? `${node.name} was not rebuilt: what its rows were before cannot be asked again`
    : `${node.name} was not rebuilt: it has full_refresh: false, and got its new rows only`
}
