import { GmError } from '../base/error.ts'
import { didYouMean } from '../base/nearest.ts'
import type { Graph } from '../graph/graph.ts'
import { reach } from '../graph/reach.ts'
import type { Manifest, NodeId, NodeKind } from '../manifest/node.ts'
import { methodOf } from './methods.ts'
import { parseSelector } from './parse-selector.ts'
import type { Criterion, Selector } from './selector.ts'

/** Which tests come along with what they test: all that have a selected parent, or none. */
export type IndirectSelection = 'eager' | 'empty'

export interface SelectOptions {
  /** Values of `--select`; without any, all nodes. */
  readonly select?: readonly string[] | undefined
  readonly exclude?: readonly string[] | undefined
  /** Kinds to keep at the end; without any, all. */
  readonly resourceTypes?: readonly NodeKind[] | undefined
  readonly manifest: Manifest
  readonly graph: Graph
  readonly indirect?: IndirectSelection
}

export interface Selection {
  readonly nodes: ReadonlySet<NodeId>
  /** GM3001, one for each criterion that matches nothing. Not thrown: the rest of the selection still holds. */
  readonly warnings: readonly GmError[]
}

interface Context {
  readonly manifest: Manifest
  readonly graph: Graph
  readonly indirect: IndirectSelection
  readonly warnings: GmError[]
}

/**
 * Nodes by dbt's selection grammar: `(select or everything) minus exclude`, then only the wanted kinds.
 *
 * @throws GmError GM3002 a selector that cannot be read, or a method that gm does not have yet.
 */
export function selectNodes(options: SelectOptions): Selection {
  const { manifest, graph, indirect = 'eager', select = [], exclude = [] } = options
  const warnings: GmError[] = []
  const context: Context = { manifest, graph, indirect, warnings }
  const wanted = parseSelector(select)
  const isEverything = wanted.op === 'union' && wanted.of.length === 0
  const included = isEverything ? new Set(manifest.nodes.keys()) : evaluate(wanted, context)
  const excluded = evaluate(parseSelector(exclude), context)
  const kinds = new Set(options.resourceTypes ?? [])
  const keeps = (id: NodeId): boolean => {
    if (excluded.has(id)) return false
    const node = manifest.nodes.get(id)
    return kinds.size === 0 || (node !== undefined && kinds.has(node.kind))
  }
  return { nodes: new Set([...included].filter(keeps)), warnings }
}

function evaluate(selector: Selector, context: Context): Set<NodeId> {
  switch (selector.op) {
    case 'criterion':
      return select(selector, context)
    case 'union':
      return new Set(selector.of.flatMap((part) => [...evaluate(part, context)]))
    case 'intersection': {
      const [first, ...others] = selector.of.map((part) => evaluate(part, context))
      return new Set([...(first ?? [])].filter((id) => others.every((other) => other.has(id))))
    }
  }
}

/** The nodes of one criterion, with their neighbours, with the tests of all of these. */
function select(criterion: Criterion, context: Context): Set<NodeId> {
  const { graph, manifest } = context
  const matches = methodOf(criterion).matcher(criterion, manifest)
  const matched: NodeId[] = []
  for (const node of manifest.nodes.values()) if (matches(node)) matched.push(node.id)
  if (matched.length === 0) context.warnings.push(nothingMatched(criterion, manifest))
  const selected = new Set(matched)
  const add = (ids: Iterable<NodeId>): void => {
    for (const id of ids) selected.add(id)
  }
  if (criterion.childrensParents) add(reach(graph, reach(graph, matched, 'down'), 'up'))
  if (criterion.parentsDepth !== undefined) add(reach(graph, matched, 'up', criterion.parentsDepth))
  if (criterion.childrenDepth !== undefined) {
    add(reach(graph, matched, 'down', criterion.childrenDepth))
  }
  // Here and not at the end: a test is excluded with any of its parents, as dbt does it.
  if (context.indirect === 'eager') add(testsOf(selected, context))
  return selected
}

function testsOf(selected: ReadonlySet<NodeId>, { graph, manifest }: Context): NodeId[] {
  return [...selected].flatMap((id) =>
    graph.children(id).filter((child) => manifest.nodes.get(child)?.kind === 'test'),
  )
}

function nothingMatched(criterion: Criterion, manifest: Manifest): GmError {
  const { text, value } = criterion
  const off = [...manifest.disabled.values()].find((node) => node.name === value)
  const method = methodOf(criterion)
  const names = new Set([...manifest.nodes.values()].flatMap((node) => method.names(node)))
  return new GmError('GM3001', `"${text}" matches no node`, {
    hint:
      off === undefined
        ? didYouMean(value, names)
        : `The ${off.kind} ${off.name} is switched off by enabled: false.`,
  })
}
