/**
 * The words of gm, used alike in code, messages and docs.
 *
 * - node: anything in the graph (model, seed, snapshot, test, unit test, source, analysis, exposure).
 * - package: a project whose models and macros this one uses; the project itself counts as one.
 * - relation: a table or view in a database, by schema and identifier.
 * - step: what a run does for one node; transaction, statement: its parts.
 * - watermark: the idea of reading each row once; mark: one stored value of it.
 * - generation: which table stands behind a name; a rebuild gives a new one.
 * - snapshot: a node with history (SCD2). PostgreSQL's own notion is always called pg_snapshot.
 * - landing: writing raw events into the schema `raw`; batch: one such write.
 */
import type { Location } from '../base/location.ts'

/** `model.globalmart.fact_sales`, `source.globalmart.raw.transactions`, `test.globalmart.not_null_x_y.1a2b3c4d5e`. */
export type NodeId = string & { readonly __brand: 'NodeId' }

/** A table or view, unquoted. */
export interface Relation {
  readonly schema: string
  readonly identifier: string
}

export type Access = 'private' | 'protected' | 'public'

export type Materialized = 'view' | 'table' | 'incremental' | 'ephemeral' | 'materialized_view'
export type IncrementalStrategy = 'append' | 'merge' | 'delete+insert' | 'microbatch'
export type BatchSize = 'hour' | 'day' | 'month' | 'year'
export type OnSchemaChange = 'ignore' | 'fail' | 'append_new_columns' | 'sync_all_columns'

export type SnapshotMetaColumn =
  | 'dbt_scd_id'
  | 'dbt_updated_at'
  | 'dbt_valid_from'
  | 'dbt_valid_to'
  | 'dbt_is_deleted'

export interface HookConfig {
  readonly sql: string
  readonly transaction: boolean
}

/** One index of a table, in the keys of dbt-postgres. */
export interface IndexConfig {
  readonly columns: readonly string[]
  readonly unique?: boolean
  readonly type?: string
}

/**
 * A node's configuration after merging (project.yml < properties YAML < config() in the file), in
 * dbt's own key names, because selectors, artifacts and users read them by these names.
 * Single-or-list keys are always lists here.
 */
