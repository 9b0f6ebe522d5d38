import { GmError } from '../base/error.ts'
import type { Column, RelationState, Session } from '../engine/adapter.ts'
import { sqlErrorOf } from '../engine/sql-error.ts'
import type { Statement } from '../engine/statement.ts'
import { transactionSql } from '../engine/transaction-sql.ts'
import type { Graph } from '../graph/graph.ts'
import { reach } from '../graph/reach.ts'
import type { BuiltNode, Manifest, NodeId } from '../manifest/node.ts'
import { isBuilt } from '../manifest/node.ts'
import { identifier, literal, quoted } from '../manifest/quoted.ts'
import type { ColumnChanges } from '../materialize/compare-columns.ts'
import {
  compareColumns,
  hasColumns,
  isUnchanged,
  withoutTracking,
} from '../materialize/compare-columns.ts'
import { keepsColumns } from '../materialize/evolve-table.ts'
import { isPolling } from '../materialize/polling-history.ts'
import type { Affected } from '../plan/affected.ts'
import { affectedByColumn, affectedByNode } from '../plan/affected.ts'
import type { Plan, Step } from '../plan/plan.ts'
import { transactionsOf } from '../plan/plan.ts'
import { NOTHING_FORESEEN } from '../plan/plan-request.ts'
import { planStep } from '../plan/plan-step.ts'
import { hasHooks } from '../plan/step-hooks.ts'
import { KEEPS_ROWS } from '../run/atomic.ts'
import { refusedByView } from '../run/blame-node.ts'
import { refusalOfShadow } from '../run/build-shadows.ts'
import { lackOfRoom } from '../run/lack-of-room.ts'
import { leaveIdle } from '../run/leave-idle.ts'
import type { PlannedRun } from '../run/plan-project.ts'
import { planOver } from '../run/plan-project.ts'
import { buildingSteps } from '../run/run-atomically.ts'
import type { RunRequest } from '../run/run-request.ts'
import type { ColumnLineage } from '../sql/column-lineage.ts'
import type { Preview } from './preview-nodes.ts'
import { previewNodes } from './preview-nodes.ts'

/** One step of a plan as people look at it. */
export interface PlannedStep {
  readonly step: Step
  /** `warehouse.fact_sales`, or the test's name. */
  readonly name: string
  /** Rows that it would write, as the database's planner guesses; undefined where it cannot. */
  readonly estimatedRows: number | undefined
  /** How the columns of its query differ from those of its table; undefined where they do not. */
  readonly shape: ColumnChanges | undefined
  /** Why the table keeps its shape all the same. */
  readonly shapeIsKept: string | undefined
  /** What the run would say of it, failing. */
  readonly problem: GmError | undefined
}

/** What a run would do, and what that means. Plain values; nothing in the database has changed. */
export interface PlanReport {
  /** In the order of the run. */
  readonly steps: readonly PlannedStep[]
  /** What lies below nodes whose code changes, and below the columns of theirs that go or get another type. */
  readonly affected: readonly Affected[]
  /** What would fail: steps, and models below them that are not in the plan. */
  readonly problems: readonly Problem[]
  /** What `--full-refresh` would build again besides, and what it would not. */
  readonly fullRefresh: {
    readonly rebuilds: readonly NodeId[]
    /** Rows of these tables now. */
    readonly rows: number
    readonly keeps: readonly NodeId[]
  }
}

export interface Problem {
  readonly id: NodeId
  readonly error: GmError
}

export interface Reported {
  readonly report: PlanReport
  readonly planned: PlannedRun
}

/** Asked only where something changes: it takes a parse of all SQL. */
export type ReadLineage = () => Promise<ColumnLineage>

/** Plans a run and looks at what it means. Reads alone: what it has to make for that is rolled back. */
export async function planReport(
  request: RunRequest,
  graph: Graph,
  lineage: ReadLineage,
  session: Session,
): Promise<Reported> {
  const foreseen = await foresee(request, graph, session)
  const { planned, problems } = foreseen
  const { manifest } = request
  const steps = planned.plan.steps.map((step) => toPlanned(step, foreseen, manifest))
  const report: PlanReport = {
    steps,
    affected: await affectedBy(steps, manifest, graph, lineage),
    problems,
    fullRefresh: fullRefreshOf(steps, planned, request),
  }
  return { report, planned }
}

export interface ForeseenRun {
  readonly planned: PlannedRun
  readonly previews: ReadonlyMap<NodeId, Preview>
  readonly problems: readonly Problem[]
}

