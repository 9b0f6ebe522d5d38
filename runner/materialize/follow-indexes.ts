import type { IndexState, RelationState } from '../engine/adapter.ts'
import type { Statement, Transaction } from '../engine/statement.ts'
import type { Relation } from '../manifest/node.ts'
import { identifier, quoted } from '../manifest/quoted.ts'
import { XID_COLUMN } from '../state/marks.ts'
import { guardTarget } from './guard-target.ts'
import type { Materials } from './materialize.ts'
import type { WantedIndex } from './publish-table.ts'
import { createIndex, nameOfIndex, SWAP_LOCK_TIMEOUT_MS, xidIndex } from './publish-table.ts'

/** What a table that keeps its rows needs so that its indexes are those that are wanted now. */
export interface IndexChanges {
  /** A transaction of its own, as it shuts out readers; and first, as a unique index that is wanted no more may refuse rows. */
  readonly before: readonly Transaction[]
  /** Part of the transaction that writes. */
  readonly create: readonly Statement[]
}

/**
 * Indexes that the configuration has gained since the table was built or that somebody dropped are made. Those that gm made
 * and that are wanted no more are dropped; an index that somebody made by hand is left alone.
 */
export function followIndexes(
  relation: Relation,
  target: RelationState,
  configured: readonly WantedIndex[],
  materials: Materials,
): IndexChanges {
  const wanted = [
    ...configured,
    { columns: [XID_COLUMN], name: xidIndex(relation.identifier) } satisfies WantedIndex,
  ]
  const stale = target.indexes.filter((index) => isStale(index, wanted))
  const has = (index: WantedIndex): boolean =>
    target.indexes.some((present) =>
      index.where !== undefined || index.exclude !== undefined
        ? present.name === index.name
        : !stale.includes(present) &&
          isOn(present, index) &&
          (index.unique !== true || present.unique),
    )
  return {
    before: stale.length === 0 ? [] : [dropIndexes(relation, stale, materials)],
    create: wanted
      .filter((index) => !has(index))
      .flatMap((index) => createIndex(relation, nameOfIndex(relation.identifier, index), index)),
  }
}

/** Whether gm made it, and nobody wants it any more as it is. */
export function isStale(present: IndexState, wanted: readonly WantedIndex[]): boolean {
  return (
    present.isGms &&
    !wanted.some((index) => isOn(present, index) && (index.unique ?? false) === present.unique)
  )
}

function isOn(present: IndexState, { columns, type = 'btree' }: WantedIndex): boolean {
  return present.type === type && present.columns.join('\n') === columns.join('\n')
}

function dropIndexes(
  relation: Relation,
  stale: readonly IndexState[],
  materials: Materials,
): Transaction {
  return {
    name: 'alter',
    isolation: 'read committed',
    locks: [{ relation, mode: 'access exclusive' }],
    lockTimeoutMs: SWAP_LOCK_TIMEOUT_MS,
    statements: [
      guardTarget(quoted(relation), materials),
      ...stale.map(({ name }) => ({
        purpose: 'drop index',
        sql: `drop index ${identifier(relation.schema)}.${identifier(name)}`,
      })),
    ],
  }
}
