import { GmError } from '../base/error.ts'
import type { AnalysisNode, ModelNode, NodeId, SnapshotNode, TestNode } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { snapshotBlocks } from '../parse/snapshot-blocks.ts'
import type { Rendered, TemplateFile } from '../template/template.ts'
import type { CompileContext, Used } from './compile-scope.ts'
import {
  compileScope,
  cteName,
  givenName,
  isEphemeral,
  nothingUsed,
  relationOf,
} from './compile-scope.ts'
import type { CompiledInput, Recomputed } from './compiled.ts'
import type { Cte } from './prepend-ctes.ts'
import { prependCtes } from './prepend-ctes.ts'
import { renderGenericTest } from './render-generic-test.ts'
import { trimStatement } from './trim-statement.ts'

/** What has a template of its own. */
export type TemplatedNode = ModelNode | SnapshotNode | TestNode | AnalysisNode

/** A rendered query with what it reads. */
export interface Statement {
  readonly rendered: Rendered
  readonly inputs: readonly CompiledInput[]
  readonly recomputed: readonly Recomputed[]
  readonly isForThisRun: boolean
  readonly windowed: ReadonlyMap<NodeId, string>
}

/** A node's query, with the ephemeral nodes that it reads in front of it. */
export function compileStatement(context: CompileContext, node: TemplatedNode): Statement {
  return assemble(context, node, templateOf(node))
}

/** The template of a node: its file, or its block of the file. */
function templateOf(node: TemplatedNode): TemplateFile {
  const file = { file: node.at.file, text: node.rawCode, package: node.package }
  if (node.kind !== 'snapshot') return file
  const block = snapshotBlocks(node.rawCode).find(({ name }) => name === node.name)
  return block === undefined ? file : { ...file, span: block.span }
}

/**
 * Renders a template and puts the ephemeral nodes that it reads, and rows that are given for others, in front of it, theirs
 * before them.
 */
export function assemble(
  context: CompileContext,
  node: TemplatedNode | undefined,
  file: TemplateFile,
): Statement {
  const ctes = new Map<NodeId, Cte>()
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
    const given = context.fixtures?.get(id)
    const input = context.manifest.nodes.get(id)
    if (given !== undefined && input !== undefined) {
      ctes.set(id, { name: givenName(input), sql: given })
    } else if (input?.kind !== 'model' || !isEphemeral(input)) {
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
  node: TemplatedNode | undefined,
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
