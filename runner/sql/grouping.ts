import type { FuncCall, SelectStmt, Node as SqlNode, WindowDef } from 'libpg-query'
import { valuesOf } from './equal-columns.ts'
import { childrenOf, functionName, textOf } from './sql-tree.ts'

/** The lists of expressions that a GROUP BY groups by, more than one where it has grouping sets. */
export function groupingsOf(nodes: readonly SqlNode[]): readonly (readonly SqlNode[])[] {
  return nodes.reduce<readonly (readonly SqlNode[])[]>(
    (groupings, node) =>
      groupings.flatMap((before) => groupingsIn(node).map((more) => [...before, ...more])),
    [[]],
  )
}

function groupingsIn(node: SqlNode): readonly (readonly SqlNode[])[] {
  if (!('GroupingSet' in node)) return [valuesOf(node)]
  const { kind, content = [] } = node.GroupingSet
  // ROLLUP and CUBE have the group of all rows among theirs, which is the hardest to give whole.
  return kind === 'GROUPING_SET_SETS' ? content.flatMap(groupingsIn) : [[]]
}

/** What DISTINCT ON goes by; a plain DISTINCT is a list with nothing in it. */
export function distinctOn(select: SelectStmt): readonly SqlNode[] {
  return (select.distinctClause ?? [])
    .filter((node) => Object.keys(node).length > 0)
    .map((node) => namedBy(select, node))
}

/** An expression of DISTINCT ON: a number and a name of the query's own stand for what it gives. */
export function namedBy({ targetList = [] }: SelectStmt, node: SqlNode): SqlNode {
  const place = 'A_Const' in node ? node.A_Const.ival?.ival : undefined
  const target = targetList.find((one, index) =>
    'ResTarget' in one && place === undefined
      ? one.ResTarget.name !== undefined && one.ResTarget.name === columnName(node)
      : index + 1 === place,
  )
  return (target !== undefined && 'ResTarget' in target ? target.ResTarget.val : undefined) ?? node
}

export function columnName(node: SqlNode): string | undefined {
  return 'ColumnRef' in node ? textOf(node.ColumnRef.fields?.at(-1)) : undefined
}

export function windowCalls(node: SqlNode): readonly FuncCall[] {
  if ('SubLink' in node) return []
  const inside = childrenOf(Object.values(node)).flatMap(windowCalls)
  return 'FuncCall' in node && node.FuncCall.over !== undefined
    ? [node.FuncCall, ...inside]
    : inside
}

/** A window may have its partition from the WINDOW clause, by its name or by that of the one that it adds to. */
export function partitionOf(window: WindowDef, select: SelectStmt): readonly SqlNode[] {
  if (window.partitionClause !== undefined) return window.partitionClause
  const defined = (name: string | undefined): WindowDef | undefined =>
    (select.windowClause ?? [])
      .flatMap((node) => ('WindowDef' in node ? [node.WindowDef] : []))
      .find((other) => other.name === name)
  const base = window.refname === undefined ? undefined : defined(window.refname)
  const used = base ?? (window.name === undefined ? undefined : defined(window.name))
  return used === undefined || used === window ? [] : partitionOf(used, select)
}

const AGGREGATES: ReadonlySet<string> = new Set([
  'count', 'sum', 'min', 'max', 'avg', 'stddev', 'stddev_pop', 'stddev_samp', 'variance', 'var_pop', 'var_samp', 'every',
  'bool_and', 'bool_or', 'bit_and', 'bit_or', 'bit_xor', 'array_agg', 'string_agg', 'json_agg', 'jsonb_agg',
  'json_object_agg', 'jsonb_object_agg', 'corr', 'covar_pop', 'covar_samp', 'mode', 'percentile_cont', 'percentile_disc',
  'any_value', 'range_agg', 'range_intersect_agg', 'xmlagg', 'json_agg_strict', 'jsonb_agg_strict',
  'json_object_agg_strict', 'json_object_agg_unique', 'json_object_agg_unique_strict', 'jsonb_object_agg_strict',
  'jsonb_object_agg_unique', 'jsonb_object_agg_unique_strict', 'regr_avgx', 'regr_avgy', 'regr_count', 'regr_intercept',
  'regr_r2', 'regr_slope', 'regr_sxx', 'regr_sxy', 'regr_syy',
]) // biome-ignore format: a list

export function hasAggregate(node: SqlNode): boolean {
  return aggregateCalls(node).length > 0
}

export function aggregateCalls(node: SqlNode): readonly SqlNode[] {
  if ('SubLink' in node) return []
  if ('JsonArrayAgg' in node || 'JsonObjectAgg' in node) return [node]
  if ('FuncCall' in node) {
    const { agg_star, agg_distinct, agg_within_group, agg_filter, agg_order, over } = node.FuncCall
    const isAggregate =
      [agg_star, agg_distinct, agg_within_group].includes(true) ||
      agg_filter !== undefined ||
      agg_order !== undefined ||
      AGGREGATES.has(functionName(node.FuncCall).name)
    if (isAggregate && over === undefined) return [node]
  }
  return childrenOf(Object.values(node)).flatMap(aggregateCalls)
}
