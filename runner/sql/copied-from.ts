import type { ColumnId, ColumnLineage } from './column-lineage.ts'

/**
 * The columns that a column is a plain copy of, step by step, the nearest first. Ends where values come from several
 * columns or through any expression: what holds for them there need not hold any more.
 */
export function* copiedFrom(column: ColumnId, lineage: ColumnLineage): Generator<ColumnId> {
  const seen = new Set<string>()
  for (let at = column; ; ) {
    const key = `${at.node}\u0000${at.column}`
    if (seen.has(key)) return
    seen.add(key)
    const inputs = lineage.nodes
      .get(at.node)
      ?.columns.find(({ name }) => name === at.column)?.inputs
    const [input, another] = inputs ?? []
    if (input?.kind !== 'copied' || another !== undefined) return
    at = { node: input.node, column: input.column }
    yield at
  }
}
