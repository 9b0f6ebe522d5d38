import type { Compiled } from '../compile/compiled.ts'
import type { Column } from '../engine/adapter.ts'
import { UNFILLED } from '../engine/adapter.ts'
import { aroundUserSql } from '../engine/around-user-sql.ts'
import type { Statement } from '../engine/statement.ts'
import type { SnapshotNode } from '../manifest/node.ts'
import { identifier, literal } from '../manifest/quoted.ts'
import { VERSION_XID_COLUMN, XID_COLUMN } from '../state/marks.ts'
import { comparable } from './compare-columns.ts'
import type { Materials } from './materialize.ts'
import type { PollingHistory } from './polling-history.ts'
import { holds, metaColumns, scdId, timeOf } from './polling-history.ts'

/** What a look at the rows goes by. */
export interface PollingContext {
  readonly node: SnapshotNode
  readonly history: PollingHistory
  /** The table, quoted. */
  readonly name: string
  /** The columns of the query that the table has had so far, by name and as they will be there. */
  readonly known: ReadonlyMap<string, Column>
  /** The columns of the query as it is now. */
  readonly expected: readonly Column[]
  /** Whether the table has dbt_is_deleted, or will have. */
  readonly knowsDeleted: boolean
  readonly target: NonNullable<Materials['target']>
}

/** When the look is, in the type of the history's times: in UTC, whatever zone a header of the user's sets. */
function nowAs(type: string): string {
  return type === 'timestamp with time zone' ? 'now()' : `(now() at time zone 'UTC')::${type}`
}

/** The next moment after another, in the type of the history's times. */
function after(from: string, type: string): string {
  if (type === 'date') return `${from} + 1`
  return type.startsWith('timestamp') ? `${from} + interval '1 microsecond'` : from
}

/** @param since rows that older transactions wrote are left out: a look before this one saw them as they are. */
export function findChanges(
  context: PollingContext,
  compiled: Compiled,
  since?: string,
): Statement {
  const { history, name, knowsDeleted, target } = context
  const { names, hardDeletes } = history
  const [from, to] = [identifier(names.validFrom), identifier(names.validTo)]
  const type = target.columns.find((column) => column.name === names.validFrom)?.type ?? 'timestamp'
  const time = timeOf(history)
  const deleted = knowsDeleted ? `held.${identifier(names.isDeleted)} = 'True'` : 'false'
  // An xmin has 32 bits, and one of an older round can seem to lie ahead.
  const written =
    since === undefined ? '' : `\nwhere age(xmin) between 0 and age(${literal(since)}::xid8::xid)`
  const tail = `${written}
)
select gm_row.*, held.${identifier(names.scdId)} as gm_replaces, held.gm_table, held.gm_place, ${time} as gm_time,
  case
    when gm_row.gm_is_there is null then greatest(${nowAs(type)}, ${after(`held.${from}`, type)})
    when held.${from} is not null then greatest(${time}, ${after(`held.${from}`, type)})
    else greatest(${time}, (select max(closed.${to}) from ${name} as closed where ${sameKey(context, 'closed')}))
  end::${type} as gm_from
from (select *, true as gm_is_there from gm_rows) as gm_row
${hardDeletes === 'ignore' ? 'left' : 'full'} join (select v.*, v.tableoid as gm_table, v.ctid as gm_place from ${name} as v where ${holds(history, 'v')}) as held
  on ${sameKey(context, 'held')}
where held.${from} is null
  or ${hardDeletes === 'ignore' ? '' : `(gm_row.gm_is_there is null and not (${deleted}))\n  or `}(gm_row.gm_is_there and (${deleted} or ${differs(context)}))`
  return aroundUserSql(compiled, {
    purpose: 'find changes',
    head: 'create temporary table _gm_changes on commit drop as\nwith gm_rows as (\n',
    tail,
  })
}

/** Whether a version has the key of a row. */
function sameKey(context: PollingContext, version: string): string {
  const { history } = context
  return history.key
    .map((column) => `${version}.${identifier(column)} = ${valueInTable(context, column)}`)
    .join(' and ')
}

