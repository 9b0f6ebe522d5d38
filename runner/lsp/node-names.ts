import { gmErrorsOf } from '../base/error.ts'
import { cteName, isEphemeral } from '../compile/compile-scope.ts'
import type { Node } from '../manifest/node.ts'
import type { Catalog } from '../sql/catalog.ts'
import type { ColumnLineage } from '../sql/column-lineage.ts'
import type { ParseSql } from '../sql/parse-sql.ts'
import { isSyntaxError } from '../sql/parse-sql.ts'
import { projectCatalog } from '../sql/project-catalog.ts'
import type { StatementNames } from '../sql/statement-names.ts'
import { statementNames } from '../sql/statement-names.ts'
import type { ProjectView } from './project-view.ts'
import type { WrittenSql } from './sql-places.ts'

/** The SQL of a node in one of its ways to be built, and the names in it. */
export interface NodeVariant extends WrittenSql {
  readonly names: StatementNames
}

/** The columns of a project, for finding names. */
export function lineageCatalog({ manifest }: ProjectView, lineage: ColumnLineage): Catalog {
  const catalog = projectCatalog(manifest, (node) =>
    isEphemeral(node) ? cteName(node) : undefined,
  )
  for (const [id, found] of lineage.nodes) {
    const node = manifest.nodes.get(id)
    if (node !== undefined) catalog.add(node, found)
  }
  return catalog
}

/** A node's SQL on a first build and on a later one, where they differ; or why one of them cannot be read. */
export function nodeVariants(
  node: Node,
  view: ProjectView,
  catalog: Catalog,
  parse: ParseSql,
): readonly NodeVariant[] | { readonly problem: string } {
  try {
    const first = view.compile(node)
    const later =
      node.kind === 'model' || node.kind === 'snapshot' ? view.compileUpdate(node) : first
    const variants: NodeVariant[] = []
    for (const { sql, lines } of later.sql === first.sql ? [first] : [first, later]) {
      const parsed = parse(sql)
      if (isSyntaxError(parsed)) return { problem: parsed.message }
      const names = statementNames(parsed, catalog)
      variants.push({ sql, names, ...(lines !== undefined && { lines }) })
    }
    return variants
  } catch (thrown) {
    const errors = gmErrorsOf(thrown)
    if (errors === undefined) throw thrown
    return { problem: errors.map(({ message }) => message).join('; ') }
  }
}
