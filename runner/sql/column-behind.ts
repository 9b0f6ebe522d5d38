import type { CommonTableExpr, SelectStmt, Node as SqlNode } from 'libpg-query'
import { outputName } from './output-name.ts'
import type { ParsedSql } from './parse-sql.ts'
import { childrenOf, textOf } from './sql-tree.ts'

/**
 * The column of the one relation a query reads whose values its own `column` has, untouched; undefined where it is computed, and
 * where a row of the query is made of more than one row: then a row that changes there changes others here.
 */
export function columnBehind(parsed: ParsedSql, column: string): string | undefined {
  const [only, ...others] = parsed.statements
  const statement = only?.stmt
  if (others.length > 0 || statement === undefined || !('SelectStmt' in statement)) return undefined
  return through(statement.SelectStmt, column, new Map())
}

type Ctes = ReadonlyMap<string, (column: string) => string | undefined>

function through(select: SelectStmt, column: string, outer: Ctes): string | undefined {
  const [from, ...others] = select.fromClause ?? []
  const read = columnRead(select, column)
  if (from === undefined || others.length > 0 || read === undefined || !isRowByRow(select))
    return undefined
  if ('RangeSubselect' in from) {
    const { subquery, alias } = from.RangeSubselect
    if (subquery === undefined || !('SelectStmt' in subquery)) return undefined
    return alias?.colnames === undefined
      ? through(subquery.SelectStmt, read, withCtes(select, outer))
      : undefined
  }
  if (!('RangeVar' in from) || from.RangeVar.alias?.colnames !== undefined) return undefined
  const { schemaname, relname = '' } = from.RangeVar
  const cte = schemaname === undefined ? withCtes(select, outer).get(relname) : undefined
  return cte === undefined ? read : cte(read)
}

function withCtes({ withClause }: SelectStmt, outer: Ctes): Ctes {
  const ctes = new Map(outer)
  for (const node of withClause?.ctes ?? []) {
    if (!('CommonTableExpr' in node)) continue
    const { ctename = '', ctequery, aliascolnames }: CommonTableExpr = node.CommonTableExpr
    const isPlain = withClause?.recursive !== true && aliascolnames === undefined
    // Each sees those before it.
    const before = new Map(ctes)
    ctes.set(ctename, (column) =>
      isPlain && ctequery !== undefined && 'SelectStmt' in ctequery
        ? through(ctequery.SelectStmt, column, before)
        : undefined,
    )
  }
  return ctes
}

/** The name under which the query reads what it gives as `column`; a `*` gives names as they are. */
function columnRead({ targetList = [] }: SelectStmt, column: string): string | undefined {
  let hasStar = false
  for (const target of targetList) {
    if (!('ResTarget' in target)) continue
    const { name, val } = target.ResTarget
    const last = val !== undefined && 'ColumnRef' in val ? val.ColumnRef.fields?.at(-1) : undefined
    if (last !== undefined && 'A_Star' in last) hasStar = true
    else if ((name ?? outputName(val)) === column) return textOf(last)
  }
  return hasStar ? column : undefined
}

function isRowByRow(select: SelectStmt): boolean {
  const { distinctClause, groupClause, havingClause, limitCount, limitOffset } = select
  const { targetList = [], whereClause } = select
  const combining = [distinctClause, groupClause, havingClause, limitCount, limitOffset]
  return (
    combining.every((clause) => clause === undefined) &&
    ![...targetList, ...(whereClause === undefined ? [] : [whereClause])].some(readsOtherRows)
  )
}

/** A subquery, or a window. */
function readsOtherRows(node: SqlNode): boolean {
  if ('SubLink' in node || ('FuncCall' in node && node.FuncCall.over !== undefined)) return true
  return childrenOf(Object.values(node)).some(readsOtherRows)
}
