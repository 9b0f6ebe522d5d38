import { GmError } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import { didYouMean } from '../base/nearest.ts'
import type { Group, ModelNode, Node, NodeId } from '../manifest/node.ts'

/**
 * Who may refer to whom: a private model is for nodes of its group, a protected one of a package that restricts access for
 * that package. Tests of a model may always read it.
 * @param restricted packages with `restrict-access: true`.
 * @returns GM2012 for each ref that is not allowed, GM2007 for nodes of a group that does not exist.
 */
export function checkAccess(
  nodes: ReadonlyMap<NodeId, Node>,
  groups: ReadonlyMap<string, Group>,
  restricted: ReadonlySet<string>,
): GmError[] {
  const errors: GmError[] = []
  for (const node of nodes.values()) {
    errors.push(...checkGroup(node, groups))
    for (const id of node.dependsOn) {
      const input = nodes.get(id)
      if (input?.kind !== 'model') continue
      const why = refusal(node, input, restricted)
      if (why === undefined) continue
      errors.push(
        new GmError('GM2012', `"${node.name}" may not refer to "${input.name}", ${why}`, {
          at: placeOf(node, input),
          hint: `Read a public model in its place, or widen the access of ${input.name}.`,
        }),
      )
    }
  }
  return errors
}

function refusal(
  node: Node,
  input: ModelNode,
  restricted: ReadonlySet<string>,
): string | undefined {
  if (node.kind === 'unit_test') return undefined
  if (node.kind === 'test' && node.generic?.on === input.id) return undefined
  const { access = 'protected', group } = input.config
  if (access === 'private' && (group === undefined || group !== node.config.group)) {
    // Singular tests and analyses have no group of their own; dbt refuses them too.
    return group === undefined
      ? 'which is private and has no group'
      : `which is private to the group "${group}"`
  }
  const isForeign = input.package !== node.package && restricted.has(input.package)
  return access === 'protected' && isForeign
    ? `which is protected in the package "${input.package}"`
    : undefined
}

function checkGroup(node: Node, groups: ReadonlyMap<string, Group>): GmError[] {
  const { group } = node.config
  if (group === undefined || groups.has(group)) return []
  return [
    new GmError('GM2007', `there is no group "${group}"`, {
      at: node.at,
      hint:
        didYouMean(group, groups.keys()) ??
        'Write it under groups: in a properties file, with its owner.',
    }),
  ]
}

function placeOf(node: Node, input: Node): Location {
  if (!('refs' in node)) return node.at
  const call = node.refs.find((ref) => ref.name === input.name)
  return call?.at ?? node.at
}
