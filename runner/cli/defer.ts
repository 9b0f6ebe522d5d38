import { GmError } from '../base/error.ts'
import type { RelationState } from '../engine/adapter.ts'
import type { BuiltNode, Node, NodeId, Relation } from '../manifest/node.ts'
import { isBuilt } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { earlierState } from './earlier-state.ts'
import type { SelectFlags } from './flags.ts'
import type { Io } from './io.ts'
import type { OpenProject } from './open-project.ts'

/**
 * With `--defer`, the project with the tables of an earlier state in place of nodes that are not selected: of those
 * that are not built here, with `--favor-state` of all of them. Without it, the project as it is.
 *
 * @param describe tells which relations exist; asked only without `--favor-state`.
 * @throws GmError GM1010 without a state, GM3011 a state without a manifest, GM3012 one in another database.
 */
export async function deferred(
  opened: OpenProject,
  selected: ReadonlySet<NodeId>,
  flags: Omit<SelectFlags, 'job'>,
  io: Io,
  describe: (relations: readonly Relation[]) => Promise<ReadonlyMap<string, RelationState>>,
): Promise<OpenProject> {
  if (!flags.defer) return opened
  const folder = flags.deferState ?? flags.state
  if (folder === undefined) {
    throw new GmError('GM1010', '--defer needs a state to defer to', {
      hint: 'Pass --state with the folder of an earlier manifest.json.',
    })
  }
  const state = earlierState(folder, opened, io)
  const { manifest, project } = opened
  const others = [...manifest.nodes.values()].filter(
    (node): node is BuiltNode => isBuilt(node) && !selected.has(node.id),
  )
  const existing = flags.favorState
    ? new Map<string, RelationState>()
    : await describe(others.map((node) => node.relation))
  const nodes = new Map<NodeId, Node>(manifest.nodes)
  for (const node of others) {
    if (existing.has(quoted(node.relation))) continue
    const then = state.relationOf(node.id)
    if (then === undefined) continue
    const { database, ...relation } = then
    if (database !== null && database !== project.target.database) {
      throw new GmError(
        'GM3012',
        `${node.name} of the earlier state is in the database ${database}, and PostgreSQL reads one database at a time`,
        { at: node.at, hint: `This target is in ${project.target.database}.` },
      )
    }
    nodes.set(node.id, { ...node, relation })
  }
  return { ...opened, manifest: { ...manifest, nodes } }
}
