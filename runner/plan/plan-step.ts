import { GmError } from '../base/error.ts'
import { didYouMean } from '../base/nearest.ts'
import { storedAs, storeFailures } from '../check/store-failures.ts'
import { testStatement } from '../check/test-statement.ts'
import { isLimited } from '../compile/compile-node.ts'
import type { BatchContext, Compiled, CompileState } from '../compile/compiled.ts'
import type { EventWindow } from '../compile/event-window.ts'
import { intersectWindows } from '../compile/event-window.ts'
import { findUnstable } from '../compile/find-unstable.ts'
import type { Column, RelationState } from '../engine/adapter.ts'
import type { Statement } from '../engine/statement.ts'
import { followedTable } from '../manifest/followed-tables.ts'
import type {
  BuiltNode,
  HookConfig,
  Manifest,
  ModelNode,
  Node,
  NodeId,
  Relation,
  SnapshotNode,
  TestNode,
} from '../manifest/node.ts'
import { isBuilt, isReadable } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import type { Hook, NodeHooks } from '../materialize/complete-build.ts'
import { completeBuild } from '../materialize/complete-build.ts'
import type { Materialization, Materials } from '../materialize/materialize.ts'
import type { CompiledBatch } from '../materialize/materialize-batches.ts'
import { buildHistory, updateHistory } from '../materialize/materialize-history.ts'
import { addRows, buildIncremental } from '../materialize/materialize-incremental.ts'
import {
  buildMaterializedView,
  canRefresh,
  changesIndexes,
  refreshMaterializedView,
} from '../materialize/materialize-materialized-view.ts'
import { materializeOwn, ownStatements } from '../materialize/materialize-own.ts'
import { buildPolling, updatePolling } from '../materialize/materialize-polling.ts'
import { materializeSeed, seedFingerprint } from '../materialize/materialize-seed.ts'
import { materializeTable } from '../materialize/materialize-table.ts'
import { materializeView } from '../materialize/materialize-view.ts'
import type { OwnBuild, OwnMaterializer } from '../materialize/own-materialization.ts'
import { isPolling, missingMeta, pollingHistory } from '../materialize/polling-history.ts'
import { incrementCode } from '../materialize/record-build.ts'
import { strategyOf } from '../materialize/write-rows.ts'
import type { EventTime } from '../state/event-time.ts'
import { rowsSince } from '../state/event-time.ts'
import type { KeyReader } from '../state/key-log.ts'
import { allKeys, changedKeys, followedName, keyColumns } from '../state/key-log.ts'
import type { Ledger, LedgerEntry } from '../state/ledger.ts'
import { recordTest } from '../state/ledger.ts'
import { newRows, VERSION_XID_COLUMN } from '../state/marks.ts'
import type { Basis } from '../state/read-bases.ts'
import type { Interval } from './batch-intervals.ts'
import type { Action, Step } from './plan.ts'
import type { MicrobatchNode } from './plan-microbatch.ts'
import {
  batchId,
  describeBatches,
  followInputsOf,
  isMicrobatch,
  materializeMicrobatch,
  mayRunAtOnce,
  planBatches,
} from './plan-microbatch.ts'

/** What the user asked for and what does not change while a run lasts. */
export interface PlanRequest {
  readonly runId: string
  readonly manifest: Manifest
  readonly fullRefresh: boolean
  /** Columns may be dropped, and values cut to a narrower type, where on_schema_change asks for it. */
  readonly allowDestructive: boolean
  /** Which steps may be left out when nothing that they depend on has changed. */
  readonly reuse: Reuse
  readonly compile: (node: ModelNode | SnapshotNode | TestNode, state: CompileState) => Compiled
  /** `--store-failures`. */
  readonly storeFailures: boolean
  /** `--warn-error`: a test that would warn fails. */
  readonly doWarningsFail?: boolean
  /** Where the failing rows of a test are kept. */
  readonly failuresRelation: (node: TestNode) => Relation
  /** Renders a template of a node's configuration. */
  readonly compileText: (node: BuiltNode, text: string, state: CompileState) => string
  readonly vars: Readonly<Record<string, unknown>>
  /** Microbatch: the newest batch is the one that this moment lies in. */
  readonly now: Date
  /** `--event-time-start` and `--event-time-end`: the batches to do, and no others. */
  readonly eventTime?: EventWindow
  readonly runQuery?: CompileState['runQuery']
  /** What builds models of the project's own materializations, by name, and what it is told of the database. */
  readonly own?: {
    readonly materializers: ReadonlyMap<string, OwnMaterializer>
    readonly engine: OwnBuild['engine']
  }
  /** `--empty` and `--sample`: models are built from a part of their inputs. */
  readonly limit?: ReadLimit
}

