import { GmError } from '../base/error.ts'
import { didYouMean } from '../base/nearest.ts'
import type { Compiled } from '../compile/compiled.ts'
import type { Column, RelationState } from '../engine/adapter.ts'
import { aroundUserSql } from '../engine/around-user-sql.ts'
import type { Statement, Transaction } from '../engine/statement.ts'
import type { IncrementalStrategy, ModelNode } from '../manifest/node.ts'
import { identifier, quoted } from '../manifest/quoted.ts'
import { XID_COLUMN } from '../state/marks.ts'
import { comparable } from './compare-columns.ts'
import { ownColumns } from './evolve-table.ts'
import { isRecomputed } from './recomputed-keys.ts'

/** The strategy that a model uses when it names none: merge with a unique key, append without. */
export function strategyOf(node: ModelNode): IncrementalStrategy {
  return (
    node.config.incremental_strategy ?? (node.config.unique_key.length > 0 ? 'merge' : 'append')
  )
}

/**
 * Brings the query's rows into the table by the model's strategy.
 * @param columns those that the query fills; the table has all of them.
 * @param known the table's columns by name.
 * @throws GmError GM3009 for columns of merge_update_columns and its like that there are not.
 */
export function writeRows(
  node: ModelNode,
  compiled: Compiled,
  columns: readonly string[],
  known: Columns,
): readonly Statement[] {
  const name = quoted(node.relation)
  const list = columns.map(identifier).join(', ')
  const recomputed = isRecomputed(compiled, columns, node.at)
  switch (strategyOf(node)) {
    case 'append':
      if (recomputed !== undefined) {
        throw new GmError('GM3009', `"${node.name}" appends, so it cannot recompute keys`, {
          at: node.at,
          hint: 'Give it a unique_key, whose rows are then replaced.',
        })
      }
      return [
        aroundUserSql(compiled, {
          purpose: 'write',
          head: `insert into ${name} (${list})\nselect ${list} from (\n`,
          tail: '\n) as new_rows',
          counts: 'inserted',
        }),
      ]
    case 'merge':
      return node.config.incremental_predicates === undefined
        ? [mergeRows(node, compiled, columns, known, recomputed)]
        : [
            ...mergeWhere(node, compiled, columns, known, node.config.incremental_predicates),
            ...(recomputed === undefined ? [] : [deleteGone(node, recomputed)]),
          ]
    case 'microbatch':
      throw new Error(`${node.id} is written batch by batch`)
    case 'delete+insert': {
      return [
        stageRows(compiled),
        ...(compiled.needsUniqueKey === true ? [refuseSeveral(node)] : []),
        ...(recomputed === undefined ? [] : [deleteGone(node, recomputed)]),
        {
          purpose: 'delete',
          sql: `delete from ${replacedRows(node)}`,
          counts: 'deleted',
          ...usersConditions(node),
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

/** Statements of a step before it writes: they find out whether it would do as planned. */
const BEFORE_ROWS: ReadonlySet<string> = new Set([
  'guard',
  'probe columns',
  'compare columns',
  'contract',
  'check contract',
])

/**
 * The transaction that writes, with a guard in place of the writing that holds where that would change nothing: the query gives no
 * rows, or a merge finds all of them there as they are, and no row has a key that it recomputes. Then the marks are moved, so that
 * what was found to change nothing is not read again. Undefined where the step does more than write rows, such as an index.
 */
export function leaveUnlessNew(
  node: ModelNode,
  compiled: Compiled,
  target: RelationState,
  transactions: readonly Transaction[],
): Transaction | undefined {
  const [write, ...others] = transactions
  if (write?.name !== 'write' || others.some(({ name }) => name !== 'analyze')) return undefined
  const { statements } = write
  const first = statements.findIndex(({ purpose }) => !BEFORE_ROWS.has(purpose))
  const writes = ['count extracted', 'read', 'write'].includes(statements[first]?.purpose ?? '')
  if (!writes || statements.some(({ purpose }) => purpose === 'grant' || purpose === 'revoke'))
    return undefined
  return {
    ...write,
    statements: [
      ...statements.slice(0, first),
      // A function of the user's that writes is to do so once. Whoever goes back to the savepoint may write again.
      { purpose: 'only look', sql: 'savepoint gm_look' },
      { purpose: 'only look', sql: 'set transaction read only' },
      findNothingNew(node, compiled, target),
      { purpose: 'end look', sql: 'rollback to savepoint gm_look' },
      ...statements.filter(({ purpose }) => purpose === 'move marks'),
    ],
  }
}

function findNothingNew(node: ModelNode, compiled: Compiled, target: RelationState): Statement {
  const name = quoted(node.relation)
  const columns = ownColumns(target)
  const recomputed = isRecomputed(compiled, columns, node.at)
  const values = replacedColumns(node, columns)
  const known = new Map(target.columns.map((column) => [column.name, column]))
  const same = [
    ...node.config.unique_key
      .map(identifier)
      .map((column) => `old_row.${column} = new_rows.${column}`),
    ...(values.length === 0 ? [] : [`not (${differs('old_row', 'new_rows', values, known)})`]),
  ]
  const unlessThere =
    strategyOf(node) === 'merge'
      ? `\nwhere not exists (select from ${name} as old_row where ${same.join(' and ')})`
      : ''
  const unlessGone =
    recomputed === undefined
      ? ''
      : `\nand not exists (select from ${name} as old_row where ${recomputed})`
  return {
    ...aroundUserSql(compiled, {
      purpose: 'look for rows',
      head: `select not exists (select ${columns.map(identifier).join(', ')} from (\n`,
      tail: `\n) as new_rows${unlessThere})${unlessGone} as ok`,
    }),
    guard: `nothing is new to ${name}`,
  }
}

function stageRows(compiled: Compiled): Statement {
  return aroundUserSql(compiled, {
    purpose: 'read',
    head: `create temporary table _gm_rows on commit drop as\n`,
  })
}

/** The rows that those of the query take the place of. */
function replacedRows(node: ModelNode): string {
  const key = node.config.unique_key.map(identifier).join(', ')
  return `${quoted(node.relation)} as DBT_INTERNAL_DEST
where (${key}) in (select ${key} from _gm_rows as DBT_INTERNAL_SOURCE)${andAll(node)}`
}

/** Of a key with several rows the query gives those that are new, and the others would be deleted for them. */
function refuseSeveral(node: ModelNode): Statement {
  const key = node.config.unique_key.map(identifier)
  const list = key.join(', ')
  return {
    purpose: 'refuse several rows',
    sql: `select '(' || concat_ws(', ', ${list}) || ') ' || max(gm_rows) || ' times'
from (
  select ${list}, count(*) as gm_rows from _gm_rows group by ${list}
  union all
  select ${list}, count(*) from ${replacedRows(node)}
  group by ${list}
) as gm_keys
where gm_rows > 1
group by ${list}
order by ${list}
limit 5`,
    ...usersConditions(node),
    refusal: {
      code: 'GM4009',
      message: `delete+insert would lose rows of ${node.name}, which gives only the new rows of a key: it has`,
      hint: `Give all rows of the keys that have new ones: from {{ ref(…) }} where ${node.config.unique_key.join(', ')} in (select … from {{ changes(…) }}). Where all of them are new together, say so: changes(…, unchecked=true).`,
    },
  }
}

/** Each condition on lines of its own, so that a comment at its end does no harm. */
function andAll(node: ModelNode): string {
  return (node.config.incremental_predicates ?? []).map((text) => `\n  and (\n${text}\n)`).join('')
}

function usersConditions(node: ModelNode): { readonly isUsers?: true } {
  return node.config.incremental_predicates === undefined ? {} : { isUsers: true }
}

/** An upsert that leaves rows alone that would not change: their readers need not read them again. */
function mergeRows(
  node: ModelNode,
  compiled: Compiled,
  columns: readonly string[],
  known: Columns,
  recomputed: string | undefined,
): Statement {
  const name = quoted(node.relation)
  const list = columns.map(identifier).join(', ')
  const values = replacedColumns(node, columns)
  const set = values.map(identifier).map((column) => `${column} = excluded.${column}`)
  const resolution =
    values.length === 0
      ? 'do nothing'
      : `do update set
  ${set.join(', ')}, "${XID_COLUMN}" = pg_current_xact_id()
where ${differs('old_row', 'excluded', values, known)}`
  const insert = `insert into ${name} as old_row (${list})\nselect ${list} from `
  const conflict = `
on conflict (${node.config.unique_key.map(identifier).join(', ')}) ${resolution}
returning old_row.xmax = 0 as is_new)`
  const counts =
    'select count(*) filter (where is_new)::int as inserted, count(*) filter (where not is_new)::int as updated'
  const [head, tail] =
    recomputed === undefined
      ? [`with written as (\n${insert}(\n`, `\n) as new_rows${conflict}\n${counts} from written`]
      : // All parts of one statement see the table as it was; no row is both written and deleted.
        [
          'with gm_rows as materialized (\n',
          `
), gm_written as (
${insert}gm_rows${conflict}, gm_gone as (
${deleteGone(node, recomputed, 'gm_rows').sql}
returning 1)
${counts}, (select count(*)::int from gm_gone) as deleted from gm_written`,
        ]
  return aroundUserSql(compiled, { purpose: 'write', head, tail, counts: 'columns' })
}

/**
 * Deletes rows of recomputed keys that the query did not give. The rows of those keys are looked up first and by themselves: the
 * planner knows neither how many keys were recomputed nor how many rows the query gave, and would compare each with each.
 */
function deleteGone(node: ModelNode, recomputed: string, rows = '_gm_rows'): Statement {
  const name = quoted(node.relation)
  const key = node.config.unique_key.map(identifier)
  const sameKey = key.map((c) => `${rows}.${c} = gm_recomputed.${c}`).join(' and ')
  return {
    purpose: 'delete gone',
    sql: `with gm_recomputed as materialized (
select old_row.tableoid as gm_table, old_row.ctid as gm_row, ${key.map((c) => `old_row.${c}`).join(', ')}
from ${name} as old_row
where ${recomputed}
)
delete from ${name} as old_row using gm_recomputed
where old_row.ctid = gm_recomputed.gm_row and old_row.tableoid = gm_recomputed.gm_table
  and not exists (select from ${rows} where ${sameKey})`,
    counts: 'deleted',
  }
}

/**
 * A merge whose old rows must also meet conditions, which `on conflict` has no place for. A key whose old row meets them
 * not keeps it: its new row is left out, where dbt would add it as a second row of the key.
 */
function mergeWhere(
  node: ModelNode,
  compiled: Compiled,
  columns: readonly string[],
  known: Columns,
  conditions: readonly string[],
): readonly Statement[] {
  const name = quoted(node.relation)
  const key = node.config.unique_key.map(identifier)
  const list = columns.map(identifier).join(', ')
  const values = replacedColumns(node, columns)
  const set = values.map(identifier).map((c) => `${c} = DBT_INTERNAL_SOURCE.${c}`)
  const sameKey = key.map((c) => `DBT_INTERNAL_DEST.${c} = DBT_INTERNAL_SOURCE.${c}`).join(' and ')
  return [
    stageRows(compiled),
    { purpose: 'index rows', sql: `create unique index on _gm_rows (${key.join(', ')})` },
    { purpose: 'analyze rows', sql: 'analyze _gm_rows' },
    ...(values.length === 0 || conditions.length === 0
      ? []
      : [
          {
            purpose: 'update',
            sql: `update ${name} as DBT_INTERNAL_DEST set
  ${set.join(', ')}, "${XID_COLUMN}" = pg_current_xact_id()
from _gm_rows as DBT_INTERNAL_SOURCE
where ${sameKey}
  and ${differs('DBT_INTERNAL_DEST', 'DBT_INTERNAL_SOURCE', values, known)}${andAll(node)}`,
            counts: 'updated' as const,
            isUsers: true as const,
          },
        ]),
    {
      purpose: 'insert',
      sql: `insert into ${name} (${list})
select ${list} from _gm_rows as DBT_INTERNAL_SOURCE
where not exists (select from ${name} as DBT_INTERNAL_DEST where ${sameKey})`,
      counts: 'inserted',
    },
  ]
}

type Columns = ReadonlyMap<string, Column>

/** Whether two rows differ in one of the columns. */
function differs(one: string, other: string, columns: readonly string[], known: Columns): string {
  const list = (row: string): string =>
    columns.map((c) => comparable(`${row}.${identifier(c)}`, known.get(c))).join(', ')
  return `(${list(one)}) is distinct from (${list(other)})`
}

/** The columns that a row which is there takes from a new one of the same key. */
function replacedColumns(node: ModelNode, columns: readonly string[]): readonly string[] {
  const { unique_key, merge_update_columns: only, merge_exclude_columns: never } = node.config
  if (only !== undefined && never !== undefined) {
    throw new GmError(
      'GM3009',
      `"${node.name}" has both merge_update_columns and merge_exclude_columns`,
      { at: node.at, hint: 'Keep one of them: each says which columns a merge replaces.' },
    )
  }
  // PostgreSQL folds what is not quoted; so do people who list columns.
  const named = (given: string): string => {
    const found =
      columns.find((c) => c === given) ??
      columns.find((c) => c.toLowerCase() === given.toLowerCase())
    if (found !== undefined) return found
    const key = only === undefined ? 'merge_exclude_columns' : 'merge_update_columns'
    throw new GmError('GM3009', `${key} of "${node.name}" names "${given}", which is no column`, {
      at: node.at,
      hint: didYouMean(given, columns) ?? `The query gives ${columns.join(', ')}.`,
    })
  }
  const kept = new Set(never?.map(named))
  const taken = only === undefined ? columns : only.map(named)
  return taken.filter((c) => !unique_key.includes(c) && !kept.has(c))
}
