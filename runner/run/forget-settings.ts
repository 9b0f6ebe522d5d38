import type { Session } from '../engine/adapter.ts'
import type { Node } from '../manifest/node.ts'

/**
 * What a header, a hook or a statement of a node's has set on its connection is not for the node that comes next on it. Nothing is sent
 * for a node without such. The session gives up its locks with it.
 */
export async function forgetSettings(session: Session, node: Node | undefined): Promise<void> {
  if (node === undefined || !maySet(node)) return
  // Where the connection has gone, so have they.
  await session.reset().catch(() => undefined)
}

function maySet({ config }: Node): boolean {
  const { pre_hook, post_hook, sql_header, materialization } = config
  return [pre_hook, post_hook, sql_header, materialization].some((text) => text !== undefined)
}