/** A value of a row, in the type that the table has for it: there one of a wider type may be held. */
function valueInTable({ known, expected }: PollingContext, column: string): string {
  const value = `gm_row.${identifier(column)}`
  const type = known.get(column)?.type
  const isOther = expected.some((given) => given.name === column && given.type !== type)
  return type !== undefined && isOther ? `${value}::${type}` : value
}

/**
 * A column that the table did not have yet is no change: the rows that are there get it as it is. So do those without a value, where
 * they were written while the query did not give it.
 */
function differs(context: PollingContext): string {
  const { history, known, expected } = context
  const { names, strategy, watched } = history
  if (strategy === 'timestamp') {
    // Not the beginning, which may have been moved behind the version before it. A row without a time is found to be refused.
    const time = timeOf(history)
    return `(held.${identifier(names.updatedAt)} < ${time} or ${time} is null)`
  }
  const columns = expected.filter(
    ({ name }) =>
      known.has(name) &&
      (watched === 'all'
        ? !history.key.includes(name)
        : watched.some((given) => given === name || given.toLowerCase() === name)),
  )
  if (columns.length === 0) return 'false'
  const list = (valueOf: (name: string) => string): string =>
    columns.map(({ name }) => comparable(valueOf(name), known.get(name))).join(', ')
  const held = (name: string): string =>
    known.get(name)?.isUnfilled === true
      ? `coalesce(held.${identifier(name)}, ${valueInTable(context, name)})`
      : `held.${identifier(name)}`
  return `(${list(held)})
    is distinct from (${list((name) => valueInTable(context, name))})`
}

/**
 * What ended at the old value of dbt_valid_to_current would neither hold any more nor have ended: each key would begin anew at that moment.
 * Asked when the configuration may be another.
 */
export function refuseOtherEnd({ node, history, name, target }: PollingContext): Statement {
  const [from, to] = [identifier(history.names.validFrom), identifier(history.names.validTo)]
  const type = target.columns.find((column) => column.name === history.names.validFrom)?.type ?? ''
  const sameKey = history.key.map(identifier).map((column) => `next.${column} = v.${column}`)
  return {
    purpose: 'refuse another end',
    // One that was invalidated before it began ends as soon as it has begun.
    sql: `select quote_literal(v.${to}) || ' (' || count(*) || ' of them)'
from ${name} as v
where v.${to} > ${nowAs(type)} and v.${to} <> ${after(`v.${from}`, type)} and not ${holds(history, 'v')}
  and not exists (select from ${name} as next where ${sameKey.join(' and ')} and next.${from} >= v.${to})
group by v.${to}
order by count(*) desc
limit 5`,
    refusal: {
      code: 'GM4012',
      message: `the versions of ${node.name} that hold end otherwise than dbt_valid_to_current says, at`,
      hint: `Give dbt_valid_to_current its old value, or bring them to the new one yourself: update ${name} set ${to} = … where ${to} = …`,
    },
  }
}

