import type { JoinExpr, RangeVar, Node as SqlNode } from 'libpg-query'
import type { CatalogRelation } from './catalog.ts'
import type { Contributions } from './contribution.ts'
import { asCondition, merge, NOTHING, through } from './contribution.ts'
import { resolveRowFunction, resolveTableFunction } from './resolve-row-function.ts'
import type { FromResult, Resolver } from './resolver.ts'
import type { Column, Columns, Scope, Source } from './scope.ts'
import { findIn, inside, NO_WINDOWS, relationName, renamed, sideBySide } from './scope.ts'
import { textsOf } from './sql-tree.ts'

/** What the items of a FROM clause bring, from left to right: a lateral one sees those before it. */
export function resolveFrom(
  resolver: Resolver,
  items: readonly SqlNode[] | undefined,
  outer: Scope,
): FromResult {
  let result: FromResult = { sources: [], bare: [], conditions: NOTHING }
  for (const item of items ?? []) {
    result = together(result, resolveItem(resolver, item, outer, result))
  }
  return result
}

function together(left: FromResult, right: FromResult): FromResult {
  return {
    sources: [...left.sources, ...right.sources],
    bare: [...left.bare, ...right.bare],
    conditions: merge(left.conditions, right.conditions),
  }
}

/** The scope of what may look at the items to its left. */
function lateral(outer: Scope, { sources, bare }: FromResult): Scope {
  return { sources, bare, windows: NO_WINDOWS, ctes: outer.ctes, parent: outer }
}

/** @param before the items to the left, which lateral ones see */
function resolveItem(
  resolver: Resolver,
  item: SqlNode,
  outer: Scope,
  before: FromResult,
): FromResult {
  if ('RangeVar' in item) return single(...readRelation(resolver, item.RangeVar, outer))
  if ('RangeSubselect' in item) {
    const { subquery, alias, lateral: isLateral } = item.RangeSubselect
    if (subquery === undefined) return single({ alias: '', columns: [] })
    const scope = isLateral === true ? lateral(outer, before) : inside(outer)
    const { conditions, ...columns } = resolver.query(subquery, scope)
    const names = textsOf(alias?.colnames)
    return single({ alias: alias?.aliasname ?? '', ...renamed(columns, names) }, conditions)
  }
  if ('JoinExpr' in item) return resolveJoin(resolver, item.JoinExpr, outer, before)
  if ('RangeFunction' in item) {
    return single(resolveRowFunction(resolver, item.RangeFunction, lateral(outer, before)))
  }
  if ('RangeTableFunc' in item || 'JsonTable' in item) {
    return single(resolveTableFunction(resolver, item, lateral(outer, before)))
  }
  if ('RangeTableSample' in item) {
    const { relation, args = [], repeatable } = item.RangeTableSample
    if (relation === undefined) return single({ alias: '', columns: [] })
    const result = resolveItem(resolver, relation, outer, before)
    const scope = lateral(outer, before)
    const decides = merge(...[...args, repeatable].map((one) => resolver.expression(one, scope)))
    return { ...result, conditions: merge(result.conditions, asCondition('filter', decides)) }
  }
  resolver.problem('this kind of table expression is not understood', undefined)
  return single({ alias: '', columns: [], rest: () => undefined })
}

function single(source: Source, conditions: Contributions = NOTHING): FromResult {
  return { sources: [source], bare: [source], conditions }
}

/** A CTE where there is one of that name, else a relation. */
function readRelation(resolver: Resolver, range: RangeVar, scope: Scope): [Source, Contributions] {
  const { relname = '', schemaname, alias } = range
  const name = alias?.aliasname ?? relname
  const names = textsOf(alias?.colnames)
  if (schemaname === undefined) {
    const standIn = resolver.catalog.standIn?.(relname)
    if (standIn !== undefined) return [relationSource(standIn, name, undefined, names), NOTHING]
    const cte = scope.ctes.find((one) => one.name === relname)
    if (cte !== undefined) {
      const { conditions, ...columns } = cte.result()
      return [{ alias: name, ...renamed(columns, names) }, conditions]
    }
  }
  const relation = resolver.catalog.relation(schemaname, relname)
  const schema = alias === undefined ? schemaname : undefined
  if (relation !== undefined) return [relationSource(relation, name, schema, names), NOTHING]
  if (isSystem(schemaname, relname)) {
    // PostgreSQL's own tables have columns, but no lineage.
    return [{ alias: name, schema, columns: [], rest: () => NOTHING }, NOTHING]
  }
  const written = schemaname === undefined ? relname : `${schemaname}.${relname}`
  resolver.problem(`"${written}" is no relation of the project`, range.location)
  return [{ alias: name, schema, columns: [], rest: () => NOTHING }, NOTHING]
}

