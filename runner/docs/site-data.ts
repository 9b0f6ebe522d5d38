/**
 * What the pages of the docs site read: plain data, written as scripts by `write-site.ts` and read by `site/`. Nothing
 * in here is HTML but the fields that say so, which markdown-it made with HTML switched off.
 */

import type { KnownFreshness } from './artifacts/read-freshness.ts'

export type PageKind =
  | 'model'
  | 'seed'
  | 'snapshot'
  | 'source'
  | 'analysis'
  | 'exposure'
  | 'test'
  | 'macro'
  /** A Kafka topic that lands in a source. */
  | 'topic'

/** Loaded before the first page is drawn. */
export interface SiteIndex {
  readonly project: string
  readonly version: string
  readonly target: string
  /** ISO 8601; all times are UTC. */
  readonly generatedAt: string
  /** Whether the database was asked for types, sizes and constraints. */
  readonly hasCatalog: boolean
  /** Whether the lineage of columns is known. */
  readonly hasColumnLineage: boolean
  readonly overviewHtml?: string
  /** Other parts name a node by its position in here. */
  readonly nodes: readonly IndexNode[]
  /** Of the whole project. */
  readonly tests: TestCounts
  readonly lastRun?: RunSummary
}

export interface IndexNode {
  readonly id: string
  readonly kind: PageKind
  readonly name: string
  /** The file it is defined in, from the project's root. */
  readonly path: string
  /** `warehouse.fact_sales`; absent where there is no relation. */
  readonly relation?: string
  readonly materialized?: string
  readonly tags?: readonly string[]
  readonly owner?: string
  /** First words of the description, as plain text. */
  readonly summary?: string
  /** The number of the script that holds its page. */
  readonly chunk: number
  /** Positions of what it reads. */
  readonly parents: readonly number[]
  /** Data tests on it, by their last result; absent where there are none. */
  readonly tests?: TestCounts
  /** Status of its last step. */
  readonly status?: string
  /** Sources: whether the newest row is young enough, as `gm source freshness` last found. */
  readonly freshness?: KnownFreshness
  readonly columnCount: number
  readonly describedColumns: number
  readonly colour?: string
  /** `docs: {show: false}`: not in lists and lineage. */
  readonly isHidden?: true
}

export interface TestCounts {
  readonly pass: number
  readonly warn: number
  readonly fail: number
  /** Never run. */
  readonly unknown: number
}

/** Chunk `nodes-<n>`: pages of some nodes. */
export type NodeChunk = readonly NodePage[]

export interface NodePage {
  readonly id: string
  readonly descriptionHtml?: string
  readonly line: number
  readonly package: string
  /** What the database says; absent where it was not asked or has no such relation. */
  readonly stored?: StoredFacts
  readonly columns: readonly ColumnPage[]
  readonly tests: readonly TestPage[]
  readonly source?: string
  readonly compiled?: string
  /** Why there is no compiled text, or what is special about it. */
  readonly compiledNote?: string
  readonly config: readonly (readonly [key: string, value: string])[]
  /** More facts of some kinds: the URL of an exposure, the file of a seed. */
  readonly facts: readonly (readonly [label: string, value: string])[]
  /** Positions of nodes that belong to it in another way than by lineage: `Macros`, `Used by`. */
  readonly related: readonly (readonly [label: string, nodes: readonly number[]])[]
  /** What of the lineage of its columns could not be followed. */
  readonly lineageNotes?: readonly string[]
  /** Newest first. */
  readonly history: readonly StepPage[]
}

export interface StoredFacts {
  readonly type: string
  readonly owner: string
  readonly comment?: string
  /** Estimated at the last ANALYZE; absent for views and what was never analysed. */
  readonly estimatedRows?: number
  readonly sizeBytes?: number
  readonly analyzedAt?: string
  readonly constraints: readonly { readonly name: string; readonly definition: string }[]
  readonly indexes: readonly { readonly name: string; readonly definition: string }[]
}

