import type { FuncCall, Node as SqlNode, SubLink, WindowDef } from 'libpg-query'
import { AGGREGATES } from './built-in-functions.ts'
import type { Contributions } from './contribution.ts'
import { asCondition, mentionedAt, merge, NOTHING, through } from './contribution.ts'
import { resolveColumn, resolveStar } from './resolve-column.ts'
import type { Resolver } from './resolver.ts'
import type { Scope } from './scope.ts'
import { findIn, findSource, wholeRow } from './scope.ts'
import { childrenOf, functionName, textOf, textsOf } from './sql-tree.ts'

/** What feeds the value of an expression. A bare column is copied; whatever else touches it computes. */
export function resolveExpression(
  resolver: Resolver,
  node: SqlNode | undefined,
  scope: Scope,
): Contributions {
  if (node === undefined) return NOTHING
  const inner = (one: SqlNode | undefined): Contributions => resolver.expression(one, scope)
  const all = (nodes: readonly SqlNode[] | undefined): Contributions =>
    merge(...(nodes ?? []).map(inner))

  if ('ColumnRef' in node) {
    const { fields = [], location = 0 } = node.ColumnRef
    const isStar = fields.some((field) => 'A_Star' in field)
    if (!isStar) return resolveColumn(resolver, textsOf(fields), location, scope)
    const row = resolveStar(resolver, node.ColumnRef, scope)
    for (const column of row.columns) resolver.mention?.(column, undefined)
    return wholeRow(row)
  }
  if ('A_Const' in node || 'ParamRef' in node) return NOTHING
  if ('CollateClause' in node) return inner(node.CollateClause.arg)
  if ('TypeCast' in node) return through('computed', inner(node.TypeCast.arg))
  if ('FuncCall' in node) return resolveCall(resolver, node.FuncCall, scope)
  if ('SubLink' in node) return resolveSubLink(resolver, node.SubLink, scope)
  if ('CaseExpr' in node) {
    const { arg, args = [], defresult } = node.CaseExpr
    const whens = args.flatMap((one) => ('CaseWhen' in one ? [one.CaseWhen] : []))
    return merge(
      through('computed', merge(...whens.map(({ result }) => inner(result)), inner(defresult))),
      asCondition('case', merge(inner(arg), ...whens.map(({ expr }) => inner(expr)))),
    )
  }
  if ('A_Indirection' in node) {
    const { arg, indirection = [] } = node.A_Indirection
    const column = fieldOfRow(resolver, arg, indirection, scope)
    if (column !== undefined) return column
    return through('computed', merge(inner(arg), all(indirection)))
  }
  if ('JsonArrayAgg' in node || 'JsonObjectAgg' in node) {
    const call = 'JsonArrayAgg' in node ? node.JsonArrayAgg : node.JsonObjectAgg
    const { agg_filter, agg_order, over } = call.constructor ?? {}
    return merge(
      through('aggregated', all(childrenOf(call.arg))),
      asCondition('filter', inner(agg_filter)),
      asCondition('sort', all(agg_order)),
      overWindow(resolver, over, scope),
    )
  }
  if ('SelectStmt' in node) return scalar(resolver, node, scope)
  return through('computed', all(childrenOf(Object.values(node))))
}

function resolveCall(resolver: Resolver, call: FuncCall, scope: Scope): Contributions {
  const all = (nodes: readonly SqlNode[] | undefined): Contributions =>
    merge(...(nodes ?? []).map((one) => resolver.expression(one, scope)))
  const { schema, name } = functionName(call)
  const isOwn = schema === undefined || schema === 'pg_catalog'
  const aggregates =
    call.over !== undefined ||
    call.agg_within_group === true ||
    call.agg_filter !== undefined ||
    call.agg_distinct === true ||
    call.agg_order !== undefined ||
    (isOwn && AGGREGATES.has(name)) ||
    resolver.catalog.isAggregate?.(schema, name) === true
  const args = all(call.args)
  if (!aggregates) return through('computed', args)
  const order = all(call.agg_order)
  return merge(
    through('aggregated', args),
    // What stands in `within group (order by …)` is the argument itself.
    call.agg_within_group === true ? through('aggregated', order) : asCondition('sort', order),
    asCondition('filter', resolver.expression(call.agg_filter, scope)),
    overWindow(resolver, call.over, scope),
  )
}

/** What a window is made of, its named ones followed. */
function overWindow(
  resolver: Resolver,
  window: WindowDef | undefined,
  scope: Scope,
): Contributions {
  if (window === undefined) return NOTHING
  const { partitionClause = [], orderClause = [], startOffset, endOffset } = window
  const parts = [...partitionClause, ...orderClause, startOffset, endOffset]
  // `over w` has the name in `name`; `over (w order by x)` and `window v as (w …)` in `refname`.
  const named =
    window.refname ?? (parts.every((part) => part === undefined) ? window.name : undefined)
  const base = named === undefined ? undefined : scope.windows.get(named)
  return asCondition(
    'window',
    merge(
      base === window ? NOTHING : overWindow(resolver, base, scope),
      ...parts.map((part) => resolver.expression(part, scope)),
    ),
  )
}

function resolveSubLink(resolver: Resolver, link: SubLink, scope: Scope): Contributions {
  const { subselect, subLinkType, testexpr } = link
  if (subselect === undefined) return NOTHING
  switch (subLinkType) {
    case 'EXPR_SUBLINK':
      return scalar(resolver, subselect, scope)
    case 'EXISTS_SUBLINK':
      return resolver.query(subselect, scope).conditions
    case 'ARRAY_SUBLINK':
      return through('aggregated', scalar(resolver, subselect, scope))
    default: {
      const { columns, conditions } = resolver.query(subselect, scope)
      const compared = merge(...columns.map(({ from }) => from))
      return merge(
        through('computed', merge(resolver.expression(testexpr, scope), compared)),
        conditions,
      )
    }
  }
}

/** A subquery as one value: what it selects, and what decides which row that is. */
function scalar(resolver: Resolver, query: SqlNode, scope: Scope): Contributions {
  const { columns, conditions } = resolver.query(query, scope)
  return merge(columns[0]?.from ?? NOTHING, conditions)
}

/** `(t).x` for a row of FROM is the column itself. */
function fieldOfRow(
  resolver: Resolver,
  arg: SqlNode | undefined,
  indirection: readonly SqlNode[],
  scope: Scope,
): Contributions | undefined {
  const [field, ...deeper] = indirection
  const name = textOf(field)
  if (arg === undefined || !('ColumnRef' in arg) || name === undefined) return undefined
  const [alias, ...more] = textsOf(arg.ColumnRef.fields)
  if (alias === undefined || more.length > 0) return undefined
  const source = findSource(scope, alias, undefined)
  const isColumn = scope.bare.some(({ columns }) => columns.some((one) => one.name === alias))
  if (source === undefined || isColumn) return undefined
  const found = findIn(source, name)
  if (!('column' in found)) return undefined
  resolver.mention?.(found.column, undefined)
  const from = mentionedAt(arg.ColumnRef.location, found.column.from)
  return deeper.length === 0 ? from : through('computed', from)
}
