import type { Manifest, Node } from '../manifest/node.ts'
import type { ColumnLineage } from '../sql/column-lineage.ts'
import { shortName } from '../sql/find-column.ts'
import { inheritedDescription } from '../sql/inherited-description.ts'
import { traceUpstream } from '../sql/trace-column.ts'

const MOST_LINES = 60

/** A node for reading, in Markdown: description, columns, and the SQL as the database gets it. */
export function describeNode(
  node: Node,
  manifest: Manifest,
  lineage: ColumnLineage,
  sql: string | undefined,
): string {
  const parts = [`**${shortName(node)}** · ${node.kind}`]
  if (node.description !== '') parts.push(node.description)
  const columns = lineage.nodes.get(node.id)?.columns ?? []
  if (columns.length > 0) {
    const rows = columns.map(
      ({ name, type = '' }) =>
        `| ${cell(name)} | ${cell(type)} | ${cell(descriptionOf(node, name, manifest, lineage))} |`,
    )
    parts.push(['| column | type | |', '|---|---|---|', ...rows].join('\n'))
  }
  if (sql !== undefined) {
    const lines = sql.split('\n')
    const shown = lines.slice(0, MOST_LINES)
    if (lines.length > MOST_LINES) shown.push(`-- … ${lines.length - MOST_LINES} more lines`)
    parts.push(`\`\`\`sql\n${shown.join('\n')}\n\`\`\``)
  }
  return parts.join('\n\n')
}

/** A column for reading: its description, else that of the column it is copied from, and where it comes from. */
export function describeColumn(
  node: Node,
  column: string,
  manifest: Manifest,
  lineage: ColumnLineage,
): string | undefined {
  const found = lineage.nodes.get(node.id)?.columns.find(({ name }) => name === column)
  if (found === undefined) return undefined
  const parts = [
    `**${shortName(node)}.${column}**${found.type === undefined ? '' : ` · ${found.type}`}`,
  ]
  const description = descriptionOf(node, column, manifest, lineage)
  if (description !== '') parts.push(description)
  const origins = traceUpstream(lineage, { node: node.id, column }).steps.filter(
    ({ kind, from }) =>
      kind !== 'condition' && (lineage.nodes.get(from.node)?.reads ?? []).length === 0,
  )
  if (origins.length > 0) {
    const names = origins.map(({ from }) => {
      const of = manifest.nodes.get(from.node)
      return `\`${of === undefined ? from.node : shortName(of)}.${from.column}\``
    })
    parts.push(`From ${[...new Set(names)].join(', ')}.`)
  }
  return parts.join('\n\n')
}

/** The column's own description, else that of the column of which it is a plain copy, with its name. */
function descriptionOf(
  node: Node,
  column: string,
  manifest: Manifest,
  lineage: ColumnLineage,
): string {
  const own = node.columns.get(column)?.description.trim() ?? ''
  if (own !== '') return own
  const inherited = inheritedDescription({ node: node.id, column }, manifest, lineage)
  if (inherited === undefined) return ''
  const { from, info } = inherited
  const of = manifest.nodes.get(from.node)
  const name = `${of === undefined ? from.node : shortName(of)}.${from.column}`
  return `${info.description.trim()} (described at \`${name}\`)`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
