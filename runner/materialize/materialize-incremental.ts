import type { Compiled } from '../compile/compiled.ts'
import type { RelationState } from '../engine/adapter.ts'
import { aroundUserSql } from '../engine/around-user-sql.ts'
import type { Statement } from '../engine/statement.ts'
import type { IncrementalStrategy, IndexConfig, ModelNode } from '../manifest/node.ts'
import { identifier, quoted } from '../manifest/quoted.ts'
import { moveMarks, VERSION_XID_COLUMN, XID_COLUMN } from '../state/marks.ts'
import { analyzeAfter } from './analyze-after.ts'
import { countExtracted } from './count-extracted.ts'
import { guardTarget } from './guard-target.ts'
import { indexName } from './hidden-name.ts'
import type { Materialize } from './materialize.ts'
import { createTableAs } from './materialize-table.ts'
import { buildAndPublish, createIndex, xidIndex } from './publish-table.ts'
import { recordBuild } from './record-build.ts'

/** The strategy that a model uses when it names none: merge with a unique key, append without. */
export function strategyOf(node: ModelNode): IncrementalStrategy {
  return (
    node.config.incremental_strategy ?? (node.config.unique_key.length > 0 ? 'merge' : 'append')
  )
}

/** The first build of an incremental model, or its rebuild. */
export const buildIncremental: Materialize<ModelNode> = (node, compiled, materials) => ({
  transactions: buildAndPublish({
    node,
    materials,
    fill: (hidden) => [...countExtracted(materials.follows), createTableAs(compiled, hidden)],
    indexes: wantedIndexes(node),
    notNull: node.config.unique_key,
    tracking: [XID_COLUMN],
    marks: materials.follows,
    record: recordBuild(node, compiled, materials, 'build incremental', true),
  }),
})

/**
 * Adds what is new: reads the new rows, writes them, moves the marks and records the step in one REPEATABLE READ
 * transaction, so that a row is either read and written or neither.
 */
export const addRows: Materialize<ModelNode> = (node, compiled, materials) => {
  const target = materials.target
  if (target === undefined) throw new Error(`${node.id} has no table to add rows to`)
  const name = quoted(node.relation)
  const marks = readThroughChanges(compiled)
  return {
    transactions: [
      {
        name: 'write',
        isolation: 'repeatable read',
        locks: materials.lockable.map((relation) => ({ relation, mode: 'access share' })),
        statements: [
          guardTarget(name, materials),
          ...missingIndexes(node, target),
          ...countExtracted(marks, name),
          ...writeRows(node, compiled, name, target),
          ...(marks.length > 0 ? [moveMarks(materials.runId, name, marks)] : []),
          recordBuild(node, compiled, materials, 'add rows', false),
        ],
      },
      analyzeAfter(target),
    ],
  }
}

function writeRows(
  node: ModelNode,
  compiled: Compiled,
  name: string,
  target: RelationState,
): readonly Statement[] {
  const columns = ownColumns(target)
  const list = columns.map(identifier).join(', ')
  switch (strategyOf(node)) {
    case 'append':
      return [
        aroundUserSql(compiled, {
          purpose: 'write',
          head: `insert into ${name} (${list})\nselect ${list} from (\n`,
          tail: '\n) as new_rows',
          counts: 'inserted',
        }),
      ]
    case 'merge':
      return [mergeRows(node, compiled, name, columns)]
    case 'delete+insert': {
      const key = node.config.unique_key.map(identifier).join(', ')
      return [
        aroundUserSql(compiled, {
          purpose: 'read',
          head: `create temporary table _gm_rows on commit drop as\n`,
        }),
        {
          purpose: 'delete',
          sql: `delete from ${name} where (${key}) in (select ${key} from _gm_rows)`,
          counts: 'deleted',
        },
        {
          purpose: 'insert',
          sql: `insert into ${name} (${list})\nselect ${list} from _gm_rows`,
          counts: 'inserted',
        },
      ]
    }
  }
}

/** An upsert that leaves rows alone that would not change: their readers need not read them again. */
function mergeRows(
  node: ModelNode,
  compiled: Compiled,
  name: string,
  columns: readonly string[],
): Statement {
  const list = columns.map(identifier).join(', ')
  const key = node.config.unique_key
  const values = columns.filter((column) => !key.includes(column)).map(identifier)
  const resolution =
    values.length === 0
      ? 'do nothing'
      : `do update set
  ${values.map((column) => `${column} = excluded.${column}`).join(', ')}, "${XID_COLUMN}" = pg_current_xact_id()
where (${values.map((column) => `old_row.${column}`).join(', ')})
  is distinct from (${values.map((column) => `excluded.${column}`).join(', ')})`
  const head = `with written as (\ninsert into ${name} as old_row (${list})\nselect ${list} from (\n`
  const tail = `\n) as new_rows
on conflict (${key.map(identifier).join(', ')}) ${resolution}
returning old_row.xmax = 0 as is_new)
select count(*) filter (where is_new)::int as inserted, count(*) filter (where not is_new)::int as updated from written`
  return aroundUserSql(compiled, { purpose: 'write', head, tail, counts: 'columns' })
}

/** The columns that the model's query fills. */
export function ownColumns(target: RelationState): readonly string[] {
  return target.columns
    .map((column) => column.name)
    .filter((name) => name !== XID_COLUMN && name !== VERSION_XID_COLUMN)
}

/** The marks to move: of inputs that this very SQL reads through changes(), and of no others. */
export function readThroughChanges(compiled: Compiled): readonly string[] {
  return compiled.inputs.filter((input) => input.viaChanges).map((input) => quoted(input.relation))
}

function wantedIndexes(node: ModelNode): readonly IndexConfig[] {
  const key = node.config.unique_key
  if (key.length === 0) return node.config.indexes
  // delete+insert replaces all rows of a key at once, so its key need not be unique.
  return [{ columns: key, unique: strategyOf(node) === 'merge' }, ...node.config.indexes]
}

/** Indexes that configuration has gained since the table was built, and those that somebody dropped. */
function missingIndexes(node: ModelNode, target: RelationState): readonly Statement[] {
  const name = quoted(node.relation)
  const has = (wanted: IndexConfig): boolean =>
    target.indexes.some(
      (index) =>
        index.columns.join('\n') === wanted.columns.join('\n') &&
        (wanted.unique !== true || index.unique),
    )
  return [
    ...wantedIndexes(node)
      .filter((wanted) => !has(wanted))
      .map((wanted) =>
        createIndex(
          name,
          indexName(node.relation.identifier, wanted.columns, wanted.unique === true),
          wanted,
        ),
      ),
    ...(has({ columns: [XID_COLUMN] })
      ? []
      : [createIndex(name, xidIndex(node.relation.identifier), { columns: [XID_COLUMN] })]),
  ]
}
