import { GmError } from '../base/error.ts'
import type { Column, RelationState } from '../engine/adapter.ts'
import { UNFILLED } from '../engine/adapter.ts'
import type { Statement, Transaction } from '../engine/statement.ts'
import type { BuiltNode, ModelNode, SnapshotNode } from '../manifest/node.ts'
import { identifier, quoted } from '../manifest/quoted.ts'
import type { ColumnChanges } from './compare-columns.ts'
import { compareColumns, describeChanges, isUnchanged, withoutTracking } from './compare-columns.ts'
import { dropDependents, restoreDependents } from './dependent-views.ts'
import { guardTarget } from './guard-target.ts'
import type { Materials } from './materialize.ts'
import { SWAP_LOCK_TIMEOUT_MS, swapLocks } from './publish-table.ts'

/** How a table follows the columns of its query: what is done before its rows are written, and what after. */
export interface Evolution {
  /** The columns that the write fills. */
  readonly columns: readonly string[]
  /** Columns that get another type, with that type. */
  readonly retyped: readonly Column[]
  readonly before: readonly Transaction[]
  readonly after: readonly Transaction[]
}

/** How the table of an incremental model follows its query, which is expected to give these columns. */
export function followQuery(
  node: ModelNode,
  target: RelationState,
  materials: Materials,
): {
  readonly mode: NonNullable<ModelNode['config']['on_schema_change']>
  readonly expected: readonly Column[]
  readonly evolution: Evolution
} {
  const mode = node.config.on_schema_change ?? 'ignore'
  const expected = materials.shape ?? withoutTracking(target.columns)
  const evolution =
    mode === 'ignore'
      ? { columns: ownColumns(target), retyped: [], before: [], after: [] }
      : evolveTable(node, materials, expected, mode)
  return { mode, expected, evolution }
}

/** Whether a table that gets new rows stays as it is, whatever its query gives. */
export function keepsColumns({ kind, config }: BuiltNode): boolean {
  const mode = config.on_schema_change ?? 'ignore'
  return kind === 'model' && (mode === 'ignore' || mode === 'fail')
}

/** The columns of a table once it has got the rows of its query. */
export function columnsAfter(
  node: BuiltNode,
  target: RelationState,
  query: readonly Column[],
): readonly Column[] {
  const columns = withoutTracking(target.columns)
  if (keepsColumns(node)) return columns
  if (node.config.on_schema_change !== 'append_new_columns') return query
  return [...columns, ...compareColumns(columns, query).added]
}

/** The table's columns as they are when the query's rows are written, by name. */
export function columnsByName(
  { columns }: RelationState,
  query: readonly Column[],
  { retyped }: Evolution,
): ReadonlyMap<string, Column> {
  return new Map([...query, ...columns, ...retyped].map((column) => [column.name, column]))
}

/** The columns into which the query's rows go as they are: those that the table does not change after the query. */
export function columnsThatStay(
  node: ModelNode,
  target: RelationState,
  query: readonly Column[],
): readonly string[] {
  const mode = node.config.on_schema_change ?? 'ignore'
  if (mode === 'ignore') return ownColumns(target)
  const types = new Map(target.columns.map(({ name, type }) => [name, type]))
  const stay = ({ name, type }: Column): boolean =>
    mode === 'append_new_columns' ? types.has(name) : types.get(name) === type
  return query.filter(stay).map(({ name }) => name)
}

/** The columns that the model's query fills. */
export function ownColumns(target: RelationState): readonly string[] {
  return withoutTracking(target.columns).map((column) => column.name)
}

/**
 * What `on_schema_change` makes of a difference; `append_and_widen` is the way of histories. Columns are added before the write and dropped after it, each in a short
 * transaction of its own: a crash between them leaves a column too many, which the next run sees again.
 * @param query the columns that the query gives; those of the table when they are not known to differ.
 * @throws GmError GM4012 where the configuration forbids the change, or it loses data and nobody allowed that.
 */