export interface ColumnPage {
  readonly name: string
  readonly type?: string
  readonly descriptionHtml?: string
  readonly isRequired?: true
  readonly tags?: readonly string[]
  readonly meta?: readonly (readonly [key: string, value: string])[]
  /** Documented, but not in the database. */
  readonly isMissing?: true
  readonly statistics?: ColumnStatistics
  /** The column whose description stands here, because this one is a plain copy of it. */
  readonly describedBy?: ColumnPlace
  readonly inheritedTests?: InheritedTests
  /** Holds personal data: the column that is marked as such, which may be this one. */
  readonly personal?: ColumnPlace
  /** What it is made of, and what is made of it. */
  readonly from?: readonly ColumnEdge[]
  readonly to?: readonly ColumnEdge[]
}

/**
 * Tests of the column that this one is a plain copy of. They say what the values were when they were read; a join may
 * have left some out, repeated them or put nulls in between.
 */
export interface InheritedTests {
  readonly at: ColumnPlace
  readonly tests: readonly {
    readonly id: string
    readonly name: string
    /** Of the last run; absent where there was none. */
    readonly status?: string
  }[]
}

export interface ColumnPlace {
  /** Position of the column's node. */
  readonly node: number
  readonly column: string
}

/** Where the other column is, and what is done. */
export interface ColumnEdge extends ColumnPlace {
  /** `copied`, `computed`, `aggregated`, `condition (case)`. */
  readonly how: string
}

/** Of a sample of the rows. */
export interface ColumnStatistics {
  readonly sampledRows: number
  /** Share of rows, 0 to 1. */
  readonly nullShare: number
  readonly distinct: number
  readonly least?: string
  readonly greatest?: string
  /** Counts of equal intervals from least to greatest. */
  readonly histogram?: readonly number[]
  readonly commonest?: readonly (readonly [value: string, count: number])[]
}

export interface TestPage {
  readonly id: string
  /** `not_null`, `accepted_values`, or the name of a singular test. */
  readonly name: string
  readonly column?: string
  /** Its arguments but for the column, as `values: a, b`. */
  readonly arguments?: string
  readonly severity: string
  readonly last?: StepPage
  /** Statuses of its last runs, newest first. */
  readonly recent: readonly string[]
}

/** Chunk `tests`: one for each test of the project. Those from YAML are many and stand in here alone. */
export interface TestRow extends TestPage {
  readonly title: string
  readonly path: string
  /** Position of the node under test; absent for a test of none. */
  readonly node?: number
  readonly chunk: number
}

export interface StepPage {
  readonly runId: string
  readonly at: string
  readonly status: string
  readonly action: string
  readonly reason: string
  readonly durationMs?: number
  /** Rows inserted, updated and deleted; for a test those that fail. */
  readonly rows?: number
  readonly message?: string
}

/** Chunk `runs`: newest first. */
export interface RunSummary {
  readonly id: string
  readonly command: string
  readonly target: string
  readonly version: string
  readonly startedAt: string
  /** Absent for a run that never ended. */
  readonly durationMs?: number
  readonly status: string
  /** Steps by status. */
  readonly steps: Readonly<Record<string, number>>
  /** Whether there is a chunk `run-<id>`. */
  readonly hasSteps: boolean
}

/** Chunk `run-<id>`. */
export interface RunPage {
  readonly steps: readonly RunStep[]
}

export interface RunStep {
  readonly id: string
  /** Milliseconds from the run's start; absent for what never started. */
  readonly startMs?: number
  readonly durationMs: number
  readonly status: string
  readonly action: string
  readonly reason: string
  readonly rows?: number
  readonly message?: string
  /** The slot it ran in, from 0. */
  readonly lane: number
  /** Whether the run would have been shorter had this step been so. */
  readonly isCritical?: true
}

/** Chunk `lineage`: where each node of the whole graph stands; hidden ones have none. */
export interface LineagePage {
  readonly nodes: readonly number[]
  readonly layer: readonly number[]
  readonly row: readonly number[]
}

declare global {
  // Chunks add themselves by name; a page that is opened from a file may load scripts and nothing else.
  var __GM__: Record<string, unknown> | undefined
}
