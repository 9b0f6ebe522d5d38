import type { NodeId } from '../manifest/node.ts'
import type { OpenProject } from './open-project.ts'

/**
 * The project with the descriptions that columns inherit, where a node to be run has them written into the database
 * (`persist_docs` and `docs: {inherit_columns: true}`); nobody else waits for lineage.
 */
export async function withInheritedDescriptions(
  opened: OpenProject,
  selected: ReadonlySet<NodeId>,
): Promise<OpenProject> {
  const { inheritsComments, inheritDescriptions } = await import('../sql/inherit-descriptions.ts')
  const asks = [...selected].some((id) => {
    const node = opened.manifest.nodes.get(id)
    return node !== undefined && inheritsComments(node)
  })
  if (!asks) return opened
  const { projectLineage } = await import('./project-lineage.ts')
  // No column of a test is described.
  const order = opened.order.filter((id) => opened.manifest.nodes.get(id)?.kind !== 'test')
  const lineage = await projectLineage({ ...opened, order })
  const manifest = inheritDescriptions(opened.manifest, lineage)
  if (manifest === opened.manifest) return opened
  const { asRead } = opened
  if (asRead === undefined) return { ...opened, manifest }
  // The same files give the same descriptions, and to what is compiled another fingerprint than without them.
  const fingerprint = `${asRead.fingerprint} with inherited descriptions`
  return { ...opened, manifest, asRead: { ...asRead, manifest, fingerprint } }
}
