import type { SelectFlags } from './flags.ts'
import type { OpenProject } from './open-project.ts'

/** The project with its column lineage, where the selection asks for columns; nobody else waits for that. */
export async function withColumns(
  opened: OpenProject,
  { select, exclude }: Pick<SelectFlags, 'select' | 'exclude'>,
): Promise<OpenProject> {
  if (![...select, ...exclude].some((text) => text.includes('column:'))) return opened
  const { projectLineage } = await import('./project-lineage.ts')
  const { findColumn } = await import('../sql/find-column.ts')
  const { nodesOfTrace, traceDownstream, traceUpstream } = await import('../sql/trace-column.ts')
  const lineage = await projectLineage(opened)
  return {
    ...opened,
    columns: (text, { up, down }) => {
      const column = findColumn(text, opened.manifest, lineage)
      return new Set([
        column.node,
        ...(up ? nodesOfTrace(traceUpstream(lineage, column)) : []),
        ...(down ? nodesOfTrace(traceDownstream(lineage, column)) : []),
      ])
    },
  }
}
