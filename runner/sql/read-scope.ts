import type { SelectStmt, Node as SqlNode } from 'libpg-query'
import { columnOf, columnsIn, equalColumns } from './equal-columns.ts'
import { childrenOf, textOf, textOfTree } from './sql-tree.ts'

/** What stands around the rows that a query reads: what is equal in them, and what they are compared with. */
export interface ReadScope {
  /** The conditions that all of its rows meet. */
  readonly conditions: readonly SqlNode[]
  readonly pairs: readonly (readonly [SqlNode, SqlNode])[]
  readonly isSame: (one: SqlNode, other: SqlNode) => boolean
  /** It, and what is equal to it wherever it is there. */
  readonly equalTo: (node: SqlNode) => readonly SqlNode[]
  /** All of its columns are those of a query around this one. */
  readonly isOuter: (node: SqlNode) => boolean
  /** Whether conditions lead from one of these items of FROM to one of those. */
  readonly isTied: (from: readonly string[], to: readonly string[]) => boolean
}

/** Stands for items of FROM where the query does not say which: it may be any. */
export const ANY_ITEM = '*'

export function readScope(select: SelectStmt): ReadScope {
  const { pairs, followers, conditions, aliases, isNatural } = equalColumns(select)
  const isOuter = (node: SqlNode): boolean => {
    const columns = columnsIn(node)
    return (
      columns.length > 0 &&
      columns.every(({ alias }) => alias !== undefined && !aliases.includes(alias))
    )
  }
  const isSame = (one: SqlNode, other: SqlNode): boolean => isSameTree(one, other, isNatural)
  const equalTo = (node: SqlNode): readonly SqlNode[] => {
    const found = [node]
    const add = (from: SqlNode, one: SqlNode, other: SqlNode): void => {
      if (isSame(from, one) && !found.some((known) => isSame(known, other))) found.push(other)
    }
    // Grows while it is walked.
    for (const known of found) {
      for (const [one, other] of pairs) {
        add(known, one, other)
        add(known, other, one)
      }
      // What an outer join may leave empty is equal to the other side, and not the other way around.
      for (const [leader, follower] of followers) add(known, follower, leader)
    }
    return found
  }
  const ties = [
    ...conditions,
    ...[...pairs, ...followers].map((sides) => ({ List: { items: [...sides] } })),
  ]
    .map(itemsIn)
    .filter((items) => items.length > 1)
  const isTied = (from: readonly string[], to: readonly string[]): boolean => {
    const reached = new Set(from)
    for (const item of reached)
      for (const tie of ties) if (tie.includes(item)) for (const other of tie) reached.add(other)
    return [...reached].some(
      (item) => item === ANY_ITEM || to.includes(item) || to.includes(ANY_ITEM),
    )
  }
  return { conditions, pairs, isSame, equalTo, isOuter, isTied }
}

/** The items of FROM whose columns stand in an expression, and in its subqueries. */
export function itemsIn(node: SqlNode): readonly string[] {
  const own = 'ColumnRef' in node ? columnsIn(node) : []
  const items = own.map(({ alias }) => alias ?? ANY_ITEM)
  return [...new Set([...items, ...childrenOf(Object.values(node)).flatMap(itemsIn)])]
}

/** The columns of an expression that are not said to be of an item, as those of this one. */
export function ofItem(node: SqlNode, alias: string | undefined): SqlNode {
  return withColumns(node, (name, item) => columnOf(item ?? alias, name)) ?? node
}

/** An expression with others in place of its columns; none where one of them has none. */
export function withColumns(
  node: SqlNode,
  columnFor: (name: string, alias: string | undefined) => SqlNode | undefined,
): SqlNode | undefined {
  let isWhole = !textOfTree(node).includes('"SubLink"')
  const copy = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(copy)
    if (typeof value !== 'object' || value === null) return value
    if ('ColumnRef' in value) {
      const [column] = columnsIn(value as SqlNode)
      const other = column === undefined ? undefined : columnFor(column.name, column.alias)
      isWhole &&= other !== undefined
      return other
    }
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, copy(part)]))
  }
  const copied = copy(node) as SqlNode
  return isWhole ? copied : undefined
}

/** Columns are the same by their names, and by their items where both are said; casts of keys do not make them others. */
function isSameTree(one: SqlNode, other: SqlNode, isNatural: boolean): boolean {
  const isSame = (a: unknown, b: unknown): boolean => {
    const [left, right] = [withoutCast(a), withoutCast(b)]
    if (typeof left !== 'object' || left === null || typeof right !== 'object' || right === null)
      return left === right
    if ('ColumnRef' in left && 'ColumnRef' in right) {
      const [[mine], [theirs]] = [columnsIn(left as SqlNode), columnsIn(right as SqlNode)]
      if (mine?.name !== theirs?.name) return false
      const isAny = isNatural || mine?.alias === undefined || theirs?.alias === undefined
      return isAny || mine.alias === theirs.alias
    }
    const [mine, theirs] = [fieldsOf(left), fieldsOf(right)]
    return (
      mine.length === theirs.length &&
      mine.every(([name, value], i) => theirs[i]?.[0] === name && isSame(value, theirs[i][1]))
    )
  }
  return isSame(one, other)
}

function fieldsOf(value: object): readonly (readonly [string, unknown])[] {
  return Object.entries(value).filter(([name]) => name !== 'location')
}

/** Types between which keys are cast without losing what tells them apart. */
const KEY_TYPES: ReadonlySet<string> = new Set([
  'int2', 'int4', 'int8', 'numeric', 'text', 'varchar', 'uuid',
]) // biome-ignore format: a list

function withoutCast(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('TypeCast' in value)) return value
  const { arg, typeName } = (value as Extract<SqlNode, { TypeCast: unknown }>).TypeCast
  return KEY_TYPES.has(textOf(typeName?.names?.at(-1)) ?? '') ? withoutCast(arg) : value
}
