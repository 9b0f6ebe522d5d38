import { GmError } from '../base/error.ts'
import { didYouMean } from '../base/nearest.ts'
import type { Manifest, Node } from '../manifest/node.ts'
import { isChecking } from '../manifest/node.ts'
import type { ColumnId, ColumnLineage } from './column-lineage.ts'

/**
 * The column that a text such as `fact_sales.total_amount` or `raw.transactions.payload` names: a node by name (a
 * source by source and table), with its package in front where several have it, and the column behind the last dot.
 *
 * @throws GmError GM3013 for a text without a dot, an unknown node, a name of several nodes, and an unknown column.
 */
export function findColumn(text: string, manifest: Manifest, lineage: ColumnLineage): ColumnId {
  const dot = text.lastIndexOf('.')
  if (dot <= 0 || dot === text.length - 1) {
    throw new GmError('GM3013', `"${text}" names no column`, {
      hint: 'Write <model>.<column>, or <source>.<table>.<column>.',
    })
  }
  const [name, column] = [text.slice(0, dot), text.slice(dot + 1)]
  const nodes = [...manifest.nodes.values()].filter((node) => !isChecking(node))
  const found = nodes.filter((node) => namesOf(node).includes(name))
  const [node, another] = found
  if (node === undefined) {
    throw new GmError('GM3013', `no node is named "${name}"`, {
      hint: didYouMean(name, nodes.map(shortName)),
    })
  }
  if (another !== undefined) {
    throw new GmError('GM3013', `several nodes are named "${name}"`, {
      hint: `Write ${found.map((one) => `${one.package}.${shortName(one)}`).join(' or ')}.`,
    })
  }
  const { columns = [], problems = [] } = lineage.nodes.get(node.id) ?? {}
  const exact = columns.find((one) => one.name === column)
  const match = exact ?? columns.find((one) => one.name.toLowerCase() === column.toLowerCase())
  if (match !== undefined) return { node: node.id, column: match.name }
  const [problem] = problems
  throw new GmError('GM3013', `"${name}" has no column "${column}" that gm knows of`, {
    at: problem?.at,
    hint:
      didYouMean(
        column,
        columns.map((one) => one.name),
      ) ??
      (problem === undefined
        ? `It has ${columns.map((one) => one.name).join(', ')}.`
        : `Not all of its columns are known: ${problem.message}.`),
  })
}

/** How people call a node: sources have two names. */
export function shortName(node: Node): string {
  return node.kind === 'source' ? `${node.sourceName}.${node.name}` : node.name
}

function namesOf(node: Node): readonly string[] {
  return [shortName(node), `${node.package}.${shortName(node)}`, node.id]
}