/** Reads no row, or those of a span of event time of the inputs that have one. */
export interface ReadLimit {
  /** Absent: nothing is read. */
  readonly window?: EventWindow
}

/** `models`: everything but tests. */
export type Reuse = 'all' | 'models' | 'none'

/** The warehouse at the moment of planning. */
export interface Warehouse {
  readonly relations: ReadonlyMap<string, RelationState>
  readonly ledger: Ledger
}

/** What the steps before this one will have done by the time it runs. */
export interface Foreseen {
  /** Quoted names of relations that will be another table by then. */
  readonly rebuilt: ReadonlySet<string>
  /** Quoted names of relations that there will be by then. */
  readonly made: ReadonlySet<string>
  /** Nodes whose rows steps before this one may change, views upon them included. */
  readonly changing: ReadonlySet<NodeId>
  /** Views that the database refused to replace in place. */
  readonly reshaped: ReadonlySet<NodeId>
  /** The columns of the node's query, found by a guard that expected others. */
  readonly shape?: readonly Column[]
  /** Microbatch: what comes before the batches is done; whether the table was there before it. */
  readonly begun?: { readonly isIncremental: boolean }
}

export const NOTHING_FORESEEN: Foreseen = {
  rebuilt: new Set(),
  made: new Set(),
  changing: new Set(),
  reshaped: new Set(),
}

/** Why a node is reused. */
export const NOTHING_CHANGED = 'nothing that it depends on has changed'

interface Decision {
  readonly action: Action
  readonly reason: string
  readonly isIncremental: boolean
  /** Nothing but a change of code or inputs would make it necessary. */
  readonly isOptional: boolean
}

/** Whether something stands behind a name that gm did not make, going by what the ledger knows of the name. */
export function isMadeByOthers(
  target: RelationState | undefined,
  entry: LedgerEntry | undefined,
): boolean {
  if (target === undefined) return false
  if (entry === undefined) return true
  // A view that gm made may have been replaced by somebody's table of the same name since, or the other way round.
  if ((entry.kind === 'view') !== (target.type === 'view')) return true
  // A table may have been dropped and made again by hand. A view holds no rows that could be lost.
  return (
    target.type !== 'view' && (entry.basis?.generation ?? target.generation) !== target.generation
  )
}

/** One node's step, from its code and the warehouse as it is. Pure: the same arguments give the same step. */
export function planStep(
  node: BuiltNode | TestNode,
  needs: readonly NodeId[],
  request: PlanRequest,
  warehouse: Warehouse,
  foreseen: Foreseen = NOTHING_FORESEEN,
): Step {
  if (node.kind === 'test') return planTest(node, needs, request, warehouse, foreseen)
  const name = quoted(node.relation)
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
    for (const [input, generation] of entry?.marks ?? []) marked.set(input, generation)
  }
  const compiled =
    node.kind === 'seed'
      ? undefined
      : request.compile(node, compileState(node, decision, request, warehouse))
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
      : [compiled.fingerprint, incrementCode(compiled)]
  const run = whetherToRun(node, {
    decided: decision.reason,
    isAsked: request.reuse === 'none' || !decision.isOptional || hasHooks(node),
    basis: entry?.basis,
    codes,
    // A view gives what its SQL gives, whenever it was created.
    unstable: decision.action === 'create view' ? undefined : unstable,
    foreseen,
    manifest: request.manifest,
  })
  if (run === undefined) return reusedStep(node, needs, node.relation)
  // Marks that a part has moved would lose the rest.
  const isPart = request.limit !== undefined
  const materials: Materials = {
    runId: request.runId,
    project: request.manifest.project,
    at: node.at,
    target,
    revision: entry?.revision ?? '0',
    marked,
    follows: node.kind === 'seed' || isPart ? [] : followedBy(node, request.manifest),
    eventTimes: node.kind === 'seed' ? new Map() : eventTimes(node, request.manifest, warehouse),
    keyReaders: node.kind === 'seed' || isPart ? [] : keyReaders(node, request.manifest),
    lockable: compiled === undefined ? [] : lockable(compiled, request.manifest, warehouse, node),
    isStable: unstable === undefined,
    reason: run.reason,
    shape: foreseen.shape,
    allowDestructive: request.allowDestructive,
    isOurs: (relation) => warehouse.ledger.entries.has(quoted(relation)),
  }
  const warning = warningFor(node, decision, request, adopts)
  return {
    id: node.id,
    kind: node.kind,
    action: decision.action,
    reason: run.reason,
    ...(warning !== undefined && { warning }),
    needs,
    lock: name,
    relation: node.relation,
    transactions: completeBuild(
      materialize(node, decision, compiled, materials, foreseen, own).transactions,
      node,
      materials,
      renderHooks(node, compileState(node, decision, request, warehouse), request),
    ),
    severity: undefined,
    codes,
    ...codeIs(target, entry, codes),
    ...(run.mayBeReused && { reuse: { key: name, codes } }),
    ...(dropsDuplicates(node, request.manifest, warehouse) && { dropsDuplicates: true }),
  }
}

