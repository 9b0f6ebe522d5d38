import type { Compiled, CompileState } from '../compile/compiled.ts'
import type { EventWindow } from '../compile/event-window.ts'
import type { Column, RelationState } from '../engine/adapter.ts'
import type {
  BuiltNode,
  CheckingNode,
  Manifest,
  ModelNode,
  NodeId,
  Relation,
  SnapshotNode,
  TestNode,
} from '../manifest/node.ts'
import type { OwnBuild, OwnMaterializer } from '../materialize/own-materialization.ts'
import type { Ledger } from '../state/ledger.ts'

/** What the user asked for and what does not change while a run lasts. */
export interface PlanRequest {
  readonly runId: string
  readonly manifest: Manifest
  readonly fullRefresh: boolean
  /** Columns may be dropped, and values cut to a narrower type, where on_schema_change asks for it. */
  readonly allowDestructive: boolean
  /** Which steps may be left out when nothing that they depend on has changed. */
  readonly reuse: Reuse
  readonly compile: (node: ModelNode | SnapshotNode | CheckingNode, state: CompileState) => Compiled
  /** `--store-failures`. */
  readonly storeFailures: boolean
  /** `--warn-error`: a test that would warn fails. */
  readonly doWarningsFail?: boolean
  /** Where the failing rows of a test are kept. */
  readonly failuresRelation: (node: TestNode) => Relation
  /** Renders a template of a node's configuration. */
  readonly compileText: (node: BuiltNode, text: string, state: CompileState) => string
  readonly vars: Readonly<Record<string, unknown>>
  /** Microbatch: the newest batch is the one that this moment lies in. */
  readonly now: Date
  /** `--event-time-start` and `--event-time-end`: the batches to do, and no others. */
  readonly eventTime?: EventWindow
  /** Ids of this run and of those that it goes on with. What they have committed of a microbatch model is not done again. */
  readonly resumes: ReadonlySet<string>
  /** Nodes whose rows those have committed, and of whose hooks after them so many are still to run. */
  readonly hooksLeft?: ReadonlyMap<NodeId, number>
  readonly runQuery?: CompileState['runQuery']
  /** What builds models of the project's own materializations, by name, and what it is told of the database. */
  readonly own?: {
    readonly materializers: ReadonlyMap<string, OwnMaterializer>
    readonly engine: OwnBuild['engine']
  }
  /** `--empty` and `--sample`: models are built from a part of their inputs. */
  readonly limit?: ReadLimit
}

/** Reads no row, or those of a span of event time of the inputs that have one. */
export interface ReadLimit {
  /** Absent: nothing is read. */
  readonly window?: EventWindow
}

/** `models`: everything but tests. */
export type Reuse = 'all' | 'models' | 'none'

/** The warehouse at the moment of planning. */
export interface Warehouse {
  readonly relations: ReadonlyMap<string, RelationState>
  readonly ledger: Ledger
}

/** What the steps before this one will have done by the time it runs. */
export interface Foreseen {
  /** Quoted names of relations that will be another table by then. */
  readonly rebuilt: ReadonlySet<string>
  /** Quoted names of relations that there will be by then. */
  readonly made: ReadonlySet<string>
  /** Nodes whose rows steps before this one may change, views upon them included. */
  readonly changing: ReadonlySet<NodeId>
  /** Views that the database refused to replace in place. */
  readonly reshaped: ReadonlySet<NodeId>
  /** What the run makes of the views on the node, by their quoted names: as they are they do not fit what it is now. */
  readonly remade?: ReadonlyMap<string, string>
  /** The columns of the node's query, found by a guard that expected others. */
  readonly shape?: readonly Column[]
  /** Microbatch: what comes before the batches is done; whether the table was there before it. */
  readonly begun?: { readonly isIncremental: boolean }
}

export const NOTHING_FORESEEN: Foreseen = {
  rebuilt: new Set(),
  made: new Set(),
  changing: new Set(),
  reshaped: new Set(),
}
