import type { SelectStmt, Node as SqlNode, WindowDef } from 'libpg-query'
import type { Contributions } from './contribution.ts'
import { asCondition, merge, NOTHING, through } from './contribution.ts'
import { expressionType } from './expression-type.ts'
import { outputName } from './output-name.ts'
import { resolveStar } from './resolve-column.ts'
import { rowType } from './resolve-row-function.ts'
import type { RecursiveCte, Resolver } from './resolver.ts'
import type { Column, Columns, QueryResult, Scope } from './scope.ts'
import { findBare, findSource, inside, sideBySide, targetName } from './scope.ts'
import { qualifiedName, textOf, textsOf } from './sql-tree.ts'

/** What a SELECT, VALUES or set operation gives. */
export function resolveSelect(
  resolver: Resolver,
  select: SelectStmt,
  outer: Scope,
  recursive?: RecursiveCte,
): QueryResult {
  const scope = resolver.with(select.withClause, outer)
  if (select.valuesLists !== undefined) return values(resolver, select, scope)
  if (select.larg !== undefined && select.rarg !== undefined) {
    return setOperation(resolver, select, select.larg, select.rarg, scope, recursive)
  }
  return simple(resolver, select, scope)
}

function values(resolver: Resolver, select: SelectStmt, outer: Scope): QueryResult {
  const rows = (select.valuesLists ?? []).map((row) =>
    'List' in row ? (row.List.items ?? []) : [],
  )
  const scope = inside(outer)
  const columns = (rows[0] ?? []).map((_, i): Column => {
    const from = merge(...rows.map((row) => resolver.expression(row[i], scope)))
    return { name: `column${i + 1}`, from }
  })
  return { columns, conditions: limits(resolver, select, scope) }
}

/** Columns meet by position. What `except` and `intersect` compare with decides, and gives no values. */
function setOperation(
  resolver: Resolver,
  select: SelectStmt,
  larg: SelectStmt,
  rarg: SelectStmt,
  scope: Scope,
  recursive: RecursiveCte | undefined,
): QueryResult {
  const left = resolveSelect(resolver, larg, scope)
  const combined = (): QueryResult => {
    const right = resolveSelect(resolver, rarg, scope)
    return combine(resolver, select, left, right)
  }
  let result: QueryResult
  if (recursive === undefined) result = combined()
  else {
    recursive(left)
    result = combined()
    // Each round follows one more step of the recursion, until no round adds anything.
    for (let size = -1; size !== sizeOf(result); ) {
      size = sizeOf(result)
      recursive(result)
      result = combined()
    }
  }
  const outputs = { ...inside(scope), bare: [result] }
  const order = merge(
    ...(select.sortClause ?? []).map((item) => ordered(resolver, item, result, outputs)),
  )
  return {
    ...result,
    conditions: merge(
      result.conditions,
      asCondition('sort', order),
      limits(resolver, select, scope),
    ),
  }
}

function sizeOf({ columns, conditions }: QueryResult): number {
  return columns.reduce((sum, { from }) => sum + from.length, conditions.length)
}

function combine(
  resolver: Resolver,
  { op, all }: SelectStmt,
  left: QueryResult,
  right: QueryResult,
): QueryResult {
  const conditions = merge(left.conditions, right.conditions)
  if (left.rest !== undefined || right.rest !== undefined) {
    resolver.problem('a union of columns that are not all known', undefined)
    return { columns: [], rest: () => undefined, conditions }
  }
  const columns = left.columns.map((column, i): Column => {
    const other = right.columns[i]
    if (op !== 'SETOP_UNION' || other === undefined) return column
    const type = column.type === other.type ? column.type : undefined
    return { name: column.name, type, from: merge(column.from, other.from), named: column.named }
  })
  const compared = merge(...right.columns.map(({ from }) => from))
  const own = merge(...columns.map(({ from }) => from))
  return {
    columns,
    conditions: merge(
      conditions,
      op === 'SETOP_UNION' ? NOTHING : asCondition('filter', compared),
      all === true ? NOTHING : asCondition('group', own),
    ),
  }
}

function simple(resolver: Resolver, select: SelectStmt, outer: Scope): QueryResult {
  const from = resolver.from(select.fromClause, outer)
  const scope: Scope = {
    sources: from.sources,
    bare: from.bare,
    windows: windowsOf(select),
    ctes: outer.ctes,
    parent: outer,
  }
  const result = sideBySide(
    (select.targetList ?? []).map((target) => resolveTarget(resolver, target, scope)),
  )
  const all = merge(...result.columns.map((column) => column.from))
  const decides = (
    via: 'filter' | 'group' | 'sort',
    sets: readonly Contributions[],
  ): Contributions => asCondition(via, merge(...sets))
  const { groupClause = [], sortClause = [], distinctClause } = select
  // Plain `distinct` is a list of one empty item.
  const distinct = (distinctClause ?? []).map((item) =>
    Object.keys(item).length === 0 ? all : ordered(resolver, item, result, scope),
  )
  return {
    ...result,
    conditions: merge(
      from.conditions,
      decides('filter', [
        resolver.expression(select.whereClause, scope),
        resolver.expression(select.havingClause, scope),
      ]),
      decides(
        'group',
        groupClause.map((item) => grouped(resolver, item, result, scope)),
      ),
      decides('group', distinct),
      decides(
        'sort',
        sortClause.map((item) => ordered(resolver, item, result, scope)),
      ),
      limits(resolver, select, scope),
    ),
  }
}

function limits(resolver: Resolver, select: SelectStmt, scope: Scope): Contributions {
  const { limitCount, limitOffset } = select
  return asCondition(
    'filter',
    merge(resolver.expression(limitCount, scope), resolver.expression(limitOffset, scope)),
  )
}