/** Whether the relation was made of other code: by its last step, or by its last full build. */
function codeIs(
  target: RelationState | undefined,
  entry: LedgerEntry | undefined,
  codes: readonly string[],
): Pick<Step, 'codeIs'> {
  if (target === undefined || entry === undefined) return { codeIs: 'new' }
  const isSame = [entry.basis?.code, entry.fingerprint].some(
    (code) => code !== undefined && codes.includes(code),
  )
  return isSame ? {} : { codeIs: 'changed' }
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
  if (node.kind === 'snapshot' && isPolling(node)) return true
  if (fullRefresh || isLimited(fingerprint ?? '')) return false
  return node.kind === 'snapshot' || node.config.materialized === 'incremental'
}

/** The statements of a module of the project's; undefined for what gm builds itself. */
function ownWork(
  node: BuiltNode,
  compiled: Compiled | undefined,
  { isIncremental }: Decision,
  target: RelationState | undefined,
  { own }: PlanRequest,
): readonly Statement[] | undefined {
  if (node.kind !== 'model' || compiled === undefined) return undefined
  const { materialization } = node.config
  if (materialization === undefined) return undefined
  const materializer = own?.materializers.get(materialization.name)
  if (own === undefined || materializer === undefined)
    throw new Error(`the materialization of ${node.id} was not loaded`)
  const { engine } = own
  return ownStatements(node, compiled, materializer, { isIncremental, target, engine })
}

/** The batches of a sample: those that it has rows of. Of no rows: the newest. */
function limitedTo(
  window: EventWindow | undefined,
  now: Date,
): { readonly eventTime: EventWindow } {
  const end = window?.end ?? new Date(now.getTime() + 1)
  return { eventTime: { start: window?.start ?? now, end } }
}

