import type { Transaction } from '../engine/statement.ts'
import type { NodeId, NodeKind, Relation } from '../manifest/node.ts'

export type Action =
  | 'create view'
  | 'build table'
  | 'build materialized view'
  | 'refresh materialized view'
  | 'build incremental'
  | 'add rows'
  | 'run batches'
  | 'run hooks'
  | 'load seed'
  | 'reuse'
  | 'build history'
  | 'update history'
  | 'run test'
  | 'run unit test'

/** What a run does for one node. Plain data: printed by --dry-run, stored in the ledger, executed by `run/`. */
export interface Step {
  readonly id: NodeId
  readonly kind: NodeKind
  readonly action: Action
  /** One clause for the user: `first build`, `12 columns changed`, `input raw.transactions was rebuilt`. */
  readonly reason: string
  /** Something that the user asked for and does not get, and why. */
  readonly warning?: string
  /** Steps of this plan that must have succeeded first. */
  readonly needs: readonly NodeId[]
  /** The lock that is held from before the first transaction until after the last; absent for tests. */
  readonly lock: string | undefined
  readonly relation: Relation | undefined
  /** Tests: where their failing rows are kept. */
  readonly stores?: Relation
  readonly transactions: readonly Transaction[]
  /** Microbatch: done after `transactions`, each by itself. What they are is read anew once these have run. */
  readonly batches?: readonly Batch[]
  /** Whether the batches may be done side by side. */
  readonly isConcurrent?: boolean
  /** Microbatch: done after the batches; what records the step also where some of them have failed. */
  readonly after?: readonly Transaction[]
  /** Tests: whether failing rows fail the run; `strict` where a warning does too. */
  readonly severity: 'strict' | 'error' | 'warn' | undefined
  /** Its code or configuration is not what the relation was made of: there is no record of it, or another one. */
  readonly codeIs?: 'new' | 'changed'
  /** What its code is known by: as a full build, and as an increment. */
  readonly codes?: readonly string[]
  /**
   * It runs only because of what earlier steps of this run may change: reused after all where they change nothing. What
   * it was made of stands in the ledger under `key`, and its code must be one of `codes`.
   */
  readonly reuse?: { readonly key: string; readonly codes: readonly string[] }
  /** It adds rows and does nothing else that anybody asked for: without any it may as well be left alone. */
  readonly mayBeIdle?: true
  /** Its SQL depends on answers of the database that earlier steps change: planned again when its turn comes. */
  readonly isPlannedLate?: true
  /** What it reads and does not write are duplicates: it gives one row for each key of landed records. */
  readonly dropsDuplicates?: true
}

/** One interval of a microbatch model: its transactions succeed or fail by themselves. */
export interface Batch {
  /** `2026-01-03`. */
  readonly name: string
  readonly start: Date
  readonly end: Date
  readonly transactions: readonly Transaction[]
}

export interface Plan {
  /** In an order in which every step comes after those it needs. */
  readonly steps: readonly Step[]
}

/** All that a step would send, in the order in which it is sent. */
export function transactionsOf({ transactions, batches = [], after = [] }: Step): Transaction[] {
  return [...transactions, ...batches.flatMap((batch) => batch.transactions), ...after]
}