export interface NodeConfig {
  readonly enabled: boolean
  readonly schema?: string
  /** Snapshots: the schema as it is written, past the naming macros. */
  readonly target_schema?: string
  readonly alias?: string
  readonly tags: readonly string[]
  readonly meta: Readonly<Record<string, unknown>>
  /** How the docs site shows the node. */
  readonly docs?: {
    readonly show?: boolean
    readonly node_color?: string
    /** Whether a sample of the rows is shown as figures of columns. */
    readonly statistics?: boolean
    /** Whether columns that are plain copies show the descriptions of what they are copied from. */
    readonly inherit_columns?: boolean
  }
  /** Models: whether the query must give the columns and types of the YAML, and the table gets their constraints. */
  readonly contract?: { readonly enforced?: boolean; readonly alias_types?: boolean }
  /** Models: who may refer to it. Absent means `protected`. */
  readonly access?: Access
  /** Models: the group that owns it; a `private` model is for that group alone. */
  readonly group?: string
  /** Models. */
  readonly materialized?: Materialized
  /** Models built by a module of the project's: its name and the checksum of its text; `materialized` is what it is like. */
  readonly materialization?: { readonly name: string; readonly code: string }
  readonly incremental_strategy?: IncrementalStrategy
  /** Models and snapshots; empty when none is declared. */
  readonly unique_key: readonly string[]
  readonly full_refresh?: boolean
  readonly on_schema_change?: OnSchemaChange
  /** Merge: the only columns that a row which is there takes from the new one, or those that it does not. */
  readonly merge_update_columns?: readonly string[]
  readonly merge_exclude_columns?: readonly string[]
  /** Conditions that a row which is there must meet to be replaced; DBT_INTERNAL_DEST and DBT_INTERNAL_SOURCE name both. */
  readonly incremental_predicates?: readonly string[]
  readonly indexes: readonly IndexConfig[]
  /** SQL templates that run before and after the build; levels add up. */
  readonly pre_hook?: readonly HookConfig[]
  readonly post_hook?: readonly HookConfig[]
  /** Seconds that the whole step may take once it has its lock. */
  readonly timeout?: number
  /** SQL that is sent in front of the build. */
  readonly sql_header?: string
  /** Roles by privilege; the relation's privileges are these and no others. */
  readonly grants?: Readonly<Record<string, readonly string[]>>
  /** Whether descriptions are written as comments into the database. */
  readonly persist_docs?: { readonly relation?: boolean; readonly columns?: boolean }
  /** Materialized views: what a change of their indexes does. */
  readonly on_configuration_change?: 'apply' | 'continue' | 'fail'
  /** Snapshots. `events` builds history from an event log; see docs on snapshots. */
  readonly strategy?: 'events' | 'timestamp' | 'check'
  /** Snapshots: the column of the query that holds the event's time (timestamptz). */
  readonly updated_at?: string
  /** Snapshots: a change in one of these columns opens a version; the others are updated in place. */
  readonly check_cols?: readonly string[] | 'all'
  /** Polling snapshots: what becomes of a row that is gone. */
  readonly hard_deletes?: 'ignore' | 'invalidate' | 'new_record'
  /** Polling snapshots: SQL for the end of a version that holds; null when not given. */
  readonly dbt_valid_to_current?: string
  /** Polling snapshots: other names for the columns that are added. */
  readonly snapshot_meta_column_names?: Readonly<Partial<Record<SnapshotMetaColumn, string>>>
  /** Snapshots: an exclusion constraint, by which the database itself refuses overlapping versions. */
  readonly no_overlaps?: boolean
  /** Snapshots: columns that order events of one moment; the last wins. */
  readonly tie_breakers?: readonly string[]
  /** Snapshots: the name of the surrogate key column; `<name>_sk` when not given. */
  readonly surrogate_key?: string
  /** Seeds. */
  readonly column_types?: Readonly<Record<string, string>>
  readonly delimiter?: string
  readonly quote_columns?: boolean
  /** Tests. */
  readonly severity?: 'error' | 'warn'
  readonly warn_if?: string
  readonly error_if?: string
  readonly fail_calc?: string
  readonly limit?: number
  readonly where?: string
  readonly store_failures?: boolean
  readonly store_failures_as?: 'table' | 'view' | 'ephemeral'
  /** The column with the time at which what a row tells of happened: by it inputs are read in part. */
  readonly event_time?: string
  /**
   * Sources followed by event_time: how late a row may come and still be read, as an interval. Microbatch models: how many
   * batches before the newest are done again by each run.
   */
  readonly lookback?: string | number
  /** Microbatch: how long a batch is. */
  readonly batch_size?: BatchSize
  /** Microbatch: when the first batch begins, as ISO text without a zone, in UTC. */
  readonly begin?: string
  /** Microbatch: whether batches are done at once; when not given, as far as there are threads. */
  readonly concurrent_batches?: boolean
  /** Sources: how old the newest row may be, and where its time is read. */
  readonly freshness?: Freshness
  readonly loaded_at_field?: string
  readonly loaded_at_query?: string
  /** Sources: gm may put triggers on the table that log the keys which rows lose. */
  readonly log_keys?: boolean
}

/** A configuration as it is written: with the texts of what templates of the YAML decide by the target. */
export type WrittenConfig = NodeConfig & {
  readonly unrendered?: Readonly<Record<string, string>>
}

export interface Age {
  readonly count: number
  readonly period: 'minute' | 'hour' | 'day'
}

export interface Freshness {
  readonly warn_after?: Age | undefined
  readonly error_after?: Age | undefined
  readonly filter?: string | undefined
}

