import type { Code } from '../base/codes.ts'
import type { NodeId, Relation } from '../manifest/node.ts'

/**
 * One SQL statement of a step. Plain data: it can be printed, stored, diffed, and run by psql.
 */
export interface Statement {
  /** Why it is run, in a word or two: `build`, `index user_id`, `move mark`. Shown by --dry-run and in logs. */
  readonly purpose: string
  readonly sql: string
  /** Where a node's compiled SQL stands inside `sql`, so that a database error leads to the user's line. */
  readonly user?: { readonly node: NodeId; readonly offset: number }
  /**
   * What the result says about rows. `columns`: the one row returned has any of the integer columns extracted,
   * inserted, updated, deleted. Any other value: the command's row count is that figure.
   */
  readonly counts?: 'columns' | keyof RowCounts
  /** Values bound at $1…; only in gm's own statements. `'counts'` stands for the transaction's RowCounts as JSON. */
  readonly binds?: readonly (string | number | boolean | null)[] | 'counts'
  /** Rows to send to the server; `sql` is the whole `copy … from stdin with (format csv, header true, …)`. */
  readonly copyFrom?: {
    readonly file: string
    readonly delimiter: string
    readonly columns: readonly string[]
  }
  /**
   * The statement returns one boolean `ok`; false means that what the plan saw no longer holds: plan again. A second
   * column, `found`, tells the next plan what there is.
   */
  readonly guard?: string
  /**
   * Each row that the statement returns is something wrong, in words in its first column: with any, the transaction is rolled
   * back and the step fails with this error, which goes on with the words; with `isTable` it shows all columns as a table.
   */
  readonly refusal?: {
    readonly code: Code
    readonly message: string
    readonly hint: string
    readonly isTable?: true
  }
  /** Holds text of the user's that is no node's SQL (a hook, a condition): it is sent alone. */
  readonly isUsers?: true
  /** The statement's rows are given back to the caller (tests, `gm show`). */
  readonly returnsRows?: true
}

/**
 * Rows of one transaction or step. `extracted`: read from inputs through changes(). `skipped`: records that were read and
 * are in the target already; only steps that can tell have it.
 */
export interface RowCounts {
  readonly extracted?: number
  readonly inserted?: number
  readonly updated?: number
  readonly deleted?: number
  readonly skipped?: number
}

/**
 * Statements that happen together or not at all. On an engine without transactions they run in order,
 * and the ledger reconciles what a crash leaves.
 */
export interface Transaction {
  readonly name: 'follow' | 'build' | 'write' | 'publish' | 'query' | 'analyze' | 'alter' | 'hook'
  /** `none`: each statement commits by itself, for what the server runs in no transaction. */
  readonly isolation: 'read committed' | 'repeatable read' | 'none'
  /**
   * Taken right after BEGIN and before the first query, in the order of their names whatever their modes:
   * a pg_snapshot that is older than a lock could read the old mark or a table that was swapped away.
   */
  readonly locks: readonly TableLock[]
  /** How long a lock may be waited for before the transaction is rolled back and tried again; no limit when absent. */
  readonly lockTimeoutMs?: number
  /** Before BEGIN: wait until no other client's pg_snapshot is older than this step's last committed transaction. */
  readonly waitForReaders?: boolean
  /** Left out unless the step has written at least so many rows so far. */
  readonly afterRowsWritten?: number
  readonly statements: readonly Statement[]
}

export interface TableLock {
  readonly relation: Relation
  readonly mode: 'access share' | 'access exclusive'
  /** It is a view that is to be locked alone, without what it reads. */
  readonly isView?: true
}

export interface Outcome {
  readonly counts: RowCounts
  /** Rows of the last statement with `returnsRows`. */
  readonly rows: Rows | undefined
}

export interface Rows {
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  /** Values as the driver gives them: int8 and numeric as strings, timestamps as ISO strings, json parsed. */
  readonly rows: readonly Readonly<Record<string, unknown>>[]
}
