import type { Relation } from '../manifest/node.ts'
import type { DependentView, RelationState } from './adapter.ts'
import type { TableLock } from './statement.ts'

interface Lockable {
  readonly relation: Relation
  readonly type: RelationState['type'] | DependentView['type']
}

/** Locks for what is about to be replaced. Materialized views are locked by the server when they are dropped or renamed. */
export function exclusiveLocks(relations: readonly Lockable[]): readonly TableLock[] {
  return relations
    .filter(({ type }) => type !== 'materialized view')
    .map(({ relation, type }) => ({
      relation,
      mode: 'access exclusive',
      ...(type === 'view' && { isView: true }),
    }))
}
