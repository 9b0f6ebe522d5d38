import { countCodePoints } from '../base/code-points.ts'
import type { NodeId } from '../manifest/node.ts'
import type { Statement } from './statement.ts'

interface UserSql {
  readonly purpose: string
  /** What gm writes before the node's SQL, and after it. */
  readonly head: string
  readonly tail?: string
  readonly counts?: NonNullable<Statement['counts']>
}

/** A statement that wraps a node's compiled SQL and remembers where it stands, so that errors find the way back. */
export function aroundUserSql(
  compiled: { readonly id: NodeId; readonly sql: string },
  wrap: UserSql,
): Statement {
  return {
    purpose: wrap.purpose,
    sql: `${wrap.head}${compiled.sql}${wrap.tail ?? ''}`,
    user: { node: compiled.id, offset: countCodePoints(wrap.head) },
    ...(wrap.counts === undefined ? {} : { counts: wrap.counts }),
  }
}
