import { INDEX_OF_GM } from '../engine/adapter.ts'
import { exclusiveLocks } from '../engine/exclusive-locks.ts'
import type { Statement, Transaction } from '../engine/statement.ts'
import type { IndexConfig, NodeId, Relation } from '../manifest/node.ts'
import { identifier, literal, quoted } from '../manifest/quoted.ts'
import { followKeys, forgetReaders } from '../state/key-log.ts'
import { publishPending, recordPending, XID_COLUMN } from '../state/marks.ts'
import { attachAgain, copyStatistics, givePrivilegesAgain } from './carry-attached.ts'
import { copyMade, markMade } from './carry-made.ts'
import type { TableConstraint } from './contract-statements.ts'
import { commentAgain, dropDependents, restoreDependents } from './dependent-views.ts'
import { guardTarget } from './guard-target.ts'
import { hiddenIndexName, hiddenName, indexName } from './hidden-name.ts'
import type { Materials } from './materialize.ts'

/** How long a swap waits for its locks before it steps back and tries again: short, because readers queue behind it. */
export const SWAP_LOCK_TIMEOUT_MS = 100

/** The purpose of the statement that gives a new table its name. */
export const PUBLISH = 'publish'

/** An index as gm itself may want it. */
export interface WantedIndex extends IndexConfig {
  readonly name?: string
  /** Condition of a partial index. */
  readonly where?: string
  /** Elements of an exclusion constraint, which is made in place of an index. */
  readonly exclude?: string
}

interface TableBuild {
  readonly node: { readonly id: NodeId; readonly relation: { schema: string; identifier: string } }
  readonly materials: Materials
  /** What is built; a table unless given. */
  readonly kind?: 'table' | 'materialized view'
  /** Creates and fills the table of the given quoted name. */
  readonly fill: (hidden: string) => readonly Statement[]
  readonly indexes: readonly WantedIndex[]
  readonly notNull: readonly string[]
  /** Of a contract. */
  readonly constraints?: readonly TableConstraint[]
  /** Whether consumers can follow the rows by a mark; a table that is always rebuilt whole needs no such column. */
  readonly tracking: readonly string[]
  /** Quoted names of inputs whose marks the published table carries. */
  readonly marks: readonly string[]
  /** What is once compared is not compared again: no write may pass unnoticed, not even as replicas write. */
  readonly isWatched?: true
  readonly record: Statement
}

/**
 * Builds a table out of sight, then swaps it in: two transactions, so that the long one holds no lock that a reader
 * feels, and readers with an older pg_snapshot can be waited for in between (to them the new table would be empty).
 * Source: PostgreSQL, "Caveats" of concurrency control: tables made after a pg_snapshot look empty to it.
 */
export function buildAndPublish(build: TableBuild): readonly Transaction[] {
  const { node, materials } = build
  const hidden = hiddenName(node.relation)
  const hiddenQuoted = quoted(hidden)
  const isReplaced = materials.target !== undefined && materials.target.type !== 'view'
  const constraints = build.constraints ?? []
  const keys = constraints.filter(({ isKey }) => isKey).map(({ name }) => name)
  const indexes = distinct(
    build.indexes.map((index) => ({ index, name: nameOfIndex(node.relation.identifier, index) })),
  ).filter(({ name }) => !keys.includes(name))
  const alterations = [
    ...build.tracking.flatMap((column) => [
      `drop column if exists ${identifier(column)}`,
      // A stable default: PostgreSQL evaluates it once and writes no row again.
      `add column ${identifier(column)} xid8 not null default pg_current_xact_id()`,
    ]),
    ...build.notNull.map((column) => `alter column ${identifier(column)} set not null`),
    ...constraints.map(
      ({ name, isKey, sql }) =>
        `add constraint ${identifier(isKey ? hiddenIndexName(name) : name)} ${sql}`,
    ),
  ]
  return [
    ...followInputs(quoted(node.relation), materials.keyReaders),
    {
      name: 'build',
      isolation: 'repeatable read',
      locks: materials.lockable.map((relation) => ({ relation, mode: 'access share' })),
      statements: [
        guardTarget(quoted(node.relation), materials),
        ...build.fill(hiddenQuoted),
        ...(alterations.length === 0
          ? []
          : [
              {
                purpose: 'track and constrain',
                sql: `alter table ${hiddenQuoted}\n  ${alterations.join(',\n  ')}`,
              },
            ]),
        ...indexes.flatMap(({ index, name }) => createIndex(hidden, hiddenIndexName(name), index)),
        ...(build.tracking.includes(XID_COLUMN)
          ? createIndex(hidden, hiddenIndexName(xidIndex(node.relation.identifier)), {
              columns: [XID_COLUMN],
              name: xidIndex(node.relation.identifier),
            })
          : []),
        ...(build.kind === 'materialized view' ? [] : noteTouches(hiddenQuoted, build.isWatched)),
        markMade(hiddenQuoted),
        ...(isReplaced ? [copyMade(quoted(node.relation), hiddenQuoted)] : []),
        { purpose: 'analyze', sql: `analyze ${hiddenQuoted}` },
        ...(isReplaced ? [copyStatistics(quoted(node.relation), hiddenQuoted)] : []),
        recordPending({
          runId: materials.runId,
          nodeId: node.id,
          hidden: hiddenQuoted,
          target: quoted(node.relation),
          inputs: build.marks,
          eventTimes: materials.eventTimes,
        }),
      ],
    },
    {
      name: 'publish',
      isolation: 'read committed',
      locks: swapLocks(node.relation, materials),
      lockTimeoutMs: SWAP_LOCK_TIMEOUT_MS,
      waitForReaders: materials.target !== undefined,
      statements: [
        ...removeTarget(materials),
        {
          purpose: PUBLISH,
          sql: `alter ${build.kind ?? 'table'} ${hiddenQuoted} rename to ${identifier(node.relation.identifier)}`,
        },
        ...[
          ...indexes.map(({ name }) => name),
          ...keys,
          ...(build.tracking.includes(XID_COLUMN) ? [xidIndex(node.relation.identifier)] : []),
        ].map((name) => ({
          purpose: 'name index',
          sql: `alter index ${identifier(node.relation.schema)}.${identifier(hiddenIndexName(name))} rename to ${identifier(name)}`,
        })),
        ...publishPending(materials.runId, hiddenQuoted, quoted(node.relation)),
        forgetReaders(quoted(node.relation), materials.keyReaders),
        ...restoreAround(quoted(node.relation), materials, build.kind),
        ...attachAround(materials),
        build.record,
      ],
    },
  ]
}