export interface ColumnInfo {
  readonly name: string
  readonly description: string
  readonly data_type?: string
  readonly meta: Readonly<Record<string, unknown>>
  readonly tags: readonly string[]
}

/** The columns that a model must give, and the constraints of its table. */
export interface Contract {
  /** Where the YAML describes the model. */
  readonly at: Location
  readonly columns: readonly ContractColumn[]
  readonly constraints: readonly Constraint[]
}

export interface ContractColumn {
  readonly name: string
  /** As PostgreSQL knows it. */
  readonly type: string
  readonly at: Location
}

export type ConstraintType =
  | 'not_null'
  | 'unique'
  | 'primary_key'
  | 'foreign_key'
  | 'check'
  | 'custom'

/** A constraint of a table; those of one column name it among `columns`. */
export interface Constraint {
  readonly type: ConstraintType
  readonly columns: readonly string[]
  readonly at: Location
  readonly name?: string
  /** The condition of a check, what follows `references` of a foreign key, or the whole of a custom one. */
  readonly expression?: string
  /** Foreign keys: the table, quoted, and its columns. */
  readonly to?: string
  readonly toColumns?: readonly string[]
}

/** A literal `ref('x')` or `ref('package', 'x')` with its place, for messages and editors. */
export interface RefCall {
  readonly name: string
  readonly package?: string
  /** `ref('x', v=2)`; without it the latest version is meant. */
  readonly version?: Version
  readonly at: Location
}

/** As it stands in YAML: `2`, `2.1`, `'beta'`. `2` and `'2'` are one version. */
export type Version = string | number

export interface SourceCall {
  readonly source: string
  readonly table: string
  readonly at: Location
}

interface NodeBase {
  readonly id: NodeId
  readonly name: string
  readonly package: string
  /** Where the node is defined: the .sql or .csv file, or the YAML entry for sources and generic tests. */
  readonly at: Location
  /** `[package, folder, …, name]`, as dbt's fqn. */
  readonly fqn: readonly string[]
  readonly description: string
  readonly columns: ReadonlyMap<string, ColumnInfo>
  /** Descriptions of columns that have none of their own, from those that they are plain copies of; only where they are written into the database. */
  readonly inheritedDescriptions?: ReadonlyMap<string, string>
  readonly config: NodeConfig
  /**
   * What project.yml and the properties YAML say, without `config()` in the file: with the file's text, its macros and
   * the values that it reads it decides `config` everywhere, so that two states are compared by what people wrote.
   */
  readonly writtenConfig: WrittenConfig
  /** What its hooks mention; absent where there are none. They are rendered when they run. */
  readonly inHooks?: { readonly macros: readonly string[]; readonly reads: Reads }
  /** The properties YAML that describes the node; absent where none does. */
  readonly describedIn?: string
  /** sha256 of the file's content (with configuration that comes from elsewhere for YAML-made nodes). */
  readonly checksum: string
  /** Nodes that must exist before this one; sorted, no duplicates. */
  readonly dependsOn: readonly NodeId[]
}

interface Templated {
  /** The text of the file as the user wrote it. */
  readonly rawCode: string
  readonly refs: readonly RefCall[]
  readonly sources: readonly SourceCall[]
  /** Inputs that are read through `changes()` or `changed_keys()`; a subset of `dependsOn`. */
  readonly changesOf: readonly NodeId[]
  /** The project's macros that the template mentions, and those that these mention: `macro.<package>.<name>`, sorted. */
  readonly macros: readonly string[]
  /** Names of the variables and of the environment variables whose values decide what the template says. */
  readonly reads: Reads
  /** What is read through `changed_keys()`: deleted and displaced keys must be logged for it. */
  readonly keysOf: readonly FollowedKeys[]
}

/** Columns of an input whose keys a node follows. */
export interface FollowedKeys {
  readonly input: NodeId
  /** In the order of their names. */
  readonly columns: readonly string[]
}

