import { gmErrorsOf } from '../base/error.ts'
import type { Node, NodeConfig } from '../manifest/node.ts'
import { macroId } from '../manifest/node.ts'
import type { Macro, Templates } from '../template/create-templates.ts'
import { BUILT_IN_MACROS } from './built-in-macros.ts'
import { namesRead } from './names-read.ts'

/** The macros that a node's hooks reach, and the variables that they and these read. Nothing where it has no hooks. */
export function hookUses(
  { pre_hook = [], post_hook = [] }: NodeConfig,
  owner: string,
  templates: Templates,
): Pick<Node, 'inHooks'> {
  if (pre_hook.length + post_hook.length === 0) return {}
  const text = [...pre_hook, ...post_hook].map(({ sql }) => sql).join('\n')
  const macros = reached(text, owner, templates).filter(
    (macro) => !Object.hasOwn(BUILT_IN_MACROS, macro.package),
  )
  return {
    inHooks: {
      macros: macros.map((macro) => macroId(macro.package, macro.name)).sort(),
      reads: namesRead([text, ...macros.map((macro) => macro.text)].join('\n')),
    },
  }
}

/** A hook that is no template at all is an error of the run that reaches it, with its place; here it mentions nothing. */
function reached(text: string, owner: string, templates: Templates): readonly Macro[] {
  try {
    return templates.macrosUsedBy({ file: `hooks ${text}`, text, package: owner })
  } catch (thrown) {
    if (gmErrorsOf(thrown) === undefined) throw thrown
    return []
  }
}
