import type { Capabilities, Column } from '../engine/adapter.ts'

/** What a module of the project is given to build a model. Plain values: the same model gives the same work. */
export interface OwnBuild {
  readonly node: {
    readonly id: string
    readonly name: string
    /** The model's configuration under dbt's keys; its own settings are best kept in `meta`. */
    readonly config: Readonly<Record<string, unknown>>
    readonly relation: { readonly schema: string; readonly identifier: string }
    /** Names of the columns that the properties YAML describes, in its order. */
    readonly columns: readonly string[]
  }
  /** The compiled query, without a semicolon. */
  readonly sql: string
  /**
   * The quoted name to make or to change: like `view`, the view to create; like `table` and at the first build like
   * `incremental`, a table out of sight, which gm publishes; afterwards like `incremental`, the table that stands.
   */
  readonly into: string
  /** The table stands and keeps its rows: `sql` gives what is new. Only like `incremental`. */
  readonly isIncremental: boolean
  /** What stands behind the model's name now. */
  readonly existing: { readonly type: string; readonly columns: readonly Column[] } | undefined
  readonly engine: { readonly name: string; readonly capabilities: Capabilities }
  /** A name as SQL has it: `"my table"`. */
  readonly quote: (name: string) => string
  /** A text as SQL has it: `'it''s'`. */
  readonly literal: (text: string) => string
}

/** One statement of the work. */
export interface OwnStatement {
  /** Why, in a word or two, for `--dry-run` and logs; `build` unless given. */
  readonly purpose?: string
  readonly sql: string
  /** What the number of rows that the statement reports counts as. */
  readonly counts?: 'inserted' | 'updated' | 'deleted'
}

/** What is to be sent, in order, in one transaction of gm's, which locks, guards, publishes and records around it. */
export interface OwnWork {
  readonly statements: readonly (string | OwnStatement)[]
}

/**
 * A materialization: the default export of the module that `materializations:` of the project file names. It only says
 * what to send; it is called whenever a plan is made, and must neither connect nor wait.
 */
export type OwnMaterializer = (build: OwnBuild) => OwnWork
