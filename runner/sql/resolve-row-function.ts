import type { RangeFunction, Node as SqlNode } from 'libpg-query'
import {
  FUNCTION_COLUMNS,
  ROWS_OF_FIRST_ARGUMENT,
  ROWS_OF_ONE_VALUE,
} from './built-in-functions.ts'
import type { CatalogColumn } from './catalog.ts'
import type { Contributions } from './contribution.ts'
import { merge, through } from './contribution.ts'
import { expressionType } from './expression-type.ts'
import { outputName } from './output-name.ts'
import type { Resolver } from './resolver.ts'
import type { Column, Columns, Scope, Source } from './scope.ts'
import { renamed, sideBySide } from './scope.ts'
import { childrenOf, functionName, qualifiedName, textsOf, typeText } from './sql-tree.ts'

/** A function in FROM: each of its columns is computed from all of its arguments. */
export function resolveRowFunction(resolver: Resolver, range: RangeFunction, scope: Scope): Source {
  const { functions = [], alias, coldeflist = [], ordinality } = range
  const calls = functions.flatMap((one) => apart('List' in one ? (one.List.items ?? []) : []))
  const sets = calls.map(([call, ...definitions]): Columns => {
    const from = through('computed', resolver.expression(call, scope))
    const defined = [...coldeflist, ...definitions.flatMap(childrenOrSelf)]
    // A single value takes the alias as its name.
    const only = calls.length === 1 ? alias?.aliasname : undefined
    return functionColumns(resolver, call, defined, only, from, scope)
  })
  const all = sideBySide(sets)
  const from = merge(...all.columns.map((column) => column.from))
  const columns: Columns =
    ordinality === true ? sideBySide([all, { columns: [{ name: 'ordinality', from }] }]) : all
  const [first] = calls[0] ?? []
  const name = alias?.aliasname ?? outputName(first)
  const names = textsOf(alias?.colnames)
  // Whatever else the function gives, the names stand for its first columns.
  return all.rest !== undefined && calls.length === 1 && names.length > 0
    ? { alias: name, columns: names.map((column) => ({ name: column, from })), rest: all.rest }
    : { alias: name, ...renamed(columns, names) }
}

/** `unnest(a, b)` stands for `unnest(a)` and `unnest(b)` side by side. */
function apart(items: readonly SqlNode[]): readonly (readonly SqlNode[])[] {
  const [call, ...definitions] = items
  if (call === undefined || !('FuncCall' in call)) return [items]
  const { args = [] } = call.FuncCall
  if (functionName(call.FuncCall).name !== 'unnest' || args.length < 2) return [items]
  return args.map((arg) => [{ FuncCall: { ...call.FuncCall, args: [arg] } }, ...definitions])
}

/** Definitions of columns stand in the list itself, or in a list of their own. */
function childrenOrSelf(node: SqlNode): readonly SqlNode[] {
  return 'List' in node ? (node.List.items ?? []) : [node]
}

function functionColumns(
  resolver: Resolver,
  call: SqlNode | undefined,
  definitions: readonly SqlNode[],
  alias: string | undefined,
  from: Contributions,
  scope: Scope,
): Columns {
  const defined = definitions.flatMap((one) => ('ColumnDef' in one ? [one.ColumnDef] : []))
  if (defined.length > 0) {
    return {
      columns: defined.map(({ colname = '', typeName }) => ({
        name: colname,
        type: typeName === undefined ? undefined : typeText(typeName),
        from,
      })),
    }
  }
  const known = call === undefined ? undefined : rowType(resolver, call)
  if (known !== undefined) return { columns: known.map((column) => ({ ...column, from })) }
  const value: Column = { name: alias ?? outputName(call), from }
  // A function of which nothing is known may give more columns: all of them come from its arguments.
  return { columns: [value], ...(!givesOneValue(call, scope) && { rest: () => from }) }
}