/** A model's step that is made batch by batch. */
function planMicrobatch(
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
  const { limit } = request
  const times = {
    now: request.now,
    // What a part of the inputs would give is built of the batches that the part has rows of.
    ...(limit === undefined
      ? request.eventTime && { eventTime: request.eventTime }
      : limitedTo(limit.window, request.now)),
  }
  const plan = planBatches(node, times, entry?.batches ?? [], rebuild !== undefined)
  const isIncremental = foreseen.begun?.isIncremental ?? rebuild === undefined
  if (rebuild !== undefined) refuseRebuild(node, rebuild, warehouse)
  const decision: Decision = {
    action: rebuild === undefined ? 'run batches' : 'build incremental',
    reason: describeBatches(node, plan.due),
    isIncremental,
    isOptional: rebuild === undefined && plan.isOptional && request.eventTime === undefined,
  }
  const state = compileState(node, decision, request, warehouse)
  const compile = (batch: Interval): CompiledBatch => {
    const context = { ...batch, id: batchId(batch, node) }
    const window = limit?.window === undefined ? batch : intersectWindows(limit.window, batch)
    const compiled = request.compile(node, { ...state, window, batch: context })
    return { batch: context, compiled }
  }
  const { compiled } = compile(plan.newest)
  const following = followInputsOf(node, compiled, request.manifest, warehouse, foreseen.rebuilt)
  const unstable = findUnstable(compiled.sql, warehouse.ledger.functions)
  const codes = [compiled.fingerprint, incrementCode({ fingerprint: compiled.fingerprint })]
  const unnoticed = following.unnoticed.map(
    (input) => `; rows of ${input} that come late are missed, as nothing tells of them`,
  )
  const run = whetherToRun(node, {
    decided: [rebuild, decision.reason].filter((part) => part !== undefined).join(', '),
    isAsked: request.reuse === 'none' || !decision.isOptional || hasHooks(node),
    basis: entry?.basis,
    codes,
    unstable,
    foreseen,
    manifest: request.manifest,
  })
  if (run === undefined) return reusedStep(node, needs, node.relation)
  const materials: Materials = {
    runId: request.runId,
    project: request.manifest.project,
    at: node.at,
    target,
    revision: entry?.revision ?? '0',
    marked: rebuild === undefined ? following.marked : new Map(),
    follows: limit === undefined ? [...new Set(following.arrivals.map(({ table }) => table))] : [],
    eventTimes: new Map(),
    keyReaders: limit === undefined ? following.keyReaders : [],
    lockable: lockable(compiled, request.manifest, warehouse, node),
    isStable: unstable === undefined,
    reason: run.reason,
    shape: foreseen.shape,
    allowDestructive: request.allowDestructive,
    isOurs: (relation) => warehouse.ledger.entries.has(quoted(relation)),
  }
  const isFirst = target === undefined && limit === undefined
  const how = rebuild === undefined ? 'update' : isFirst ? 'create' : 'rebuild'
  const work = materializeMicrobatch(node, how, plan, following, materials, times, compile)
  const hooks = renderHooks(node, state, request)
  const all = completeBuild([...work.transactions, ...(work.after ?? [])], node, materials, hooks)
  const before = work.transactions.length + hooks.pre.filter((hook) => !hook.transaction).length
  const parts = work.batches === undefined ? all.length : before
  const warning = warningFor(node, decision, request, false)
  return {
    id: node.id,
    kind: node.kind,
    action: decision.action,
    reason: `${run.reason}${unnoticed.join('')}`,
    ...(warning !== undefined && { warning }),
    needs,
    lock: name,
    relation: node.relation,
    transactions: all.slice(0, parts),
    ...(work.batches !== undefined && {
      batches: work.batches,
      isConcurrent: mayRunAtOnce(node),
      after: all.slice(parts),
    }),
    severity: undefined,
    codes,
    ...codeIs(target, entry, codes),
    ...(run.mayBeReused && plan.isOptional && { reuse: { key: name, codes } }),
  }
}

/**
 * Rows that were gathered run by run may be nowhere else: another kind of relation in their place has to be asked for.
 * @throws GmError GM4019
 */
function refuseLostRows(node: BuiltNode, was: string | undefined, request: PlanRequest): void {
  const is = node.kind === 'model' ? (node.config.materialized ?? 'view') : node.kind
  if (was === undefined || was === is || request.allowDestructive) return
  if (was !== 'snapshot' && (was !== 'incremental' || request.fullRefresh)) return
  throw new GmError(
    'GM4019',
    `${quoted(node.relation)} was built as ${was} and would become ${is}: its rows would go`,
    {
      at: node.at,
      hint:
        was === 'snapshot'
          ? 'What its versions were may be known nowhere else. --allow-destructive lets them go; another name or alias keeps them.'
          : 'If its query gives them all again, run with --full-refresh; else give the model another name or alias.',
    },
  )
}

/** A history that dbt began, or gm before its ledger was lost: it cannot be made again, so gm goes on with it. */
function isAdoptable(node: BuiltNode, target: RelationState | undefined): boolean {
  return (
    node.kind === 'snapshot' &&
    isPolling(node) &&
    target?.type === 'table' &&
    missingMeta(pollingHistory(node), target.columns).length === 0
  )
}

/** Hooks run each time: what they do is not gm's to know. */
function hasHooks({ config }: BuiltNode): boolean {
  return config.pre_hook !== undefined || config.post_hook !== undefined
}

function renderHooks(
  node: BuiltNode,
  state: CompileState,
  { compileText }: PlanRequest,
): NodeHooks {
  const render = (hooks: readonly HookConfig[] | undefined): Hook[] =>
    (hooks ?? [])
      .map(({ sql, transaction }) => ({ sql: compileText(node, sql, state), transaction }))
      .filter(({ sql }) => sql !== '')
  const { pre_hook, post_hook, sql_header } = node.config
  return {
    pre: render(pre_hook),
    post: render(post_hook),
    header: sql_header === undefined ? undefined : compileText(node, sql_header, state),
  }
}

