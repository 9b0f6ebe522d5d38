import type { SelectStmt, Node as SqlNode } from 'libpg-query'
import { childrenOf, textOf, textsOf } from './sql-tree.ts'

/** What a query's joins and conditions say of the columns that it reads. */
export interface EqualColumns {
  /** The names that the items of FROM are read by. */
  readonly aliases: readonly string[]
  /** What is said to be equal. */
  readonly pairs: readonly Equality[]
  /** The conditions that all of its rows meet. */
  readonly conditions: readonly SqlNode[]
  /** Whether rows that are equal in all of `by` are equal in it. */
  readonly isGivenBy: (node: SqlNode, by: readonly SqlNode[]) => boolean
  /** What an item of FROM is joined by, for each of the others: its own side of each equality. */
  readonly linksOf: (alias: string) => readonly (readonly SqlNode[])[]
  /** What it is joined by in all rows: its own side of each equality, and the other. */
  readonly linkedTo: (alias: string) => readonly (readonly [SqlNode, SqlNode])[]
  /** What is equal to it in all rows. */
  readonly sameAs: (node: SqlNode) => readonly SqlNode[]
}

/** Columns are compared under the names that the query reads them by: what they are is not known here. */
export function equalColumns(select: SelectStmt): EqualColumns {
  const { fromClause = [], whereClause } = select
  const from = fromClause.map(readFrom)
  const aliases = from.flatMap((item) => item.aliases)
  const where = whereClause === undefined ? [] : conjuncts(whereClause)
  const equalities = [...from.flatMap((item) => item.equalities), ...where.flatMap(equalityOf)]
  const followers = from.flatMap((item) => item.followers)
  const isNatural = from.some((item) => item.isNatural)
  // A name without its table is that of one column alone, or of columns that are joined by it.
  const { targetList, groupClause, havingClause, windowClause, distinctClause } = select
  const clauses = [targetList, whereClause, groupClause, havingClause, windowClause, distinctClause]
  const loose = new Set(
    [...clauses.flatMap(childrenOf), ...equalities.flat(), ...followers.flat()]
      .flatMap(columnsIn)
      .flatMap(({ alias, name }) => (alias === undefined ? [name] : [])),
  )
  const isByName = (name: string): boolean => aliases.length < 2 || isNatural || loose.has(name)
  const textOfTree = (node: SqlNode): string =>
    JSON.stringify(node, (key, value: unknown) => {
      if (key === 'location') return undefined
      if (key !== 'fields' || !Array.isArray(value)) return value
      const names = textsOf(value as SqlNode[])
      return names.slice(isByName(names.at(-1) ?? '') ? -1 : -2)
    })

  const parents = new Map<string, string>()
  const root = (text: string): string => {
    const parent = parents.get(text)
    return parent === undefined ? text : root(parent)
  }
  const classOf = (node: SqlNode): string => root(textOfTree(node))
  for (const [one, other] of equalities) {
    const [from, to] = [classOf(one), classOf(other)]
    if (from !== to) parents.set(from, to)
  }
  const constants = new Set(
    equalities
      .flat()
      .filter(isConstant)
      .map((node) => classOf(node)),
  )

  const isGivenBy = (node: SqlNode, by: readonly SqlNode[]): boolean => {
    const own = classOf(node)
    if (constants.has(own) || by.some((one) => classOf(one) === own)) return true
    const isFollower = followers.some(
      ([leader, follower]) =>
        classOf(follower) === own && by.some((one) => classOf(one) === classOf(leader)),
    )
    if (isFollower) return true
    if ('ColumnRef' in node || 'SubLink' in node) return false
    return childrenOf(Object.values(node)).every((part) => isGivenBy(part, by))
  }
  /** Each with the other side of the equality. */
  const linksAmong = (pairs: readonly Equality[], alias: string): readonly Equality[] =>
    pairs
      .flatMap(([a, b]) => [[a, b] as const, [b, a] as const])
      .filter(([one, other]) => {
        const [own, others] = [columnsIn(one), columnsIn(other)]
        const isOwn = own.length > 0 && own.every((column) => column.alias === alias)
        return isOwn && others.length > 0 && others.every((column) => column.alias !== alias)
      })
  const linksOf = (alias: string): readonly (readonly SqlNode[])[] => {
    const links = new Map<string, SqlNode[]>()
    for (const [one, other] of linksAmong([...equalities, ...followers], alias)) {
      const whose = columnsIn(other)
        .map((column) => column.alias ?? '')
        .join()
      links.set(whose, [...(links.get(whose) ?? []), one])
    }
    return [...links.values()]
  }
  return {
    aliases,
    pairs: equalities,
    conditions: [...where, ...from.flatMap((item) => item.conditions)],
    isGivenBy,
    linksOf,
    linkedTo: (alias) => linksAmong(equalities, alias),
    sameAs: (node) => equalities.flat().filter((other) => classOf(other) === classOf(node)),
  }
}

interface ColumnIn {
  readonly node: SqlNode
  /** The item of FROM that it is read from, where the query says so. */
  readonly alias: string | undefined
  /** Empty for `*`. */
  readonly name: string
}

