import type { Compiled } from '../compile/compiled.ts'
import type { Adapter, DependentView, Session } from '../engine/adapter.ts'
import type { Transaction } from '../engine/statement.ts'
import type { IndexConfig, Manifest, NodeId } from '../manifest/node.ts'
import { isBuilt } from '../manifest/node.ts'
import { isOurView } from '../materialize/dependent-views.ts'
import type { Plan, Step } from '../plan/plan.ts'
import type { PlanRequest, Warehouse } from '../plan/plan-request.ts'
import type { PlannedNode } from '../plan/plan-run.ts'
import type { StepResult } from './event.ts'

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

/** Actions that write to the rows that are there. */
export const KEEPS_ROWS: ReadonlySet<Step['action']> = new Set<Step['action']>([
  'add rows',
  'run batches',
  'update history',
])

export function indexesOf(id: NodeId, on: Atomic): readonly IndexConfig[] {
  const node = on.request.manifest.nodes.get(id)
  return node !== undefined && isBuilt(node) ? node.config.indexes : []
}

export function isOurs(view: DependentView, on: Pick<Atomic, 'warehouse'>): boolean {
  return isOurView(view, on.warehouse.ledger.entries)
}
