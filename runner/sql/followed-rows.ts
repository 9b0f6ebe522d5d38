import type { RangeVar, Node as SqlNode } from 'libpg-query'
import { columnOf } from './equal-columns.ts'
import type { ReadScope } from './read-scope.ts'
import { withColumns } from './read-scope.ts'

/** Rows of a followed table, or its changed rows, as a query reads them. */
export interface OfTable {
  readonly table: string
  /** Where it is read. */
  readonly place: RangeVar
  /** What a column that is given under a name is of the table's own columns; none where it is not of them. */
  readonly of: (name: string) => SqlNode | undefined
}

/** A followed table that is read as a whole. */
export interface FollowedRead extends OfTable {
  /** Where a row of the table changes, only rows change that have in each of these what it has in the key. */
  readonly at: (key: SqlNode) => readonly SqlNode[]
  /** The items of FROM that lead to it. */
  readonly items: readonly string[]
}

/** Changed rows of a table, or their keys. */
export interface ChangedKeys extends OfTable {
  /** Those that rows had before are among them. */
  readonly isLogged: boolean
  /** What a condition compares them with in the query around theirs. */
  readonly links: readonly Compared[]
}

export interface Compared {
  /** Of the table's own columns; none where it is not only of them. */
  readonly key: SqlNode | undefined
  /** What is equal to it; none where the query does not give it. */
  readonly values: readonly SqlNode[]
}

/** Rows that are there because of changed ones; of several alternatives each is enough. */
export type Choice = readonly Alternative[]

export interface Alternative {
  readonly table: string
  readonly place: RangeVar
  readonly isLogged: boolean
  readonly pairs: readonly Compared[]
  /** What is compared is not known to be of the table, but by something of these items of FROM. */
  readonly byItems: readonly string[] | undefined
}

/** What the rows of a query, or of an item of FROM, are made of. */
export interface FollowedRows {
  readonly reads: readonly FollowedRead[]
  /** All of these restrict the rows. */
  readonly choices: readonly Choice[]
  readonly keys: readonly ChangedKeys[]
}

export const NO_ROWS: FollowedRows = { reads: [], choices: [], keys: [] }

/** A query that reads itself together again and again is not judged. */
const MANY = 100

export function together(one: FollowedRows, other: FollowedRows): FollowedRows {
  const reads = [...one.reads, ...other.reads]
  const choices = [...one.choices, ...other.choices]
  const keys = [...one.keys, ...other.keys]
  return reads.length + choices.length + keys.length > MANY ? NO_ROWS : { reads, choices, keys }
}

export interface Move {
  /** What gives a value there; none where nothing does. */
  readonly values: (node: SqlNode) => readonly SqlNode[]
  /** What is given under a name there, of what it was given by before. */
  readonly of: (name: string) => SqlNode | undefined
  readonly items: readonly string[]
}

/** The same rows where they are given under other names. */
export function moved({ reads, choices, keys }: FollowedRows, move: Move): FollowedRows {
  const traced = (one: OfTable) => (name: string) => {
    const inside = move.of(name)
    return inside === undefined ? undefined : withColumns(inside, (column) => one.of(column))
  }
  return {
    reads: reads.map((read) => ({
      ...read,
      of: traced(read),
      at: (key) => read.at(key).flatMap(move.values),
      items: move.items,
    })),
    choices: choices.map((choice) =>
      choice.map((one) => ({
        ...one,
        pairs: one.pairs.map(({ key, values }) => ({ key, values: values.flatMap(move.values) })),
        byItems: one.byItems && move.items,
      })),
    ),
    keys: keys.map((key) => ({ ...key, of: traced(key) })),
  }
}

/** Whether rows that change with what is read are among those that changed rows choose. */
export function isChosenBy(read: FollowedRead, choice: Choice, scope: ReadScope): boolean {
  return choice.some((one) => {
    if (one.table !== read.table) return false
    if (one.byItems !== undefined) return scope.isTied(read.items, one.byItems)
    return one.pairs.every(({ key, values }) =>
      values.some((value) => key !== undefined && isAt(read, key, value, scope)),
    )
  })
}

/** Whether a value is what the row that is read has in the key, in all rows. */
function isAt(read: FollowedRead, key: SqlNode, value: SqlNode, scope: ReadScope): boolean {
  const has = (nodes: readonly SqlNode[], as: (node: SqlNode) => SqlNode | undefined): boolean =>
    nodes.flatMap(scope.equalTo).some((equal) => {
      const expression = as(equal)
      return expression !== undefined && scope.isSame(expression, value)
    })
  if (has(read.at(key), (node) => node)) return true
  // The same expression of what is equal to its only column.
  const names = new Set<string>()
  withColumns(key, (name) => {
    names.add(name)
    return key
  })
  const [name = ''] = names
  return (
    names.size === 1 &&
    has(read.at(columnOf(undefined, name)), (node) => withColumns(key, () => node))
  )
}

/** Whether wherever the one chooses rows the other does. */
export function isWithin(one: Choice, other: Choice, scope: ReadScope): boolean {
  return one.every((mine) =>
    other.some(
      (theirs) =>
        mine.table === theirs.table &&
        mine.byItems === undefined &&
        theirs.byItems === undefined &&
        theirs.pairs.every((pair) => mine.pairs.some((same) => isSamePair(same, pair, scope))),
    ),
  )
}

function isSamePair(one: Compared, other: Compared, scope: ReadScope): boolean {
  if (one.key === undefined || other.key === undefined) return false
  const equal = other.values.flatMap(scope.equalTo)
  return (
    scope.isSame(one.key, other.key) &&
    one.values.some((value) => equal.some((node) => scope.isSame(node, value)))
  )
}
