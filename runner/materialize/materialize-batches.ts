import type { BatchContext, Compiled } from '../compile/compiled.ts'
import { aroundUserSql } from '../engine/around-user-sql.ts'
import { OUTSIDE_BATCH_HINT } from '../engine/outside-batch.ts'
import type { Statement, Transaction } from '../engine/statement.ts'
import type { IndexConfig, ModelNode } from '../manifest/node.ts'
import { identifier, literal, quoted } from '../manifest/quoted.ts'
import {
  beginBatches,
  endBatches,
  forgetBatches,
  markDue,
  markTouched,
  recordBatch,
} from '../state/batches.ts'
import { moveMarks, XID_COLUMN } from '../state/marks.ts'
import { constraintsOf, notNullOf } from './contract-statements.ts'
import type { Evolution } from './evolve-table.ts'
import { followQuery } from './evolve-table.ts'
import type { CompiledBatch } from './fill-by-batches.ts'
import { emptyTable, fillByBatches, refuseMissingTime, within } from './fill-by-batches.ts'
import { followIndexes } from './follow-indexes.ts'
import { guardTarget } from './guard-target.ts'
import type { Materials } from './materialize.ts'
import { probeColumns, SHAPE } from './materialize-incremental.ts'
import { buildAndPublish, followInputs } from './publish-table.ts'
import { incrementCode, recordBuild } from './record-build.ts'

/** How a microbatch model hears of rows that one of its inputs got or lost. */
export interface Arrivals {
  /** Quoted name of the table whose mark says what is new. */
  readonly table: string
  /** SQL of a relation with the touched event times as `moment`; undefined where all may be touched. */
  readonly times: string | undefined
  /** `times` holds the user's own SQL: that of a view. */
  readonly isUsers: boolean
}

/** An empty table, published: the batches fill it, each by itself. `batch`: one for its columns. */
export function createForBatches(
  node: ModelNode,
  { compiled }: CompiledBatch,
  materials: Materials,
): readonly Transaction[] {
  const transactions = buildAndPublish({
    ...tableOf(node, compiled, materials),
    fill: (hidden) => [emptyTable(compiled, hidden), refuseMissingTime(node, hidden)],
  })
  return atEnd(transactions, [forgetBatches(quoted(node.relation))])
}

/** All batches into one new table, which is published when they are done; until then the old one stands. */
export function rebuildByBatches(
  node: ModelNode,
  batches: readonly CompiledBatch[],
  materials: Materials,
): readonly Transaction[] {
  const name = quoted(node.relation)
  const [first] = batches
  if (first === undefined) throw new Error(`${node.id} has no batch to be built from`)
  const transactions = buildAndPublish({
    ...tableOf(node, first.compiled, materials),
    fill: (hidden) => fillByBatches(node, batches, hidden),
  })
  const code = first.compiled.fingerprint
  const memory = batches.flatMap(({ batch }) =>
    recordBatch(batch, { relation: name, runId: materials.runId, code }).map(
      // How many rows each of them has is not kept apart.
      (statement) => ({ ...statement, ...(statement.binds && { binds: ['{}'] }) }),
    ),
  )
  return atEnd(transactions, [forgetBatches(name), ...memory])
}

/**
 * What comes before the batches of a table that is there: in one transaction it finds the intervals that got rows since they
 * were done, has them done again, and moves the marks. So that is never forgotten, whatever becomes of the batches.
 * @param newest compiled for its columns and for what it reads.
 * @param asked intervals that this run is to do whether they were done or not: all from there on, or within the bounds.
 */
export function beginWithBatches(
  node: ModelNode,
  newest: CompiledBatch,
  materials: Materials,
  arrivals: readonly Arrivals[],
  asked: readonly { readonly from: Date; readonly before?: Date }[],
): { readonly transactions: readonly Transaction[]; readonly evolution: Evolution } {
  const { target } = materials
  if (target === undefined) throw new Error(`${node.id} has no table for batches`)
  const name = quoted(node.relation)
  const { compiled } = newest
  const { mode, expected, evolution } = followQuery(node, target, materials)
  const indexes = followIndexes(node.relation, target, wantedIndexes(node), materials)
  const tables = [...new Set(arrivals.map(({ table }) => table))]
  const transaction: Transaction = {
    name: 'write',
    isolation: 'repeatable read',
    locks: materials.lockable.map((relation) => ({ relation, mode: 'access share' })),
    statements: [
      guardTarget(name, materials),
      // Also what tells gm which relations the query reads, through views and all.
      ...probeColumns(compiled, expected).filter((_probe, i) => i === 0 || mode !== 'ignore'),
      refuseMissingTime(node, `pg_temp.${SHAPE}`),
      // Times without a zone are taken as UTC, whatever zone a header of the user's has set.
      { purpose: 'take times as UTC', sql: `set local time zone 'UTC'` },
      ...indexes.create,
      ...arrivals.map(({ times, isUsers }) =>
        times === undefined
          ? markDue(name)
          : { ...markTouched(name, times), ...(isUsers && { isUsers: true as const }) },
      ),
      ...asked.map((bounds) => markDue(name, bounds)),
      ...moveMarks(materials, name, tables),
      beginBatches({
        relation: name,
        runId: materials.runId,
        code: incrementCode({ fingerprint: compiled.fingerprint }),
        isStable: materials.isStable,
      }),
    ],
  }
  return {
    transactions: [
      ...followInputs(name, materials.keyReaders),
      ...indexes.before,
      ...evolution.before,
      transaction,
    ],
    evolution,
  }
}

