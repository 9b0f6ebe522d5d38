import { GmError } from '../base/error.ts'
import { didYouMean } from '../base/nearest.ts'
import type { Graph } from '../graph/graph.ts'
import { reach } from '../graph/reach.ts'
import type { Manifest, NodeId, NodeKind } from '../manifest/node.ts'
import { isChecking } from '../manifest/node.ts'
import type { EarlierState } from './earlier-state.ts'
import { methodOf } from './methods.ts'
import { parseSelector } from './parse-selector.ts'
import type { Criterion, IndirectSelection, Selector } from './selector.ts'

export interface SelectOptions {
  /** Values of `--select`; without any, all nodes. */
  readonly select?: readonly string[] | undefined
  readonly exclude?: readonly string[] | undefined
  /** The name of a selector of selectors.yml, in place of `select`. */
  readonly selector?: string | undefined
  /** Kinds to keep at the end; without any, all. */
  readonly resourceTypes?: readonly NodeKind[] | undefined
  /** Kinds to leave out at the end. */
  readonly excludeResourceTypes?: readonly NodeKind[] | undefined
  readonly manifest: Manifest
  readonly graph: Graph
  readonly indirect?: IndirectSelection | undefined
  /** The definitions of selectors.yml, by name. */
  readonly selectors?: ReadonlyMap<string, Selector> | undefined
  /** What state:, result: and source_status: compare with. */
  readonly state?: EarlierState | undefined
  /** What `column:` means. */
  readonly columns?: ReachOfColumn | undefined
}

/**
 * The nodes of a column such as `fact_sales.total_amount`: the one that has it, with those that it comes from and those
 * that it feeds where they are asked for.
 */
export type ReachOfColumn = (
  column: string,
  directions: { readonly up: boolean; readonly down: boolean },
) => Iterable<NodeId>

export interface Selection {
  readonly nodes: ReadonlySet<NodeId>
  /** GM3001, one for each criterion that matches nothing. Not thrown: the rest of the selection still holds. */
  readonly warnings: readonly GmError[]
}

interface Context {
  readonly manifest: Manifest
  readonly graph: Graph
  readonly indirect: IndirectSelection
  readonly selectors: ReadonlyMap<string, Selector>
  readonly state: EarlierState | undefined
  readonly columns: ReachOfColumn | undefined
  readonly warnings: GmError[]
}

/** What a selection holds, and beside it the tests that are missing a parent so far and may come along later. */
interface Chosen {
  readonly direct: ReadonlySet<NodeId>
  readonly indirect: ReadonlySet<NodeId>
}

/**
 * Nodes by dbt's selection grammar: `(select or everything) minus exclude`, then only the wanted kinds.
 *
 * @throws GmError GM3002 a selector that cannot be read or that there is none of, GM3011 a comparison without an
 *   earlier state.
 */
export function selectNodes(options: SelectOptions): Selection {
  const { manifest, graph, indirect = 'eager', select = [], exclude = [] } = options
  const warnings: GmError[] = []
  const selectors = options.selectors ?? new Map<string, Selector>()
  const { state, columns } = options
  const context: Context = { manifest, graph, indirect, selectors, state, columns, warnings }
  const wanted: Selector =
    options.selector === undefined
      ? parseSelector(select, indirect)
      : { op: 'named', name: options.selector }
  const isEverything = wanted.op === 'union' && wanted.of.length === 0
  const included = isEverything ? new Set(manifest.nodes.keys()) : evaluate(wanted, context).direct
  const excluded = evaluate(parseSelector(exclude, indirect), context).direct
  const kinds = new Set(options.resourceTypes ?? [])
  const without = new Set(options.excludeResourceTypes ?? [])
  const keeps = (id: NodeId): boolean => {
    if (excluded.has(id)) return false
    const node = manifest.nodes.get(id)
    return (
      node !== undefined && (kinds.size === 0 || kinds.has(node.kind)) && !without.has(node.kind)
    )
  }
  return { nodes: new Set([...included].filter(keeps)), warnings }
}

function evaluate(selector: Selector, context: Context): Chosen {
  switch (selector.op) {
    case 'criterion':
      return evaluateCriterion(selector, context)
    case 'named':
      return evaluate(namedSelector(selector.name, context), context)
    case 'union': {
      const parts = selector.of.map((part) => evaluate(part, context))
      return combine(parts, union, selector.indirect, context)
    }
    case 'intersection': {
      const parts = selector.of.map((part) => evaluate(part, context))
      return combine(parts, intersection, selector.indirect, context)
    }
    case 'difference': {
      const parts = [evaluate(selector.from, context), evaluate(selector.minus, context)]
      return combine(parts, difference, undefined, context)
    }
  }
}

type Sets = readonly ReadonlySet<NodeId>[]

const union = (sets: Sets): Set<NodeId> => new Set(sets.flatMap((set) => [...set]))

const intersection = ([first, ...others]: Sets): Set<NodeId> =>
  new Set([...(first ?? [])].filter((id) => others.every((other) => other.has(id))))

const difference = ([first, ...others]: Sets): Set<NodeId> =>
  new Set([...(first ?? [])].filter((id) => !others.some((other) => other.has(id))))