function warningFor(
  node: BuiltNode,
  decision: Decision,
  { fullRefresh }: PlanRequest,
  adopts: boolean,
): string | undefined {
  if (adopts) return `${node.name} goes on with the history that is in its table`
  if (!fullRefresh || !decision.isIncremental) return undefined
  return node.kind === 'snapshot' && isPolling(node)
    ? `${node.name} was not rebuilt: what its rows were before cannot be asked again`
    : `${node.name} was not rebuilt: it has full_refresh: false, and got its new rows only`
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

/**
 * A test over several nodes may be selected with one of them while another was never built. Then there is nothing to
 * test yet, and the step has no transactions: it is skipped, and says what is missing.
 */
function planTest(
  node: TestNode,
  needs: readonly NodeId[],
  request: PlanRequest,
  warehouse: Warehouse,
  foreseen: Foreseen,
): Step {
  const compiled = request.compile(node, compileState(node, undefined, request, warehouse))
  const missing = compiled.inputs.find(({ id, relation }) => {
    const input = request.manifest.nodes.get(id)
    const name = quoted(relation)
    return (
      input !== undefined &&
      isBuilt(input) &&
      !warehouse.relations.has(name) &&
      !foreseen.made.has(name)
    )
  })
  const form = storedAs(node, request.storeFailures)
  const stores = form === undefined ? undefined : request.failuresRelation(node)
  const statement = testStatement(node, compiled)
  const code = `${statement.sql}\n${form ?? ''} ${stores === undefined ? '' : quoted(stores)}`
  const codes = [incrementCode({ fingerprint: compiled.fingerprint, sql: code })]
  const run = whetherToRun(node, {
    decided: missing === undefined ? 'selected' : `${quoted(missing.relation)} is not built yet`,
    isAsked: request.reuse !== 'all' || missing !== undefined,
    basis: warehouse.ledger.passes.get(node.id),
    codes,
    unstable: findUnstable(statement.sql, warehouse.ledger.functions),
    foreseen,
    manifest: request.manifest,
  })
  if (run === undefined) return reusedStep(node, needs, undefined)
  return {
    id: node.id,
    kind: 'test',
    action: 'run test',
    reason: run.reason,
    needs,
    lock: undefined,
    relation: undefined,
    severity: request.doWarningsFail === true ? 'strict' : (node.config.severity ?? 'error'),
    codes,
    ...(stores !== undefined && missing === undefined && { stores }),
    ...(run.mayBeReused && { reuse: { key: node.id, codes } }),
    transactions:
      missing === undefined
        ? [
            {
              name: 'query',
              // What the test read and what is recorded of it come from one pg_snapshot.
              isolation: 'repeatable read',
              locks: [],
              statements: [
                ...(form === undefined || stores === undefined
                  ? [statement]
                  : storeFailures(node, compiled, form, stores)),
                ...codes.map((code) => recordTest(request.runId, node.id, code)),
              ],
            },
          ]
        : [],
  }
}

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
    return { action, reason: 'selected', isIncremental: false, isOptional: true }
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
    return { action, reason: 'selected', isIncremental: false, isOptional: true }
  }
  if (node.kind === 'snapshot' && isPolling(node)) return decidePolling(node, request, warehouse)
  const [build, update]: [Action, Action] =
    node.kind === 'snapshot'
      ? ['build history', 'update history']
      : ['build incremental', 'add rows']
  const rebuild = reasonToRebuild(node, request, warehouse, foreseen)
  if (rebuild === undefined)
    return {
      action: update,
      reason: reasonToAdd(node, request.manifest, warehouse),
      isIncremental: true,
      isOptional: true,
    }
  refuseRebuild(node, rebuild, warehouse)
  return asked(build, rebuild)
}