/** Plans a run and asks the database about its queries, without running them, for what would fail. */
export async function foresee(
  request: RunRequest,
  graph: Graph,
  session: Session,
): Promise<ForeseenRun> {
  const planned = await planOver(request, session)
  const previews = await preview(request, graph, planned, session)
  const steps = new Map(planned.plan.steps.map((step) => [step.id, step]))
  const isLeftOpen = leavesOpen(request, graph, planned.plan)
  const refused = new Map([
    ...(await refusedByViews(request, planned, previews, session)),
    ...(request.publish === 'atomic' ? await refusedTogether(request, planned, session) : []),
  ])
  const failing = new Set<NodeId>()
  const problems = graph.order.flatMap((id): Problem[] => {
    const node = request.manifest.nodes.get(id)
    const seen = previews.get(id)
    // What reads something that fails is not run, so nothing is known of it.
    const isHeldBack = node?.dependsOn.some((on) => failing.has(on)) === true
    const error =
      seen === undefined || isHeldBack
        ? undefined
        : (seen.problem ?? refusalOf(steps.get(id), seen, planned, request.manifest))
    if (isHeldBack || error !== undefined) failing.add(id)
    if (error !== undefined) return isLeftOpen(id, error) ? [] : [{ id, error }]
    // The view may well be at fault, so it is looked at all the same.
    const byView = isHeldBack ? undefined : refused.get(id)
    return byView === undefined || isLeftOpen(id, byView) ? [] : [{ id, error: byView }]
  })
  return { planned, previews, problems }
}

/** Undefined table, function, object, schema and column. */
const NOT_THERE: ReadonlySet<string> = new Set(['42P01', '42883', '42704', '3F000', '42703'])
/** Feature_not_supported: a table can be made of more than a view can. */
const NOT_IN_VIEWS = '0A000'

/**
 * Whether a run may do what the database refuses now: statements of the user's come before it, of which nobody but the database
 * could tell what they make, or the step's own SQL is no query, or not known before its turn comes.
 */
function leavesOpen(
  { manifest, onRunStart }: RunRequest,
  { order }: Graph,
  { steps }: Plan,
): (id: NodeId, error: GmError) => boolean {
  const stepOf = new Map(steps.map((step) => [step.id, step]))
  const nodeOf = (id: NodeId): BuiltNode | undefined => {
    const node = manifest.nodes.get(id)
    const isRun = (stepOf.get(id)?.action ?? 'reuse') !== 'reuse'
    return isRun && node !== undefined && isBuilt(node) ? node : undefined
  }
  const isHooked = (id: NodeId): boolean => {
    const node = nodeOf(id)
    if (node === undefined) return false
    const { sql_header: header, materialization } = node.config
    return hasHooks(node) || header !== undefined || materialization !== undefined
  }
  const afterHooks = new Set<NodeId>()
  for (const id of order) {
    const { pre_hook: before, sql_header: header } = nodeOf(id)?.config ?? {}
    const above = manifest.nodes.get(id)?.dependsOn ?? []
    const isBelow = above.some((on) => afterHooks.has(on) || isHooked(on))
    if (isBelow || before !== undefined || header !== undefined) afterHooks.add(id)
  }
  return (id, error) => {
    const { sqlState = '' } = sqlErrorOf(error) ?? sqlErrorOf(error.cause) ?? {}
    if (stepOf.get(id)?.isPlannedLate === true || sqlState === NOT_IN_VIEWS) return true
    if (nodeOf(id)?.config.materialization !== undefined) return true
    // Hooks before all others seldom add a column to a table that is there: that is a slip of the model's.
    const mayBeMade = afterHooks.has(id) || (onRunStart.length > 0 && sqlState !== '42703')
    return mayBeMade && NOT_THERE.has(sqlState)
  }
}

/** As a run whose guard finds these columns plans the step again: the configuration may forbid what follows from them. */
function refusalOf(
  step: Step | undefined,
  { columns, increment }: Preview,
  { requestOver, warehouse }: PlannedRun,
  manifest: Manifest,
): GmError | undefined {
  const node = step && manifest.nodes.get(step.id)
  if (node === undefined || !isBuilt(node) || !addsRows(step)) return undefined
  const shape = increment ?? (node.kind === 'model' ? columns : undefined)
  const target = warehouse.relations.get(quoted(node.relation))
  if (shape === undefined || target === undefined || hasColumns(target, shape)) return undefined
  try {
    const foreseen = { ...NOTHING_FORESEEN, shape }
    planStep(node, step.needs, { ...requestOver(manifest), reuse: 'none' }, warehouse, foreseen)
    return undefined
  } catch (error) {
    if (!(error instanceof GmError)) throw error
    return error
  }
}

