import type { CommonTableExpr, JoinExpr, RangeVar, SelectStmt, Node as SqlNode } from 'libpg-query'
import type { ParsedSql } from './parse-sql.ts'
import { childrenOf, functionName } from './sql-tree.ts'

/** The schema under which SQL that is to be judged reads what `changes()` gives, in place of the rows themselves. */
export const CHANGES_SCHEMA = 'gm.changes'
/** The same for what `changed_keys()` gives. */
export const KEYS_SCHEMA = 'gm.keys'

/** How a query loses rows of what is new: what it did before is not done again when the rest changes. */
export type MisuseKind = 'join' | 'aggregate' | 'outer join' | 'negation' | 'except' | 'limit'

export interface Misuse {
  readonly kind: MisuseKind
  /** The relation whose changes are read. */
  readonly input: string
  /** Where they are read; code points from 0. */
  readonly offset: number
}

/**
 * Where a query of a model reads `changes()` in a way that loses rows. Keys are free: in a subquery of a condition,
 * which says what is computed again, changes may be joined and grouped. What cannot be judged is let through.
 */
export function findMisuse(parsed: ParsedSql): readonly Misuse[] {
  const found: Misuse[] = []
  const say = (kind: MisuseKind, { relname = '', location = 0 }: RangeVar): void => {
    const offset = parsed.offsetOf(location)
    if (!found.some((other) => other.offset === offset))
      found.push({ kind, input: relname, offset })
  }
  for (const { stmt } of parsed.statements) {
    if (stmt !== undefined && 'SelectStmt' in stmt)
      readSelect(stmt.SelectStmt, { use: 'rows', ctes: new Map(), say })
  }
  return found
}

interface Reading {
  /** Whether the rows go into the table, or only say which keys are computed again. */
  readonly use: 'rows' | 'keys'
  /** Judged anew wherever they are read: one may give rows here and keys there. */
  readonly ctes: ReadonlyMap<string, (use: Reading['use']) => Source>
  readonly say: (kind: MisuseKind, changes: RangeVar) => void
}

/** What a FROM item reads. */
interface Source {
  /** The `changes()` whose rows it gives. */
  readonly changes: RangeVar | undefined
  /** It reads a relation that may change without being followed. */
  readonly hasOther: boolean
}

const NOTHING: Source = { changes: undefined, hasOther: false }

function readSelect(select: SelectStmt, outer: Reading): Source {
  const reading = { ...outer, ctes: withCtes(select, outer) }
  const { say, use } = reading
  if (select.larg !== undefined && select.rarg !== undefined) {
    const left = readSelect(select.larg, reading)
    const right = readSelect(select.rarg, reading)
    if (select.op === 'SETOP_EXCEPT' && right.changes !== undefined) say('except', right.changes)
    return either(left, right)
  }
  const source = (select.fromClause ?? [])
    .map((item) => readItem(item, reading))
    .reduce((left, right) => sideBySide(left, right, reading), NOTHING)
  for (const part of [select.whereClause, select.havingClause, ...(select.targetList ?? [])])
    if (part !== undefined) readExpression(part, reading, false)
  const { changes } = source
  if (changes !== undefined) {
    if (select.limitCount !== undefined || select.limitOffset !== undefined) say('limit', changes)
    const outputs = [select.havingClause, ...(select.targetList ?? [])]
    if (use === 'rows' && outputs.some(hasAggregate)) say('aggregate', changes)
  }
  return source
}

function withCtes({ withClause }: SelectStmt, outer: Reading): Reading['ctes'] {
  const ctes = new Map(outer.ctes)
  for (const node of withClause?.ctes ?? []) {
    if (!('CommonTableExpr' in node)) continue
    const { ctename = '', ctequery }: CommonTableExpr = node.CommonTableExpr
    // Each sees those before it; a recursive one reads itself, which adds nothing.
    const before = new Map(ctes)
    before.set(
      ctename,
      withClause?.recursive === true ? () => NOTHING : (outer.ctes.get(ctename) ?? (() => OTHER)),
    )
    ctes.set(ctename, (use) =>
      ctequery !== undefined && 'SelectStmt' in ctequery
        ? readSelect(ctequery.SelectStmt, { ...outer, use, ctes: before })
        : NOTHING,
    )
  }
  return ctes
}

const OTHER: Source = { changes: undefined, hasOther: true }

