import type { Node as SqlNode } from 'libpg-query'
import type { Catalog } from './catalog.ts'
import { NOTHING } from './contribution.ts'
import type { ParsedSql } from './parse-sql.ts'
import { resolveExpression } from './resolve-expression.ts'
import { resolveFrom } from './resolve-from.ts'
import { resolveSelect } from './resolve-select.ts'
import { resolveWith } from './resolve-with.ts'
import { resolveWrite } from './resolve-write.ts'
import type { Resolver } from './resolver.ts'
import type { QueryResult } from './scope.ts'
import { OUTERMOST } from './scope.ts'

/** What could not be resolved, and where. */
export interface StatementProblem {
  readonly message: string
  /** Code points from 0; absent where the tree names no place. */
  readonly offset?: number
}

/** A statement's columns, each followed to columns of relations in the catalog. */
export interface StatementLineage extends QueryResult {
  readonly problems: readonly StatementProblem[]
  /** The places of `*` whose columns are not all known, where some of them may be columns of the result. */
  readonly openStars: readonly StatementProblem[]
}

/** What feeds the columns of the one statement of a text. Locations count bytes; `parsed.offsetOf` converts them. */
export function resolveStatement(
  parsed: ParsedSql,
  catalog: Catalog,
  notes: Pick<Resolver, 'mention' | 'target' | 'cte'> = {},
): StatementLineage {
  const problems = new Map<string, StatementProblem>()
  const openStars = new Map<string, StatementProblem>()
  const noteIn =
    (notes: Map<string, StatementProblem>) =>
    (message: string, location: number | undefined): void => {
      const offset = location === undefined ? undefined : parsed.offsetOf(location)
      const problem = { message, ...(offset !== undefined && { offset }) }
      // A recursive query is resolved more than once.
      notes.set(`${message}\u0000${offset ?? ''}`, problem)
    }
  const resolver: Resolver = {
    ...notes,
    catalog,
    problem: noteIn(problems),
    openStar: noteIn(openStars),
    expression: (node, scope) => resolveExpression(resolver, node, scope),
    from: (items, outer) => resolveFrom(resolver, items, outer),
    with: (clause, scope) => resolveWith(resolver, clause, scope),
    query: (node, scope, recursive) =>
      'SelectStmt' in node
        ? resolveSelect(resolver, node.SelectStmt, scope, recursive)
        : resolveWrite(resolver, node, scope),
  }
  const [first] = parsed.statements
  const statement: SqlNode | undefined = first?.stmt
  const result: QueryResult =
    statement === undefined
      ? { columns: [], conditions: NOTHING }
      : resolver.query(statement, OUTERMOST)
  return {
    ...result,
    problems: [...problems.values()],
    openStars: result.rest === undefined ? [] : [...openStars.values()],
  }
}