export interface Reads {
  readonly vars: readonly string[]
  readonly env: readonly string[]
}

export const NOTHING_READ: Reads = { vars: [], env: [] }

export interface ModelNode extends NodeBase, Templated {
  readonly kind: 'model'
  /** What the model promises, where its contract is enforced. */
  readonly contract?: Contract
  readonly relation: Relation
  /** One of several versions of the model; absent on models without `versions:`. */
  readonly version?: Version
  /** The version that a `ref` without one means; on all versions of the model. */
  readonly latestVersion?: Version
  /** As written in YAML. */
  readonly deprecationDate?: string
  /** Of a view: the column of the table behind it that its `event_time` is, untouched and row by row; where that was looked for. */
  readonly timeBehind?: string
}

/** SQL in an analysis folder: compiled, never built. */
export interface AnalysisNode extends NodeBase, Templated {
  readonly kind: 'analysis'
}

/** Who answers for something. */
export interface Owner {
  readonly name?: string
  readonly email?: string
  /** Keys of the user's own, such as `slack`. */
  readonly [key: string]: unknown
}

/** A use of the data outside of gm, such as a dashboard. It is never built; it shows what depends on what. */
export interface ExposureNode extends NodeBase {
  readonly kind: 'exposure'
  readonly exposureType: 'dashboard' | 'notebook' | 'analysis' | 'ml' | 'application'
  readonly owner: Owner
  readonly label?: string
  readonly maturity?: 'high' | 'medium' | 'low'
  readonly url?: string
  readonly refs: readonly RefCall[]
  readonly sources: readonly SourceCall[]
}

/** People who own models together. */
export interface Group {
  readonly name: string
  readonly package: string
  readonly at: Location
  readonly description: string
  readonly owner: Owner
}

/** A `{% docs %}` block, for `doc()` in descriptions. */
export interface DocsBlock {
  readonly name: string
  readonly package: string
  readonly at: Location
  /** Markdown. */
  readonly text: string
}

export interface SnapshotNode extends NodeBase, Templated {
  readonly kind: 'snapshot'
  readonly relation: Relation
}

export interface SeedNode extends NodeBase {
  readonly kind: 'seed'
  readonly relation: Relation
  /** The CSV file, relative to the project root. */
  readonly file: string
  /**
   * The header's names with a type for each: `column_types` where given, else what every value of the column is
   * without loss: integer, bigint, numeric, boolean, date, timestamptz; text otherwise (leading zeros make text).
   */
  readonly fields: readonly { readonly name: string; readonly type: string }[]
}

export interface SourceNode extends NodeBase {
  readonly kind: 'source'
  readonly sourceName: string
  readonly relation: Relation
  /** The schema with its template, where one decides it. */
  readonly unrenderedSchema?: string
}

export interface TestNode extends NodeBase, Templated {
  readonly kind: 'test'
  /** Generic tests: the test's name and arguments, the node and column under test. Absent on singular tests. */
  readonly generic?: {
    readonly name: string
    readonly arguments: Readonly<Record<string, unknown>>
    readonly column?: string
    readonly on: NodeId
  }
}

/** A model's query over rows that are given instead of its inputs, and the rows that it must return. Nothing is built. */
export interface UnitTestNode extends NodeBase {
  readonly kind: 'unit_test'
  /** The model whose query it is. */
  readonly on: NodeId
  /** One of several versions of that model. */
  readonly version?: Version
  readonly given: readonly GivenInput[]
  readonly expect: FixtureRows
  readonly overrides: Overrides
  readonly refs: readonly RefCall[]
  readonly sources: readonly SourceCall[]
}

/** The rows that stand for an input of a model under test. */
export interface GivenInput {
  /** As written: `ref('x')`, `source('a', 'b')`, `this`. */
  readonly written: string
  readonly at: Location
  /** The model itself for `this`: the rows that its table holds. */
  readonly input: NodeId
  readonly rows: FixtureRows
}

