import type { NodeId } from '../manifest/node.ts'
import type { Catalog } from './catalog.ts'
import type { ColumnInput, LineageColumn } from './column-lineage.ts'
import type { Contribution } from './contribution.ts'
import type { ParsedSql, SqlSyntaxError } from './parse-sql.ts'
import { isSyntaxError } from './parse-sql.ts'
import type { StatementProblem } from './resolve-statement.ts'
import { resolveStatement } from './resolve-statement.ts'

/** What one statement's text says of its columns: plain data, which a cache can keep. */
export interface StatementColumns {
  readonly columns: readonly LineageColumn[]
  readonly conditions: readonly ColumnInput[]
  /** Whether these are all columns. */
  readonly hasAllColumns: boolean
  readonly problems: readonly StatementProblem[]
  /** Why not, where they are not. */
  readonly openStars: readonly StatementProblem[]
}

/** The lineage of a parsed statement over a catalog whose keys are node ids. */
export function statementColumns(
  parsed: ParsedSql | SqlSyntaxError,
  catalog: Catalog,
): StatementColumns {
  if (isSyntaxError(parsed)) {
    const { message, offset } = parsed
    return {
      columns: [],
      conditions: [],
      hasAllColumns: false,
      openStars: [],
      problems: [{ message, ...(offset !== undefined && { offset }) }],
    }
  }
  const { columns, rest, conditions, problems, openStars } = resolveStatement(parsed, catalog)
  const input = ({ relation, column, kind, via, location }: Contribution): ColumnInput => ({
    node: relation as NodeId,
    column,
    kind,
    ...(via !== undefined && { via }),
    ...(location !== undefined && { offset: parsed.offsetOf(location) }),
  })
  return {
    columns: columns.map(({ name, type, from, location }) => ({
      name,
      ...(type !== undefined && { type }),
      ...(location !== undefined && { offset: parsed.offsetOf(location) }),
      inputs: from.map(input),
    })),
    conditions: conditions.map(input),
    hasAllColumns: rest === undefined,
    problems,
    openStars,
  }
}