/** @throws GmError GM4012 where the configuration says that the table is never to be rebuilt. */
function refuseRebuild(
  node: ModelNode | SnapshotNode,
  rebuild: string,
  { relations, ledger }: Warehouse,
): void {
  const name = quoted(node.relation)
  const entry = ledger.entries.get(name)
  const isWhole = entry !== undefined && !isLimited(entry.fingerprint)
  if (!relations.has(name) || !isWhole || node.config.full_refresh !== false) return
  throw new GmError(
    'GM4012',
    `${name} would have to be rebuilt (${rebuild}), but it has full_refresh: false`,
    {
      at: node.at,
      hint: 'Remove full_refresh: false for this one run if losing what cannot be rebuilt is acceptable.',
    },
  )
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
  const { fingerprint } = request.compile(node, compileState(node, undefined, request, warehouse))
  const isSame = ledger.entries.get(name)?.fingerprint === fingerprint
  const hasOtherIndexes = changesIndexes(node, target)
  return {
    action: isSame && canRefresh(node, { target }) ? 'refresh materialized view' : action,
    reason: hasOtherIndexes ? 'its indexes changed' : 'selected',
    isIncremental: false,
    isOptional: !hasOtherIndexes,
  }
}

function asked(action: Action, reason: string): Decision {
  return { action, reason, isIncremental: false, isOptional: false }
}

interface Question {
  readonly decided: string
  /** It runs whatever has changed. */
  readonly isAsked: boolean
  readonly basis: Basis | undefined
  readonly codes: readonly string[]
  readonly unstable: string | undefined
  readonly foreseen: Foreseen
  readonly manifest: Manifest
}

/** Why a node runs; undefined when it is as its last success left it, and so is all that it was made of. */
function whetherToRun(
  node: BuiltNode | TestNode,
  { decided, isAsked, basis, codes, unstable, foreseen, manifest }: Question,
): { readonly reason: string; readonly mayBeReused: boolean } | undefined {
  const runs = (reason: string): { reason: string; mayBeReused: false } => ({
    reason,
    mayBeReused: false,
  })
  if (isAsked) return runs(decided)
  if (basis === undefined) {
    return runs(node.kind === 'test' ? 'it has not passed yet' : 'no record of what it was made of')
  }
  if (!codes.includes(basis.code)) {
    return runs(node.kind === 'seed' ? 'its file changed' : 'its code or configuration changed')
  }
  if (unstable !== undefined) return runs(`${unstable} may give something else each time`)
  if (basis.changed !== undefined) return runs(basis.changed)
  const changing = node.dependsOn.find((id) => foreseen.changing.has(id))
  if (changing === undefined) return undefined
  const name = manifest.nodes.get(changing)?.name ?? changing
  return { reason: `its input ${name} is built before it`, mayBeReused: true }
}

function reusedStep(
  node: BuiltNode | TestNode,
  needs: readonly NodeId[],
  relation: Relation | undefined,
  reason = NOTHING_CHANGED,
): Step {
  return {
    id: node.id,
    kind: node.kind,
    action: 'reuse',
    reason,
    needs,
    lock: undefined,
    relation,
    severity: undefined,
    transactions: [],
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
  }
}

/** Why an incremental model or a history must be built whole; undefined when its new rows are enough. */
function reasonToRebuild(
  node: ModelNode | SnapshotNode,
  request: PlanRequest,
  warehouse: Warehouse,
  foreseen: Foreseen,
): string | undefined {
  const name = quoted(node.relation)
  const target = warehouse.relations.get(name)
  const entry = warehouse.ledger.entries.get(name)
  const inputs = node.changesOf.flatMap((followed) => {
    const input = request.manifest.nodes.get(followedTable(request.manifest, followed))
    return input === undefined || !isReadable(input) ? [] : [input]
  })
  // What gm builds may be tracked by the time it is read.
  for (const input of inputs) if (input.kind === 'source') refuseUntracked(node, input, warehouse)
  if (target === undefined) return 'first build'
  if (request.limit !== undefined || isLimited(entry?.fingerprint ?? ''))
    return 'it was built with --empty or --sample'
  if (node.config.full_refresh === true) return 'full_refresh: true'
  if (request.fullRefresh && node.config.full_refresh !== false) return 'full refresh'
  if (target.type !== 'table' || !target.isTracked) return `a ${target.type} stands behind its name`
  for (const input of inputs) {
    const inputName = quoted(input.relation)
    const state = warehouse.relations.get(inputName)
    refuseUntracked(node, input, warehouse)
    const mark = entry?.marks.get(inputName)
    if (mark === undefined) return `it has no mark on ${input.name} yet`
    if (foreseen.rebuilt.has(inputName)) return `its input ${input.name} is rebuilt`
    if (state !== undefined && state.generation !== mark)
      return `its input ${input.name} was rebuilt`
  }
  for (const reader of keyReaders(node, request.manifest)) {
    if (entry?.following.has(followedName(reader)) !== true)
      return `keys that ${reader.input} loses were not logged for it yet`
  }
  return undefined
}