export function evolveTable(
  node: ModelNode | SnapshotNode,
  materials: Materials,
  query: readonly Column[],
  mode: 'fail' | 'append_new_columns' | 'sync_all_columns' | 'append_and_widen',
): Evolution {
  const table = withoutTracking(materials.target?.columns ?? [])
  const changes = compareColumns(table, query)
  const columns = query.map(({ name }) => name)
  if (isUnchanged(changes)) return { columns, retyped: [], before: [], after: [] }
  if (mode === 'fail') {
    throw new GmError('GM4012', `the query ${describeChanges(changes)}`, {
      at: node.at,
      hint: `${quoted(node.relation)} keeps its columns because of on_schema_change: fail. Rebuild it with --full-refresh, or let it follow with append_new_columns or sync_all_columns.`,
    })
  }
  const isSynced = mode === 'sync_all_columns'
  // A history keeps what it had; values that its types hold anyway need no other type.
  const retyped =
    mode === 'append_new_columns'
      ? []
      : isSynced
        ? changes.retyped
        : changes.retyped.filter(({ before, type }) => losesValues({ before: type, type: before }))
  const dropped = isSynced ? changes.removed : []
  refuseLoss(node, materials, { added: [], removed: dropped, retyped })
  const name = quoted(node.relation)
  const before = [
    ...changes.added.map((column) => `add column ${identifier(column.name)} ${column.type}`),
    // Until a write has filled them, which may fail; what the query does not give any more, until it gives it again.
    ...(mode === 'append_and_widen' ? [...changes.added, ...changes.removed] : [])
      .filter(({ isUnfilled }) => isUnfilled !== true)
      .map(
        ({ name }) => `alter column ${identifier(name)} set (${UNFILLED.name} = ${UNFILLED.value})`,
      ),
    ...retyped.map(
      ({ name: of, type }) =>
        `alter column ${identifier(of)} type ${type} using ${identifier(of)}::${type}`,
    ),
  ]
  const after = dropped.map((column) => `drop column ${identifier(column.name)}`)
  return {
    columns,
    retyped,
    before: alter(node, materials, name, before, retyped.length > 0),
    after: alter(node, materials, name, after, true),
  }
}

/** A column that goes is gone for good, and so are digits that a narrower type has no room for. */
function refuseLoss(
  node: ModelNode | SnapshotNode,
  materials: Materials,
  changes: ColumnChanges,
): void {
  const losing = { ...changes, added: [], retyped: changes.retyped.filter(losesValues) }
  if (materials.allowDestructive || isUnchanged(losing)) return
  throw new GmError('GM4012', `the query ${describeChanges(losing)}, which loses data`, {
    at: node.at,
    hint: `Run once with --allow-destructive to let ${quoted(node.relation)} follow, or keep the column in the query.`,
  })
}

/** Types whose values all fit into the other; of anything else gm cannot know. */
const WIDER: Readonly<Record<string, readonly string[]>> = {
  smallint: ['integer', 'bigint', 'numeric', 'text'],
  integer: ['bigint', 'numeric', 'text'],
  bigint: ['numeric', 'text'],
  real: ['double precision'],
  'character varying': ['text'],
  character: ['text'],
  numeric: ['text'],
  boolean: ['text'],
  uuid: ['text'],
  date: ['timestamp without time zone'],
}

function losesValues({
  before,
  type,
}: {
  readonly before: string
  readonly type: string
}): boolean {
  const [from, fromLength] = partsOf(before)
  const [to, toLength] = partsOf(type)
  if (from === to) {
    // `varchar(10)` → `varchar(20)`, `numeric(18,4)` → `numeric`: only more room for what is there.
    if (toLength === undefined) return false
    if (from === 'numeric') return !hasRoom(digitsOf(toLength), digitsOf(fromLength))
    return !(from.startsWith('character') && Number(fromLength) <= Number(toLength))
  }
  if (to === 'numeric' && toLength !== undefined)
    return !hasRoom(digitsOf(toLength), { whole: DIGITS[from] ?? Infinity, fraction: 0 })
  return !(toLength === undefined && WIDER[from]?.includes(to) === true)
}

interface Digits {
  readonly whole: number
  readonly fraction: number
}

/** Digits of the largest value. */
const DIGITS: Readonly<Record<string, number>> = { smallint: 5, integer: 10, bigint: 19 }

/** Of a numeric without a length there are as many as its values need. */
function digitsOf(length: string | undefined): Digits {
  if (length === undefined) return { whole: Infinity, fraction: Infinity }
  const [precision = 0, fraction = 0] = length.split(',').map(Number)
  return { whole: precision - fraction, fraction }
}

function hasRoom(table: Digits, values: Digits): boolean {
  return table.whole >= values.whole && table.fraction >= values.fraction
}

function partsOf(type: string): [name: string, length: string | undefined] {
  const match = /^([^(]+)\(([^)]*)\)(.*)$/.exec(type)
  return match === null ? [type, undefined] : [`${match[1] ?? ''}${match[3] ?? ''}`, match[2]]
}

/** @param isSeenByViews whether views on the table stand in the way: gm's are made again in the same transaction. */
function alter(
  node: ModelNode | SnapshotNode,
  materials: Materials,
  name: string,
  clauses: readonly string[],
  isSeenByViews: boolean,
): Transaction[] {
  if (clauses.length === 0) return []
  const change: Statement = {
    purpose: 'alter columns',
    sql: `alter table ${name}\n  ${clauses.join(',\n  ')}`,
  }
  return [
    {
      name: 'alter',
      isolation: 'read committed',
      locks: swapLocks(node.relation, materials),
      lockTimeoutMs: SWAP_LOCK_TIMEOUT_MS,
      statements: [
        // After a first transaction of this step the revision is another; the table must still be the same one.
        guardTarget(name, { ...materials, revision: undefined }),
        ...(isSeenByViews ? dropDependents(materials) : []),
        change,
        ...(isSeenByViews ? restoreDependents(materials) : []),
      ],
    },
  ]
}
