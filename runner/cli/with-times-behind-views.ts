import { hash } from 'node:crypto'
import { GmError } from '../base/error.ts'
import { compileNode } from '../compile/compile-node.ts'
import { followedTable, isLookedThrough } from '../manifest/followed-tables.ts'
import type { Manifest, ModelNode, Node, NodeId } from '../manifest/node.ts'
import { isReadable } from '../manifest/node.ts'
import type { MicrobatchNode } from '../plan/microbatch-work.ts'
import { isLogged, isMicrobatch } from '../plan/microbatch-work.ts'
import { columnBehind } from '../sql/column-behind.ts'
import type { ParseSql } from '../sql/parse-sql.ts'
import { isSyntaxError } from '../sql/parse-sql.ts'
import { wholeState } from '../state/whole-state.ts'
import { cachedText } from './cached-text.ts'
import type { GlobalFlags } from './flags.ts'
import type { Io } from './io.ts'
import type { OpenProject } from './open-project.ts'
import { warn } from './warn.ts'

/** A view that a microbatch model reads in part, with the table behind it. */
interface ReadThrough {
  readonly reader: MicrobatchNode
  readonly view: ModelNode
  readonly table: Node
}

/**
 * The project with what the SQL of views tells of their event_time, where microbatch models read them: the column of the table
 * behind. Warns where nothing tells, and the model is to be run. What was found is remembered, so that PostgreSQL's parser
 * is loaded only for what has changed.
 */
export async function withTimesBehindViews(
  opened: OpenProject,
  selected: ReadonlySet<NodeId>,
  flags: GlobalFlags,
  io: Io,
): Promise<OpenProject> {
  const { manifest, project } = opened
  // Also those that are not to be run: what they follow must not depend on the selection.
  const through = [...manifest.nodes.values()].flatMap((node) => readThrough(node, manifest))
  if (through.length === 0) return opened
  const store = cachedText(project.root, 'times-behind.json')
  const known = knownColumns(store.read())
  const used = new Map<string, string | null>()
  let parse: ParseSql | undefined
  const behind = async (sql: string, column: string): Promise<string | undefined> => {
    const key = hash('sha256', JSON.stringify([RULES, sql, column]))
    let found = known.get(key)
    if (found === undefined) {
      if (parse === undefined) {
        const { loadSqlParser } = await import('../sql/parse-sql.ts')
        parse = await loadSqlParser()
      }
      const parsed = parse(sql)
      found = isSyntaxError(parsed) ? null : (columnBehind(parsed, column) ?? null)
    }
    used.set(key, found)
    return found ?? undefined
  }
  const nodes = new Map(manifest.nodes)
  const warnings: GmError[] = []
  for (const { reader, view, table } of through) {
    const timeBehind = await timeInTable(view, opened, behind)
    if (timeBehind !== undefined) nodes.set(view.id, { ...view, timeBehind })
    else if (selected.has(reader.id) && isLogged(table) && table.config.event_time === undefined)
      warnings.push(missed(reader, view, table))
  }
  if ([...used.keys()].some((key) => !known.has(key)))
    store.write(JSON.stringify([...new Map([...known, ...used])].slice(-REMEMBERED)))
  warn(warnings, project.root, flags, io)
  const told = { ...manifest, nodes }
  // What is compiled does not depend on it.
  const { asRead } = opened
  return { ...opened, manifest: told, ...(asRead && { asRead: { ...asRead, manifest: told } }) }
}

function readThrough(node: Node, manifest: Manifest): readonly ReadThrough[] {
  if (node.kind !== 'model' || !isMicrobatch(node)) return []
  return node.dependsOn.flatMap((id) => {
    const view = manifest.nodes.get(id)
    const table = manifest.nodes.get(followedTable(manifest, id))
    const isView = view?.kind === 'model' && isLookedThrough(view)
    if (!isView || view.config.event_time === undefined) return []
    return table === undefined || !isReadable(table) || isLookedThrough(table)
      ? []
      : [{ reader: node, view, table }]
  })
}

/** From view to view; an ephemeral one stands in the SQL of the view that reads it. */
async function timeInTable(
  view: ModelNode,
  { manifest, project, templates }: OpenProject,
  behind: (sql: string, column: string) => Promise<string | undefined>,
): Promise<string | undefined> {
  let column = view.config.event_time
  for (let node: Node | undefined = view; node !== undefined && isLookedThrough(node); ) {
    if (column === undefined || node.kind !== 'model') return undefined
    let sql: string
    try {
      sql = compileNode(node, manifest, project, templates, wholeState(project.vars, {})).sql
    } catch (error) {
      // Compiling for the run says what is wrong, if it is: a template may ask a database.
      if (error instanceof GmError) return undefined
      throw error
    }
    column = await behind(sql, column)
    do node = manifest.nodes.get(node.dependsOn[0] ?? node.id)
    while (node?.kind === 'model' && node.config.materialized === 'ephemeral')
  }
  return column
}

function missed(reader: MicrobatchNode, view: ModelNode, table: Node): GmError {
  return new GmError(
    'GM3016',
    `rows of ${table.name} that are deleted or get another time stay in ${reader.name}: nothing tells which of its batches they were in`,
    {
      at: view.at,
      hint: `${view.name} computes its event_time, or makes one row of several. Give ${table.name} an event_time: the column by which its rows belong to the same batches.`,
    },
  )
}

/** Counted up with every change of what is found: what was found by other rules is looked for again. */
const RULES = 2

/** More than any project has views. */
const REMEMBERED = 20_000

function knownColumns(text: string | undefined): ReadonlyMap<string, string | null> {
  try {
    const entries: unknown = JSON.parse(text ?? '[]')
    return new Map(Array.isArray(entries) ? (entries as [string, string | null][]) : [])
  } catch {
    // A file that was cut short is as good as none.
    return new Map()
  }
}