/** The columns that an expression reads, outside of its subqueries. */
export function columnsIn(node: SqlNode): readonly ColumnIn[] {
  if ('SubLink' in node) return childrenOf(node.SubLink.testexpr).flatMap(columnsIn)
  if (!('ColumnRef' in node)) return childrenOf(Object.values(node)).flatMap(columnsIn)
  const { fields = [] } = node.ColumnRef
  return [{ node, alias: textsOf(fields.slice(0, -1)).at(-1), name: textOf(fields.at(-1)) ?? '' }]
}

export function columnOf(alias: string | undefined, name: string): SqlNode {
  const fields = [...(alias === undefined ? [] : [alias]), name]
  return { ColumnRef: { fields: fields.map((sval) => ({ String: { sval } })) } }
}

export function conjuncts(condition: SqlNode): readonly SqlNode[] {
  return 'BoolExpr' in condition && condition.BoolExpr.boolop === 'AND_EXPR'
    ? (condition.BoolExpr.args ?? []).flatMap(conjuncts)
    : [condition]
}

/** The values of a row, or the one that it is. */
export function valuesOf(node: SqlNode): readonly SqlNode[] {
  return 'RowExpr' in node ? (node.RowExpr.args ?? []) : [node]
}

type Equality = readonly [SqlNode, SqlNode]

/** What a condition says is equal; of rows, each pair of their values. */
function equalityOf(condition: SqlNode): readonly Equality[] {
  if (!('A_Expr' in condition)) return []
  const { kind, name, lexpr, rexpr } = condition.A_Expr
  if (lexpr === undefined || rexpr === undefined) return []
  const isEquality =
    kind === 'AEXPR_NOT_DISTINCT' || (kind === 'AEXPR_OP' && textsOf(name).at(-1) === '=')
  if (!isEquality || 'SubLink' in lexpr || 'SubLink' in rexpr) return []
  const others = valuesOf(rexpr)
  return valuesOf(lexpr).flatMap((one, index) => {
    const other = others[index]
    return other === undefined ? [] : [[one, other] as const]
  })
}

interface ReadFrom {
  readonly aliases: readonly string[]
  readonly equalities: readonly Equality[]
  /** Of an outer join: what stands on its side that is always there, and what is equal to it or null. */
  readonly followers: readonly Equality[]
  readonly conditions: readonly SqlNode[]
  readonly isNatural: boolean
}

function readFrom(item: SqlNode): ReadFrom {
  if (!('JoinExpr' in item))
    return {
      aliases: [aliasOf(item) ?? ''],
      equalities: [],
      followers: [],
      conditions: [],
      isNatural: false,
    }
  const { jointype, larg, rarg, quals, usingClause, isNatural } = item.JoinExpr
  const [left, right] = [larg, rarg].map((side) =>
    side === undefined ? undefined : readFrom(side),
  )
  const sides = [left, right].filter((side) => side !== undefined)
  const using = textsOf(usingClause).flatMap((name) =>
    (left?.aliases ?? []).flatMap((one) =>
      (right?.aliases ?? []).map((other) => [columnOf(one, name), columnOf(other, name)] as const),
    ),
  )
  const own = quals === undefined ? [] : conjuncts(quals)
  const equalities = [...using, ...own.flatMap(equalityOf)]
  const isInner = jointype === 'JOIN_INNER'
  const leader = jointype === 'JOIN_LEFT' ? left : jointype === 'JOIN_RIGHT' ? right : undefined
  const isLed = (node: SqlNode): boolean =>
    columnsIn(node).every(({ alias }) => alias !== undefined && leader?.aliases.includes(alias))
  const followers = equalities.flatMap(([one, other]): readonly Equality[] => {
    if (leader === undefined || isLed(one) === isLed(other)) return []
    return [isLed(one) ? [one, other] : [other, one]]
  })
  return {
    aliases: sides.flatMap((side) => side.aliases),
    equalities: [...sides.flatMap((side) => side.equalities), ...(isInner ? equalities : [])],
    followers: [...sides.flatMap((side) => side.followers), ...followers],
    conditions: [...sides.flatMap((side) => side.conditions), ...(isInner ? own : [])],
    isNatural: isNatural === true || sides.some((side) => side.isNatural),
  }
}

/** The name that the columns of an item of FROM are read by. */
export function aliasOf(item: SqlNode): string | undefined {
  if ('RangeVar' in item) return item.RangeVar.alias?.aliasname ?? item.RangeVar.relname
  if ('RangeSubselect' in item) return item.RangeSubselect.alias?.aliasname
  if ('RangeFunction' in item) return item.RangeFunction.alias?.aliasname
  if ('RangeTableSample' in item && item.RangeTableSample.relation !== undefined)
    return aliasOf(item.RangeTableSample.relation)
  return undefined
}

function isConstant(node: SqlNode): boolean {
  return (
    !('ColumnRef' in node || 'SubLink' in node || 'FuncCall' in node) &&
    childrenOf(Object.values(node)).every(isConstant)
  )
}
