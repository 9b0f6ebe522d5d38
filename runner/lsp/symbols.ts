import type { DocumentSymbol } from 'vscode-languageserver'
import { SymbolKind } from 'vscode-languageserver'
import type { Manifest, Node } from '../manifest/node.ts'
import type { ColumnLineage } from '../sql/column-lineage.ts'
import { shortName } from '../sql/find-column.ts'
import { rangeAt } from './places.ts'
import type { ProjectView } from './project-view.ts'

/** The nodes and macros that a file defines, nodes with their columns inside. */
export function symbolsOf(
  file: string,
  text: string,
  view: ProjectView,
  lineage: ColumnLineage,
): DocumentSymbol[] {
  const { manifest } = view
  const nodes = [...manifest.nodes.values()].filter((node) => node.at.file === file)
  return [
    ...nodes.map((node) => nodeSymbol(node, text, view, lineage)),
    ...macrosIn(file, manifest).map(({ name, at }) => {
      const range = rangeAt(text, at)
      return { name, kind: SymbolKind.Function, range, selectionRange: range }
    }),
  ]
}

function macrosIn(file: string, manifest: Manifest): Manifest['macros'] {
  return manifest.macros.filter((macro) => macro.at.file === file)
}

function nodeSymbol(
  node: Node,
  text: string,
  view: ProjectView,
  lineage: ColumnLineage,
): DocumentSymbol {
  const start = rangeAt(text, node.at)
  const lines = 'rawCode' in node ? text.split('\n') : []
  const end = { line: lines.length - 1, character: lines.at(-1)?.length ?? 0 }
  const known = 'rawCode' in node ? view.compile(node).lines : undefined
  const children = (lineage.nodes.get(node.id)?.columns ?? []).flatMap(({ name, offset }) => {
    const at = offset === undefined ? undefined : known?.locate(offset)
    if (at?.file !== node.at.file) return []
    const range = rangeAt(text, at)
    return [{ name, kind: SymbolKind.Field, range, selectionRange: range }]
  })
  return {
    name: shortName(node),
    detail: node.kind,
    kind: node.kind === 'test' ? SymbolKind.Event : SymbolKind.Class,
    range: lines.length === 0 ? start : { start: start.start, end },
    selectionRange: start,
    children,
  }
}