function windowsOf({ windowClause = [] }: SelectStmt): ReadonlyMap<string, WindowDef> {
  return new Map(
    windowClause.flatMap((node) =>
      'WindowDef' in node ? [[node.WindowDef.name ?? '', node.WindowDef] as const] : [],
    ),
  )
}

/** The columns of one item of a select list or of RETURNING. */
export function resolveTarget(resolver: Resolver, target: SqlNode, scope: Scope): Columns {
  if (!('ResTarget' in target)) return { columns: [] }
  const { name, val, location } = target.ResTarget
  if (val === undefined) return { columns: [] }
  if ('ColumnRef' in val && (val.ColumnRef.fields ?? []).some((field) => 'A_Star' in field)) {
    return resolveStar(resolver, val.ColumnRef, scope)
  }
  if ('A_Indirection' in val) {
    const fields = allFields(resolver, val.A_Indirection.arg, val.A_Indirection.indirection, scope)
    if (fields !== undefined) return fields
  }
  const from = resolver.expression(val, scope)
  const type = expressionType(val, scope)
  const shown = name ?? outputName(val)
  resolver.target?.(target.ResTarget, shown)
  const named = location === undefined ? undefined : targetName(location)
  return { columns: [{ name: shown, type, from, location, named }] }
}

/** `(row).*` */
function allFields(
  resolver: Resolver,
  arg: SqlNode | undefined,
  indirection: readonly SqlNode[] = [],
  scope: Scope,
): Columns | undefined {
  const [star, ...before] = indirection.toReversed()
  if (arg === undefined || star === undefined || !('A_Star' in star)) return undefined
  if (before.length === 0 && 'ColumnRef' in arg) {
    const [alias, ...more] = textsOf(arg.ColumnRef.fields)
    const source =
      alias === undefined || more.length > 0 ? undefined : findSource(scope, alias, undefined)
    if (alias !== undefined && source !== undefined && 'problem' in findBare(scope, alias)) {
      return resolveStar(
        resolver,
        { ...arg.ColumnRef, fields: [...(arg.ColumnRef.fields ?? []), star] },
        scope,
      )
    }
  }
  const from = through('computed', resolver.expression(arg, scope))
  const type = before.length === 0 ? fieldsOf(resolver, arg, scope) : undefined
  if (type !== undefined) return { columns: type.map((column) => ({ ...column, from })) }
  resolver.openStar('".*" of a row whose type is not known', locationOf(arg))
  return { columns: [], rest: () => from }
}

function fieldsOf(
  resolver: Resolver,
  arg: SqlNode,
  scope: Scope,
): readonly { readonly name: string; readonly type?: string }[] | undefined {
  if ('RowExpr' in arg) return (arg.RowExpr.args ?? []).map((_, i) => ({ name: `f${i + 1}` }))
  const called = rowType(resolver, arg)
  if (called !== undefined) return called
  if ('TypeCast' in arg) {
    const { schema, name } = qualifiedName(arg.TypeCast.typeName?.names)
    return compositeType(resolver, schema, name)
  }
  const type = expressionType(arg, scope)
  if (type === undefined) return undefined
  const [name = '', schema] = type.split('.').toReversed()
  return compositeType(resolver, schema, name)
}

function compositeType(
  { catalog }: Resolver,
  schema: string | undefined,
  name: string,
): readonly { readonly name: string; readonly type?: string }[] | undefined {
  const declared = catalog.compositeType?.(schema, name)
  if (declared !== undefined) return declared
  const relation = catalog.relation(schema, name)
  return relation?.isComplete === true ? relation.columns : undefined
}

function locationOf(node: SqlNode): number | undefined {
  const [inner] = Object.values(node) as { readonly location?: number }[]
  return inner?.location
}

/**
 * An item of GROUP BY: a column of FROM, else an output's name or number, else an expression.
 * Source: findTargetlistEntrySQL92 in PostgreSQL's parse_clause.c.
 */
function grouped(resolver: Resolver, item: SqlNode, result: Columns, scope: Scope): Contributions {
  if ('GroupingSet' in item) {
    const { content = [] } = item.GroupingSet
    return merge(...content.map((one) => grouped(resolver, one, result, scope)))
  }
  const name = bareName(item)
  if (name !== undefined) {
    const isColumn = scope.bare.some(({ columns }) => columns.some((one) => one.name === name))
    const output = result.columns.find((one) => one.name === name)
    if (!isColumn && output !== undefined) {
      resolver.mention?.(output, locationOf(item))
      return output.from
    }
  }
  return numbered(item, result) ?? resolver.expression(item, scope)
}

/** An item of ORDER BY or DISTINCT ON: an output's name or number, else an expression over FROM. */
function ordered(resolver: Resolver, item: SqlNode, result: Columns, scope: Scope): Contributions {
  const node = 'SortBy' in item ? item.SortBy.node : item
  if (node === undefined) return NOTHING
  const name = bareName(node)
  const output = name === undefined ? undefined : result.columns.find((one) => one.name === name)
  if (output !== undefined) resolver.mention?.(output, locationOf(node))
  return output?.from ?? numbered(node, result) ?? resolver.expression(node, scope)
}

function bareName(node: SqlNode): string | undefined {
  if (!('ColumnRef' in node)) return undefined
  const { fields = [] } = node.ColumnRef
  return fields.length === 1 ? textOf(fields[0]) : undefined
}

/** An output by its number, from 1. */
function numbered(node: SqlNode, { columns, rest }: Columns): Contributions | undefined {
  if (!('A_Const' in node) || node.A_Const.ival === undefined || rest !== undefined)
    return undefined
  return columns[(node.A_Const.ival.ival ?? 0) - 1]?.from
}
