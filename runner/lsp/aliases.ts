import type { Manifest, Node } from '../manifest/node.ts'

const INPUT =
  /\{\{-?\s*(?:changes\(\s*)?(ref|source)\(\s*['"]([^'"]+)['"](?:\s*,\s*['"]([^'"]+)['"])?\s*\)[^}]*\}\}\s+(?:as\s+)?(\w+)/g

/** The inputs of a template by the alias that each has in its text, as in `{{ ref('orders') }} as o`. */
export function aliasesIn(text: string, manifest: Manifest): ReadonlyMap<string, Node> {
  const found = new Map<string, Node>()
  for (const [, call, first = '', second, alias = ''] of text.matchAll(INPUT)) {
    const node =
      call === 'ref'
        ? refNode(manifest, second ?? first)
        : sourceNode(manifest, first, second ?? '')
    if (node !== undefined) found.set(alias, node)
  }
  return found
}

/** What `ref(name)` means: the project's own comes first. */
export function refNode(manifest: Manifest, name: string): Node | undefined {
  const all = [...manifest.nodes.values()].filter(
    (node) =>
      node.name === name &&
      (node.kind === 'model' || node.kind === 'seed' || node.kind === 'snapshot'),
  )
  return all.find((node) => node.package === manifest.project) ?? all[0]
}

export function sourceNode(manifest: Manifest, source: string, table: string): Node | undefined {
  return [...manifest.nodes.values()].find(
    (node) => node.kind === 'source' && node.sourceName === source && node.name === table,
  )
}
