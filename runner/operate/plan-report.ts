import type { GmError } from '../base/error.ts'
import type { RelationState, Session } from '../engine/adapter.ts'
import { transactionSql } from '../engine/transaction-sql.ts'
import type { Graph } from '../graph/graph.ts'
import { reach } from '../graph/reach.ts'
import type { BuiltNode, Manifest, NodeId } from '../manifest/node.ts'
import { isBuilt } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import type { ColumnChanges } from '../materialize/compare-columns.ts'
import { compareColumns, isUnchanged, withoutTracking } from '../materialize/compare-columns.ts'
import { isPolling } from '../materialize/polling-history.ts'
import type { Affected } from '../plan/affected.ts'
import { affectedByColumn, affectedByNode } from '../plan/affected.ts'
import type { Step } from '../plan/plan.ts'
import { transactionsOf } from '../plan/plan.ts'
import type { PlannedRun } from '../run/plan-project.ts'
import { planOver } from '../run/plan-project.ts'
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
}

/** What a run would do, and what that means. Plain values; nothing in the database has changed. */
export interface PlanReport {
  /** In the order of the run. */
  readonly steps: readonly PlannedStep[]
  /** What lies below nodes whose code changes, and below the columns of theirs that go or get another type. */
  readonly affected: readonly Affected[]
  /** What the database would refuse: of steps, and of models below them that are not in the plan. */
  readonly problems: readonly { readonly id: NodeId; readonly error: GmError }[]
  /** What `--full-refresh` would build again besides, and what it would not. */
  readonly fullRefresh: {
    readonly rebuilds: readonly NodeId[]
    /** Rows of these tables now. */
    readonly rows: number
    readonly keeps: readonly NodeId[]
  }
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
  const planned = await planOver(request, session)
  const previews = await preview(request, graph, planned, session)
  const { manifest } = request
  const steps = planned.plan.steps.map((step) => toPlanned(step, planned, previews, manifest))
  const report: PlanReport = {
    steps,
    affected: await affectedBy(steps, manifest, graph, lineage),
    problems: [...previews].flatMap(([id, { problem }]) =>
      problem === undefined ? [] : [{ id, error: problem }],
    ),
    fullRefresh: fullRefreshOf(steps, planned, request),
  }
  return { report, planned }
}

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
  const asked = new Set([...built.map(({ id }) => id), ...below])
  const nodes = graph.order.flatMap((id): BuiltNode[] => {
    const node = request.manifest.nodes.get(id)
    if (node === undefined || !asked.has(id) || !isBuilt(node)) return []
    const isStep = built.some((step) => step.id === id)
    // What is not in the plan and not there either breaks nothing.
    return isStep || warehouse.relations.has(quoted(node.relation)) ? [node] : []
  })
  const increments = new Set(
    built.flatMap(({ id, action }) =>
      ['add rows', 'run batches', 'update history'].includes(action) ? [id] : [],
    ),
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
  { warehouse }: PlannedRun,
  previews: ReadonlyMap<NodeId, Preview>,
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
function reasonToKeep({ id, action }: Step, manifest: Manifest): string | undefined {
  if (action !== 'add rows' && action !== 'run batches') return undefined
  const mode = manifest.nodes.get(id)?.config.on_schema_change ?? 'ignore'
  return mode === 'ignore' || mode === 'fail' ? `on_schema_change: ${mode}` : undefined
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
    const stays =
      node.config.full_refresh === false || (node.kind === 'snapshot' && isPolling(node))
    if (stays) keeps.push(node.id)
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
