import type { GmError } from '../base/error.ts'
import type { AnalysisNode, Manifest, ModelNode, Node } from '../manifest/node.ts'
import type { ColumnLineage } from '../sql/column-lineage.ts'
import type { LineMap } from '../template/template.ts'

/** A project as it would be with the texts that stand in the editor. */
export interface ProjectView {
  readonly manifest: Manifest
  readonly warnings: readonly GmError[]
  /** @throws GmError or GmErrors for a node that does not compile. */
  readonly compile: (node: Node) => { readonly sql: string; readonly lines?: LineMap }
  /** As `compile`, with the branches of `is_incremental()` taken. */
  readonly compileUpdate: (node: Node) => { readonly sql: string; readonly lines?: LineMap }
  /** @throws GmError or GmErrors for what `config()` gives in the node's text, and for its template. */
  readonly checkConfig: (node: ModelNode | AnalysisNode) => void
  /** Worked out when first asked for. */
  readonly lineage: () => Promise<ColumnLineage>
}

/** How the editor's server gets at a project. */
export interface ProjectOpener {
  /** The absolute folder of project.yml. */
  readonly root: string
  /**
   * Reads the project, taking the given texts, by path from the root, in place of those on disk.
   * @throws GmErrors: everything that is wrong with its files.
   */
  open(texts: ReadonlyMap<string, string>): ProjectView
  /** The JSON Schema of `project.yml`, or of the properties files. */
  schema(name: 'project' | 'properties'): Promise<unknown>
}
