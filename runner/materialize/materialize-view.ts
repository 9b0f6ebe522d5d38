import { aroundUserSql } from '../engine/around-user-sql.ts'
import type { Statement } from '../engine/statement.ts'
import type { ModelNode } from '../manifest/node.ts'
import { identifier, quoted } from '../manifest/quoted.ts'
import { withOptions } from './dependent-views.ts'
import type { Materialize } from './materialize.ts'
import { attachAround, removeTarget, restoreAround, swapLocks } from './publish-table.ts'
import { recordBuild } from './record-build.ts'

const VIEW_LOCK_TIMEOUT_MS = 100

/**
 * A view is replaced in place, with the options that somebody has set on it, where its columns allow it, so that what reads it never notices. Where they do not
 * (a column renamed, dropped or of another type), or a table stands behind the name, it is dropped and made again in
 * one transaction together with the views that read it.
 */
export function materializeView(isReshaped: boolean): Materialize<ModelNode> {
  return (node, compiled, materials) => {
    const name = quoted(node.relation)
    const isInPlace =
      materials.target === undefined || (materials.target.type === 'view' && !isReshaped)
    const { options = [] } = materials.target ?? {}
    const head = `create ${isInPlace ? 'or replace ' : ''}view ${name}${withOptions(options)} as\n`
    const create = aroundUserSql(compiled, { purpose: 'create view', head })
    return {
      transactions: [
        {
          name: 'publish',
          isolation: 'read committed',
          locks: isInPlace ? [] : swapLocks(node.relation, materials),
          lockTimeoutMs: VIEW_LOCK_TIMEOUT_MS,
          statements: [
            ...(isInPlace ? [] : removeTarget(materials)),
            create,
            ...(isInPlace ? [] : restoreAround(name, materials)),
            ...(isInPlace ? [] : attachAround(materials)),
            recordBuild(node, compiled, materials, 'create view', true),
          ],
        },
      ],
    }
  }
}

/** `create schema if not exists`, sent once a run before the first step. */
export function createSchema(schema: string): Statement {
  return { purpose: 'create schema', sql: `create schema if not exists ${identifier(schema)}` }
}
