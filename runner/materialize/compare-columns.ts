import type { Column, RelationState } from '../engine/adapter.ts'
import { incomparableTypes } from '../engine/incomparable-types.ts'
import type { Statement } from '../engine/statement.ts'
import { literal } from '../manifest/quoted.ts'
import { VERSION_XID_COLUMN, XID_COLUMN } from '../state/marks.ts'

/** How a query's columns differ from those of the table that takes its rows. */
export interface ColumnChanges {
  readonly added: readonly Column[]
  readonly removed: readonly Column[]
  /** In the type that the query gives. */
  readonly retyped: readonly (Column & { readonly before: string })[]
}

export function compareColumns(table: readonly Column[], query: readonly Column[]): ColumnChanges {
  const before = new Map(table.map((column) => [column.name, column.type]))
  const after = new Set(query.map((column) => column.name))
  return {
    added: query.filter(({ name }) => !before.has(name)),
    removed: table.filter(({ name }) => !after.has(name)),
    retyped: query.flatMap((column) => {
      const type = before.get(column.name)
      return type === undefined || type === column.type ? [] : [{ ...column, before: type }]
    }),
  }
}

export function isUnchanged({ added, removed, retyped }: ColumnChanges): boolean {
  return added.length === 0 && removed.length === 0 && retyped.length === 0
}

/** Whether a query gives the columns that the table has, in whatever order. */
export function hasColumns(table: RelationState, query: readonly Column[] | undefined): boolean {
  return query !== undefined && isUnchanged(compareColumns(withoutTracking(table.columns), query))
}

/** `gains "a" integer, loses "b", "c" becomes text (was integer)`. */
export function describeChanges({ added, removed, retyped }: ColumnChanges): string {
  return [
    ...added.map(({ name, type }) => `gains "${name}" ${type}`),
    ...removed.map(({ name }) => `loses "${name}"`),
    ...retyped.map(({ name, type, before }) => `"${name}" becomes ${type} (was ${before})`),
  ].join(', ')
}

/** The columns of a table that the user's query fills. */
export function withoutTracking(columns: readonly Column[]): readonly Column[] {
  return columns.filter(({ name }) => name !== XID_COLUMN && name !== VERSION_XID_COLUMN)
}

/**
 * True while the temporary table has these columns, whatever their order; otherwise tells the plan which it has.
 * @param table the unquoted name of a temporary table.
 * @param ignored columns of it that do not count.
 */
export function guardColumns(
  table: string,
  expected: readonly Column[],
  ignored: readonly string[] = [],
): Statement {
  const json = JSON.stringify(Object.fromEntries(expected.map(({ name, type }) => [name, type])))
  return {
    purpose: 'compare columns',
    guard: 'the query has the columns that the plan expects',
    sql: `select found.by_name = ${literal(json)}::jsonb as ok, found.in_order as found
from (
  select coalesce(jsonb_object_agg(a.attname, format_type(a.atttypid, a.atttypmod)), '{}') as by_name,
    jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
      'name', a.attname,
      'type', format_type(a.atttypid, a.atttypmod),
      'isIncomparable', case when a.atttypid in (
        ${incomparableTypes(`select atttypid from pg_attribute where attrelid = ${literal(`pg_temp.${table}`)}::regclass`)}
      ) then true end
    )) order by a.attnum) as in_order
  from pg_attribute a
  where a.attrelid = ${literal(`pg_temp.${table}`)}::regclass and a.attnum > 0 and not a.attisdropped
    and a.attname not in (${[XID_COLUMN, VERSION_XID_COLUMN, ...ignored].map(literal).join(', ')})
) as found`,
  }
}

/** A value of a column, as something that the server can compare: as text where its type has no equality, or one that is none. */
export function comparable(value: string, column: Column | undefined): string {
  return column?.isIncomparable === true ? `${value}::text` : value
}