export function writeChanges(
  context: PollingContext,
  columns: readonly string[],
): readonly Statement[] {
  const { history, name, knowsDeleted } = context
  const { names } = history
  const meta = [names.scdId, names.updatedAt, names.validFrom, names.validTo].map(identifier)
  const end = history.openEnd ?? 'null'
  const own = columns.map(identifier)
  const key = history.key.map((c) => `gm_row.${identifier(c)}`)
  const deleted = knowsDeleted ? [identifier(names.isDeleted)] : []
  const inserted = [...own, ...meta, ...deleted].join(', ')
  const [scd] = meta
  return [
    {
      purpose: 'close versions',
      // By the place at which they were found: the transaction sees nobody else's changes, and to look for ids would read the whole table.
      sql: `update ${name} as held set
  ${identifier(names.validTo)} = changed.gm_from, "${XID_COLUMN}" = pg_current_xact_id(), "${VERSION_XID_COLUMN}" = pg_current_xact_id()
from _gm_changes as changed
where held.ctid = changed.gm_place and held.tableoid = changed.gm_table`,
      counts: 'updated',
    },
    {
      purpose: 'insert versions',
      sql: `insert into ${name} (${inserted})
select ${[...own.map((c) => `gm_row.${c}`), scdId(key, 'gm_from'), 'gm_time', 'gm_from', end, ...(knowsDeleted ? [`'False'`] : [])].join(', ')}
from _gm_changes as gm_row
where gm_is_there`,
      counts: 'inserted',
    },
    ...(history.hardDeletes === 'new_record'
      ? [
          {
            purpose: 'insert deletions',
            // The deleted row is written once more as it was last known.
            sql: `insert into ${name} (${inserted})
select ${[...own.map((c) => `gm_row.${c}`), scdId(key, 'gone.gm_from'), 'gone.gm_from', 'gone.gm_from', end, `'True'`].join(', ')}
from _gm_changes as gone
join ${name} as gm_row on gm_row.${scd ?? ''} = gone.gm_replaces
where gone.gm_is_there is null`,
            counts: 'inserted' as const,
          },
        ]
      : []),
  ]
}

/**
 * Rows that were gone before deletions were recorded get the deleted versions that would stand there: one from each end after which no
 * version begins. Called once, with the table's new column: else what was invalidated would be a gap for ever.
 */
export function fillGaps({ history, name, target }: PollingContext): Statement {
  const { names } = history
  const notOwn = new Set([...metaColumns(history), XID_COLUMN, VERSION_XID_COLUMN])
  const own = target.columns.map((column) => column.name).filter((column) => !notOwn.has(column))
  const meta = [names.scdId, names.updatedAt, names.validFrom, names.validTo, names.isDeleted]
  const [from, to] = [identifier(names.validFrom), identifier(names.validTo)]
  const key = history.key.map(identifier)
  const id = scdId(
    key.map((column) => `gone.${column}`),
    `gone.${to}`,
  )
  const end = `coalesce(gone.gm_returns, ${history.openEnd ?? 'null'})`
  return {
    purpose: 'insert deletions',
    sql: `insert into ${name} (${[...own, ...meta].map(identifier).join(', ')})
select ${[...own.map((column) => `gone.${identifier(column)}`), id, `gone.${to}`, `gone.${to}`, end, `'True'`].join(', ')}
from (select v.*, lead(v.${from}) over (partition by ${key.map((column) => `v.${column}`).join(', ')} order by v.${from}) as gm_returns from ${name} as v) as gone
where not ${holds(history, 'gone')} and (gone.gm_returns is null or gone.gm_returns > gone.${to})`,
  }
}

/** Columns that are new to the table get their values in the versions that hold: no version is made for them. */
export function fillAdded(context: PollingContext, compiled: Compiled): readonly Statement[] {
  const { history, name, known, expected } = context
  const added = expected.flatMap((column) => {
    const there = known.get(column.name)
    return there === undefined ? [column] : there.isUnfilled === true ? [there] : []
  })
  if (added.length === 0) return []
  const filled = ({ name: column }: Column): string =>
    `coalesce(held.${identifier(column)}, ${valueInTable(context, column)})`
  const list = (valueOf: (column: Column) => string): string =>
    added.map((column) => comparable(valueOf(column), column)).join(', ')
  return [
    aroundUserSql(compiled, {
      purpose: 'fill added columns',
      head: `with gm_rows as (\n`,
      tail: `
)
update ${name} as held set
  ${added.map((column) => `${identifier(column.name)} = ${filled(column)}`).join(', ')}, "${XID_COLUMN}" = pg_current_xact_id()
from gm_rows as gm_row
where ${sameKey(context, 'held')}
  and ${holds(history, 'held')}
  and (${list((column) => `held.${identifier(column.name)}`)}) is distinct from (${list(filled)})`,
      counts: 'updated',
    }),
    {
      purpose: 'note filled columns',
      sql: `alter table ${name} ${added.map((column) => `alter column ${identifier(column.name)} reset (${UNFILLED.name})`).join(', ')}`,
    },
  ]
}
