import { countCodePoints } from '../base/code-points.ts'
import type { Location } from '../base/location.ts'
import type { Node, NodeId } from '../manifest/node.ts'
import type { ColumnId, ColumnLineage } from '../sql/column-lineage.ts'
import { shortName } from '../sql/find-column.ts'
import type { ParseSql } from '../sql/parse-sql.ts'
import { relationName } from '../sql/scope.ts'
import type { StatementNames } from '../sql/statement-names.ts'
import { newName } from './new-name.ts'
import type { NodeVariant } from './node-names.ts'
import { lineageCatalog, nodeVariants } from './node-names.ts'
import { locationAt, offsetAt } from './places.ts'
import type { ProjectView } from './project-view.ts'
import { lastName, readName, selectItem, writtenAt } from './sql-places.ts'
import { templateChanges } from './template-names.ts'
import type { TextChange } from './yaml-names.ts'
import { yamlChanges } from './yaml-names.ts'

/** What stands in the way of a rename. */
export interface Obstacle {
  readonly message: string
  readonly at?: Location
}

/** The changes that rename a column, by file in ascending order, or all that stands in the way. */
export type ColumnRename =
  | {
      readonly changes: ReadonlyMap<string, readonly TextChange[]>
      /** The columns that have the new name afterwards: the one that was asked for, and those that are it by `*`. */
      readonly renamed: readonly ColumnId[]
      readonly to: string
    }
  | { readonly obstacles: readonly Obstacle[] }

/**
 * Renames a column where it is made, described and used. A model that reads it takes the new name and keeps its own
 * names, by `as` where it must; what takes it by `*` gets the new name, and so on from there. Nothing is guessed: a place
 * that cannot be changed for sure stands among the obstacles. `checkRename` proves the result.
 */
export function renameColumn(
  column: ColumnId,
  typed: string,
  view: ProjectView,
  lineage: ColumnLineage,
  parse: ParseSql,
  readText: (file: string) => string | undefined,
): ColumnRename {
  const named = newName(typed, parse)
  if ('problem' in named) return { obstacles: [{ message: named.problem }] }
  const why = whyNot(column, view, lineage)
  if (why !== undefined) return { obstacles: [why] }

  const catalog = lineageCatalog(view, lineage)
  const known = new Map<NodeId, ReturnType<typeof nodeVariants>>()
  const variantsOf = (node: Node): ReturnType<typeof nodeVariants> => {
    const found = known.get(node.id) ?? nodeVariants(node, view, catalog, parse)
    known.set(node.id, found)
    return found
  }
  const change: Changing = { obstacles: [], changes: new Map(), readText }
  const obstacle = (message: string, at?: Location): void => {
    change.obstacles.push({ message, ...(at !== undefined && { at }) })
  }

  // First which columns get the new name, then what that means for each text.
  const nodes = [...view.manifest.nodes.values()]
  const renamed = new Map<NodeId, Node>()
  const touched = new Map<Node, Set<string>>()
  const queue = [...nodes.filter(({ id }) => id === column.node)]
  for (const node of queue) {
    renamed.set(node.id, node)
    if (lineage.nodes.get(node.id)?.columns.some(({ name }) => name === named.name) === true) {
      obstacle(`${shortName(node)} already has a column "${named.name}"`, node.at)
    }
    const uses = relationName(node.id, column.column)
    for (const reader of nodes.filter(
      (one) => one.id === node.id || one.dependsOn.includes(node.id),
    )) {
      if (!('rawCode' in reader)) continue
      touched.set(reader, (touched.get(reader) ?? new Set()).add(uses))
      const variants = variantsOf(reader)
      const problem = problemOf(variants, reader, lineage)
      if (problem !== undefined) obstacle(`${shortName(reader)}: ${problem}`, reader.at)
      if ('problem' in variants || reader.kind === 'test' || renamed.has(reader.id)) continue
      const carries = variants.some(({ names }) => names.outputs.some((one) => one.named === uses))
      if (carries && !queue.includes(reader)) {
        const reason = whyNot({ node: reader.id, column: column.column }, view, lineage)
        if (reason === undefined) queue.push(reader)
        else obstacle(reason.message, reason.at)
      }
    }
  }
  const own = renamed.get(column.node)
  for (const [node, names] of touched) {
    const variants = variantsOf(node)
    if ('problem' in variants || (node.kind === 'test' && node.generic !== undefined)) continue
    for (const variant of variants) {
      const made = node === own ? makerOf(variant, column.column) : undefined
      if (node === own && made === undefined) {
        obstacle(
          `"${column.column}" gets its name from what ${shortName(node)} reads, not in its own SQL`,
          node.at,
        )
        continue
      }
      renameIn(node, variant, made, names, column.column, named.sql, change)
    }
    const text = readText(node.at.file)
    if (text === undefined) continue
    const isCarrier = nodes.some((one) => one.at.file === node.at.file && renamed.has(one.id))
    const all = nodes.flatMap((one) => {
      const found = one.at.file === node.at.file && 'rawCode' in one ? variantsOf(one) : []
      return 'problem' in found ? [] : found
    })
    const found = templateChanges(text, node.at.file, all, column.column, named.name, isCarrier)
    for (const one of found.changes) add(change, node.at.file, one)
    for (const { offset, message } of found.unclear) {
      obstacle(message, locationAt(node.at.file, text, offset))
    }
  }
  renameInYaml(nodes, renamed, column.column, named.name, change)

  if (change.obstacles.length > 0) return { obstacles: distinct(change.obstacles) }
  const changes = new Map(
    [...change.changes].map(([file, all]) => [file, all.sort((a, b) => a.start - b.start)]),
  )
  const columns = [...renamed.keys()].map((node) => ({ node, column: column.column }))
  return { changes, renamed: columns, to: named.name }
}

