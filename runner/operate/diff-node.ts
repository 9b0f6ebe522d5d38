import type { Column, RelationState, Session } from '../engine/adapter.ts'
import type { BuiltNode, NodeId, Relation } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import type { ColumnChanges } from '../materialize/compare-columns.ts'
import { compareColumns, isUnchanged, withoutTracking } from '../materialize/compare-columns.ts'
import type { Affected } from '../plan/affected.ts'
import { affectedByColumn, affectedByNode } from '../plan/affected.ts'
import { KEEPS_ROWS } from '../run/atomic.ts'
import type { ColumnLineage } from '../sql/column-lineage.ts'
import type { RowsDiff, TablePair } from './diff-tables.ts'
import { comparedColumns, diffStatement, keyStatement, readDiff } from './diff-tables.ts'
import type { Diffing } from './diffing.ts'
import type { RowKey } from './find-key.ts'
import { possibleKeys } from './find-key.ts'
import { isPersonalColumn } from './personal-columns.ts'

/** How one node's rows differ. */
export interface NodeDiff {
  readonly id: NodeId
  readonly name: string
  /** What it is compared with; undefined where nothing is there yet. */
  readonly with: string | undefined
  /** Undefined: rows were compared as wholes. */
  readonly key: RowKey | undefined
  readonly rows: RowsDiff | undefined
  /** In the order of the values of samples. */
  readonly columns: readonly string[]
  readonly shape: ColumnChanges | undefined
  /** One row in so many was compared. */
  readonly parts: number
  /** What else the reader must know. */
  readonly notes: readonly string[]
  /** What lies below the columns whose values changed, and below the node where rows came or went. */
  readonly affected: readonly Affected[]
}

export function isDifferent({ rows, shape, with: other }: NodeDiff): boolean {
  if (other === undefined || shape !== undefined) return true
  return rows !== undefined && rows.added + rows.removed + rows.changed > 0
}

/** Compares a node's new rows with those of another table; undefined: there is none. */
export async function diffNode(
  node: BuiltNode,
  target: RelationState | undefined,
  fresh: RelationState,
  lineage: ColumnLineage,
  diffing: Diffing,
): Promise<NodeDiff> {
  const { request, options, session } = diffing
  const name = `${node.relation.schema}.${node.relation.identifier}`
  if (target === undefined) return await newNode(node.id, name, fresh, session)
  const own = ({ columns }: RelationState): readonly Column[] =>
    withoutTracking(columns).filter((column) => !options.ignoreColumns.includes(column.name))
  const changes = compareColumns(own(target), own(fresh))
  const columns = comparedColumns(own(target), own(fresh), (column) =>
    isPersonalColumn(node.id, column, request.manifest, lineage),
  )
  const { key, refused } = await keyOf(node, target, fresh, columns, diffing)
  const pair: TablePair = {
    before: target.relation,
    after: fresh.relation,
    columns,
    key: key?.columns ?? [],
    samples: options.samples,
    parts: partsFor(options.limit, target, fresh),
  }
  const { rows } = await session.query(diffStatement(pair), request.signal)
  const found = readDiff(pair, rows[0] ?? {})
  return {
    id: node.id,
    name,
    with: `${target.relation.schema}.${target.relation.identifier}`,
    key,
    rows: found,
    columns: columns.map((column) => column.name),
    shape: isUnchanged(changes) ? undefined : changes,
    parts: pair.parts,
    notes: [...notesOn(node, diffing), ...(refused === undefined ? [] : [refused])],
    affected: affectedBy(node.id, found, changes, lineage, diffing),
  }
}

async function newNode(
  id: NodeId,
  name: string,
  fresh: RelationState,
  session: Session,
): Promise<NodeDiff> {
  const { rows } = await session.query({
    purpose: 'count',
    sql: `select count(*)::text as n from ${quoted(fresh.relation)}`,
  })
  return {
    id,
    name,
    with: undefined,
    key: undefined,
    rows: undefined,
    columns: fresh.columns.map((column) => column.name),
    shape: undefined,
    parts: 1,
    notes: [`nothing to compare with; rows that it would have: ${String(rows[0]?.['n'])}`],
    affected: [],
  }
}

/** Into how many parts the keys are divided, of which one is compared. */
function partsFor(limit: number | undefined, target: RelationState, fresh: RelationState): number {
  if (limit === undefined) return 1
  return Math.max(1, Math.ceil(Math.max(target.estimatedRows, fresh.estimatedRows) / limit))
}

/** Differences may have another reason than the code. */
function notesOn(node: BuiltNode, { planned, options }: Diffing): string[] {
  const notes: string[] = []
  const basis = planned.warehouse.ledger.entries.get(quoted(node.relation))?.basis
  if (options.against === undefined && basis?.changed !== undefined)
    notes.push(`${basis.changed} since it was published: rows may differ for that as well`)
  const step = planned.plan.steps.find(({ id }) => id === node.id)
  if (options.against === undefined && step !== undefined && KEEPS_ROWS.has(step.action))
    notes.push(
      'a run adds rows by the new code and leaves those that are there: they differ so with --full-refresh',
    )
  if (node.config.pre_hook !== undefined || node.config.post_hook !== undefined)
    notes.push('its hooks were not run')
  return notes
}

/** The first key that holds in both tables. */
async function keyOf(
  node: BuiltNode,
  target: RelationState,
  fresh: RelationState,
  columns: TablePair['columns'],
  { request, session }: Diffing,
): Promise<{ readonly key: RowKey | undefined; readonly refused?: string }> {
  const byName = new Map(columns.map((column) => [column.name, column]))
  let refused: string | undefined
  for (const key of possibleKeys(node, request.manifest, target)) {
    const isThere = key.columns.every((name) => {
      const column = byName.get(name)
      return column !== undefined && column.before === column.after && !column.isIncomparable
    })
    if (!isThere) continue
    const broken = await findBroken(key, [target.relation, fresh.relation], session)
    if (broken === undefined) return { key }
    const where = broken === fresh.relation ? 'the new rows' : 'the rows that are there'
    refused ??= `${key.columns.join(', ')} (${key.from}) does not identify ${where}`
  }
  return { key: undefined, ...(refused !== undefined && { refused }) }
}

/** The first of the tables in which the key does not identify each row. */
async function findBroken(
  key: RowKey,
  relations: readonly Relation[],
  session: Session,
): Promise<Relation | undefined> {
  for (const relation of relations) {
    const { rows } = await session.query(keyStatement(relation, key.columns))
    if (rows[0]?.['ok'] !== true) return relation
  }
  return undefined
}

function affectedBy(
  id: NodeId,
  { added, removed, columns }: RowsDiff,
  { retyped, removed: gone }: ColumnChanges,
  lineage: ColumnLineage,
  { request: { manifest }, graph }: Diffing,
): readonly Affected[] {
  const names = new Set([
    ...columns.filter(({ changed }) => changed > 0).map(({ name }) => name),
    ...retyped.map(({ name }) => name),
    ...gone.map(({ name }) => name),
  ])
  return [
    ...(added + removed > 0 ? [affectedByNode(id, manifest, graph)] : []),
    ...[...names].map((name) => affectedByColumn(id, name, lineage, manifest, graph)),
  ]
}
