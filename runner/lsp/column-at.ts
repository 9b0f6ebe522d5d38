import type { Node } from '../manifest/node.ts'
import type { ColumnId, ColumnLineage } from '../sql/column-lineage.ts'
import { shortName } from '../sql/find-column.ts'
import type { ParseSql } from '../sql/parse-sql.ts'
import { relationName } from '../sql/scope.ts'
import { lineageCatalog, nodeVariants } from './node-names.ts'
import { offsetAt } from './places.ts'
import type { ProjectView } from './project-view.ts'
import type { Stretch } from './sql-places.ts'
import { lastName, selectItem, writtenAt } from './sql-places.ts'
import { yamlColumnAt } from './yaml-names.ts'

/** A column by its name in a file. */
export interface ColumnAt {
  readonly column: ColumnId
  /** The name, in UTF-16 units of the file. */
  readonly at: Stretch
}

/**
 * The column of the project whose name stands at an offset of a file, or why there is none. What names an output of the
 * file's own node means that output; every other name of a column means the one that is read.
 */
export function columnAt(
  text: string,
  file: string,
  offset: number,
  view: ProjectView,
  lineage: ColumnLineage,
  parse: ParseSql,
): ColumnAt | { readonly problem: string } {
  const nodes = [...view.manifest.nodes.values()]
  if (/\.ya?ml$/.test(file)) {
    const found = yamlColumnAt(text, offset)
    const node = nodes.find((one) => one.describedIn === file && one.name === found?.entry)
    return found === undefined || node === undefined
      ? { problem: 'no name of a column of a model stands here' }
      : { column: { node: node.id, column: found.column }, at: found.at }
  }
  const catalog = lineageCatalog(view, lineage)
  let problem = 'no name of a column stands here'
  for (const node of nodes) {
    if (!('rawCode' in node) || node.at.file !== file) continue
    const variants = nodeVariants(node, view, catalog, parse)
    if ('problem' in variants) return { problem: `${shortName(node)}: ${variants.problem}` }
    for (const { sql, lines, names } of variants) {
      const isHere = ({ start, end }: Stretch): Stretch | undefined => {
        const written = writtenAt(
          { sql, ...(lines !== undefined && { lines }) },
          { start, end },
          file,
        )
        if (written === undefined) return undefined
        const from = offsetAt(text, written)
        return from <= offset && offset <= from + end - start
          ? { start: from, end: from + end - start }
          : undefined
      }
      for (const { named, name, offset: from, by } of names.givers) {
        if (by === 'expression') continue
        const at = isHere(selectItem(sql, from).last)
        if (at === undefined) continue
        if (node.kind !== 'test' && names.outputs.some((one) => one.named === named)) {
          return { column: { node: node.id, column: name }, at }
        }
        problem = `"${name}" is a name inside ${shortName(node)}, not a column of a model`
      }
      for (const { named, offset: from } of names.uses) {
        const place = from === undefined ? undefined : lastName(sql, from)
        const at = place === undefined ? undefined : isHere(place)
        if (at === undefined) continue
        const output = names.outputs.find((one) => one.named === named)
        const column =
          columnNamed(named, nodes) ??
          (node.kind !== 'test' && output !== undefined
            ? { node: node.id, column: output.name }
            : undefined)
        if (column !== undefined) return { column, at }
        problem = `this is a name inside ${shortName(node)}, not a column of a model`
      }
    }
  }
  return { problem }
}

function columnNamed(named: string, nodes: readonly Node[]): ColumnId | undefined {
  const [id = '', column = ''] = named.split('\u0000')
  const node = nodes.find((one) => one.id === id)
  return node !== undefined && relationName(node.id, column) === named
    ? { node: node.id, column }
    : undefined
}