function readItem(item: SqlNode, reading: Reading): Source {
  if ('RangeVar' in item) {
    const { schemaname, relname = '' } = item.RangeVar
    if (schemaname === CHANGES_SCHEMA) return { changes: item.RangeVar, hasOther: false }
    if (schemaname === KEYS_SCHEMA) return NOTHING
    const cte = schemaname === undefined ? reading.ctes.get(relname) : undefined
    return cte === undefined ? OTHER : cte(reading.use)
  }
  if ('RangeSubselect' in item) {
    const { subquery } = item.RangeSubselect
    if (subquery === undefined || !('SelectStmt' in subquery)) return NOTHING
    return readSelect(subquery.SelectStmt, reading)
  }
  if ('JoinExpr' in item) return readJoin(item.JoinExpr, reading)
  return NOTHING
}

function readJoin({ jointype, larg, rarg, quals }: JoinExpr, reading: Reading): Source {
  const left = larg === undefined ? NOTHING : readItem(larg, reading)
  const right = rarg === undefined ? NOTHING : readItem(rarg, reading)
  if (quals !== undefined) readExpression(quals, reading, false)
  if (reading.use === 'rows') {
    const nullable = [
      ...(jointype === 'JOIN_LEFT' || jointype === 'JOIN_FULL' ? [right.changes] : []),
      ...(jointype === 'JOIN_RIGHT' || jointype === 'JOIN_FULL' ? [left.changes] : []),
    ].find((changes) => changes !== undefined)
    if (nullable !== undefined) reading.say('outer join', nullable)
  }
  return sideBySide(left, right, reading)
}

/** Rows of both together: a new row here belongs to old ones there, which are not read. */
function sideBySide(left: Source, right: Source, { use, say }: Reading): Source {
  const changes = left.changes ?? right.changes
  const meetsOther =
    (left.changes !== undefined && (right.hasOther || right.changes !== undefined)) ||
    (right.changes !== undefined && left.hasOther)
  if (use === 'rows' && changes !== undefined && meetsOther) say('join', changes)
  return { changes, hasOther: left.hasOther || right.hasOther }
}

function either(left: Source, right: Source): Source {
  return {
    changes: left.changes ?? right.changes,
    hasOther: left.hasOther || right.hasOther,
  }
}

/** Looks for subqueries, and whether what they find is negated. */
function readExpression(node: SqlNode, reading: Reading, isNegated: boolean): void {
  if ('SubLink' in node) {
    const { subLinkType, subselect, testexpr } = node.SubLink
    if (testexpr !== undefined) readExpression(testexpr, reading, false)
    if (subselect === undefined || !('SelectStmt' in subselect)) return
    const { changes } = readSelect(subselect.SelectStmt, { ...reading, use: 'keys' })
    if (changes !== undefined && (isNegated || subLinkType === 'ALL_SUBLINK'))
      reading.say('negation', changes)
    return
  }
  const isNot = 'BoolExpr' in node && node.BoolExpr.boolop === 'NOT_EXPR'
  for (const child of childrenOf(Object.values(node)))
    readExpression(child, reading, isNot ? !isNegated : isNegated)
}

const AGGREGATES: ReadonlySet<string> = new Set([
  'count', 'sum', 'min', 'max', 'avg', 'stddev', 'stddev_pop', 'stddev_samp', 'variance', 'var_pop', 'var_samp', 'every',
  'bool_and', 'bool_or', 'bit_and', 'bit_or', 'bit_xor', 'array_agg', 'string_agg', 'json_agg', 'jsonb_agg',
  'json_object_agg', 'jsonb_object_agg', 'corr', 'mode', 'percentile_cont', 'percentile_disc', 'any_value',
]) // biome-ignore format: a list

function hasAggregate(node: SqlNode | undefined): boolean {
  if (node === undefined || 'SubLink' in node) return false
  if ('FuncCall' in node) {
    const { agg_star, agg_distinct, agg_within_group, agg_filter, over } = node.FuncCall
    const isAggregate =
      [agg_star, agg_distinct, agg_within_group].includes(true) ||
      agg_filter !== undefined ||
      AGGREGATES.has(functionName(node.FuncCall).name)
    if (isAggregate && over === undefined) return true
  }
  return childrenOf(Object.values(node)).some(hasAggregate)
}
