import type { Manifest, NodeId } from '../../manifest/node.ts'
import type { ColumnId } from '../../sql/column-lineage.ts'
import { shortName } from '../../sql/find-column.ts'
import type { ColumnStep, ColumnTrace } from '../../sql/trace-column.ts'

/**
 * A column's lineage as a tree in each direction:
 *
 *     fact_sales.total_amount
 *
 *     comes from
 *       copied      stg_transactions.total_amount
 *         computed  raw.transactions.payload
 */
export function traceScreen(
  column: ColumnId,
  manifest: Manifest,
  {
    upstream,
    downstream,
  }: { readonly upstream: ColumnTrace | undefined; readonly downstream: ColumnTrace | undefined },
): string {
  const name = (id: NodeId): string => {
    const node = manifest.nodes.get(id)
    return node === undefined ? id : shortName(node)
  }
  const label = (step: ColumnStep, { node, column: of }: End): string => {
    if (manifest.nodes.get(node)?.kind === 'test') return `${'test'.padEnd(10)}  ${name(node)}`
    const how = (step.via ?? step.kind).padEnd(10)
    return of === undefined ? `${how}  rows of ${name(node)}` : `${how}  ${name(node)}.${of}`
  }
  const parts = [`${name(column.node)}.${column.column}\n`]
  if (upstream !== undefined) {
    const lines = tree(
      upstream,
      (step) => step.to,
      (step) => step.from,
      label,
    )
    parts.push(section('comes from', lines, 'nothing: it is where the data begins', upstream, name))
  }
  if (downstream !== undefined) {
    const lines = tree(
      downstream,
      (step) => step.from,
      (step) => step.to,
      label,
    )
    parts.push(section('feeds', lines, 'nothing in this project', downstream, name))
  }
  return parts.join('\n')
}

type End = ColumnStep['to']

function section(
  title: string,
  lines: readonly string[],
  none: string,
  { uncertain }: ColumnTrace,
  name: (id: NodeId) => string,
): string {
  const shown = lines.length === 0 ? [`  ${none}`] : lines
  const doubt =
    uncertain.length === 0
      ? []
      : [`  not all is known of ${uncertain.map(name).join(', ')}; gm lineage says why`]
  return `${[title, ...shown, ...doubt].join('\n')}\n`
}

/** Values first, then what decides; a column that was shown is not opened a second time. */
function tree(
  { origin, steps }: ColumnTrace,
  near: (step: ColumnStep) => End,
  far: (step: ColumnStep) => End,
  label: (step: ColumnStep, end: End) => string,
): string[] {
  const key = ({ node, column }: End): string => `${node}\u0000${column ?? ''}`
  const byNear = new Map<string, ColumnStep[]>()
  for (const step of steps) {
    const at = key(near(step))
    byNear.set(at, [...(byNear.get(at) ?? []), step])
  }
  const shown = new Set<string>()
  const below = (at: End, depth: number): string[] => {
    if (shown.has(key(at))) return []
    shown.add(key(at))
    const own = byNear.get(key(at)) ?? []
    const rows = at.column === undefined ? [] : (byNear.get(key({ node: at.node })) ?? [])
    const isValue = ({ kind }: ColumnStep): boolean => kind !== 'condition'
    const all = [...own, ...rows]
    // What decides in several ways is told of once a way, and a test once.
    const lines = new Map(
      [...all.filter(isValue), ...all.filter((step) => !isValue(step))].map((step) => [
        `${'  '.repeat(depth)}${label(step, far(step))}`,
        step,
      ]),
    )
    return [...lines].flatMap(([line, step]) =>
      isValue(step) ? [line, ...below(far(step), depth + 1)] : [line],
    )
  }
  return below(origin, 1)
}
