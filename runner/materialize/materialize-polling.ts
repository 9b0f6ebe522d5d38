import { GmError } from '../base/error.ts'
import type { Column } from '../engine/adapter.ts'
import { aroundUserSql } from '../engine/around-user-sql.ts'
import type { Transaction } from '../engine/statement.ts'
import type { SnapshotNode } from '../manifest/node.ts'
import { identifier, quoted } from '../manifest/quoted.ts'
import { recordLook } from '../state/ledger.ts'
import { VERSION_XID_COLUMN, XID_COLUMN } from '../state/marks.ts'
import { analyzeAfter } from './analyze-after.ts'
import { withoutTracking } from './compare-columns.ts'
import { evolveTable } from './evolve-table.ts'
import { followIndexes } from './follow-indexes.ts'
import { guardTarget } from './guard-target.ts'
import { lookToGoOnFrom, lookToRecord } from './look-again.ts'
import type { Materialize, Materials } from './materialize.ts'
import { probeColumns, probeQuery } from './materialize-incremental.ts'
import type { PollingContext } from './polling-changes.ts'
import {
  fillAdded,
  fillGaps,
  findChanges,
  refuseOtherEnd,
  writeChanges,
} from './polling-changes.ts'
import type { PollingHistory } from './polling-history.ts'
import {
  metaColumns,
  missingMeta,
  openEnd,
  overlapExtension,
  pollingHistory,
  pollingIndexes,
  scdId,
  timeOf,
} from './polling-history.ts'
import { buildAndPublish, SWAP_LOCK_TIMEOUT_MS } from './publish-table.ts'
import { recordBuild } from './record-build.ts'
import { refuseMissing, refuseOtherTimes } from './refuse-columns.ts'
import {
  duplicatesAmongChanges,
  duplicatesIn,
  endlessAmongChanges,
  refuseEndless,
  refuseNulls,
} from './refuse-keys.ts'

const TRACKING = [XID_COLUMN, VERSION_XID_COLUMN]

/** The first look: every row is the first version of its key. */
export const buildPolling: Materialize<SnapshotNode> = (node, compiled, materials) => {
  const history = pollingHistory(node)
  const { names } = history
  const [key, time] = [history.key.map((c) => `gm_row.${identifier(c)}`), timeOf(history)]
  const head = (hidden: string): string => `create table ${hidden} as
select gm_row.*,
  ${scdId(key, time)} as ${identifier(names.scdId)},
  ${time} as ${identifier(names.updatedAt)},
  ${time} as ${identifier(names.validFrom)},
  ${openEnd(history, time)} as ${identifier(names.validTo)}${history.hardDeletes === 'new_record' ? `,\n  'False' as ${identifier(names.isDeleted)}` : ''}
from (\n`
  return {
    transactions: buildAndPublish({
      node,
      materials,
      fill: (hidden) => [
        ...overlapExtension(node),
        probeQuery(compiled),
        refuseMissing(history),
        ...(history.updatedAt === undefined ? [] : [refuseOtherTimes(node, history.updatedAt)]),
        aroundUserSql(compiled, {
          purpose: 'build',
          head: head(hidden),
          tail: '\n) as gm_row',
          counts: 'inserted',
        }),
        refuseNulls(node, history, `select * from ${hidden}`),
        ...refuseEndless(node, history, { rows: hidden, from: names.validFrom }),
        duplicatesIn(node, history, hidden),
      ],
      indexes: pollingIndexes(node, node.relation.identifier, history),
      notNull: [...history.key, names.scdId, names.updatedAt, names.validFrom],
      tracking: TRACKING,
      marks: [],
      isWatched: true,
      record: recordBuild(node, compiled, materials, 'build history', true),
    }),
  }
}

/**
 * Another look: one pass over the rows and the versions that hold finds what is new, changed or gone; the rest is
 * written from that. A version begins after the one before it, whatever the clocks say, so that no two overlap.
 */
