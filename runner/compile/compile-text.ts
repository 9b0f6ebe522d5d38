import { GmError } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import type { Manifest, Node } from '../manifest/node.ts'
import type { Project } from '../project/project.ts'
import type { Templates } from '../template/create-templates.ts'
import type { Scope } from '../template/template.ts'
import { compileScope, nothingUsed } from './compile-scope.ts'
import type { CompileState } from './compiled.ts'

/** A text of the configuration that is a template: a hook. */
export interface ConfigText {
  readonly text: string
  readonly at: Location
  /** Whose configuration it is; undefined for the project's, which may name every node. */
  readonly node: Node | undefined
  /** More that the text can name, such as `results`. */
  readonly values?: Scope['values']
}

/**
 * Renders a text of the configuration; an empty result means that there is nothing to send.
 * @throws GmError of the template, at the place of the node or the project file: where the text stands in it is not known.
 */
export function compileText(
  { text, at, node, values }: ConfigText,
  manifest: Manifest,
  project: Project,
  templates: Templates,
  state: CompileState,
): string {
  if (!text.includes('{')) return text.trim()
  const used = nothingUsed()
  const scope = compileScope({ manifest, project, templates, state }, node, used)
  const whole = { ...scope, values: { ...scope.values, ...values } }
  try {
    return templates.render({ file: at.file, text }, whole, { lineMap: false }).text.trim()
  } catch (error) {
    if (!(error instanceof GmError)) throw error
    const { code, message, hint, cause } = error
    throw new GmError(code, `${message} (in a hook)`, { at, hint, cause })
  }
}