function isSystem(schema: string | undefined, name: string): boolean {
  if (schema === undefined) return name.startsWith('pg_')
  return schema === 'pg_catalog' || schema === 'information_schema'
}

/** A relation of the catalog as FROM shows it. */
export function relationSource(
  { key, columns, isComplete }: CatalogRelation,
  alias: string,
  schema: string | undefined,
  names: readonly string[],
): Source {
  const copied = (column: string): Contributions => [{ relation: key, column, kind: 'copied' }]
  const own: Columns = {
    columns: columns.map(({ name, type }) => ({
      name,
      type,
      from: copied(name),
      named: relationName(key, name),
    })),
    ...(!isComplete && { rest: copied }),
  }
  // Without knowing all columns nobody knows their order, and which of them the new names are for.
  const shown: Columns =
    names.length > 0 && !isComplete ? { columns: [], rest: () => undefined } : renamed(own, names)
  return { alias, schema, relation: key, ...shown }
}

function resolveJoin(
  resolver: Resolver,
  join: JoinExpr,
  outer: Scope,
  before: FromResult,
): FromResult {
  const { larg, rarg, alias } = join
  if (larg === undefined || rarg === undefined)
    return { sources: [], bare: [], conditions: NOTHING }
  const left = resolveItem(resolver, larg, outer, before)
  const right = resolveItem(resolver, rarg, outer, together(before, left))
  const both = together(left, right)
  const common = commonNames(resolver, join, left, right)
  const matched = common.map((name) => {
    const [from, to] = [left, right].map((side) => {
      const found = findIn(sideBySide(side.bare), name)
      if ('column' in found) {
        resolver.mention?.(found.column, undefined)
        return found.column
      }
      resolver.problem(`no column "${name}" is known on both sides of the join`, undefined)
      return { name, from: NOTHING }
    })
    return { name, left: from ?? { name, from: NOTHING }, right: to ?? { name, from: NOTHING } }
  })
  const on = resolver.expression(join.quals, lateral(outer, both))
  const joined = merge(on, ...matched.flatMap((one) => [one.left.from, one.right.from]))
  const conditions = merge(both.conditions, asCondition('join', joined))

  const merged = matched.map((one): Column => mergedColumn(join, one))
  const others = [...left.bare, ...right.bare].map(
    (set): Columns => ({
      ...set,
      columns: set.columns.filter(({ name }) => !common.includes(name)),
    }),
  )
  const columns = sideBySide([{ columns: merged }, ...others])
  const usingAlias: readonly Source[] =
    join.join_using_alias?.aliasname === undefined
      ? []
      : [{ alias: join.join_using_alias.aliasname, columns: merged }]
  if (alias?.aliasname === undefined) {
    return { sources: [...both.sources, ...usingAlias], bare: [columns], conditions }
  }
  // An alias hides what it joins.
  const source = { alias: alias.aliasname, ...renamed(columns, textsOf(alias.colnames)) }
  return { sources: [source, ...usingAlias], bare: [source], conditions }
}

/** The columns that `using` names or `natural` means. */
function commonNames(
  resolver: Resolver,
  { isNatural, usingClause }: JoinExpr,
  left: FromResult,
  right: FromResult,
): readonly string[] {
  if (isNatural !== true) return textsOf(usingClause)
  const [l, r] = [sideBySide(left.bare), sideBySide(right.bare)]
  if (l.rest !== undefined || r.rest !== undefined) {
    resolver.problem('a natural join of tables whose columns are not all known', undefined)
  }
  const names = new Set(r.columns.map(({ name }) => name))
  return l.columns.map(({ name }) => name).filter((name) => names.has(name))
}

/** One column of two: PostgreSQL takes the left one, in a right join the right one, in a full join either. */
function mergedColumn(
  { jointype }: JoinExpr,
  { name, left, right }: { name: string; left: Column; right: Column },
): Column {
  switch (jointype) {
    case 'JOIN_RIGHT':
      return { ...right, name }
    case 'JOIN_FULL':
      return { name, from: through('computed', merge(left.from, right.from)) }
    default:
      return { ...left, name }
  }
}