export const updatePolling: Materialize<SnapshotNode> = (node, compiled, materials) => {
  const history = pollingHistory(node)
  const target = materials.target
  if (target === undefined) throw new Error(`${node.id} has no table to update`)
  refuseForeignShape(node, history, target.columns)
  const name = quoted(node.relation)
  const meta = new Set(metaColumns(history))
  const before = withoutTracking(target.columns).filter((column) => !meta.has(column.name))
  const expected = materials.shape ?? before
  const evolution = evolveTable(
    node,
    { ...materials, target: { ...target, columns: before } },
    expected,
    'append_and_widen',
  )
  const knowsDeleted =
    history.hardDeletes === 'new_record' ||
    target.columns.some((column) => column.name === history.names.isDeleted)
  const known = new Map(before.map((column) => [column.name, column]))
  for (const column of evolution.retyped) {
    const { isUnfilled } = known.get(column.name) ?? {}
    known.set(column.name, isUnfilled ? { ...column, isUnfilled } : column)
  }
  const indexes = followIndexes(
    node.relation,
    target,
    pollingIndexes(node, node.relation.identifier, history),
    materials,
  )
  const context: PollingContext = { node, history, name, known, expected, knowsDeleted, target }
  const prepared = prepareTable(context, materials)
  const look = lookToRecord(context, compiled, materials.lockable)
  // What alters the table ends what can be said of its rows.
  const last =
    prepared.length + evolution.before.length === 0
      ? lookToGoOnFrom(look, materials.look)
      : undefined
  return {
    transactions: [
      ...prepared,
      ...indexes.before,
      ...evolution.before,
      {
        name: 'write',
        isolation: 'repeatable read',
        locks: materials.lockable.map((relation) => ({ relation, mode: 'access share' })),
        statements: [
          guardTarget(name, materials, last),
          ...probeColumns(compiled, expected),
          refuseMissing(history),
          ...indexes.create,
          ...(materials.isOtherCode ? [refuseOtherEnd(context)] : []),
          findChanges(context, compiled, last?.since),
          refuseNulls(node, history, 'select * from _gm_changes where gm_is_there'),
          ...endlessAmongChanges(node, history, name),
          duplicatesAmongChanges(node, history, compiled, materials.lockable),
          ...writeChanges(context, evolution.columns),
          ...fillAdded(context, compiled),
          recordBuild(node, compiled, materials, 'update history', false),
          ...(look === undefined ? [] : [recordLook(name, look.input, look.code)]),
        ],
      },
      analyzeAfter(target),
    ],
  }
}

function refuseForeignShape(
  node: SnapshotNode,
  history: PollingHistory,
  columns: readonly Column[],
): void {
  const missing = missingMeta(history, columns)
  if (missing.length === 0) return
  throw new GmError(
    'GM4012',
    `${quoted(node.relation)} has no ${missing.map((c) => `"${c}"`).join(', ')}: it is no history of this strategy`,
    {
      at: node.at,
      hint: 'Set snapshot_meta_column_names to the names that it has, or rename the table and let gm begin a new history.',
    },
  )
}

/** Gives a table that dbt made, or that was made without dbt_is_deleted, the columns that gm goes on with. */
function prepareTable(context: PollingContext, materials: Materials): Transaction[] {
  const { history, name, knowsDeleted, target } = context
  const has = new Set(target.columns.map((column) => column.name))
  const missing = TRACKING.filter((column) => !has.has(column)).map(
    (column) => `add column ${identifier(column)} xid8 not null default pg_current_xact_id()`,
  )
  const { isDeleted } = history.names
  if (knowsDeleted && !has.has(isDeleted)) {
    missing.push(`add column ${identifier(isDeleted)} text not null default 'False'`)
  }
  if (missing.length === 0) return []
  return [
    {
      name: 'alter',
      isolation: 'read committed',
      locks: [{ relation: target.relation, mode: 'access exclusive' }],
      lockTimeoutMs: SWAP_LOCK_TIMEOUT_MS,
      statements: [
        guardTarget(name, materials),
        ...overlapExtension(context.node),
        { purpose: 'add columns', sql: `alter table ${name}\n  ${missing.join(',\n  ')}` },
        ...(knowsDeleted && !has.has(isDeleted) ? [fillGaps(context)] : []),
      ],
    },
  ]
}
