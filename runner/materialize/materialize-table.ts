import type { Compiled } from '../compile/compiled.ts'
import { aroundUserSql } from '../engine/around-user-sql.ts'
import type { Statement } from '../engine/statement.ts'
import type { ModelNode } from '../manifest/node.ts'
import { constraintsOf, notNullOf } from './contract-statements.ts'
import type { Materialize } from './materialize.ts'
import { buildAndPublish } from './publish-table.ts'
import { recordBuild } from './record-build.ts'

/** A table is built whole on every run and swapped in. Its consumers rebuild with it, so its rows need no tracking. */
export const materializeTable: Materialize<ModelNode> = (node, compiled, materials) => ({
  transactions: buildAndPublish({
    node,
    materials,
    fill: (hidden) => [createTableAs(compiled, hidden)],
    indexes: node.config.indexes,
    notNull: notNullOf(node),
    constraints: constraintsOf(node),
    tracking: [],
    marks: [],
    record: recordBuild(node, compiled, materials, 'build table', true),
  }),
})

export function createTableAs(compiled: Compiled, hiddenQuoted: string): Statement {
  const head = `create table ${hiddenQuoted} as\n`
  return aroundUserSql(compiled, { purpose: 'build', head, counts: 'inserted' })
}
