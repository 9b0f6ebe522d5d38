import type { Compiled } from '../compile/compiled.ts'
import type { Adapter } from '../engine/adapter.ts'
import type { Manifest, NodeId } from '../manifest/node.ts'
import type { OwnMaterializer } from '../materialize/own-materialization.ts'
import type { PlanRequest, Reuse } from '../plan/plan-request.ts'
import type { Work } from '../plan/plan-run.ts'
import type { AskedRun } from '../state/last-run.ts'
import type { RunEvent } from './event.ts'
import type { RunHook } from './run-hooks.ts'

export interface RunRequest {
  readonly runId: string
  /** `run`, `build`, `test`, … for the ledger and the report. */
  readonly command: string
  /** Kept with the run, for `gm retry`; undefined for a run that is not to be gone on with. */
  readonly asked?: Omit<AskedRun, 'selected'> | undefined
  readonly manifest: Manifest
  readonly work: Work
  readonly adapter: Adapter
  readonly compile: (
    node: Parameters<PlanRequest['compile']>[0],
    state: Parameters<PlanRequest['compile']>[1],
    manifest: Manifest,
  ) => Compiled
  readonly storeFailures: boolean
  readonly doWarningsFail?: boolean
  readonly failuresRelation: PlanRequest['failuresRelation']
  readonly compileText: PlanRequest['compileText']
  /** The project's own hooks, before the first step and after the last; each is run in a transaction of its own. */
  readonly onRunStart: readonly RunHook[]
  readonly onRunEnd: readonly RunHook[]
  readonly vars: Readonly<Record<string, unknown>>
  /** What counts as now, for microbatch models; the clock when not given. */
  readonly now?: Date
  readonly eventTime?: PlanRequest['eventTime']
  /** `gm retry`: ids of the runs that it goes on with. */
  readonly resumes?: readonly string[]
  /** `gm retry`: nodes that those have done. What has other code now runs again, and with it what reads it. */
  readonly done?: ReadonlySet<NodeId>
  /** `gm retry`: nodes of which those have left nothing but hooks, so many, that come after their rows. They stand in `done` too. */
  readonly hooksLeft?: ReadonlyMap<NodeId, number>
  readonly runQuery?: PlanRequest['runQuery']
  readonly limit?: PlanRequest['limit']
  /** What builds models of the project's own materializations, by name. */
  readonly materializers?: ReadonlyMap<string, OwnMaterializer>
  readonly targetName: string
  readonly version: string
  readonly threads: number
  readonly fullRefresh: boolean
  readonly allowDestructive: boolean
  readonly reuse: Reuse
  readonly failFast: boolean
  /** Records of runs that are older are removed. */
  readonly historyRetentionDays: number
  /** How often a step is tried again after a deadlock, a serialization failure or a lost connection. */
  readonly retries: number
  /** What to do when another run works on a node: queue, or fail that node. */
  readonly lock: 'wait' | 'fail'
  /** Longest wait for readers with an older pg_snapshot before a swap. */
  readonly publishWaitMs: number
  /** `publish: atomic`: how many publications can be taken back. */
  readonly keepVersions: number
  /** One of many rounds of following: leaves no record where every node was reused, and one for the successes of an hour. */
  readonly isRound?: boolean
  /** `atomic`: all relations of the run get their new rows in one moment, or none does. */
  readonly publish: 'atomic' | 'model'
  readonly emit: (event: RunEvent) => void
  readonly signal: AbortSignal
}