interface Changing {
  readonly obstacles: Obstacle[]
  readonly changes: Map<string, TextChange[]>
  readonly readText: (file: string) => string | undefined
}

/** Why a column cannot get another name at all. */
export function whyNot(
  { node: id, column }: ColumnId,
  { manifest }: ProjectView,
  lineage: ColumnLineage,
): Obstacle | undefined {
  const node = manifest.nodes.get(id)
  if (node === undefined) return { message: 'no such node' }
  const { at } = node
  if (node.kind !== 'model' && node.kind !== 'snapshot') {
    const message = `${shortName(node)} is a ${node.kind}: its columns are named outside of the project's SQL`
    return { message, at }
  }
  if (node.package !== manifest.project) {
    return { message: `${shortName(node)} belongs to the package ${node.package}`, at }
  }
  if (node.kind === 'model' && node.version !== undefined) {
    return { message: `${shortName(node)} has versions; give a new version the new name`, at }
  }
  if (lineage.nodes.get(id)?.columns.some(({ name }) => name === column) !== true) {
    return { message: `${shortName(node)} has no column "${column}"`, at }
  }
  return undefined
}

function problemOf(
  variants: ReturnType<typeof nodeVariants>,
  node: Node,
  lineage: ColumnLineage,
): string | undefined {
  if ('problem' in variants) return variants.problem
  const [known] = lineage.nodes.get(node.id)?.problems ?? []
  return (known ?? variants.flatMap(({ names }) => names.problems)[0])?.message
}

/** Who gives an output its name; undefined where that stands in no select list of the node's own. */
function makerOf({ names }: NodeVariant, column: string): string | undefined {
  const named = names.outputs.find(({ name }) => name === column)?.named
  return names.givers.some((giver) => giver.named === named) ? named : undefined
}