/** changes() needs rows that say which transaction wrote them. */
function refuseUntracked(
  node: Node,
  input: Node & { readonly relation: Relation },
  warehouse: Warehouse,
): void {
  const state = warehouse.relations.get(quoted(input.relation))
  if (state === undefined || state.isTracked || (isBuilt(input) && isRebuiltWhole(input))) return
  if (eventTimeOf(input, warehouse) !== undefined) {
    if (node.kind !== 'model' || strategyOf(node) !== 'append') return
    throw new GmError(
      'GM3009',
      `"${node.name}" appends, but rows of ${input.name} are read again: it is followed by time`,
      {
        at: node.at,
        hint: 'Give the model a unique_key, so that a row which is read again replaces itself.',
      },
    )
  }
  throw new GmError(
    'GM3009',
    `changes() cannot follow ${input.name}: it is a ${state.type} without the column _gm_xid`,
    {
      at: node.at,
      hint: 'Read it with ref() or source(), or make it an incremental model, a snapshot or a landed table. A source can be followed by time: set event_time and lookback in its config.',
    },
  )
}

/** How a source without tracking is followed, where its configuration says so and the table is there. */
function eventTimeOf(input: Node, { relations }: Warehouse): EventTime | undefined {
  if (input.kind !== 'source') return undefined
  const { event_time: column, lookback: given } = input.config
  const lookback = given === undefined ? undefined : String(given)
  const state = relations.get(quoted(input.relation))
  if (column === undefined || state === undefined || state.isTracked) return undefined
  if (lookback === undefined) {
    throw new GmError(
      'GM3009',
      `source ${input.sourceName}.${input.name} has event_time and no lookback`,
      {
        at: input.at,
        hint: 'Say how late a row may come: lookback: 2 hours. A row that comes later is missed.',
      },
    )
  }
  const type = state.columns.find(({ name }) => name === column)?.type
  if (type !== undefined) return { column, type, lookback }
  throw new GmError(
    'GM3009',
    `event_time of source ${input.sourceName}.${input.name} names "${column}", which is no column`,
    {
      at: input.at,
      hint: didYouMean(
        column,
        state.columns.map(({ name }) => name),
      ),
    },
  )
}

function eventTimes(
  node: BuiltNode,
  manifest: Manifest,
  warehouse: Warehouse,
): ReadonlyMap<string, EventTime> {
  const times = new Map<string, EventTime>()
  if (!('changesOf' in node)) return times
  for (const id of node.changesOf) {
    const input = manifest.nodes.get(followedTable(manifest, id))
    const by = input === undefined ? undefined : eventTimeOf(input, warehouse)
    if (input?.kind === 'source' && by !== undefined) times.set(quoted(input.relation), by)
  }
  return times
}

/** What a run that reads new rows reads, and what it may miss where it can. */
function reasonToAdd(node: BuiltNode, manifest: Manifest, warehouse: Warehouse): string {
  const times = [...eventTimes(node, manifest, warehouse)]
  if (times.length === 0) return 'new rows since its mark'
  return times
    .map(
      ([input, { column, lookback }]) =>
        `rows of ${input} from ${lookback} before the latest ${column}: what comes later than that, or is deleted, is missed`,
    )
    .join('; ')
}

/** Tables and seeds get a new generation with each build: their consumers rebuild, and between builds nothing is new. */
function isRebuiltWhole(node: BuiltNode): boolean {
  return node.kind === 'seed' || (node.kind === 'model' && node.config.materialized === 'table')
}

