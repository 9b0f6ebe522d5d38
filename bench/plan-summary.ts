/** A node of `explain (analyze, format json)`, as far as it is read here. */
export interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly Plans?: readonly PlanNode[]
}

/** What decides a query's time: how each table is read, with the rows that come out, then the other kinds of work, each once. */
export function summarizePlan(root: PlanNode): string {
  const nodes = flatten(root)
  const scans = nodes.filter((node) => node['Relation Name'] !== undefined).map(describeScan)
  const others = nodes
    .filter((node) => node['Relation Name'] === undefined)
    .map((node) => node['Node Type'])
    .filter((kind) => !['Hash', 'Result', 'Subquery Scan', 'CTE Scan'].includes(kind))
  return [...new Set([...scans, ...others])].join('; ')
}

function flatten(node: PlanNode): readonly PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)]
}

function describeScan(node: PlanNode): string {
  const by = node['Index Name'] === undefined ? '' : ` by ${node['Index Name']}`
  const rows = Math.round(node['Actual Rows'] * node['Actual Loops']).toLocaleString('en-US')
  return `${node['Node Type']} of ${node['Relation Name'] ?? ''}${by} (${rows})`
}
