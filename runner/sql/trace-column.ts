import type { NodeId } from '../manifest/node.ts'
import type { ColumnId, ColumnInput, ColumnLineage } from './column-lineage.ts'

/** One step between two columns, or from a column to the rows of a node. */
export interface ColumnStep extends Pick<ColumnInput, 'kind' | 'via' | 'offset'> {
  readonly from: ColumnId
  /** Without `column` it is about which rows the node has, and so about all of its columns. */
  readonly to: { readonly node: NodeId; readonly column?: string }
}

export interface ColumnTrace {
  readonly origin: ColumnId
  /** Nearest first; each step once. */
  readonly steps: readonly ColumnStep[]
  /** Nodes that may belong to it as well: what they do with a column that was reached could not be resolved. */
  readonly uncertain: readonly NodeId[]
}

/** Where a column's values come from, back to sources and seeds, with the conditions on the way. */
export function traceUpstream(lineage: ColumnLineage, origin: ColumnId): ColumnTrace {
  const steps: ColumnStep[] = []
  const uncertain = new Set<NodeId>()
  const rowsOf = new Set<NodeId>()
  walk(origin, (at) => {
    const node = lineage.nodes.get(at.node)
    if (node === undefined) return []
    if (node.problems.length > 0) uncertain.add(at.node)
    const inputs = node.columns.find(({ name }) => name === at.column)?.inputs ?? []
    const own = inputs.map((input) => stepOf(input, at))
    // The rows of a node are told of once, however many of its columns lie on the way.
    const rows = rowsOf.has(at.node)
      ? []
      : node.conditions.map((input) => stepOf(input, { node: at.node }))
    rowsOf.add(at.node)
    steps.push(...own, ...rows)
    return own.filter(({ kind }) => kind !== 'condition').map(({ from }) => from)
  })
  return { origin, steps, uncertain: [...uncertain] }
}

/**
 * What a column feeds: columns that are copied or computed from it, at any distance, and what it or one of those
 * decides. A decision ends the way: whatever is made of a row depends on its being there.
 */
export function traceDownstream(lineage: ColumnLineage, origin: ColumnId): ColumnTrace {
  const uses = usesOf(lineage)
  const steps: ColumnStep[] = []
  const reached = new Set<NodeId>()
  walk(origin, (at) => {
    reached.add(at.node)
    const own = uses.get(keyOf(at)) ?? []
    steps.push(...own)
    return own.flatMap(({ to: { node, column }, kind }) =>
      kind === 'condition' || column === undefined ? [] : [{ node, column }],
    )
  })
  const uncertain = [...lineage.nodes].filter(
    ([, node]) => node.problems.length > 0 && (node.reads ?? []).some((id) => reached.has(id)),
  )
  return { origin, steps, uncertain: uncertain.map(([id]) => id) }
}

/** The nodes of a trace, its origin's first. */
export function nodesOfTrace({ origin, steps, uncertain }: ColumnTrace): ReadonlySet<NodeId> {
  return new Set([
    origin.node,
    ...steps.flatMap(({ from, to }) => [from.node, to.node]),
    ...uncertain,
  ])
}

function stepOf(
  { node, column, kind, via, offset }: ColumnInput,
  to: ColumnStep['to'],
): ColumnStep {
  return {
    from: { node, column },
    to,
    kind,
    ...(via !== undefined && { via }),
    ...(offset !== undefined && { offset }),
  }
}

/** Steps by the column that they start from. */
function usesOf(lineage: ColumnLineage): ReadonlyMap<string, readonly ColumnStep[]> {
  const uses = new Map<string, ColumnStep[]>()
  const add = (step: ColumnStep): void => {
    const key = keyOf(step.from)
    const known = uses.get(key)
    if (known === undefined) uses.set(key, [step])
    else known.push(step)
  }
  for (const [node, { columns, conditions }] of lineage.nodes) {
    for (const { name, inputs } of columns) {
      for (const input of inputs) add(stepOf(input, { node, column: name }))
    }
    for (const input of conditions) add(stepOf(input, { node }))
  }
  return uses
}

/** Visits columns breadth first, each once. */
function walk(origin: ColumnId, next: (at: ColumnId) => readonly ColumnId[]): void {
  const seen = new Set([keyOf(origin)])
  let front: readonly ColumnId[] = [origin]
  while (front.length > 0) {
    front = front.flatMap(next).filter((column) => {
      const key = keyOf(column)
      if (seen.has(key)) return false
      seen.add(key)
      return true
    })
  }
}

function keyOf({ node, column }: ColumnId): string {
  return `${node}\u0000${column}`
}
