import type { Manifest } from '../manifest/node.ts'
import type { Project } from '../project/project.ts'
import type { MacroResult, Templates } from '../template/create-templates.ts'
import { compileScope, nothingUsed } from './compile-scope.ts'
import type { CompileState } from './compiled.ts'

/**
 * Calls a macro by itself, with everything that a model's template may use. What it does to the database it does
 * through `state.runQuery`.
 * @throws GmError GM2005 no such macro, and those of its body, at their places.
 */
export function callOperation(
  macro: string,
  args: Readonly<Record<string, unknown>>,
  project: Project,
  manifest: Manifest,
  templates: Templates,
  state: CompileState,
): MacroResult {
  const used = nothingUsed()
  const scope = compileScope({ manifest, project, templates, state }, undefined, used)
  return templates.callMacro(macro, [], args, scope)
}
