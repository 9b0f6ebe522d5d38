import type { Compiled } from '../compile/compiled.ts'
import type { Column } from '../engine/adapter.ts'
import { aroundUserSql } from '../engine/around-user-sql.ts'
import type { Statement } from '../engine/statement.ts'
import type { IndexConfig, ModelNode } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { moveMarks, XID_COLUMN } from '../state/marks.ts'
import { analyzeAfter } from './analyze-after.ts'
import { guardColumns } from './compare-columns.ts'
import { constraintsOf, notNullOf } from './contract-statements.ts'
import { countExtracted } from './count-extracted.ts'
import { columnsByName, followQuery } from './evolve-table.ts'
import { followIndexes } from './follow-indexes.ts'
import { guardTarget } from './guard-target.ts'
import type { Materialize } from './materialize.ts'
import { createTableAs } from './materialize-table.ts'
import { buildAndPublish, followInputs } from './publish-table.ts'
import { recordBuild } from './record-build.ts'
import { strategyOf, writeRows } from './write-rows.ts'

/** The first build of an incremental model, or its rebuild. */
export const buildIncremental: Materialize<ModelNode> = (node, compiled, materials) => ({
  transactions: buildAndPublish({
    node,
    materials,
    fill: (hidden) => [...countExtracted(materials.follows), createTableAs(compiled, hidden)],
    indexes: wantedIndexes(node),
    notNull: [...new Set([...node.config.unique_key, ...notNullOf(node)])],
    constraints: constraintsOf(node),
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
  const { mode, expected, evolution } = followQuery(node, target, materials)
  const indexes = followIndexes(node.relation, target, wantedIndexes(node), materials)
  return {
    transactions: [
      ...followInputs(
        name,
        materials.readAgain.size > 0 ? materials.keyReaders : materials.otherParts,
      ),
      ...indexes.before,
      ...evolution.before,
      {
        name: 'write',
        isolation: 'repeatable read',
        locks: materials.lockable.map((relation) => ({ relation, mode: 'access share' })),
        statements: [
          guardTarget(name, materials),
          ...(mode === 'ignore' ? [] : probeColumns(compiled, expected)),
          ...indexes.create,
          ...countExtracted(
            marks,
            marks.some((input) => materials.readAgain.has(input)) ? undefined : name,
            materials,
          ),
          ...writeRows(
            node,
            compiled,
            evolution.columns,
            columnsByName(target, expected, evolution),
          ),
          ...moveMarks(materials, name, marks),
          recordBuild(node, compiled, materials, 'add rows', false),
        ],
      },
      ...evolution.after,
      analyzeAfter(target),
    ],
  }
}

/** Asks the database which columns the query gives now, before anything relies on it. */
export function probeColumns(
  compiled: Compiled,
  expected: readonly Column[],
): readonly Statement[] {
  return [probeQuery(compiled), guardColumns(SHAPE, expected)]
}

/** The temporary table that has the query's columns. */
export const SHAPE = '_gm_shape'

export function probeQuery(compiled: Compiled): Statement {
  return aroundUserSql(compiled, {
    purpose: 'probe columns',
    head: `create temporary table ${SHAPE} on commit drop as\n`,
    tail: '\nwith no data',
  })
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
