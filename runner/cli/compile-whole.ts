import { compileInline, compileNode } from '../compile/compile-node.ts'
import type { Compiled, CompileState } from '../compile/compiled.ts'
import type { Node } from '../manifest/node.ts'
import { isBuilt } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { isMicrobatch } from '../plan/microbatch-work.ts'
import { wholeState } from '../state/whole-state.ts'
import type { OpenProject } from './open-project.ts'

/** What a template may do besides rendering: ask the database, say something; and of which span of time its inputs are. */
export type Talk = Pick<CompileState, 'runQuery' | 'say' | 'window'>

/** The SQL of a node for a full build; for a seed or source, whose rows are just there, a select of them. */
export function compileWhole(
  node: Node,
  opened: OpenProject,
  talk: Talk = {},
): Pick<Compiled, 'sql'> & Partial<Pick<Compiled, 'lines'>> {
  if (node.kind === 'seed' || node.kind === 'source') {
    return { sql: `select * from ${quoted(node.relation)}` }
  }
  if (node.kind === 'exposure') throw new Error(`${node.id} has no SQL`)
  const { manifest, project, templates } = opened
  const { window, ...rest } = talk
  // The flags are about the batches of microbatch models.
  const isCut = window !== undefined && isBuilt(node) && isMicrobatch(node)
  const state = { ...wholeState(opened.project.vars, rest), ...(isCut && { window }) }
  return compileNode(node, manifest, project, templates, state)
}

/** The SQL of a model or snapshot with the branches of `is_incremental()` taken, its inputs whole. */
export function compileUpdate(node: Node, opened: OpenProject): Compiled {
  if (node.kind === 'seed' || node.kind === 'source' || node.kind === 'exposure') {
    throw new Error(`${node.id} has no SQL`)
  }
  const { manifest, project, templates } = opened
  const state = { ...wholeState(opened.project.vars, {}), isIncremental: true }
  return compileNode(node, manifest, project, templates, state)
}

/** The SQL of a text that may use everything that a model may. */
export function compileText(sql: string, opened: OpenProject, talk: Talk = {}): Compiled {
  const { manifest, project, templates } = opened
  return compileInline(sql, manifest, project, templates, wholeState(opened.project.vars, talk))
}