/**
 * One batch: its rows instead of those that the interval has, in a transaction of its own. Rows of other intervals are left
 * alone, but for those of a unique key that the batch gives now.
 */
export function batchTransaction(
  node: ModelNode,
  { batch, compiled }: CompiledBatch,
  materials: Materials,
  columns: readonly string[],
): Transaction {
  const name = quoted(node.relation)
  const list = columns.map(identifier).join(', ')
  const key = node.config.unique_key.map(identifier).join(', ')
  const insert = `insert into ${name} (${list})\nselect ${list} from `
  return {
    name: 'write',
    isolation: 'repeatable read',
    // Its own table as well: whoever replaces it comes before the guard, which tells of it, or after the batch.
    locks: [...materials.lockable, node.relation].map((relation) => ({
      relation,
      mode: 'access share',
    })),
    statements: [
      guardBatch(name, materials),
      ...(key === ''
        ? []
        : [
            aroundUserSql(compiled, {
              purpose: 'read',
              head: 'create temporary table _gm_rows on commit drop as\n',
            }),
            { purpose: 'analyze rows', sql: 'analyze _gm_rows' },
          ]),
      {
        purpose: 'delete',
        sql: `delete from ${name} where ${within(node, batch)}`,
        counts: 'deleted',
      },
      // By itself: with `or` in the statement above no index would be of use, and the whole table be read.
      ...(key === ''
        ? []
        : [
            {
              purpose: 'delete replaced',
              sql: `delete from ${name} where (${key}) in (select ${key} from _gm_rows)`,
              counts: 'deleted' as const,
            },
          ]),
      key === ''
        ? aroundUserSql(compiled, {
            purpose: 'insert',
            head: `${insert}(\n`,
            tail: '\n) as new_rows',
            counts: 'inserted',
          })
        : { purpose: 'insert', sql: `${insert}_gm_rows`, counts: 'inserted' },
      refuseOutside(node, batch, name),
      ...recordBatch(batch, {
        relation: name,
        runId: materials.runId,
        code: compiled.fingerprint,
      }),
    ],
  }
}

/** What comes after the last batch. */
export function endWithBatches(
  node: ModelNode,
  materials: Materials,
  evolution: Evolution,
): readonly Transaction[] {
  return [
    {
      name: 'write',
      isolation: 'read committed',
      locks: [],
      statements: [endBatches(quoted(node.relation), materials.runId)],
    },
    ...evolution.after,
  ]
}

function tableOf(node: ModelNode, compiled: Compiled, materials: Materials) {
  return {
    node,
    materials,
    indexes: wantedIndexes(node),
    notNull: [...new Set([...node.config.unique_key, ...notNullOf(node)])],
    constraints: constraintsOf(node),
    tracking: [XID_COLUMN],
    marks: materials.follows,
    record: recordBuild(node, compiled, materials, 'build incremental', true),
  }
}

/** By its time a batch is found and replaced; a key is unique only when all batches are done. */
function wantedIndexes(node: ModelNode): readonly IndexConfig[] {
  const { unique_key, event_time = '', indexes } = node.config
  return [
    { columns: [event_time] },
    ...(unique_key.length === 0 ? [] : [{ columns: unique_key }]),
    ...indexes,
  ]
}

/** The step's lock is held on another connection, so a batch makes sure of the table itself. What it writes counts as touching it. */
function guardBatch(name: string, { target }: Materials): Statement {
  return {
    purpose: 'guard',
    guard: `${name} is as planned`,
    sql: `select to_regclass(${literal(name)})::oid::text is not distinct from ${literal(target?.generation ?? '')} as ok`,
  }
}

/** Such a row would be lost, or doubled, with the next batch that it does belong to. */
function refuseOutside(node: ModelNode, batch: BatchContext, table: string): Statement {
  const time = identifier(node.config.event_time ?? '')
  return {
    purpose: 'refuse rows outside',
    sql: `select format('%s of the batch %s, such as one of %s', count(*), ${literal(batch.id)}, coalesce(min(${time})::text, 'no time'))
from ${table} where "${XID_COLUMN}" = pg_current_xact_id() and ${within(node, batch)} is not true
having count(*) > 0`,
    refusal: {
      code: 'GM4030',
      message: `rows have a ${node.config.event_time ?? ''} outside of the batch that gives them:`,
      hint: OUTSIDE_BATCH_HINT,
    },
  }
}

function atEnd(
  transactions: readonly Transaction[],
  statements: readonly Statement[],
): readonly Transaction[] {
  return transactions.map((transaction, i) =>
    i === transactions.length - 1
      ? { ...transaction, statements: [...transaction.statements, ...statements] }
      : transaction,
  )
}
