import type { Location } from '../base/location.ts'
import type { Manifest, Node } from '../manifest/node.ts'
import type { ColumnLineage } from '../sql/column-lineage.ts'
import { aliasesIn, refNode, sourceNode } from './aliases.ts'
import { cursorAt } from './cursor.ts'
import type { ProjectView } from './project-view.ts'

/** What a name in a template means. */
export type Meaning =
  | { readonly kind: 'node'; readonly node: Node }
  | { readonly kind: 'column'; readonly node: Node; readonly column: string }
  | {
      readonly kind: 'macro'
      readonly at: Location
      readonly name: string
      readonly description: string
    }

/** What the name at an offset of a template means; undefined where nothing is sure. */
export function meaningAt(
  text: string,
  offset: number,
  own: Node | undefined,
  manifest: Manifest,
  lineage: ColumnLineage,
): Meaning | undefined {
  const cursor = cursorAt(text, offset)
  switch (cursor?.about) {
    case 'ref':
      return asNode(refNode(manifest, cursor.name))
    case 'table':
      return asNode(sourceNode(manifest, cursor.source, cursor.table))
    case 'source':
      return asNode(
        [...manifest.nodes.values()].find(
          (node) => node.kind === 'source' && node.sourceName === cursor.source,
        ),
      )
    case 'macro': {
      const macro = manifest.macros.find(({ name }) => name === cursor.name)
      return macro === undefined
        ? undefined
        : { kind: 'macro', at: macro.at, name: macro.name, description: macro.description }
    }
    case 'column': {
      const { name, alias } = cursor
      const has = (node: Node | undefined): boolean =>
        lineage.nodes
          .get(node?.id ?? ('' as Node['id']))
          ?.columns.some((one) => one.name === name) === true
      const aliases = aliasesIn(text, manifest)
      if (alias !== undefined && aliases.has(alias)) {
        const node = aliases.get(alias)
        return node !== undefined && has(node) ? { kind: 'column', node, column: name } : undefined
      }
      // Without the alias of an input the name is sure where only one input has it.
      const inputs = (own?.dependsOn ?? [])
        .flatMap((id) => manifest.nodes.get(id) ?? [])
        .filter(has)
      const [node, another] = inputs
      if (node !== undefined && another === undefined) return { kind: 'column', node, column: name }
      return own !== undefined && node === undefined && has(own)
        ? { kind: 'column', node: own, column: name }
        : undefined
    }
    case undefined:
      return undefined
  }
}

function asNode(node: Node | undefined): Meaning | undefined {
  return node === undefined ? undefined : { kind: 'node', node }
}

/** Where the thing is written that a name means. A column's place is where its model's SQL makes it. */
export function placeOf(meaning: Meaning, view: ProjectView, lineage: ColumnLineage): Location {
  if (meaning.kind === 'macro') return meaning.at
  const { node } = meaning
  if (meaning.kind === 'node' || !('rawCode' in node)) return node.at
  const column = lineage.nodes.get(node.id)?.columns.find(({ name }) => name === meaning.column)
  if (column?.offset === undefined) return node.at
  return view.compile(node).lines?.locate(column.offset) ?? node.at
}
