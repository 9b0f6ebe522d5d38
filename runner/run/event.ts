import type { GmError } from '../base/error.ts'
import type { RowCounts } from '../engine/statement.ts'
import type { NodeId, NodeKind } from '../manifest/node.ts'
import type { Action } from '../plan/plan.ts'

export type StepStatus =
  | 'success'
  | 'error'
  /** Some of its batches failed. */
  | 'partial success'
  | 'skipped'
  | 'pass'
  | 'warn'
  | 'fail'
  | 'cancelled'
  /** As its last success left it, with all that it was made of: nothing was sent. */
  | 'reused'

/** Everything that happens in a run. The terminal, the JSON log, the report and the history all read these. */
export type RunEvent =
  | {
      readonly type: 'run-start'
      readonly runId: string
      readonly command: string
      readonly at: Date
      readonly stepCount: number
      readonly threads: number
      /** Nodes to do, by kind, for the opening line. */
      readonly totals: Readonly<Partial<Record<NodeKind, number>>>
    }
  | {
      readonly type: 'step-start'
      readonly id: NodeId
      readonly index: number
      readonly action: Action
      readonly name: string
    }
  /** Something the user should know that is no failure: a bounded wait that ran out, a retried lock. */
  | { readonly type: 'step-note'; readonly id: NodeId; readonly message: string }
  | ({ readonly type: 'batch-end' } & BatchEnded)
  | { readonly type: 'step-end'; readonly result: StepResult }
  | {
      readonly type: 'log'
      readonly level: 'info' | 'warn'
      readonly message: string
      /** A template printed it: an answer, which shows where only errors do. */
      readonly isPrinted?: true
    }
  /**
   * Text that was sent to the server, transaction boundaries included, each in a form that psql can run.
   * `session` numbers the connections of the run from 1, so that a log can be replayed with as many.
   */
  | {
      readonly type: 'sql'
      /** Absent for gm's own statements that belong to no node. */
      readonly id: NodeId | undefined
      readonly session: number
      readonly sql: string
    }
  | { readonly type: 'run-end'; readonly result: RunResult }

/** A batch of a microbatch model is done: the `index`th of the step's `total` to end. */
export interface BatchEnded {
  readonly id: NodeId
  readonly index: number
  readonly total: number
  readonly result: BatchResult
}

/** What became of one interval of a microbatch model. */
export interface BatchResult {
  /** `2026-01-03`. */
  readonly name: string
  readonly start: Date
  readonly end: Date
  /** `cancelled`: rolled back, or never begun. */
  readonly status: 'success' | 'error' | 'cancelled'
  readonly durationMs: number
  readonly counts: RowCounts
  readonly error?: GmError
}

export interface StepResult {
  readonly id: NodeId
  readonly kind: NodeKind
  /** What lines show: `warehouse.fact_sales`, or the test's name. */
  readonly name: string
  readonly action: Action
  readonly status: StepStatus
  /** Position in start order, from 1; 0 when it never started. */
  readonly index: number
  readonly startedAt: Date | undefined
  readonly durationMs: number
  readonly counts: RowCounts
  /** Tests: rows that fail. */
  readonly failures?: number
  /** Microbatch: the batches of this run, the oldest first. */
  readonly batches?: readonly BatchResult[]
  /** How often it was tried again after a deadlock, a serialization failure or a lost connection; absent for never. */
  readonly retries?: number
  readonly error?: GmError
  /** Skipped: the node whose failure is the reason. */
  readonly because?: NodeId
  readonly reason: string
}

export interface RunResult {
  readonly runId: string
  readonly command: string
  readonly startedAt: Date
  readonly durationMs: number
  readonly status: 'success' | 'warn' | 'failed' | 'cancelled'
  readonly steps: readonly StepResult[]
}
