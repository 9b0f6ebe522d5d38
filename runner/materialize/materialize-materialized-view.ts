import { GmError } from '../base/error.ts'
import type { RelationState } from '../engine/adapter.ts'
import { aroundUserSql } from '../engine/around-user-sql.ts'
import type { Statement } from '../engine/statement.ts'
import type { IndexConfig, ModelNode } from '../manifest/node.ts'
import { identifier, quoted } from '../manifest/quoted.ts'
import { guardTarget } from './guard-target.ts'
import type { Materialize, Materials } from './materialize.ts'
import { buildAndPublish, createIndex, nameOfIndex } from './publish-table.ts'
import { recordBuild } from './record-build.ts'

/** Built out of sight and swapped in, as a table is: readers of the old one are never kept waiting for the new. */
export const buildMaterializedView: Materialize<ModelNode> = (node, compiled, materials) => ({
  transactions: buildAndPublish({
    node,
    materials,
    kind: 'materialized view',
    fill: (hidden) => [
      aroundUserSql(compiled, {
        purpose: 'build',
        head: `create materialized view ${hidden} as\n`,
        counts: 'inserted',
      }),
    ],
    indexes: node.config.indexes,
    notNull: [],
    tracking: [],
    marks: [],
    record: recordBuild(node, compiled, materials, 'build materialized view', true),
  }),
})

/**
 * Brings one up to date whose query is as it was. With a unique index the server does so beside its readers and writes
 * only what differs; without, it is built anew, because a plain refresh locks everybody out.
 */
export const refreshMaterializedView: Materialize<ModelNode> = (node, compiled, materials) => {
  const name = quoted(node.relation)
  return {
    transactions: [
      {
        name: 'write',
        isolation: 'read committed',
        locks: materials.lockable.map((relation) => ({ relation, mode: 'access share' })),
        statements: [
          guardTarget(name, materials),
          ...(materials.target === undefined ? [] : changeIndexes(node, materials.target)),
          { purpose: 'refresh', sql: `refresh materialized view concurrently ${name}` },
          recordBuild(node, compiled, materials, 'refresh materialized view', false),
        ],
      },
    ],
  }
}

/** Whether a refresh can go on beside readers. */
export function canRefresh(node: ModelNode, { target }: Pick<Materials, 'target'>): boolean {
  const hasWanted = node.config.indexes.some((index) => index.unique === true)
  return hasWanted && target?.indexes.some(({ unique }) => unique) === true
}

/**
 * Whether the indexes of the configuration are others than there are, and are to be made.
 * @throws GmError GM3009 with on_configuration_change: fail.
 */
export function changesIndexes(node: ModelNode, target: RelationState): boolean {
  const { missing, extra } = indexChanges(node, target)
  if (missing.length === 0 && extra.length === 0) return false
  if (node.config.on_configuration_change === 'fail') {
    throw new GmError('GM3009', `the indexes of the materialized view "${node.name}" changed`, {
      at: node.at,
      hint: 'on_configuration_change: fail stops here. Set it to apply for one run, or rebuild with --full-refresh.',
    })
  }
  return node.config.on_configuration_change !== 'continue'
}

function indexChanges(
  node: ModelNode,
  target: RelationState,
): { readonly missing: readonly IndexConfig[]; readonly extra: readonly string[] } {
  const table = node.relation.identifier
  const wanted = new Set(node.config.indexes.map((index) => nameOfIndex(table, index)))
  const present = new Set(target.indexes.map(({ name }) => name))
  return {
    missing: node.config.indexes.filter((index) => !present.has(nameOfIndex(table, index))),
    extra: target.indexes
      .filter((index) => index.isGms && !wanted.has(index.name))
      .map(({ name }) => name),
  }
}

function changeIndexes(node: ModelNode, target: RelationState): readonly Statement[] {
  if (!changesIndexes(node, target)) return []
  const { missing, extra } = indexChanges(node, target)
  const { schema, identifier: table } = node.relation
  return [
    // First what is missing: a concurrent refresh needs a unique index at all times.
    ...missing.flatMap((index) => createIndex(node.relation, nameOfIndex(table, index), index)),
    ...extra.map((index) => ({
      purpose: 'drop index',
      sql: `drop index ${identifier(schema)}.${identifier(index)}`,
    })),
  ]
}
