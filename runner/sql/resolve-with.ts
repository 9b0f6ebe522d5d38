import type { CommonTableExpr, WithClause } from 'libpg-query'
import { merge, NOTHING, through } from './contribution.ts'
import type { Resolver } from './resolver.ts'
import type { Column, Cte, QueryResult, Scope } from './scope.ts'
import { inside, renamed } from './scope.ts'
import { textsOf } from './sql-tree.ts'

/**
 * The scope of a statement with its `with` queries in it. Each is resolved when it is first read. It sees those
 * before it; under `recursive` all of them, itself included.
 */
export function resolveWith(
  resolver: Resolver,
  clause: WithClause | undefined,
  scope: Scope,
): Scope {
  const expressions = (clause?.ctes ?? []).flatMap((node) =>
    'CommonTableExpr' in node ? [node.CommonTableExpr] : [],
  )
  if (expressions.length === 0) return scope
  const visible: Cte[] = []
  const whole = { ...scope, ctes: visible }
  for (const expression of expressions) {
    const own = clause?.recursive === true ? whole : { ...scope, ctes: [...visible, ...scope.ctes] }
    const cte = lazily(resolver, expression, own)
    resolver.cte?.(cte)
    visible.unshift(cte)
  }
  // Whatever is around the statement stays in reach behind its own.
  visible.push(...scope.ctes)
  return whole
}

function lazily(resolver: Resolver, expression: CommonTableExpr, scope: Scope): Cte {
  const name = expression.ctename ?? ''
  let known: QueryResult | undefined
  return {
    name,
    result: () => {
      if (known !== undefined) return known
      // What a query reads of itself, before anything is known of it, is nothing yet.
      known = { columns: [], conditions: NOTHING }
      const shown = (result: QueryResult): QueryResult => shownAs(expression, result)
      const { ctequery } = expression
      if (ctequery === undefined) return known
      const result = resolver.query(ctequery, inside(scope), (soFar) => {
        known = shown(soFar)
      })
      known = shown(result)
      return known
    },
  }
}

/** A CTE's result under the names that it gives, with the columns of SEARCH and CYCLE. */
function shownAs(expression: CommonTableExpr, result: QueryResult): QueryResult {
  const named = { ...result, ...renamed(result, textsOf(expression.aliascolnames)) }
  const { search_clause, cycle_clause } = expression
  const computedFrom = (name: string | undefined, list: readonly string[]): readonly Column[] =>
    name === undefined
      ? []
      : [
          {
            name,
            from: through(
              'computed',
              merge(
                ...named.columns.filter((one) => list.includes(one.name)).map((one) => one.from),
              ),
            ),
          },
        ]
  const searched = textsOf(search_clause?.search_col_list)
  const cycled = textsOf(cycle_clause?.cycle_col_list)
  return {
    ...named,
    columns: [
      ...named.columns,
      ...computedFrom(search_clause?.search_seq_column, searched),
      ...computedFrom(cycle_clause?.cycle_mark_column, cycled),
      ...computedFrom(cycle_clause?.cycle_path_column, cycled),
    ],
  }
}