/** An index that gm makes of a key may stand in the configuration as well. */
function distinct<T extends { readonly name: string }>(indexes: readonly T[]): readonly T[] {
  return [...new Map(indexes.map((index) => [index.name, index])).values()]
}

/** Who writes to the table by hand is noticed. Nobody can write to a materialized view. */
function noteTouches(table: string, isWatched = false): readonly Statement[] {
  const create = {
    purpose: 'follow',
    sql: `create trigger gm_touched after insert or update or delete or truncate on ${table}
for each statement execute function gm.note_touch()`,
  }
  return isWatched
    ? [create, { purpose: 'follow', sql: `alter table ${table} enable always trigger gm_touched` }]
    : [create]
}

/** Before the pg_snapshot that the build reads with: what an input loses from then on is written down. */
export function followInputs(
  relation: string,
  readers: Materials['keyReaders'],
): readonly Transaction[] {
  return readers.map((reader) => ({
    name: 'follow',
    isolation: 'read committed',
    locks: [],
    // The trigger's lock makes writers of the input queue.
    lockTimeoutMs: SWAP_LOCK_TIMEOUT_MS,
    statements: [followKeys(relation, reader)],
  }))
}

export function xidIndex(table: string): string {
  return indexName(table, [XID_COLUMN], false)
}

export function nameOfIndex(table: string, index: WantedIndex): string {
  const { name, columns, type = 'btree', unique = false } = index
  return name ?? indexName(table, type === 'btree' ? columns : [...columns, type], unique)
}

/**
 * Makes an index. What the configuration asks for in so many words is marked as gm's, so that gm may drop it when the
 * configuration does not ask for it any more: by its name nobody could tell it from one that somebody made by hand.
 */
export function createIndex(
  table: Relation,
  name: string,
  index: WantedIndex,
): readonly Statement[] {
  if (index.exclude !== undefined) {
    return [
      {
        purpose: `exclude overlaps`,
        sql: `alter table ${quoted(table)} add constraint ${identifier(name)} exclude using gist (${index.exclude})`,
      },
    ]
  }
  const where = index.where === undefined ? '' : ` where ${index.where}`
  const using = index.type === undefined ? '' : ` using ${identifier(index.type)}`
  const create = {
    purpose: `index ${index.columns.join(', ')}`,
    sql: `create ${index.unique === true ? 'unique ' : ''}index ${identifier(name)} on ${quoted(table)}${using} (${index.columns.map(identifier).join(', ')})${where}`,
  }
  // Such an index has a name of gm's own.
  if (index.where !== undefined || index.name !== undefined) return [create]
  return [
    create,
    {
      purpose: 'mark index',
      sql: `comment on index ${identifier(table.schema)}.${identifier(name)} is ${literal(INDEX_OF_GM)}`,
    },
  ]
}

/** The target and gm's views that read it. The session takes all locks of a transaction in one fixed order, by name. */
export function swapLocks(
  relation: { readonly schema: string; readonly identifier: string },
  { target, isOurs }: Materials,
): Transaction['locks'] {
  if (target === undefined) return []
  return exclusiveLocks([
    ...target.dependents.filter((view) => view.type === 'view' && isOurs(view)),
    { relation, type: target.type },
  ])
}

/** Drops what stands behind the name, with the views of gm's that read it; somebody else's on it make the plan refuse. */
export function removeTarget(materials: Materials): readonly Statement[] {
  const { target } = materials
  if (target === undefined) return []
  const kind = target.type === 'partitioned table' ? 'table' : target.type
  return [
    ...dropDependents(materials),
    { purpose: 'drop old', sql: `drop ${kind} ${quoted(target.relation)}` },
  ]
}

/** Puts back what hung on the old relation: grants, comment, and at last views (innermost first) with theirs. */
export function restoreAround(
  targetQuoted: string,
  materials: Materials,
  kind: 'table' | 'materialized view' = 'table',
): readonly Statement[] {
  const { target } = materials
  if (target === undefined) return []
  return [
    givePrivilegesAgain([target.relation]),
    ...commentAgain(kind, targetQuoted, {
      comment: target.type === 'view' ? undefined : target.comment,
      columnComments: target.columnComments,
    }),
    ...restoreDependents(materials),
  ]
}

/** Last of all, as hooks may have attached the same. */
export function attachAround({ target }: Materials): readonly Statement[] {
  return target === undefined ? [] : [attachAgain([target.relation])]
}
