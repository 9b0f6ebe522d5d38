import type { Location } from '../base/location.ts'
import type { Compiled } from '../compile/compiled.ts'
import type { Column, DependentView, RelationState } from '../engine/adapter.ts'
import type { Transaction } from '../engine/statement.ts'
import type { BuiltNode, Relation } from '../manifest/node.ts'
import type { EventTime } from '../state/event-time.ts'
import type { KeyReader } from '../state/key-log.ts'
import type { Look } from '../state/ledger.ts'

/** What a planner is given besides the node: the warehouse as it is, and what the run was asked for. */
export interface Materials {
  readonly runId: string
  /** The node's place, for errors. */
  readonly at: Location
  readonly project: string
  /** What stands behind the node's name now. */
  readonly target: RelationState | undefined
  /** The revision in the ledger; `0` when gm has not built the relation. */
  readonly revision: string
  /** The last look at the rows of its one input; undefined where all of them have to be compared. */
  readonly look: Look | undefined
  /** Quoted names of the inputs that have a mark, with the generation that the mark belongs to. */
  readonly marked: ReadonlyMap<string, string>
  /** Quoted names of inputs that a step reads whole though it adds to the table: no mark on what they are now is there yet. */
  readonly readAgain: ReadonlySet<string>
  /**
   * Quoted names of all inputs that the node's template reads through changes(), also in branches that this rendering did
   * not take: a full build reads them whole, and its successors go on from there.
   */
  readonly follows: readonly string[]
  /** How those followed inputs are read that are not tracked, by quoted name. */
  readonly eventTimes: ReadonlyMap<string, EventTime>
  /** Those of its inputs that have, or can get, partitions or children, by quoted name. */
  readonly withParts: ReadonlySet<string>
  /** What the node's template reads through changed_keys(), in branches that this rendering did not take too. */
  readonly keyReaders: readonly KeyReader[]
  /** Those of them whose input has got partitions or children that are not followed yet. */
  readonly otherParts: readonly KeyReader[]
  /** Inputs that can be locked against being swapped: tables and views, but not materialized views. */
  readonly lockable: readonly Relation[]
  /** Whether the node's SQL gives the same rows on the same inputs. */
  readonly isStable: boolean
  /** Whether its code or configuration is another than at its last step, or that is not known. */
  readonly isOtherCode: boolean
  /** The reason for the action, for people. */
  readonly reason: string
  /** The columns of the node's query, once they were found to differ from what was planned; undefined before. */
  readonly shape: readonly Column[] | undefined
  /** `--allow-destructive`: columns may be dropped, and values cut to a narrower type. */
  readonly allowDestructive: boolean
  /** SQL of the views on it that come later in the run, by their quoted names, where as they are they do not fit any more. */
  readonly remade: ReadonlyMap<string, string>
  /** Views that belong to gm are recreated when what they read is swapped. */
  readonly isOurs: (view: DependentView) => boolean
}

/** A node's work, from nothing to recorded. */
export interface Materialization {
  readonly transactions: readonly Transaction[]
}

/** Node, compiled SQL and state in; transactions out. */
export type Materialize<N extends BuiltNode = BuiltNode> = (
  node: N,
  compiled: Compiled,
  materials: Materials,
) => Materialization
