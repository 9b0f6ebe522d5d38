import { padToWidth, widest } from '../../base/fit-width.ts'
import type { Manifest } from '../../manifest/node.ts'
import { describeChanges } from '../../materialize/compare-columns.ts'
import type { NodeDiff } from '../../operate/diff-node.ts'
import type { DiffReport } from '../../operate/diff-project.ts'
import {
  changedColumns,
  changeWords,
  columnWords,
  countsWords,
  diffHeadline,
  keyWords,
  rowWords,
} from './diff-words.ts'
import type { ErrorContext } from './error.ts'
import { renderGmError } from './error.ts'
import { plural } from './format.ts'
import { affectedName, affectedWords } from './plan-words.ts'

/** How the rows of changed nodes differ, table by table. */
export function diffText(report: DiffReport, manifest: Manifest, context: ErrorContext): string {
  const { style } = context
  const rows = [style.bold(diffHeadline(report))]
  for (const node of report.nodes) rows.push('', ...nodeRows(node, manifest, context))
  if (report.left.length > 0) rows.push('')
  for (const { id, reason } of report.left)
    rows.push(`  ${manifest.nodes.get(id)?.name ?? id} was not compared: ${reason}`)
  if (report.problems.length > 0) {
    rows.push('', style.red(`${plural(report.problems.length, 'node')} could not be built:`))
    for (const { error } of report.problems) rows.push('', renderGmError(error, context))
  }
  rows.push(
    '',
    report.kept === undefined
      ? 'What was published is as it was.'
      : `What was published is as it was. The new tables stay in schema ${report.kept}, which is yours to drop.`,
  )
  return `${rows.join('\n')}\n`
}

function nodeRows(node: NodeDiff, manifest: Manifest, { style }: ErrorContext): readonly string[] {
  const against = node.with === undefined || node.with === node.name ? '' : ` against ${node.with}`
  const title = `  ${style.bold(node.name)}${against}`
  const notes = node.notes.map((note) => `    ${style.dim(note)}`)
  if (node.rows === undefined) return [title, ...notes]
  const columns = changedColumns(node.rows)
  const width = widest(columns.map(({ name }) => name))
  const { added, removed, changed } = node.rows.samples
  return [
    `${title}  ${style.dim(keyWords(node))}`,
    `    ${countsWords(node.rows, node)}`,
    ...(node.shape === undefined ? [] : [`    ${style.yellow(describeChanges(node.shape))}`]),
    ...notes,
    ...columns.map((column) => `    ${padToWidth(column.name, width)}  ${columnWords(column)}`),
    ...added.map((row) => style.green(`    + ${rowWords(row, node.columns)}`)),
    ...removed.map((row) => style.red(`    - ${rowWords(row, node.columns)}`)),
    ...changed.map(({ before, after }) =>
      style.yellow(`    ~ ${changeWords(before, after, node)}`),
    ),
    ...node.affected.map(
      (one) => `    ${affectedName(one, manifest)} changes → ${affectedWords(one, manifest)}`,
    ),
  ]
}
