import { cteName, isEphemeral } from '../compile/compile-scope.ts'
import type { Node } from '../manifest/node.ts'
import type { TextStore } from '../parse/text-store.ts'
import { buildLineage } from '../sql/build-lineage.ts'
import type { CatalogColumn } from '../sql/catalog.ts'
import type { ColumnLineage } from '../sql/column-lineage.ts'
import { loadSqlParser } from '../sql/parse-sql.ts'
import { VERSION_XID_COLUMN, XID_COLUMN } from '../state/marks.ts'
import { cachedText } from './cached-text.ts'
import { compileWhole } from './compile-whole.ts'
import type { OpenProject } from './open-project.ts'

/**
 * Where every column of an opened project comes from. Kept in `.gm/cache` by content; needs no database.
 * @param options.known what the database says of a node's columns, where it was asked
 */
export async function projectLineage(
  opened: OpenProject,
  options: {
    readonly known?: (node: Node) => readonly CatalogColumn[] | undefined
    readonly cache?: TextStore
    /** Told of each node's compiled SQL. */
    readonly onCompiled?: (node: Node, sql: string) => void
  } = {},
): Promise<ColumnLineage> {
  const { onCompiled, ...more } = options
  return await buildLineage({
    manifest: opened.manifest,
    order: opened.order,
    compile: (node) => {
      const compiled = compileWhole(node, opened)
      onCompiled?.(node, compiled.sql)
      return compiled
    },
    loadParser: loadSqlParser,
    addedColumns,
    inlinedAs: (node) => (isEphemeral(node) ? cteName(node) : undefined),
    cache: cachedText(opened.project.root, 'lineage.json'),
    ...more,
  })
}

/** The columns in which gm notes who wrote a row. */
function addedColumns(node: Node): readonly string[] {
  if (node.kind === 'snapshot') return [XID_COLUMN, VERSION_XID_COLUMN]
  const isTracked = node.kind === 'model' && node.config.materialized === 'incremental'
  return isTracked ? [XID_COLUMN] : []
}
