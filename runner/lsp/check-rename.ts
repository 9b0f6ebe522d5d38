import { gmErrorsOf } from '../base/error.ts'
import type { Manifest, Node, NodeId } from '../manifest/node.ts'
import type { ColumnId, ColumnInput, ColumnLineage, NodeLineage } from '../sql/column-lineage.ts'
import { shortName } from '../sql/find-column.ts'
import type { ParseSql } from '../sql/parse-sql.ts'
import { lineageCatalog, nodeVariants } from './node-names.ts'
import type { ProjectOpener, ProjectView } from './project-view.ts'
import type { ColumnRename, Obstacle } from './rename-column.ts'
import type { TextChange } from './yaml-names.ts'

type Renaming = Extract<ColumnRename, { readonly changes: unknown }>

/**
 * Proves a rename by reading the project as it would be: the same nodes, every column fed by the same ones but for the
 * new name, no new problem, and the same strings in the SQL. Gives all that is not so.
 */
export async function checkRename(
  rename: Renaming,
  before: { readonly view: ProjectView; readonly lineage: ColumnLineage },
  opener: ProjectOpener,
  texts: ReadonlyMap<string, string>,
  readText: (file: string) => string | undefined,
  parse: ParseSql,
): Promise<readonly Obstacle[]> {
  const changed = new Map(texts)
  for (const [file, changes] of rename.changes) {
    changed.set(file, applyChanges(readText(file) ?? '', changes))
  }
  let view: ProjectView
  try {
    view = opener.open(changed)
  } catch (thrown) {
    const errors = gmErrorsOf(thrown)
    if (errors === undefined) throw thrown
    return errors.map(({ message, at }) => ({ message, ...(at !== undefined && { at }) }))
  }
  const lineage = await view.lineage()
  const pairs = counterparts(before.view.manifest, view.manifest)
  if (pairs === undefined) return [{ message: 'afterwards the project would have other nodes' }]
  const ids = new Map(pairs.map(([old, now]) => [old.id, now.id]))
  const gotten = new Set(rename.renamed.map(keyOf))
  const catalogs = [
    lineageCatalog(before.view, before.lineage),
    lineageCatalog(view, lineage),
  ] as const
  const isNear = (node: Node): boolean =>
    rename.renamed.some((one) => one.node === node.id || node.dependsOn.includes(one.node))
  return pairs.flatMap(([old, now]): Obstacle[] => {
    const was = before.lineage.nodes.get(old.id)
    const is = lineage.nodes.get(now.id)
    const wanted = was === undefined ? '' : summary(was, old.id, gotten, rename.to, ids)
    const found = is === undefined ? '' : summary(is, now.id, new Set(), rename.to, new Map())
    if (wanted !== found) {
      const [problem] = is?.problems ?? []
      const why = problem?.message ?? 'its columns would come from others than before'
      return [{ message: `${shortName(old)}: ${why}`, at: old.at }]
    }
    if (!('rawCode' in old) || !('rawCode' in now) || !isNear(old)) return []
    const [first, second] = [
      nodeVariants(old, before.view, catalogs[0], parse),
      nodeVariants(now, view, catalogs[1], parse),
    ]
    if ('problem' in second)
      return [{ message: `${shortName(old)}: ${second.problem}`, at: old.at }]
    if ('problem' in first) return []
    const problem = second.flatMap(({ names }) => names.problems)[0]
    if (problem !== undefined)
      return [{ message: `${shortName(old)}: ${problem.message}`, at: old.at }]
    const strings = (all: typeof first): string =>
      all.map(({ sql }) => (sql.match(/'(?:[^']|'')*'/g) ?? []).join()).join('\n')
    return strings(first) === strings(second)
      ? []
      : [{ message: `${shortName(old)}: a string in its SQL would be another`, at: old.at }]
  })
}

/** A text with changes in ascending order that do not overlap. */
export function applyChanges(text: string, changes: readonly TextChange[]): string {
  let at = 0
  let result = ''
  for (const { start, end, text: now } of changes) {
    result += text.slice(at, start) + now
    at = end
  }
  return result + text.slice(at)
}

/** The nodes of two states of a project. A test of a column has the column in its own name: those meet by their places. */
function counterparts(
  old: Manifest,
  now: Manifest,
): readonly (readonly [Node, Node])[] | undefined {
  const [left, right] = [old, now].map((manifest) =>
    [...manifest.nodes.values()].sort((a, b) => order(a).localeCompare(order(b))),
  )
  if (left === undefined || right === undefined || left.length !== right.length) return undefined
  const pairs = left.flatMap((node, i) => {
    const other = right[i]
    return other === undefined || other.kind !== node.kind ? [] : [[node, other] as const]
  })
  const isSame = pairs.every(([a, b]) => a.id === b.id || (a.kind === 'test' && b.kind === 'test'))
  return isSame && pairs.length === left.length ? pairs : undefined
}

function order(node: Node): string {
  if (node.kind !== 'test' || node.generic === undefined) return node.id
  const { file, line, column } = node.at
  return [
    `~${file}`,
    String(line).padStart(9, '0'),
    node.generic.name,
    String(column).padStart(9, '0'),
  ].join(' ')
}

/** What counts of a node's lineage: all but the places. */
function summary(
  { columns, conditions, isComplete, problems }: NodeLineage,
  node: NodeId,
  gotten: ReadonlySet<string>,
  to: string,
  ids: ReadonlyMap<NodeId, NodeId>,
): string {
  const nameOf = (one: ColumnId): string => (gotten.has(keyOf(one)) ? to : one.column)
  const input = (one: ColumnInput): readonly unknown[] => [
    ids.get(one.node) ?? one.node,
    nameOf(one),
    one.kind,
    one.via,
  ]
  return JSON.stringify([
    columns.map(({ name, type, inputs }) => [
      nameOf({ node, column: name }),
      type,
      inputs.map(input),
    ]),
    conditions.map(input),
    isComplete,
    problems.length,
  ])
}

function keyOf({ node, column }: ColumnId): string {
  return `${node}\u0000${column}`
}