function compileState(
  node: Node,
  decision: Decision | undefined,
  request: PlanRequest,
  warehouse: Warehouse,
): CompileState {
  const isIncremental = decision?.isIncremental ?? false
  const { limit } = request
  return {
    // Tests look at what was built, and not at a part of it.
    ...(limit !== undefined &&
      isBuilt(node) && {
        isPart: true,
        ...(isMicrobatch(node) && { batch: partAsBatch(limit) }),
        ...(limit.window === undefined ? { isEmpty: true } : { window: limit.window }),
      }),
    isIncremental,
    isFullRefresh: request.fullRefresh,
    invocationId: request.runId,
    vars: request.vars,
    ...(request.runQuery === undefined ? {} : { runQuery: request.runQuery }),
    changes: (inputId: NodeId, relation: Relation, columnsOf?: 'versions') => {
      const input = request.manifest.nodes.get(inputId)
      const name = quoted(relation)
      if (!isIncremental || !isBuilt(node)) return name
      if (input !== undefined && isBuilt(input) && isRebuiltWhole(input))
        return `(select * from ${name} where false)`
      const by = input === undefined ? undefined : eventTimeOf(input, warehouse)
      if (by !== undefined) return rowsSince(quoted(node.relation), name, by)
      return newRows(
        quoted(node.relation),
        name,
        columnsOf === 'versions' ? VERSION_XID_COLUMN : undefined,
      )
    },
    changedKeys: (inputId, relation, columns, columnsOf) => {
      const input = request.manifest.nodes.get(inputId)
      const name = quoted(relation)
      if (!isIncremental || !isBuilt(node)) return allKeys(name, columns)
      if (input !== undefined && isBuilt(input) && isRebuiltWhole(input))
        return `(select ${keyColumns(columns)} from ${name} where false)`
      return changedKeys(
        quoted(node.relation),
        name,
        columns,
        columnsOf === 'versions' ? VERSION_XID_COLUMN : undefined,
      )
    },
  }
}

/** What a template that names its batch finds where a part of its inputs is built in one go. */
function partAsBatch({ window }: ReadLimit): BatchContext {
  const { start = new Date(0), end = start } = window ?? {}
  return { id: start.toISOString().slice(0, 10).replaceAll('-', ''), start, end }
}

function followedBy(node: ModelNode | SnapshotNode, manifest: Manifest): readonly string[] {
  return node.changesOf.flatMap((id) => {
    const input = manifest.nodes.get(followedTable(manifest, id))
    return input === undefined || !isReadable(input) ? [] : [quoted(input.relation)]
  })
}

/** A table that is always rebuilt whole needs no log: its consumers rebuild with it. */
function keyReaders(node: ModelNode | SnapshotNode, manifest: Manifest): readonly KeyReader[] {
  return node.keysOf.flatMap(({ input: id, columns }) => {
    const input = manifest.nodes.get(id)
    if (input === undefined || !isReadable(input)) return []
    if (isBuilt(input) && isRebuiltWhole(input)) return []
    return [{ input: quoted(input.relation), columns }]
  })
}

/** Inputs to lock, in name order. One that does not exist is left out: the user's own SQL then gives the better error. */
function lockable(
  compiled: Compiled,
  manifest: Manifest,
  warehouse: Warehouse,
  node: BuiltNode,
): readonly Relation[] {
  const own = quoted(node.relation)
  return compiled.inputs
    .filter(({ id, relation }) => {
      if (quoted(relation) === own) return false
      const state = warehouse.relations.get(quoted(relation))
      if (state !== undefined) return ['table', 'view', 'partitioned table'].includes(state.type)
      const input = manifest.nodes.get(id)
      return input !== undefined && isBuilt(input)
    })
    .map(({ relation }) => relation)
    .sort((a, b) => (quoted(a) < quoted(b) ? -1 : 1))
}

function materialize(
  node: BuiltNode,
  decision: Decision,
  compiled: Compiled | undefined,
  materials: Materials,
  foreseen: Foreseen,
  own: readonly Statement[] | undefined,
): Materialization {
  if (node.kind === 'seed') return materializeSeed(node, materials)
  if (compiled === undefined) throw new Error(`${node.id} was not compiled`)
  if (node.kind === 'snapshot') {
    const [build, update] = isPolling(node)
      ? [buildPolling, updatePolling]
      : [buildHistory, updateHistory]
    return (decision.isIncremental ? update : build)(node, compiled, materials)
  }
  if (own !== undefined)
    return materializeOwn(node, compiled, materials, decision.isIncremental, own)
  switch (node.config.materialized) {
    case 'materialized_view':
      return decision.action === 'refresh materialized view'
        ? refreshMaterializedView(node, compiled, materials)
        : buildMaterializedView(node, compiled, materials)
    case 'table':
      return materializeTable(node, compiled, materials)
    case 'incremental':
      return (decision.isIncremental ? addRows : buildIncremental)(node, compiled, materials)
    default:
      return materializeView(foreseen.reshaped.has(node.id))(node, compiled, materials)
  }
}
