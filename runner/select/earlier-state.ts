import type { Node, NodeId } from '../manifest/node.ts'

/** In what a node differs from an earlier state of the project, in the words of `state:modified.<part>`. */
export type Change =
  | 'body'
  | 'configs'
  | 'persisted_descriptions'
  | 'relation'
  | 'macros'
  | 'contract'
  /** A variable or an environment variable that it reads has another value, or its own materialization another text. */
  | 'values'
  /** The same words refer to other nodes. */
  | 'inputs'

/**
 * What `state:`, `result:` and `source_status:` compare with: the artifacts of an earlier run. Each question reads what
 * it needs; one whose file is not there throws.
 */
export interface EarlierState {
  /**
   * How a node differs; undefined when there was none of its id.
   * @throws GmError GM3011 without a manifest.json of an earlier run.
   */
  changesOf(node: Node): ReadonlySet<Change> | undefined
  /**
   * The statuses of the last run by node.
   * @throws GmError GM3011 without a run_results.json of an earlier run.
   */
  results(): ReadonlyMap<NodeId, string>
  /**
   * Sources with rows that are newer than they were then.
   * @throws GmError GM3011 without a sources.json of then and of now.
   */
  fresherSources(): ReadonlySet<NodeId>
}
