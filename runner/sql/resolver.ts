import type { ResTarget, Node as SqlNode, WithClause } from 'libpg-query'
import type { Catalog } from './catalog.ts'
import type { Contributions } from './contribution.ts'
import type { Column, Columns, Cte, QueryResult, Scope, Source } from './scope.ts'

/** What FROM gives to the rest of a query. */
export interface FromResult {
  readonly sources: readonly Source[]
  readonly bare: readonly Columns[]
  readonly conditions: Contributions
}

/** The parts of the resolver, which call each other. */
export interface Resolver {
  readonly catalog: Catalog
  /** Notes what cannot be resolved. @param location bytes from the start of the text */
  problem(message: string, location: number | undefined): void
  /** Notes a `*` of which not every column is known; a problem only where it reaches the result. */
  openStar(message: string, location: number | undefined): void
  /** Takes note of a use of a column by its name. @param location of the reference; absent where the tree has none */
  mention?(column: Column, location: number | undefined): void
  /** Takes note of a `with` query: what nobody reads is not resolved. */
  cte?(cte: Cte): void
  /** Takes note of an item of a select list that gives a name. */
  target?(target: ResTarget, name: string): void
  /** What feeds an expression's value. */
  expression(node: SqlNode | undefined, scope: Scope): Contributions
  /** Any statement that gives rows. */
  query(node: SqlNode, scope: Scope, recursive?: RecursiveCte): QueryResult
  from(items: readonly SqlNode[] | undefined, outer: Scope): FromResult
  /** The scope in which a statement's `with` queries can be read. */
  with(clause: WithClause | undefined, scope: Scope): Scope
}

/** Takes what the first part of a recursive union gives, and then what it gives with more and more rows. */
export type RecursiveCte = (soFar: QueryResult) => void
