import { hash } from 'node:crypto'
import { GmError } from '../base/error.ts'
import { followedTable, isLookedThrough } from '../manifest/followed-tables.ts'
import type {
  AnalysisNode,
  Manifest,
  ModelNode,
  Node,
  NodeId,
  SnapshotNode,
  TestNode,
} from '../manifest/node.ts'
import { isReadable, nodeId } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { snapshotBlocks } from '../parse/snapshot-blocks.ts'
import type { Project } from '../project/project.ts'
import type { Templates } from '../template/create-templates.ts'
import type { Rendered, TemplateFile } from '../template/template.ts'
import { changesOf } from './changes-of.ts'
import type { CompileContext, Used } from './compile-scope.ts'
import {
  compileScope,
  cteName,
  isEphemeral,
  nothingUsed,
  queryOver,
  relationOf,
} from './compile-scope.ts'
import type {
  Arrival,
  BatchContext,
  Compiled,
  CompiledInput,
  CompileState,
  Recomputed,
} from './compiled.ts'
import type { Cte } from './prepend-ctes.ts'
import { prependCtes } from './prepend-ctes.ts'
import { renderGenericTest } from './render-generic-test.ts'
import { trimStatement } from './trim-statement.ts'

export type CompilableNode = ModelNode | SnapshotNode | TestNode | AnalysisNode

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
  const statement = compileStatement(context, node)
  const full =
    statement.isForThisRun || state.batch !== undefined
      ? compileStatement({ ...context, state: fullBuild(state) }, node)
      : statement
  return {
    id: node.id,
    sql: statement.rendered.text,
    lines: statement.rendered.lines,
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
  const { rendered, inputs } = assemble(context, undefined, file, new Map())
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

interface Statement {
  readonly rendered: Rendered
  readonly inputs: readonly CompiledInput[]
  readonly recomputed: readonly Recomputed[]
  readonly isForThisRun: boolean
  readonly windowed: ReadonlyMap<NodeId, string>
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

function compileStatement(context: CompileContext, node: CompilableNode): Statement {
  return assemble(context, node, templateOf(node), new Map())
}

/** The template of a node: its file, or its block of the file. */
function templateOf(node: CompilableNode): TemplateFile {
  const file = { file: node.at.file, text: node.rawCode, package: node.package }
  if (node.kind !== 'snapshot') return file
  const block = snapshotBlocks(node.rawCode).find(({ name }) => name === node.name)
  return block === undefined ? file : { ...file, span: block.span }
}

/**
 * Renders a template and puts the ephemeral nodes that it reads in front of it, theirs before them.
 * @param ctes CTEs of the whole statement so far, by node, in the order in which they must stand; added to.
 */
function assemble(
  context: CompileContext,
  node: CompilableNode | undefined,
  file: TemplateFile,
  ctes: Map<NodeId, Cte>,
): Statement {
  const used = nothingUsed()
  const statement = renderTrimmed(context, node, file, used)
  const inputs = new Map<NodeId, CompiledInput>()
  addInputs(context, used, ctes, inputs)
  return {
    rendered: prependCtes([...ctes.values()], statement),
    inputs: [...inputs.values()].sort((a, b) => (quoted(a.relation) < quoted(b.relation) ? -1 : 1)),
    recomputed: used.recomputed,
    isForThisRun: used.isForThisRun,
    windowed: used.windowed,
  }
}

function addInputs(
  context: CompileContext,
  used: Used,
  ctes: Map<NodeId, Cte>,
  inputs: Map<NodeId, CompiledInput>,
): void {
  for (const [id, { viaChanges }] of used.inputs) {
    const input = context.manifest.nodes.get(id)
    if (input?.kind !== 'model' || !isEphemeral(input)) {
      const before = inputs.get(id)?.viaChanges === true
      inputs.set(id, {
        id,
        relation: relationOf(context.manifest, id),
        viaChanges: viaChanges || before,
      })
    } else if (!ctes.has(id)) {
      const inner = nothingUsed()
      const sql = renderTrimmed(context, input, templateOf(input), inner)
      addInputs(context, inner, ctes, inputs)
      ctes.set(id, { name: cteName(input), sql })
    }
  }
}

function renderTrimmed(
  context: CompileContext,
  node: CompilableNode | undefined,
  file: TemplateFile,
  used: Used,
): Rendered {
  const scope = compileScope(context, node, used)
  const rendered =
    node?.kind === 'test' && node.generic !== undefined
      ? renderGenericTest(context, { ...node, generic: node.generic }, scope)
      : context.templates.render(file, scope)
  const statement = trimStatement(rendered)
  if (statement.text !== '') return statement
  throw new GmError('GM3009', `${node === undefined ? 'the query' : `"${node.name}"`} has no SQL`, {
    at: node?.at ?? { file: file.file, line: 1, column: 1 },
    hint: 'A template must render to one select statement; this one gives only blanks and comments.',
  })
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
    ...(node.config.persist_docs === undefined ? [] : [node.description, [...node.columns]]),
  ]
}