/** Rows of a unit test: by column, or as a query. */
export type FixtureRows =
  | { readonly format: 'rows'; readonly at: Location; readonly rows: readonly FixtureRow[] }
  | { readonly format: 'sql'; readonly at: Location; readonly sql: string }

/** The columns that are given; those that are not are null. */
export interface FixtureRow {
  readonly at: Location
  readonly cells: readonly FixtureCell[]
}

export interface FixtureCell {
  readonly column: string
  /** Texts that the database reads as the column's type; lists and mappings are arrays, rows and JSON. */
  readonly value: FixtureValue
  readonly at: Location
}

export type FixtureValue = string | null | readonly unknown[] | { readonly [key: string]: unknown }

/** What templates of the model under test get instead of what there is. */
export interface Overrides {
  /** What macros return, by `name` or `package.name`; `is_incremental` among them. */
  readonly macros: Readonly<Record<string, unknown>>
  readonly vars: Readonly<Record<string, unknown>>
  readonly env_vars: Readonly<Record<string, string>>
}

export type Node =
  | ModelNode
  | SnapshotNode
  | SeedNode
  | SourceNode
  | TestNode
  | UnitTestNode
  | AnalysisNode
  | ExposureNode
export type NodeKind = Node['kind']
/** What checks others and is built into nothing. */
export type CheckingNode = TestNode | UnitTestNode
/** Nodes that gm builds a relation for. */
export type BuiltNode = ModelNode | SnapshotNode | SeedNode

/** A macro's text with its place; macros of all files form one flat namespace per package. */
export interface Macro {
  readonly name: string
  readonly package: string
  readonly file: string
  readonly at: Location
  /** From the properties YAML; empty where nobody describes it. */
  readonly description: string
  readonly arguments: readonly {
    readonly name: string
    readonly type?: string
    readonly description: string
  }[]
}

export interface Manifest {
  readonly project: string
  /** Enabled nodes, sorted by id. */
  readonly nodes: ReadonlyMap<NodeId, Node>
  /** Nodes switched off by `enabled: false`, by id, for messages. */
  readonly disabled: ReadonlyMap<NodeId, Node>
  readonly macros: readonly Macro[]
  /** By name. */
  readonly groups: ReadonlyMap<string, Group>
  /** By package and name. */
  readonly docs: readonly DocsBlock[]
}

export function macroId(packageName: string, name: string): string {
  return `macro.${packageName}.${name}`
}

export function nodeId(kind: NodeKind, ...parts: readonly string[]): NodeId {
  return [kind, ...parts].join('.') as NodeId
}

/** What an id's node is called on lines: its name; a unit test's comes behind its model's, as in dbt. */
export function nameInId(id: NodeId): string {
  const [kind, , name, test] = id.split('.')
  return kind === 'unit_test' ? `${name}::${test}` : (name ?? id)
}

/** Whether a node has a relation of its own that gm builds. */
export function isBuilt(node: Node): node is BuiltNode {
  return (
    node.kind === 'seed' ||
    node.kind === 'snapshot' ||
    (node.kind === 'model' && node.config.materialized !== 'ephemeral')
  )
}

/** Whether a node checks others: a data test or a unit test. */
export function isChecking(node: Node): node is CheckingNode {
  return isCheckingKind(node.kind)
}

/** As `isChecking`, for what only has the kind, such as a step. */
export function isCheckingKind(kind: NodeKind): boolean {
  return kind === 'test' || kind === 'unit_test'
}

/** Whether other nodes can read a node: it has a relation, or is an ephemeral model. */
export function isReadable(node: Node): node is ModelNode | SnapshotNode | SeedNode | SourceNode {
  return (
    node.kind === 'model' ||
    node.kind === 'seed' ||
    node.kind === 'snapshot' ||
    node.kind === 'source'
  )
}
