import type { Session } from '../engine/adapter.ts'
import type { Graph } from '../graph/graph.ts'
import type { BuiltNode, Relation } from '../manifest/node.ts'
import type { PlannedRun } from '../run/plan-project.ts'
import type { RunRequest } from '../run/run-request.ts'
import type { ColumnLineage } from '../sql/column-lineage.ts'

export interface DiffOptions {
  /** Whether what lies below the changed nodes, and is in the plan, is built and compared as well. */
  readonly downstream: boolean
  /** Other tables than the published ones to compare with; undefined for a node that has none there. */
  readonly against: ((node: BuiltNode) => Relation | undefined) | undefined
  /** Rows shown of each kind. */
  readonly samples: number
  /** About how many rows of a table are compared at most; undefined: all. */
  readonly limit: number | undefined
  /** Whether the tables stay. */
  readonly keep: boolean
  readonly ignoreColumns: readonly string[]
}

/** What a comparison is given. */
export interface Diffing {
  readonly request: RunRequest
  readonly planned: PlannedRun
  readonly graph: Graph
  readonly lineage: () => Promise<ColumnLineage>
  readonly session: Session
  readonly options: DiffOptions
}
