import type { Relation } from '../manifest/node.ts'
import type { Outcome, Rows, Statement, Transaction } from './statement.ts'

/** What a database can do, as data; planners choose by these, never by the engine's name. */
export interface Capabilities {
  /** DDL and DML roll back together. Without it a step's statements must each be atomic and repeatable. */
  readonly transactionalDdl: boolean
  /** A mark is a pg_snapshot kept with each model and input; without it marks are table versions in the ledger. */
  readonly snapshotMarks: boolean
  readonly renameTable: boolean
  readonly merge: boolean
  /** The longest identifier, in bytes. */
  readonly identifierBytes: number
}

/** What stands behind a name right now. */
export interface RelationState {
  readonly relation: Relation
  readonly type: 'table' | 'view' | 'materialized view' | 'partitioned table' | 'foreign table'
  /** Which table this is: changes whenever the name gets another one (PostgreSQL: the oid). */
  readonly generation: string
  readonly columns: readonly Column[]
  /** As of the last ANALYZE; 0 when there was none. */
  readonly estimatedRows: number
  /** Unique or not, the indexes by their key columns. */
  readonly indexes: readonly IndexState[]
  /** What reads this relation by its identity and must be recreated when it is swapped; innermost first. */
  readonly dependents: readonly DependentView[]
  readonly comment: string | undefined
  /** `comment on column` statements. */
  readonly columnComments: readonly string[]
  /** `with (…)` of a view, as `name=value`. */
  readonly options: readonly string[]
  /** `grant … on …` statements that restore today's privileges. */
  readonly grants: readonly string[]
  /** Whether the relation has gm's tracking column. */
  readonly isTracked: boolean
  /** Whether it has partitions or children, or is to have them. */
  readonly hasParts: boolean
}

/** A column as the database names its type: `numeric(18,4)`. */
export interface Column {
  readonly name: string
  readonly type: string
  /** The server cannot compare its values, or not as what they are. */
  readonly isIncomparable?: true
  /** Rows may have a value for it that they have not got yet: gm has added it, or has written some while the query did not give it. It carries UNFILLED. */
  readonly isUnfilled?: true
}

/** The option of a column that gm has not filled in all rows yet. To the planner it says nothing: 0 is what it takes without it. */
export const UNFILLED = { name: 'n_distinct', value: '0' } as const

export interface IndexState {
  readonly name: string
  readonly columns: readonly string[]
  readonly unique: boolean
  /** `btree`, `hash`, … */
  readonly type: string
  /** Whether gm made it as the configuration asks, by its comment. */
  readonly isGms: boolean
}

/** The comment of an index that gm made as the configuration asks. It stays with the index, whatever becomes of its table. */
export const INDEX_OF_GM = 'gm made this index, as its configuration asks'

/** The comment of a table or view with failing rows of a data test, which gm makes anew each time. */
export const STORED_FAILURES = 'Failing rows of a data test, kept by gm.'

export interface DependentView {
  readonly relation: Relation
  readonly generation: string
  readonly type: 'view' | 'materialized view' | 'other'
  /** Generations of what it reads itself, of the described relation and what depends on it. */
  readonly reads: readonly string[]
  readonly definition: string
  /** `with (…)` of a view, as `name=value`. */
  readonly options: readonly string[]
  /** Whether triggers, rules or defaults of columns hang on it, which go with it. gm makes none on a view. */
  readonly isBuiltUpon: boolean
  /** A select list of nulls that has its columns; of views only. */
  readonly nulls: string
  /** `create index` statements; of materialized views only. */
  readonly indexes: readonly string[]
  readonly comment: string | undefined
  /** `comment on column` statements. */
  readonly columnComments: readonly string[]
}

/** What gm needs from a database, and nothing more. */
export interface Adapter {
  readonly name: string
  readonly capabilities: Capabilities
  quote(relation: Relation): string
  /** One connection of its own; whoever opens it closes it. */
  open(signal?: AbortSignal): Promise<Session>
  /** States of those of the relations that exist, by quoted name. One round trip for all. */
  describe(relations: readonly Relation[]): Promise<ReadonlyMap<string, RelationState>>
  /**
   * Hears what is told on a channel (PostgreSQL: `notify`) until it is closed; undefined on an engine without such a thing.
   * Whoever waits must look from time to time anyway: `isLost` tells when the connection has gone.
   */
  listen?(channel: string, hear: () => void): Promise<Listening>
  close(): Promise<void>
}

export interface Listening {
  readonly isLost: () => boolean
  close(): Promise<void>
}

/**
 * One connection. Calls on a session do not overlap. An aborted signal cancels the statement in the server
 * and rejects with an error whose `name` is `AbortError`; the session stays usable unless the connection is lost.
 * All other rejections are GmErrors (GM4…) without a place; `run/` adds the place, from `sqlErrorOf`.
 */
export interface Session {
  /**
   * Takes the lock of a node (session level: it outlives transactions and dies with the connection).
   * @returns false when `wait` is false and somebody else holds it.
   */
  lock(key: string, wait: boolean, signal?: AbortSignal): Promise<boolean>
  unlock(key: string): Promise<void>
  query(statement: Statement, signal?: AbortSignal): Promise<Rows>
  /**
   * Runs the statements in order in one transaction: all of them happen or none does.
   * @param release the key of a lock to give back once it is committed, in the same round trip. It is kept on any error.
   * @throws GuardFailed when a guard returned false (rolled back).
   */
  transaction(transaction: Transaction, signal?: AbortSignal, release?: string): Promise<Outcome>
  /**
   * Waits until no other client of this database reads with a pg_snapshot from before this call, except gm's own
   * sessions, which lock what they read. At the time limit it gives up and says who still does.
   */
  waitForOldSnapshots(
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<{ readonly done: boolean; readonly holders: readonly SnapshotHolder[] }>
  /** Gives up locks, settings and temporary tables. Outside of transactions; rejects when the connection has gone. */
  reset(): Promise<void>
  /** Gives up settings alone, and takes on the role that it began with. */
  resetSettings(): Promise<void>
  close(): Promise<void>
}

/** A guard did not hold: what the plan saw has changed. Not an error of the user's; the step is planned again. */
export class GuardFailed extends Error {
  readonly guard: string
  /** The second column of the guard's answer: what there is instead; undefined when it has none. */
  readonly found: unknown
  constructor(guard: string, found?: unknown) {
    super(`no longer true: ${guard}`)
    this.guard = guard
    this.found = found
    this.name = 'GuardFailed'
  }
}

/** A database error with what is needed to place it: the offset counts code points from 0 in the statement's SQL. */
export interface SqlErrorInfo {
  readonly sqlState: string
  readonly offset: number | undefined
  readonly statement: Statement
  /** Line of the copied file, from 1, at which a `copy … from stdin` stopped. */
  readonly copyLine?: number
}

/** Another session whose pg_snapshot is older than a moment. Fields are undefined where privileges hide them. */
export interface SnapshotHolder {
  readonly pid: number
  readonly user: string | undefined
  readonly applicationName: string | undefined
  /** How long its transaction has been open, in whole seconds. */
  readonly ageSeconds: number
}
