import type { Catalog } from './catalog.ts'
import { outputName } from './output-name.ts'
import type { ParsedSql } from './parse-sql.ts'
import type { StatementProblem } from './resolve-statement.ts'
import { resolveStatement } from './resolve-statement.ts'
import type { Cte } from './scope.ts'
import { targetName } from './scope.ts'

/** A use of a column by its name. */
export interface NameUse {
  /** Who gave the name: `relationName` or `targetName`. */
  readonly named: string
  /** Code points to the start of the reference, its table included; absent for a use without a place, such as `using (…)`. */
  readonly offset?: number
}

/** An item of a select list, which names a column. */
export interface NameGiver {
  readonly named: string
  readonly name: string
  /** Code points to the start of its expression. */
  readonly offset: number
  /** How the name is given: by `as`, or by PostgreSQL's rules from the last name of the expression, or from what it is. */
  readonly by: 'alias' | 'reference' | 'expression'
}

/** Which names a statement's columns have, who gives them, and where they are used. */
export interface StatementNames {
  readonly uses: readonly NameUse[]
  readonly givers: readonly NameGiver[]
  readonly outputs: readonly { readonly name: string; readonly named: string | undefined }[]
  readonly problems: readonly StatementProblem[]
}

/** The names of a parsed statement over a catalog. */
export function statementNames(parsed: ParsedSql, catalog: Catalog): StatementNames {
  const uses = new Map<string, NameUse>()
  const givers = new Map<string, NameGiver>()
  const ctes: Cte[] = []
  const { columns, problems } = resolveStatement(parsed, catalog, {
    mention: ({ named }, location) => {
      if (named === undefined) return
      const offset = location === undefined ? undefined : parsed.offsetOf(location)
      uses.set(`${named}\u0000${offset ?? ''}`, { named, ...(offset !== undefined && { offset }) })
    },
    cte: (cte) => ctes.push(cte),
    target: ({ name, val, location = 0 }, shown) => {
      const isReference = val !== undefined && !('FuncCall' in val) && outputName(val) === shown
      const by = name !== undefined ? 'alias' : isReference ? 'reference' : 'expression'
      const named = targetName(location)
      givers.set(named, { named, name: shown, offset: parsed.offsetOf(location), by })
    },
  })
  // The database reads the queries that nobody uses, too.
  for (const { result } of ctes) result()
  return {
    uses: [...uses.values()],
    givers: [...givers.values()],
    outputs: columns.map(({ name, named }) => ({ name, named })),
    problems,
  }
}
