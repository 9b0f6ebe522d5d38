import type { Location } from '../base/location.ts'
import type { NodeId } from '../manifest/node.ts'

/**
 * How an input column reaches an output. `copied`: its values, untouched. `computed`: through an expression, a cast
 * included. `aggregated`: through an aggregate or window function. `condition`: none of its values arrive, but it
 * decides which rows there are or which value is taken; `via` says how.
 */
export type LineageKind = 'copied' | 'computed' | 'aggregated' | 'condition'

/** `sort` is an `order by`, `window` a `partition by` or `order by` of a window, `case` the condition of a `case`. */
export type ConditionVia = 'filter' | 'join' | 'group' | 'sort' | 'window' | 'case'

/** A column of a node that feeds another. */
export interface ColumnInput {
  readonly node: NodeId
  readonly column: string
  readonly kind: LineageKind
  /** With `condition` only. */
  readonly via?: ConditionVia
  /** Where the compiled SQL first mentions it: code points from 0, as `LineMap.locate` takes them. */
  readonly offset?: number
}

export interface LineageColumn {
  readonly name: string
  /** As the project or the database declares it, kept where it is copied; absent when that says nothing. */
  readonly type?: string
  /** Where the compiled SQL makes it: code points from 0; absent where no SQL does. */
  readonly offset?: number
  /** Without duplicates; a column that feeds in two ways stands there twice. Empty for constants. */
  readonly inputs: readonly ColumnInput[]
}

/** What could not be resolved: nothing is guessed in its place. */
export interface LineageProblem {
  readonly message: string
  /** In the template; absent for a problem of the node as a whole. */
  readonly at?: Location
}

/** Where the columns of one node come from. */
export interface NodeLineage {
  /** In the order of the relation. A test has none: it is judged by its rows. */
  readonly columns: readonly LineageColumn[]
  /** Columns that decide which rows the node has, and so feed all of its columns; all of kind `condition`. */
  readonly conditions: readonly ColumnInput[]
  /** Whether all columns are known and every reference was resolved; when not, `problems` says why. */
  readonly isComplete: boolean
  readonly problems: readonly LineageProblem[]
  /** The nodes that its SQL may read; absent where there is none. */
  readonly reads?: readonly NodeId[]
}

/** The lineage of a project, column by column, one step at a time: inputs are columns of the node's direct parents. */
export interface ColumnLineage {
  /** Every enabled node of the manifest, parents first. Seeds and sources have columns without inputs. */
  readonly nodes: ReadonlyMap<NodeId, NodeLineage>
}

/** A column of the project. */
export interface ColumnId {
  readonly node: NodeId
  readonly column: string
}
