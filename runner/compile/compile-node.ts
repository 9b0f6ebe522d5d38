import { hash } from 'node:crypto'
import { followedTable, isLookedThrough } from '../manifest/followed-tables.ts'
import type { Contract, Manifest, Node, NodeId, UnitTestNode } from '../manifest/node.ts'
import { isReadable, nodeId } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import type { Project } from '../project/project.ts'
import type { Templates } from '../template/create-templates.ts'
import type { TemplatedNode } from './assemble.ts'
import { assemble, compileStatement } from './assemble.ts'
import { changesOf } from './changes-of.ts'
import type { CompileContext } from './compile-scope.ts'
import { queryOver } from './compile-scope.ts'
import { compileUnitTest } from './compile-unit-test.ts'
import type { Arrival, BatchContext, Compiled, CompileState } from './compiled.ts'
import { underContract } from './under-contract.ts'

export type CompilableNode = TemplatedNode | UnitTestNode

/**
 * A node's SQL. Asks no database but through `state.runQuery`; the same arguments give the same result.
 * @throws GmError GM1005, GM1006, GM2003–GM2005, GM2008, GM3003–GM3008 at the place in the template or macro; GM3009 for
 *   SQL without a statement and for changes() where nothing keeps a mark.
 */
export function compileNode(
  node: CompilableNode,
  manifest: Manifest,
  project: Project,
  templates: Templates,
  state: CompileState,
): Compiled {
  const context = { manifest, project, templates, state }
  if (node.kind === 'unit_test') return compileUnitTest(context, node)
  const statement = compileStatement(context, node)
  const full =
    statement.isForThisRun || state.batch !== undefined
      ? compileStatement({ ...context, state: fullBuild(state) }, node)
      : statement
  const contract = node.kind === 'model' ? node.contract : undefined
  return {
    id: node.id,
    sql: statement.rendered.text,
    lines: statement.rendered.lines,
    ...(contract !== undefined &&
      state.isUnderContract === true &&
      underContract(statement.rendered, contract)),
    inputs: statement.inputs,
    recomputed: statement.recomputed,
    ...(state.batch !== undefined && { arrivals: arrivalsOf(context, node, statement.windowed) }),
    fingerprint:
      state.isPart === true
        ? `${LIMITED}${fingerprintOf(statement.rendered.text, node)}`
        : fingerprintOf(full.rendered.text, node),
  }
}

/** What is new in the inputs that are read in part. One behind which no single table stands has nothing that tells. */
function arrivalsOf(
  { manifest, state, ...context }: CompileContext,
  node: CompilableNode,
  windowed: ReadonlyMap<NodeId, string>,
): readonly Arrival[] {
  return [...windowed].map(([input, column]) => {
    const table = followedTable(manifest, input)
    const behind = manifest.nodes.get(table)
    const isTable = behind !== undefined && !isLookedThrough(behind)
    const sql = isTable
      ? changesOf(input, {
          manifest,
          state,
          columnsOf: undefined,
          isUnchecked: true,
          at: node.at,
          follow: () => undefined,
          queryOver: (view, name) =>
            queryOver({ ...context, manifest, state: whole(state) }, view, name),
        })
      : ''
    return { input, table, column, sql }
  })
}

/** Without the window and the batch of the model that reads it. */
function whole({ window: _window, batch: _batch, ...state }: CompileState): CompileState {
  return state
}

/**
 * SQL that belongs to no node, such as that of `gm show --inline`; it may read every node.
 * @throws GmError as compileNode; places are in the file `inline`.
 */
export function compileInline(
  sql: string,
  manifest: Manifest,
  project: Project,
  templates: Templates,
  state: CompileState,
): Compiled {
  const context = { manifest, project, templates, state }
  const file = { file: 'inline', text: sql }
  const { rendered, inputs } = assemble(context, undefined, file)
  return {
    id: nodeId('test', project.name, 'inline'),
    sql: rendered.text,
    lines: rendered.lines,
    inputs,
    recomputed: [],
    fingerprint: hash('sha256', rendered.text),
  }
}

const LIMITED = 'limited '

/** Whether a fingerprint is that of a relation that was built from a part of its inputs. */
export function isLimited(fingerprint: string): boolean {
  return fingerprint.startsWith(LIMITED)
}

function fingerprintOf(text: string, node: Node): string {
  return hash('sha256', JSON.stringify([text, decisive(node)]))
}

/** Code is the same whatever the batch; templates that name their batch must find one. */
const SOME_BATCH: BatchContext = { id: '20000101', start: new Date(0), end: new Date(1) }

/** The state in which a node is built from nothing. */
function fullBuild({
  window: _window,
  isEmpty: _isEmpty,
  batch,
  ...state
}: CompileState): CompileState {
  return {
    ...state,
    ...(batch !== undefined && { batch: SOME_BATCH }),
    isIncremental: false,
    changes: (_input, relation, columnsOf) =>
      `(changes of ${columnsOf ?? 'rows'} ${quoted(relation)})`,
    changedKeys: (_input, relation, columns, columnsOf) =>
      `(changed keys ${columns.join(', ')} of ${columnsOf ?? 'rows'} ${quoted(relation)})`,
  }
}

const DESCRIPTIVE: ReadonlySet<string> = new Set([
  'enabled',
  'tags',
  'meta',
  'docs',
  'access',
  'group',
  'timeout',
])

/** Without the places. */
function promised({ columns, constraints }: Contract): unknown {
  return [
    columns.map(({ name, type }) => [name, type]),
    constraints.map(({ at: _at, ...constraint }) => constraint),
  ]
}

/** Of a materialized view these are compared with what the database has. */
const OF_THE_CATALOG: ReadonlySet<string> = new Set(['indexes', 'on_configuration_change'])

/**
 * The configuration that decides what is built: a change of it makes a relation out of date, as its SQL does. What only
 * describes the node is left out rather than the rest listed, so that a new key is not forgotten.
 */
function decisive(node: Node): unknown {
  const isMaterializedView = node.config.materialized === 'materialized_view'
  return [
    node.kind,
    isReadable(node) ? node.relation : undefined,
    Object.entries(node.config)
      .filter(([key]) => !DESCRIPTIVE.has(key) && !(isMaterializedView && OF_THE_CATALOG.has(key)))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
    // Where descriptions are written into the database, they are part of what is built.
    ...(node.kind === 'model' && node.contract !== undefined ? [promised(node.contract)] : []),
    ...(node.config.persist_docs === undefined ? [] : [node.description, [...node.columns]]),
    ...(node.inheritedDescriptions === undefined ? [] : [[...node.inheritedDescriptions]]),
  ]
}
