import { compileNode } from '../compile/compile-node.ts'
import { cteName, isEphemeral } from '../compile/compile-scope.ts'
import { buildGraph } from '../graph/build-graph.ts'
import type { Manifest } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import type { LineageRequest } from '../sql/build-lineage.ts'
import { buildLineage } from '../sql/build-lineage.ts'
import type { ColumnLineage } from '../sql/column-lineage.ts'
import { loadSqlParser } from '../sql/parse-sql.ts'
import { memoryProject, parseTexts } from './memory-project.ts'

/** The lineage of a project that stands in memory, file by file. */
export async function lineageOf(
  texts: Readonly<Record<string, string>>,
  given: Partial<LineageRequest> = {},
): Promise<{ readonly manifest: Manifest; readonly lineage: ColumnLineage }> {
  const { manifest, templates } = parseTexts(texts)
  const lineage = await buildLineage({
    manifest,
    order: buildGraph(manifest).order,
    compile: (node) => {
      if (node.kind !== 'model' && node.kind !== 'snapshot' && node.kind !== 'test') {
        throw new Error(`${node.id} has no SQL`)
      }
      return compileNode(node, manifest, memoryProject(), templates, {
        isIncremental: false,
        vars: {},
        changes: (_input, relation) => quoted(relation),
        changedKeys: () => '',
      })
    },
    loadParser: loadSqlParser,
    addedColumns: () => [],
    inlinedAs: (node) => (isEphemeral(node) ? cteName(node) : undefined),
    ...given,
  })
  return { manifest, lineage }
}
