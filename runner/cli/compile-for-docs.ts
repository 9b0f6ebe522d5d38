import { gmErrorsOf } from '../base/error.ts'
import { formatLocation } from '../base/location.ts'
import type { Node, NodeId } from '../manifest/node.ts'
import { compileWhole } from './compile-whole.ts'
import type { OpenProject } from './open-project.ts'

/**
 * Compiled SQL for pages: a node that does not compile gets a note instead and stops nobody.
 * @param known what is compiled already: it is taken as it is
 */
export function compileForDocs(
  opened: OpenProject,
  known: ReadonlyMap<NodeId, string> = new Map(),
): (node: Node) => { readonly sql?: string; readonly note?: string } {
  const { project } = opened
  // Pages name the environment's variables and show none of their values.
  const byName = [...project.env.keys()].map((name) => [name, `{{ env_var('${name}') }}`] as const)
  const shown: OpenProject = { ...opened, project: { ...project, env: new Map(byName) } }
  const compile = (node: Node, from: OpenProject): { sql?: string; note?: string } => {
    try {
      return { sql: compileWhole(node, from).sql }
    } catch (thrown) {
      const [error] = gmErrorsOf(thrown) ?? []
      if (error === undefined) throw thrown
      const at = error.at === undefined ? '' : `${formatLocation(error.at)}: `
      return { note: `Not compiled. ${at}${error.message}` }
    }
  }
  return (node) => {
    if (!('rawCode' in node)) return {}
    const before = known.get(node.id)
    const real = before === undefined ? compile(node, opened) : { sql: before }
    if (byName.length === 0 || real.sql === undefined) return real
    const masked = compile(node, shown)
    if (masked.sql === real.sql) return real
    return { ...masked, note: 'Values of environment variables are shown by their names.' }
  }
}
