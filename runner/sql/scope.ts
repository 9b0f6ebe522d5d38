import type { WindowDef } from 'libpg-query'
import type { Contributions } from './contribution.ts'
import { merge, through } from './contribution.ts'

/** A column that a name can mean, with all that feeds it already followed to relations of the catalog. */
export interface Column {
  readonly name: string
  readonly type?: string | undefined
  readonly from: Contributions
  /** Where the statement makes it: bytes from the start. */
  readonly location?: number | undefined
  /** Who gave it its name, as `relationName` or `targetName` say; kept by `*`. Absent where a list of names did. */
  readonly named?: string | undefined
}

/** The name of a column of a relation in the catalog. */
export function relationName(relation: string, column: string): string {
  return `${relation}\u0000${column}`
}

/** The name that an item of a select list gives. @param location bytes from the start of the text */
export function targetName(location: number): string {
  return `\u0000${location}`
}

/**
 * What feeds a column whose name is not among the known ones; `undefined` when that cannot be said.
 * Present only where columns are missing from the known ones.
 */
export type Rest = (name: string) => Contributions | undefined

/** A set of columns with names: a relation, a subquery, a function's result, a join. */
export interface Columns {
  readonly columns: readonly Column[]
  readonly rest?: Rest | undefined
  /** Of a relation itself, its key in the catalog: it has system columns too. */
  readonly relation?: string | undefined
}

/** What stands in FROM under a name. */
export interface Source extends Columns {
  readonly alias: string
  /** Of a relation that is named without alias. */
  readonly schema?: string | undefined
}

/** A query's result. */
export interface QueryResult extends Columns {
  /** What decides which rows there are. */
  readonly conditions: Contributions
}

/** A `with` query, resolved when it is first read; while a recursive one is being resolved, what is known so far. */
export interface Cte {
  readonly name: string
  readonly result: () => QueryResult
}

/** The names that an expression or a query can use, from the inside out. */
export interface Scope {
  /** Reached by `alias.column`. */
  readonly sources: readonly Source[]
  /** Reached by the column's name alone: joins have taken the place of what they join. */
  readonly bare: readonly Columns[]
  readonly windows: ReadonlyMap<string, WindowDef>
  /** Nearest first. */
  readonly ctes: readonly Cte[]
  readonly parent: Scope | undefined
}

export const NO_WINDOWS: ReadonlyMap<string, WindowDef> = new Map()

export const OUTERMOST: Scope = {
  sources: [],
  bare: [],
  windows: NO_WINDOWS,
  ctes: [],
  parent: undefined,
}

/** A scope with nothing in FROM yet, inside another. */
export function inside(parent: Scope): Scope {
  return { sources: [], bare: [], windows: NO_WINDOWS, ctes: parent.ctes, parent }
}

/** Columns of a name found: one, or why not one. */
export type Found =
  | { readonly column: Column }
  | { readonly problem: 'ambiguous' | 'uncertain' | 'missing' }

/**
 * A column by its bare name. The nearest scope that has it wins; where a scope might have it among columns that are
 * not known, and an outer one has it for certain, nobody can say which is meant.
 */
export function findBare(scope: Scope, name: string): Found {
  const open: Rest[] = []
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    const known = at.bare.flatMap((set) => [
      ...set.columns.filter((one) => one.name === name),
      ...systemColumn(set, name),
    ])
    const [column, another] = known
    if (another !== undefined) return { problem: 'ambiguous' }
    // A second one among the unknown columns of this scope would make the name ambiguous, which PostgreSQL refuses.
    if (column !== undefined) return open.length === 0 ? { column } : { problem: 'uncertain' }
    for (const { rest } of at.bare) if (rest !== undefined) open.push(rest)
  }
  const [rest, another] = open
  if (rest === undefined) return { problem: 'missing' }
  // Where no column has the name of a table, the name means its rows.
  const isSure = another === undefined && findSource(scope, name, undefined) === undefined
  const from = isSure ? rest(name) : undefined
  return from === undefined ? { problem: 'uncertain' } : { column: { name, from } }
}

/** A source by its alias, or by schema and name; the nearest wins. */
export function findSource(
  scope: Scope,
  alias: string,
  schema: string | undefined,
): Source | undefined {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    const found = at.sources.find(
      (source) => source.alias === alias && (schema === undefined || source.schema === schema),
    )
    if (found !== undefined) return found
  }
  return undefined
}

const SYSTEM_COLUMNS = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid'])

/** One of the columns that every table of PostgreSQL has and no `*` shows. */
function systemColumn({ relation, columns }: Columns, name: string): readonly Column[] {
  if (relation === undefined || !SYSTEM_COLUMNS.has(name)) return []
  if (columns.some((one) => one.name === name)) return []
  return [{ name, from: [{ relation, column: name, kind: 'copied' }] }]
}

/** A column of one source. */
export function findIn(source: Columns, name: string): Found {
  const [column, another] = [
    ...source.columns.filter((one) => one.name === name),
    ...systemColumn(source, name),
  ]
  if (another !== undefined) return { problem: 'ambiguous' }
  if (column !== undefined) return { column }
  if (source.rest === undefined) return { problem: 'missing' }
  const from = source.rest(name)
  return from === undefined ? { problem: 'uncertain' } : { column: { name, from } }
}

/** All columns of a source as one value. */
export function wholeRow({ columns }: Columns): Contributions {
  return through('computed', merge(...columns.map(({ from }) => from)))
}

/** Several sets of columns side by side. */
export function sideBySide(sets: readonly Columns[]): Columns {
  const open = sets.flatMap(({ rest }) => rest ?? [])
  const [only, another] = open
  return {
    columns: sets.flatMap(({ columns }) => columns),
    ...(only !== undefined && { rest: another === undefined ? only : () => undefined }),
  }
}

/** Other names for the first columns, as in `t(a, b)`. Without knowing all columns no name can be given away. */
export function renamed(set: Columns, names: readonly string[]): Columns {
  if (names.length === 0) return set
  if (set.rest !== undefined && names.length > set.columns.length) {
    return { columns: [], rest: () => undefined }
  }
  return {
    ...set,
    columns: set.columns.map((column, i) => {
      const name = names[i]
      return name === undefined ? column : { ...column, name, named: undefined }
    }),
  }
}