/** The columns that a function is known to give. */
export function rowType(resolver: Resolver, call: SqlNode): readonly CatalogColumn[] | undefined {
  const { catalog } = resolver
  if (!('FuncCall' in call)) return undefined
  const { schema, name } = functionName(call.FuncCall)
  const given = catalog.functionColumns?.(schema, name)
  if (given !== undefined) return given
  if (schema !== undefined && schema !== 'pg_catalog') return undefined
  if (ROWS_OF_FIRST_ARGUMENT.has(name)) {
    const [first] = call.FuncCall.args ?? []
    if (first === undefined || !('TypeCast' in first)) return undefined
    const type = qualifiedName(first.TypeCast.typeName?.names)
    const relation = catalog.relation(type.schema, type.name)
    if (relation?.isComplete === true) return relation.columns
    return catalog.compositeType?.(type.schema, type.name)
  }
  return FUNCTION_COLUMNS.get(name)?.map((column) => ({ name: column }))
}

/** Whether a function's result is one column for certain. */
function givesOneValue(call: SqlNode | undefined, scope: Scope): boolean {
  if (call === undefined) return false
  if (!('FuncCall' in call)) return true
  const { schema, name } = functionName(call.FuncCall)
  if (schema !== undefined && schema !== 'pg_catalog') return false
  if (ROWS_OF_ONE_VALUE.has(name)) return true
  // An array of rows gives their columns; what stands in this one is seen to be none.
  const [first] = call.FuncCall.args ?? []
  return name === 'unnest' && first !== undefined && isPlainArray(first, scope)
}

function isPlainArray(node: SqlNode, scope: Scope): boolean {
  if ('A_ArrayExpr' in node) {
    return (node.A_ArrayExpr.elements ?? []).every(
      (one) => 'A_Const' in one || isPlainArray(one, scope) || isScalar(expressionType(one, scope)),
    )
  }
  const type = expressionType(node, scope)
  return type?.endsWith('[]') === true && isScalar(type.slice(0, type.indexOf('[')))
}

function isScalar(type: string | undefined): boolean {
  return type !== undefined && SCALARS.has(type)
}

const SCALARS = new Set([
  ...['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision', 'boolean', 'text'],
  ...['character', 'character varying', 'uuid', 'json', 'jsonb', 'bytea', 'date', 'interval'],
  ...['timestamp with time zone', 'timestamp without time zone'],
])

/** XMLTABLE and JSON_TABLE. */
export function resolveTableFunction(
  resolver: Resolver,
  item: Extract<SqlNode, { RangeTableFunc: unknown }> | Extract<SqlNode, { JsonTable: unknown }>,
  scope: Scope,
): Source {
  const feeds = (...nodes: readonly unknown[]): Contributions =>
    through(
      'computed',
      merge(...nodes.flatMap(childrenOf).map((node) => resolver.expression(node, scope))),
    )
  if ('JsonTable' in item) {
    const { context_item, passing, columns = [], alias } = item.JsonTable
    const from = feeds(context_item, passing)
    const named = { columns: jsonColumns(columns).map((name) => ({ name, from })) }
    return {
      alias: alias?.aliasname ?? 'json_table',
      ...renamed(named, textsOf(alias?.colnames)),
    }
  }
  const { docexpr, rowexpr, columns = [], alias } = item.RangeTableFunc
  const document = feeds(docexpr, rowexpr)
  const named = {
    columns: columns.flatMap((one): Column[] => {
      if (!('RangeTableFuncCol' in one)) return []
      const { colname = '', colexpr, coldefexpr } = one.RangeTableFuncCol
      return [{ name: colname, from: merge(document, feeds(colexpr, coldefexpr)) }]
    }),
  }
  return { alias: alias?.aliasname ?? 'xmltable', ...renamed(named, textsOf(alias?.colnames)) }
}

/** The columns of nested paths stand behind those of the path that they are in. */
function jsonColumns(nodes: readonly SqlNode[]): string[] {
  const all = nodes.flatMap((node) => ('JsonTableColumn' in node ? [node.JsonTableColumn] : []))
  const own = all.filter(({ coltype }) => coltype !== 'JTC_NESTED')
  const nested = all.filter(({ coltype }) => coltype === 'JTC_NESTED')
  return [
    ...own.map(({ name = '' }) => name),
    ...nested.flatMap(({ columns = [] }) => jsonColumns(columns)),
  ]
}
