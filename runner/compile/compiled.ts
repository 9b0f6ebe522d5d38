import type { NodeId, Relation } from '../manifest/node.ts'
import type { Said } from '../parse/shared-scope.ts'
import type { LineMap } from '../template/template.ts'
import type { EventWindow } from './event-window.ts'

/** A node's SQL as it goes to the database, without anything that materializing adds around it. */
export interface Compiled {
  readonly id: NodeId
  /** Without a trailing semicolon. Ephemeral inputs are inlined as CTEs. */
  readonly sql: string
  readonly lines: LineMap
  /** Where in `sql` the query stands that was put under the model's contract; offsets in code points. */
  readonly contracted?: { readonly sql: string; readonly offset: number }
  /** Relations that the SQL reads, ephemeral inputs followed to theirs; sorted by schema and identifier. */
  readonly inputs: readonly CompiledInput[]
  /** Keys whose rows the SQL gives whole; only where it is rendered for what is new. */
  readonly recomputed: readonly Recomputed[]
  /** delete+insert: its rows are new ones, without the others of their keys, so a key that has several would lose them. */
  readonly needsUniqueKey?: true
  /** Microbatch: inputs of which only the batch's window is read, and how to hear of their rows that come later. */
  readonly arrivals?: readonly Arrival[]
  /** sha256 over everything that decides `sql`: its text rendered for a full build, and the configuration. */
  readonly fingerprint: string
}

/** An input that is read by its event time. */
export interface Arrival {
  readonly input: NodeId
  /** What holds its rows: the input itself, or the table behind a view. */
  readonly table: NodeId
  /** The input's `event_time`. */
  readonly column: string
  /** A parenthesised select of the input's rows that are new to the mark on the table. */
  readonly sql: string
}

/** `{% call recompute(columns) %}`: rows of the target with these keys that the node's SQL does not give are gone. */
export interface Recomputed {
  /** Columns of the target. */
  readonly columns: readonly string[]
  /** A query of the keys, in the order of `columns`. */
  readonly sql: string
}

export interface CompiledInput {
  readonly id: NodeId
  readonly relation: Relation
  /** Read through `changes()` (it has a mark), a plain `ref`/`source`, or both. */
  readonly viaChanges: boolean
}

/** What compiling needs to know about the warehouse; compile itself asks no database. */
export interface CompileState {
  /** `is_incremental()`: the target exists, is incremental, keeps its shape, and no full refresh was asked for. */
  readonly isIncremental: boolean
  /** `--full-refresh`: what templates see as flags.FULL_REFRESH. */
  readonly isFullRefresh?: boolean
  /** SQL for `changes(input)` of this node: a parenthesised select of the rows new to the node's mark, or the whole. */
  changes(
    input: NodeId,
    relation: Relation,
    columnsOf?: 'versions',
    /** The model says that it loses nothing. */
    isUnchecked?: boolean,
  ): string
  /**
   * SQL for `changed_keys(input, columns)`: a parenthesised select of the keys that rows have or had which are new to the
   * node's mark, changed or deleted since; or of all keys.
   */
  changedKeys(
    input: NodeId,
    relation: Relation,
    columns: readonly string[],
    columnsOf?: 'versions',
    isUnchecked?: boolean,
  ): string
  /**
   * Only rows of this span of time are read of each input that has an `event_time`: what ref() and source() print is a
   * parenthesised select of them. `ref('x').render()` is the whole of it.
   */
  readonly window?: EventWindow
  /** `--empty`: no row is read of any input. */
  readonly isEmpty?: boolean
  /** `--empty` or `--sample`: what is built from a part of its inputs is another thing than the whole. */
  readonly isPart?: boolean
  /** Microbatch: the batch that the SQL is for, as `model.batch`. */
  readonly batch?: BatchContext
  /** Answers run_query() and statement(); absent while parsing. Synchronous. */
  readonly runQuery?: (sql: string) => {
    readonly columns: readonly string[]
    readonly rows: readonly (readonly unknown[])[]
  }
  /** Models with a contract: the query gives the columns of the contract, in their order and with their types. */
  readonly isUnderContract?: boolean
  /** Unit tests: the columns of what stands behind a name now; undefined where there is nothing. */
  readonly columnsOf?: (relation: Relation) => readonly ColumnType[] | undefined
  /** `--as-of`, vars overridden for this run. */
  readonly vars: Readonly<Record<string, unknown>>
  /** `invocation_id` in templates: the run's, which artifacts and the ledger name too; empty when nothing runs. */
  readonly invocationId?: string
  /** Told when a template reads what every run has anew, such as its time: another run's text may be another. */
  readonly onMomentary?: () => void
  /** Takes what templates say; may throw, which ends the rendering. */
  readonly say?: (said: Said) => void
}

/** A column with its type as the database writes it. */
export interface ColumnType {
  readonly name: string
  readonly type: string
}

/** One interval of a microbatch model, as templates see it. */
export interface BatchContext {
  /** `20260103`, `20260103T04`, `202601`, `2026`. */
  readonly id: string
  readonly start: Date
  readonly end: Date
}