/** Increments whose table is replaced by a copy, where others have built on it; but those that would find nothing new. */
async function refusedTogether(
  { manifest, signal, keepVersions }: RunRequest,
  { plan, warehouse, compiled, requestOver }: PlannedRun,
  session: Session,
): Promise<ReadonlyMap<NodeId, GmError>> {
  const on = { warehouse, request: requestOver(manifest) }
  const building = buildingSteps(plan)
  const refused = new Map<NodeId, GmError>()
  for (const step of building) {
    const refusal = refusalOfShadow(step, building, on)
    if (refusal !== undefined) refused.set(step.id, refusal)
  }
  const lacksRoom = (steps: readonly Step[]) =>
    lackOfRoom(steps, session, { warehouse, keepVersions })
  if (refused.size === 0 && (await lacksRoom(building)) === undefined) return refused
  const asking = { ...on, plan, compiled, control: session, sent: () => undefined, signal }
  const left = buildingSteps(await leaveIdle(building, asking))
  const lack = await lacksRoom(left)
  return new Map(
    left.flatMap(({ id }, i) => {
      const refusal = refused.get(id) ?? (i === 0 ? lack : undefined)
      return refusal === undefined ? [] : [[id, refusal]]
    }),
  )
}

/** Views of gm's that stay as they are now over a table that loses a column which they read. */
async function refusedByViews(
  { manifest, signal }: RunRequest,
  { plan, warehouse }: PlannedRun,
  previews: ReadonlyMap<NodeId, Preview>,
  session: Session,
): Promise<ReadonlyMap<NodeId, GmError>> {
  const refused = new Map<NodeId, GmError>()
  // A view that the run makes is made by its new SQL together with the table.
  const isMade = new Set(
    plan.steps.flatMap(({ relation, action }) =>
      relation === undefined || action === 'reuse' ? [] : [quoted(relation)],
    ),
  )
  for (const { id, relation, action } of plan.steps) {
    const node = manifest.nodes.get(id)
    const after = previews.get(id)?.after
    const target = relation && warehouse.relations.get(quoted(relation))
    if (action === 'reuse' || after === undefined || target?.type !== 'table') continue
    const { removed } = compareColumns(withoutTracking(target.columns), after)
    const views = target.dependents.filter(
      ({ relation: view }) =>
        warehouse.ledger.entries.has(quoted(view)) && !isMade.has(quoted(view)),
    )
    if (removed.length === 0 || views.length === 0 || node === undefined || !isBuilt(node)) continue
    // It comes before the views, and may well make the column.
    if (node.config.post_hook?.some((hook) => hook.transaction) === true) continue
    const { rows } = await session.query(readersOf(target.generation, removed), signal)
    const reading = new Map(rows.toReversed().map(({ view, name }) => [view, name]))
    const broken = views.find(({ generation }) => reading.has(generation))
    const column = reading.get(broken?.generation)
    if (broken === undefined || typeof column !== 'string') continue
    const reason = `column ${identifier(column)} does not exist`
    refused.set(id, refusedByView(node, quoted(broken.relation), reason))
  }
  return refused
}

/** Which views read which of a table's columns. */
function readersOf(generation: string, columns: readonly Column[]): Statement {
  return {
    purpose: 'read columns',
    sql: `select r.ev_class::text as view, a.attname::text as name
from pg_depend d
join pg_rewrite r on r.oid = d.objid
join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
where d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass
  and d.refobjid = ${literal(generation)}::oid and a.attname in (${columns.map(({ name }) => literal(name)).join(', ')})
order by a.attnum`,
  }
}

function addsRows(step: Step | undefined): step is Step {
  return step !== undefined && KEEPS_ROWS.has(step.action)
}

/** Schemas with tables that a run makes before it begins: gm's own, and those for landing. */
const PREPARED: ReadonlySet<string> = new Set(['gm', 'raw'])