/** A test of two models that are selected by two parts comes along once both are there. */
function combine(
  parts: readonly Chosen[],
  how: (sets: Sets) => Set<NodeId>,
  indirect: IndirectSelection | undefined,
  context: Context,
): Chosen {
  const direct = how(parts.map((part) => part.direct))
  const possible = how(parts.map((part) => union([part.direct, part.indirect])))
  if (indirect === 'cautious' || indirect === 'buildable') {
    const parents = parentsThatCount(direct, indirect, context)
    for (const id of possible) if (hasAllParents(id, parents, context)) direct.add(id)
  }
  return { direct, indirect: possible }
}

/** The nodes of one criterion, with their neighbours, with the tests of all of these. */
function evaluateCriterion(criterion: Criterion, context: Context): Chosen {
  const { graph, manifest } = context
  if (criterion.method === 'selector' && !hasNeighbours(criterion)) {
    return evaluate(namedSelector(criterion.value, context), context)
  }
  const matched = matchedBy(criterion, context)
  const selected = new Set(matched)
  const add = (ids: Iterable<NodeId>): void => {
    for (const id of ids) selected.add(id)
  }
  // The neighbours of a column are those of its lineage, which have been matched, and not all those of its node.
  if (criterion.method !== 'column') addNeighbours(criterion, matched, graph, add)
  // Here and not at the end: a test is excluded with any of its parents, as dbt does it.
  const mode = criterion.indirect ?? context.indirect
  if (mode === 'empty') return { direct: selected, indirect: new Set() }
  const direct = new Set(selected)
  const indirect = new Set<NodeId>()
  const parents = parentsThatCount(selected, mode, context)
  for (const id of selected) {
    for (const child of graph.children(id)) {
      const node = manifest.nodes.get(child)
      if (node === undefined || !isChecking(node)) continue
      if (mode === 'eager' || hasAllParents(child, parents, context)) direct.add(child)
      else indirect.add(child)
    }
  }
  return { direct, indirect }
}

function addNeighbours(
  criterion: Criterion,
  matched: readonly NodeId[],
  graph: Graph,
  add: (ids: Iterable<NodeId>) => void,
): void {
  const { childrensParents, parentsDepth, childrenDepth } = criterion
  if (childrensParents) add(reach(graph, reach(graph, matched, 'down'), 'up'))
  if (parentsDepth !== undefined) add(reach(graph, matched, 'up', parentsDepth))
  if (childrenDepth !== undefined) add(reach(graph, matched, 'down', childrenDepth))
}

function hasNeighbours(criterion: Criterion): boolean {
  const { childrensParents, parentsDepth, childrenDepth } = criterion
  return childrensParents || parentsDepth !== undefined || childrenDepth !== undefined
}

function matchedBy(criterion: Criterion, context: Context): readonly NodeId[] {
  const { manifest } = context
  if (criterion.method === 'selector') {
    return [...evaluate(namedSelector(criterion.value, context), context).direct]
  }
  if (criterion.method === 'column') return columnNodes(criterion, context)
  const matches = methodOf(criterion).matcher(criterion, context)
  const matched: NodeId[] = []
  for (const node of manifest.nodes.values()) if (matches(node)) matched.push(node.id)
  if (matched.length === 0) context.warnings.push(nothingMatched(criterion, manifest))
  return matched
}

function columnNodes(criterion: Criterion, { columns }: Context): readonly NodeId[] {
  const { value, text, parentsDepth, childrenDepth, childrensParents } = criterion
  const isLimited = (depth: number | undefined): boolean => Number.isFinite(depth)
  if (
    columns === undefined ||
    childrensParents ||
    isLimited(parentsDepth) ||
    isLimited(childrenDepth)
  ) {
    throw new GmError('GM3002', `"${text}" is not a way to use the method column`, {
      hint: 'Write column:<model>.<column> in --select or --exclude, with + before or behind it.',
    })
  }
  const directions = { up: parentsDepth !== undefined, down: childrenDepth !== undefined }
  return [...columns(value, directions)]
}

/** Parents that let a test come along: those selected, and for `buildable` also those above them and all sources. */
function parentsThatCount(
  selected: ReadonlySet<NodeId>,
  mode: IndirectSelection,
  { graph, manifest }: Context,
): ReadonlySet<NodeId> {
  if (mode !== 'buildable') return selected
  const above = reach(graph, selected, 'up')
  for (const node of manifest.nodes.values()) if (node.kind === 'source') above.add(node.id)
  return above
}

function hasAllParents(id: NodeId, parents: ReadonlySet<NodeId>, { manifest }: Context): boolean {
  const node = manifest.nodes.get(id)
  return (
    node !== undefined && isChecking(node) && node.dependsOn.every((parent) => parents.has(parent))
  )
}

function namedSelector(name: string, { selectors }: Context): Selector {
  const found = selectors.get(name)
  if (found !== undefined) return found
  throw new GmError('GM3002', `there is no selector "${name}"`, {
    hint:
      selectors.size === 0
        ? 'Selectors are defined in selectors.yml, beside project.yml; there are none.'
        : (didYouMean(name, selectors.keys()) ?? `There are ${[...selectors.keys()].join(', ')}.`),
  })
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
