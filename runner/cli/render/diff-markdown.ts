import type { Manifest } from '../../manifest/node.ts'
import { describeChanges } from '../../materialize/compare-columns.ts'
import type { NodeDiff } from '../../operate/diff-node.ts'
import { isDifferent } from '../../operate/diff-node.ts'
import type { DiffReport } from '../../operate/diff-project.ts'
import type { RowsDiff } from '../../operate/diff-tables.ts'
import {
  changedColumns,
  changeWords,
  columnWords,
  countsWords,
  diffHeadline,
  keyWords,
  rowWords,
} from './diff-words.ts'
import { code, escapeMarkdown, fenced, tableRow } from './markdown.ts'
import { affectedName, affectedWords } from './plan-words.ts'

/** The differences for a pull request: a table of counts, then what differs, folded. */
export function diffMarkdown(report: DiffReport, manifest: Manifest): string {
  const rows = ['### gm plan --diff', '', diffHeadline(report)]
  if (report.nodes.length > 0) {
    rows.push(
      '',
      '| table | matched | before | after | added | removed | changed |',
      '|---|---|--:|--:|--:|--:|--:|',
      ...report.nodes.map(countsRow),
    )
  }
  for (const node of report.nodes) {
    if (node.rows !== undefined && isDifferent(node))
      rows.push('', ...details(node, node.rows, manifest))
    else
      rows.push(
        ...node.notes.flatMap((note) => ['', `${code(node.name)}: ${escapeMarkdown(note)}`]),
      )
  }
  for (const { id, reason } of report.left) {
    const name = manifest.nodes.get(id)?.name ?? id
    rows.push('', `${code(name)} was not compared: ${escapeMarkdown(reason)}.`)
  }
  if (report.problems.length > 0) {
    rows.push('', '**Could not be built**', '')
    rows.push(...report.problems.map(({ error }) => `- ${escapeMarkdown(String(error))}`))
  }
  return `${rows.join('\n')}\n`
}

function countsRow(node: NodeDiff): string {
  const { rows, key } = node
  if (rows === undefined) return tableRow([code(node.name), 'new', '', '', '', '', ''])
  const { rowsBefore, rowsAfter, added, removed, changed } = rows
  const counts = [rowsBefore, rowsAfter, added, removed].map(String)
  return tableRow([
    code(node.name),
    keyWords(node),
    ...counts,
    key === undefined ? '' : String(changed),
  ])
}

function details(node: NodeDiff, rows: RowsDiff, manifest: Manifest): readonly string[] {
  const { added, removed, changed } = rows.samples
  const samples = [
    ...added.map((row) => `+ ${rowWords(row, node.columns)}`),
    ...removed.map((row) => `- ${rowWords(row, node.columns)}`),
    ...changed.map(({ before, after }) => `! ${changeWords(before, after, node)}`),
  ]
  return [
    `<details><summary>${escapeMarkdown(`${node.name}: ${countsWords(rows, node)}`)}</summary>`,
    '',
    ...(node.shape === undefined ? [] : [`- ${escapeMarkdown(describeChanges(node.shape))}`]),
    ...node.notes.map((note) => `- ${escapeMarkdown(note)}`),
    ...changedColumns(rows).map((column) => `- ${code(column.name)}: ${columnWords(column)}`),
    ...node.affected.map(
      (one) =>
        `- ${code(affectedName(one, manifest))} changes → ${escapeMarkdown(affectedWords(one, manifest))}`,
    ),
    ...(samples.length === 0 ? [] : ['', ...fenced('diff', samples.join('\n'))]),
    '',
    '</details>',
  ]
}