/** The changes of one text: the giver of the name, where it is in it, and every use. */
function renameIn(
  node: Node,
  variant: NodeVariant,
  made: string | undefined,
  columns: ReadonlySet<string>,
  column: string,
  sql: string,
  change: Changing,
): void {
  const { file } = node.at
  const put = (start: number, end: number, text: string): void => {
    // An insertion stands behind what is before it: the place of that is known.
    const isInsertion = start === end
    const at = writtenAt(variant, { start: isInsertion ? start - 1 : start, end }, file)
    const whole = change.readText(file)
    if (at === undefined || whole === undefined) {
      const near = variant.lines?.locate(countCodePoints(variant.sql.slice(0, start)))
      const message = `${shortName(node)} has the name from a macro or an expression of the template`
      change.obstacles.push({ message, ...(near !== undefined && { at: near }) })
      return
    }
    const from = offsetAt(whole, at) + (isInsertion ? 1 : 0)
    add(change, file, { start: from, end: from + end - start, text })
  }
  const used: number[] = []
  for (const { named, offset } of variant.names.uses) {
    if (named !== made && !columns.has(named)) continue
    const place = offset === undefined ? undefined : lastName(variant.sql, offset)
    if (place === undefined || readName(variant.sql.slice(place.start, place.end)) !== column) {
      const message = `${shortName(node)} uses the column without its name: in "using", a natural join, or as part of a whole row`
      change.obstacles.push({ message, at: node.at })
      continue
    }
    used.push(place.start)
    put(place.start, place.end, sql)
  }
  for (const { named, name, offset, by } of variant.names.givers) {
    if (name !== column) continue
    const { item, last } = selectItem(variant.sql, offset)
    if (named === made) {
      if (by === 'alias') put(last.start, last.end, sql)
      // A reference that gets the new name itself brings it along.
      else if (by !== 'reference' || !used.some((at) => at >= item.start && at < item.end)) {
        put(item.end, item.end, ` as ${sql}`)
      }
    } else if (
      by === 'reference' &&
      isSeen(variant.names, named) &&
      used.some((at) => at >= item.start && at < item.end)
    ) {
      put(item.end, item.end, ` as ${column}`)
    }
  }
}

/** Whether anybody goes by the name of an item of a select list; in an `exists (…)`, say, nobody does. */
function isSeen({ uses, outputs }: StatementNames, named: string): boolean {
  return [...uses, ...outputs].some((one) => one.named === named)
}

/** The properties files that describe what is renamed, or whose tests compare with it. */
function renameInYaml(
  nodes: readonly Node[],
  renamed: ReadonlyMap<NodeId, Node>,
  column: string,
  to: string,
  change: Changing,
): void {
  const files = new Set<string>()
  for (const node of nodes) {
    if (renamed.has(node.id) && node.describedIn !== undefined) files.add(node.describedIn)
    const isTest = node.kind === 'test' && node.generic !== undefined
    if (isTest && node.dependsOn.some((id) => renamed.has(id))) files.add(node.at.file)
  }
  for (const file of files) {
    const text = change.readText(file)
    if (text === undefined) continue
    const described = [...renamed.values()].filter((node) => node.describedIn === file)
    const { changes, unclear } = yamlChanges(
      text,
      column,
      to,
      (entry) => described.some(({ name }) => name === entry),
      (target) =>
        [...renamed.values()].some(
          ({ name }) => /['"]([^'"]+)['"]\s*\)/.exec(target)?.[1] === name,
        ),
    )
    for (const one of changes) add(change, file, one)
    for (const offset of unclear) {
      const at = locationAt(file, text, offset)
      change.obstacles.push({ message: `a text of the properties speaks of "${column}"`, at })
    }
  }
}

function add({ changes }: Changing, file: string, one: TextChange): void {
  const all = changes.get(file) ?? []
  const isThere = all.some(
    ({ start, end, text }) => start === one.start && end === one.end && text === one.text,
  )
  if (!isThere) changes.set(file, [...all, one])
}

function distinct(obstacles: readonly Obstacle[]): readonly Obstacle[] {
  return [...new Map(obstacles.map((one) => [JSON.stringify(one), one])).values()]
}
