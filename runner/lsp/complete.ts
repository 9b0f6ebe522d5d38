import type { CompletionItem } from 'vscode-languageserver'
import { CompletionItemKind } from 'vscode-languageserver'
import type { Manifest, Node } from '../manifest/node.ts'
import type { ColumnLineage } from '../sql/column-lineage.ts'
import { aliasesIn } from './aliases.ts'
import { cursorAt } from './cursor.ts'

/** What gm itself gives templates, in the order of use. */
const BUILT_IN = [
  ...['ref', 'source', 'config', 'var', 'env_var', 'is_incremental', 'changes', 'this', 'target'],
  ...['run_query', 'log', 'run_started_at', 'invocation_id', 'exceptions', 'adapter', 'model'],
]

/** What can be written at an offset of a template. */
export function complete(
  text: string,
  offset: number,
  node: Node | undefined,
  manifest: Manifest,
  lineage: ColumnLineage,
): CompletionItem[] {
  const cursor = cursorAt(text, offset)
  const nodes = [...manifest.nodes.values()]
  switch (cursor?.about) {
    case 'ref':
      return nodes
        .filter(({ kind }) => kind === 'model' || kind === 'seed' || kind === 'snapshot')
        .map((one) => item(one.name, CompletionItemKind.Class, one.kind, one.description))
    case 'source': {
      const names = nodes.flatMap((one) => (one.kind === 'source' ? [one.sourceName] : []))
      return [...new Set(names)].map((name) => item(name, CompletionItemKind.Module, 'source', ''))
    }
    case 'table':
      return nodes
        .filter((one) => one.kind === 'source' && one.sourceName === cursor.source)
        .map((one) => item(one.name, CompletionItemKind.Class, 'source', one.description))
    case 'macro':
      return [
        ...BUILT_IN.map((name) => item(name, CompletionItemKind.Function, 'gm', '')),
        ...manifest.macros.map((macro) =>
          item(
            macro.name,
            CompletionItemKind.Function,
            `macro of ${macro.package}`,
            macro.description,
          ),
        ),
      ]
    case 'column':
    case undefined:
      return columns(text, cursor?.alias, node, manifest, lineage)
  }
}

/** Columns of the input of that alias; without one, or where it names no input, those of all inputs. */
function columns(
  text: string,
  alias: string | undefined,
  node: Node | undefined,
  manifest: Manifest,
  lineage: ColumnLineage,
): CompletionItem[] {
  const aliases = aliasesIn(text, manifest)
  const named = alias === undefined ? undefined : aliases.get(alias)
  const inputs =
    named === undefined
      ? [
          ...new Set([
            ...aliases.values(),
            ...(node?.dependsOn ?? []).flatMap((id) => manifest.nodes.get(id) ?? []),
          ]),
        ]
      : [named]
  return inputs.flatMap((input) =>
    (lineage.nodes.get(input.id)?.columns ?? []).map(({ name, type }) =>
      item(
        name,
        CompletionItemKind.Field,
        [type, input.name].filter((part) => part !== undefined).join(' · '),
        input.columns.get(name)?.description ?? '',
      ),
    ),
  )
}

function item(
  label: string,
  kind: CompletionItemKind,
  detail: string,
  documentation: string,
): CompletionItem {
  return { label, kind, detail, ...(documentation !== '' && { documentation }) }
}
