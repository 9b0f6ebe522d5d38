import type { Compiled } from '../compile/compiled.ts'
import { aroundUserSql } from '../engine/around-user-sql.ts'
import type { Statement } from '../engine/statement.ts'
import type { Relation, SnapshotNode } from '../manifest/node.ts'
import { identifier, literal, quoted } from '../manifest/quoted.ts'
import type { PollingHistory } from './polling-history.ts'
import { isWholeTable } from './whole-table.ts'

/** Keys named in one message. */
const NAMED_KEYS = 5

function keyText(history: PollingHistory, alias: string): string {
  const parts = history.key.map((c) => `coalesce(${alias}.${identifier(c)}::text, 'null')`)
  return `'(' || ${parts.join(` || ', ' || `)} || ')'`
}

export function refuseNulls(node: SnapshotNode, history: PollingHistory, rows: string): Statement {
  const { updatedAt } = history
  const needed = [...history.key, ...(updatedAt === undefined ? [] : [updatedAt])]
  return {
    purpose: 'refuse null keys',
    sql: `select ${keyText(history, 'gm_row')}
from (${rows}) as gm_row
where ${needed.map((c) => `gm_row.${identifier(c)} is null`).join(' or ')}
order by 1
limit ${NAMED_KEYS}`,
    refusal: {
      code: 'GM4009',
      message: `the rows of ${node.name} need a value in ${needed.join(', ')}, which is null for`,
      hint: 'Leave such rows out of the query, or name other columns in unique_key.',
    },
  }
}

/**
 * A version that begins when all of them end never ends: no later change would be seen, and two of a key would begin at one moment.
 * By the check strategy one that has no beginning has no next moment either.
 * @param rows what has versions, and `from` when those begin.
 * @param key SQL of the key's text.
 */
export function refuseEndless(
  node: SnapshotNode,
  history: PollingHistory,
  { rows, from, key = keyText(history, 'gm_row') }: { rows: string; from: string; key?: string },
): readonly Statement[] {
  const { updatedAt, openEnd, strategy } = history
  // The moment of the look is always between the two.
  if (updatedAt === undefined) return []
  const time = `gm_row.${identifier(from)}`
  const refused = [
    `${time} = 'infinity'`,
    ...(openEnd === undefined ? [] : [`${time} >= (${openEnd})`]),
    ...(strategy === 'check' ? [`${time} = '-infinity'`] : []),
  ]
  return [
    {
      purpose: 'refuse endless versions',
      sql: `select ${key} || ': ' || ${time}
from ${rows} as gm_row
where ${refused.join(' or ')}
order by 1
limit ${NAMED_KEYS}`,
      refusal: {
        code: 'GM4009',
        message: `updated_at (${updatedAt}) of the rows of ${node.name} must be a time before ${openEnd ?? 'infinity'}${strategy === 'check' ? ' and after -infinity' : ''}, and a version would begin otherwise for`,
        hint: 'Leave such rows out of the query, or give them the time of their last change. A version that began so must be corrected in the table.',
      },
    },
  ]
}

/** Of what has changed, rows that are gone have their key in the version that ends. */
export function endlessAmongChanges(
  node: SnapshotNode,
  history: PollingHistory,
  table: string,
): readonly Statement[] {
  const key = `case
  when gm_row.gm_is_there then ${keyText(history, 'gm_row')}
  else (select ${keyText(history, 'held')} from ${table} as held where held.ctid = gm_row.gm_place and held.tableoid = gm_row.gm_table)
end`
  return refuseEndless(node, history, { rows: '_gm_changes', from: 'gm_from', key })
}

/** Every row of a new table. */
export function duplicatesIn(
  node: SnapshotNode,
  history: PollingHistory,
  table: string,
): Statement {
  const [head, tail] = aroundRows(history, '')
  return { ...refusedDuplicates(node, history), sql: `${head}select * from ${table}${tail}` }
}

/**
 * Of the keys that changed: the rows of one that did not are all like the one that is known. Nothing is read again where the rows
 * are those of one table, and an index of it sees to it.
 * @param tables those that the query reads, which are locked.
 */
export function duplicatesAmongChanges(
  node: SnapshotNode,
  history: PollingHistory,
  compiled: Compiled,
  tables: readonly Relation[],
): Statement {
  const key = history.key.map(identifier).join(', ')
  const [table] = tables
  const isTable = table !== undefined && isWholeTable(table, compiled.sql)
  const unsure = isTable ? `not ${isUnique(table, history.key)}\n  and ` : ''
  const changed = `where ${unsure}(${key}) in (select ${key} from _gm_changes where gm_is_there)\n`
  const [head, tail] = aroundRows(history, changed)
  const refused = refusedDuplicates(node, history)
  return { ...refused, ...aroundUserSql(compiled, { purpose: refused.purpose, head, tail }) }
}

/** Whether a table has an index that lets no two rows be equal in the columns, as `group by` finds them equal. Does not depend on rows: asked once. */
function isUnique(table: Relation, columns: readonly string[]): string {
  const names = columns.map((column) => literal(column)).join(', ')
  return `exists (
    select from pg_index x
    join pg_class c on c.oid = x.indrelid
    where c.oid = to_regclass(${literal(quoted(table))})
      and x.indisunique and x.indisvalid and x.indpred is null
      and (c.relkind = 'p' or not exists (select from pg_inherits h where h.inhparent = c.oid))
      and not exists (
        select from unnest(x.indkey::int2[], x.indcollation::oid[], x.indclass::oid[]) with ordinality as k (number, sorting, class, place)
        left join pg_attribute a on a.attrelid = c.oid and a.attnum = k.number
        left join pg_opclass o on o.oid = k.class
        where k.place <= x.indnkeyatts
          and (a.attname in (${names}) and a.attcollation = k.sorting and o.opcdefault) is not true
      )
  )`
}

function aroundRows(history: PollingHistory, where: string): [head: string, tail: string] {
  const key = history.key.map(identifier).join(', ')
  return [
    'with gm_rows as (\n',
    `
)
select ${keyText(history, 'gm_row')} || ' ' || count(*) || ' times'
from gm_rows as gm_row
${where}group by ${key}
having count(*) > 1
order by ${key}
limit ${NAMED_KEYS}`,
  ]
}

function refusedDuplicates(
  node: SnapshotNode,
  { key }: PollingHistory,
): Pick<Required<Statement>, 'purpose' | 'refusal'> {
  return {
    purpose: 'refuse duplicate keys',
    refusal: {
      code: 'GM4009',
      message: `unique_key (${key.join(', ')}) of ${node.name} must name one row, and gives`,
      hint: 'Make the query return each key once, or add the columns that tell these rows apart to unique_key.',
    },
  }
}