/** The steps that build something, and the models below whose own code is as it was: their inputs may not be. */
async function preview(
  request: RunRequest,
  graph: Graph,
  { plan, warehouse, compiled }: PlannedRun,
  session: Session,
): Promise<ReadonlyMap<NodeId, Preview>> {
  const built = plan.steps.filter(({ action, relation }) => relation && action !== 'reuse')
  const changed = built.flatMap(({ id, codeIs }) => (codeIs === undefined ? [] : [id]))
  const below = reach(graph, changed, 'down')
  const steps = new Set(built.map(({ id }) => id))
  const asked = new Set([...steps, ...below])
  // Tables that the first run is yet to make, and what reads them.
  const unknown = new Set<NodeId>()
  const nodes = graph.order.flatMap((id): BuiltNode[] => {
    const node = request.manifest.nodes.get(id)
    if (node === undefined) return []
    const isThere = 'relation' in node && warehouse.relations.has(quoted(node.relation))
    const isNew = node.kind === 'source' && PREPARED.has(node.relation.schema) && !isThere
    if (isNew || node.dependsOn.some((on) => unknown.has(on))) unknown.add(id)
    if (unknown.has(id) || !asked.has(id) || !isBuilt(node)) return []
    // What is not in the plan and not there either breaks nothing.
    return steps.has(id) || isThere ? [node] : []
  })
  const increments = new Set(
    // What is planned late asks the database for more than there is yet.
    built.flatMap((step) => (addsRows(step) && step.isPlannedLate !== true ? [step.id] : [])),
  )
  return await previewNodes(
    session,
    {
      manifest: request.manifest,
      nodes,
      relations: warehouse.relations,
      vars: request.vars,
      ...(request.runQuery === undefined ? {} : { runQuery: request.runQuery }),
      compile: request.compile,
      incrementOf: (id) => (increments.has(id) ? compiled.get(id) : undefined),
    },
    request.signal,
  )
}

function toPlanned(
  step: Step,
  { planned: { warehouse }, previews, problems }: ForeseenRun,
  manifest: Manifest,
): PlannedStep {
  const { relation } = step
  const name =
    relation === undefined
      ? (manifest.nodes.get(step.id)?.name ?? step.id)
      : `${relation.schema}.${relation.identifier}`
  const seen = previews.get(step.id)
  const target = relation === undefined ? undefined : warehouse.relations.get(quoted(relation))
  const shape = shapeOf(seen, target)
  return {
    step,
    name,
    estimatedRows: seen?.estimatedRows,
    shape,
    shapeIsKept: shape === undefined ? undefined : reasonToKeep(step, manifest),
    problem: problems.find(({ id }) => id === step.id)?.error,
  }
}

function shapeOf(
  seen: Preview | undefined,
  target: RelationState | undefined,
): ColumnChanges | undefined {
  if (seen?.columns === undefined || target === undefined) return undefined
  const changes = compareColumns(withoutTracking(target.columns), seen.columns)
  return isUnchanged(changes) ? undefined : changes
}

/** A table that only gets new rows takes other columns where its configuration says so. */
function reasonToKeep(step: Step, manifest: Manifest): string | undefined {
  const node = manifest.nodes.get(step.id)
  if (node?.kind !== 'model' || !addsRows(step) || !keepsColumns(node)) return undefined
  return `on_schema_change: ${node.config.on_schema_change ?? 'ignore'}`
}

async function affectedBy(
  steps: readonly PlannedStep[],
  manifest: Manifest,
  graph: Graph,
  readLineage: ReadLineage,
): Promise<readonly Affected[]> {
  const changed = steps.filter(({ step }) => step.codeIs === 'changed')
  const reshaped = changed.filter(({ shape, shapeIsKept }) => shape && shapeIsKept === undefined)
  const lineage = reshaped.length === 0 ? undefined : await readLineage()
  return changed.flatMap(({ step: { id }, shape, shapeIsKept }) => {
    const whole = affectedByNode(id, manifest, graph)
    if (lineage === undefined || shape === undefined || shapeIsKept !== undefined) return [whole]
    // A column that is new feeds nothing that is there.
    const columns = [...shape.removed, ...shape.retyped]
    return [
      whole,
      ...columns.map(({ name }) => affectedByColumn(id, name, lineage, manifest, graph)),
    ]
  })
}

function fullRefreshOf(
  steps: readonly PlannedStep[],
  { warehouse }: PlannedRun,
  { manifest, fullRefresh }: RunRequest,
): PlanReport['fullRefresh'] {
  const rebuilds: NodeId[] = []
  const keeps: NodeId[] = []
  let rows = 0
  for (const { step } of steps) {
    const node = manifest.nodes.get(step.id)
    if (node === undefined || !isBuilt(node) || step.relation === undefined) continue
    const target = warehouse.relations.get(quoted(step.relation))
    const isGrown = node.kind === 'snapshot' || node.config.materialized === 'incremental'
    if (target === undefined || !isGrown) continue
    if (node.config.full_refresh === false || isPolling(node)) keeps.push(node.id)
    else if (!fullRefresh) {
      rebuilds.push(node.id)
      rows += target.estimatedRows
    }
  }
  return { rebuilds, rows, keeps }
}

/** What a step would send, as psql would run it. */
export function sqlOf(step: Step): readonly string[] {
  return transactionsOf(step).map(transactionSql)
}
