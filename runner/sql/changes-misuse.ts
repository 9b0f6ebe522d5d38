import type {
  CommonTableExpr,
  FuncCall,
  JoinExpr,
  RangeSubselect,
  RangeVar,
  SelectStmt,
  Node as SqlNode,
  SubLink,
} from 'libpg-query'
import type { Chosen, FromItem, Part } from './chosen-parts.ts'
import { areChosenAlike, chosenParts, distinctParts } from './chosen-parts.ts'
import { aliasOf } from './equal-columns.ts'
import {
  aggregateCalls,
  columnName,
  distinctOn,
  groupingsOf,
  hasAggregate,
  namedBy,
  partitionOf,
  windowCalls,
} from './grouping.ts'
import { outputName } from './output-name.ts'
import { outputsOf, renamed } from './output-names.ts'
import type { ParsedSql } from './parse-sql.ts'
import { childrenOf, functionName, textOfTree, textsOf } from './sql-tree.ts'

/** The schema under which SQL that is to be judged reads what `changes()` gives, in place of the rows themselves. */
export const CHANGES_SCHEMA = 'gm.changes'
/** The same for what `changed_keys()` gives. */
export const KEYS_SCHEMA = 'gm.keys'
/** The same for what a model reads as `changes(…, unchecked=true)`. */
export const UNCHECKED_SCHEMA = 'gm.unchecked'

/** How a query loses rows of what is new: what it did before is not done again when the rest changes. */
export type MisuseKind =
  | 'join'
  | 'lookup'
  | 'value'
  | 'aggregate'
  | 'part of a group'
  | 'part of a history'
  | 'window'
  | 'distinct'
  | 'outer join'
  | 'choice of two sides'
  | 'choice behind an outer join'
  | 'negation'
  | 'except'
  | 'limit'

export interface Misuse {
  readonly kind: MisuseKind
  /** The relation whose changes are read. */
  readonly input: string
  /** What loses them, else where they are read; code points from 0. */
  readonly offset: number
}

export interface Judged {
  readonly misuses: readonly Misuse[]
  /**
   * Each row is one row of what is new, or of what changed rows choose by other columns than the `unique_key`: the others of a key are
   * not among them.
   */
  readonly isReplacedByPart: boolean
}

/** What the rows are written to. */
export interface Written {
  readonly schema: string
  readonly identifier: string
  /** The columns that rows are replaced by; none where they are appended. */
  readonly uniqueKey: readonly string[]
  /** Histories from events: the key of which all events are given, or none. */
  readonly historyOf?: readonly string[] | undefined
}

/**
 * Where a query of a model reads `changes()` in a way that loses rows. Keys are free: in a subquery of a condition,
 * which says what is computed again, changes may be joined and grouped. So are new rows of one `unique_key` among themselves: the
 * table keeps one of them. What cannot be judged is let through.
 */
export function judgeChanges(parsed: ParsedSql, written: Written): Judged {
  const found: Misuse[] = []
  let isReplacedByPart = false
  const say: Reading['say'] = (kind, { relname = '', location = 0 }, at = location) => {
    const offset = parsed.offsetOf(at)
    if (!found.some((other) => other.offset === offset))
      found.push({ kind, input: relname, offset })
  }
  for (const { stmt } of parsed.statements) {
    if (stmt !== undefined && 'SelectStmt' in stmt) {
      const key = written.uniqueKey
      const source = readSelect(stmt.SelectStmt, {
        use: 'rows',
        key,
        ctes: new Map(),
        written,
        say,
        isValue: false,
        ask: () => {},
        take: () => {},
      })
      const { historyOf } = written
      for (const part of source.parts)
        if (historyOf !== undefined && !isWholeBy(part, historyOf))
          say('part of a history', part.changes)
      isReplacedByPart ||= source.parts.some(
        (part) => (source.isRowByRow || !part.isKeys) && !isWholeBy(part, key),
      )
    }
  }
  return { misuses: found, isReplacedByPart }
}

function isWholeBy({ wholeBy }: Part, key: readonly string[]): boolean {
  return wholeBy.some((columns) => columns.every((name) => key.includes(name)))
}

interface Reading {
  /** Whether the rows go into the table, or only say which keys are computed again. */
  readonly use: 'rows' | 'keys'
  /** The columns that the table's unique_key is made of. */
  readonly key: readonly string[]
  /** Judged anew wherever they are read: one may give rows here and keys there. */
  readonly ctes: ReadonlyMap<string, (reading: Pick<Reading, 'use' | 'key'>) => Source>
  readonly written: Written
  readonly say: (kind: MisuseKind, changes: RangeVar, at?: number) => void
  /** Whether an expression gives a column of the rows, and is no condition on them. */
  readonly isValue: boolean
  /** Takes what a subquery beside the rows reads, and whether it gives a column. */
  readonly ask: (read: Source, subquery: SubLink, isValue: boolean) => void
  /** Takes each item of FROM. */
  readonly take: (item: Item) => void
}

interface Asked {
  readonly read: Source
  readonly subquery: SubLink
  readonly isValue: boolean
}

interface Item extends FromItem {
  readonly source: Source
}

/** What a FROM item reads. */
interface Source {
  /** The `changes()` whose rows it gives. */
  readonly changes: RangeVar | undefined
  /** It reads a relation that may change without being followed. */
  readonly hasOther: boolean
  /** What changed rows leave of the rows that it would have otherwise. */
  readonly parts: readonly Part[]
  /** Each of its rows is there for one row of a relation, and no other row for the same. */
  readonly isRowByRow: boolean
  /** No row of it is there twice. */
  readonly isDistinct: boolean
}

const NOTHING: Source = {
  changes: undefined,
  hasOther: false,
  parts: [],
  isRowByRow: true,
  isDistinct: false,
}
const OTHER: Source = { ...NOTHING, hasOther: true }

function readSelect(select: SelectStmt, outer: Reading): Source {
  const ctes = withCtes(select, outer)
  if (select.larg !== undefined && select.rarg !== undefined)
    return readSetOperation(select, select.larg, select.rarg, { ...outer, ctes })
  const asked: Asked[] = []
  const ask: Reading['ask'] = (read, subquery, isValue) => asked.push({ read, subquery, isValue })
  const items: Item[] = []
  const take: Reading['take'] = (item) => items.push(item)
  const keyed = outer.key.map((name) => outputOf(select, name))
  const reading = { ...outer, ctes, ask, take, key: keyed.flatMap(namesIn) }
  const { say, use } = reading
  const source = (select.fromClause ?? [])
    .map((item) => readItem(item, reading))
    .reduce((left, right) => sideBySide(left, right, reading), NOTHING)
  for (const [clause, parts] of Object.entries(select)) {
    if (clause === 'fromClause' || clause === 'withClause') continue
    const isValue = clause === 'targetList'
    for (const part of childrenOf(parts)) readExpression(part, { ...reading, isValue }, false)
  }
  const { changes } = source
  const chosen = chosenParts(select, items, asked)
  if (changes !== undefined) {
    if (select.limitCount !== undefined || select.limitOffset !== undefined) say('limit', changes)
    if (use === 'rows') {
      for (const { read, subquery } of asked) {
        if (read.hasOther || read.changes !== undefined) say('lookup', changes, subquery.location)
      }
      judgeOutputs(select, changes, keyed, reading)
    }
  } else if (use === 'rows') {
    for (const { read, subquery, isValue } of asked) {
      if (isValue && read.changes !== undefined) say('value', read.changes, subquery.location)
    }
    for (const behind of chosen.behindOuterJoins) say('choice behind an outer join', behind)
    judgeGroups(select, chosen, reading)
  }
  // Keys that are asked for by other keys are new or not as those are.
  const asking = use === 'keys' ? asked.find(({ read }) => read.changes !== undefined) : undefined
  return {
    changes: changes ?? asking?.read.changes,
    hasOther: source.hasOther || asked.some(({ read }) => read.hasOther),
    parts: chosen.parts,
    isRowByRow: isRowByRow(select, items),
    isDistinct: isDistinct(select),
  }
}

/** Whether DISTINCT or GROUP BY leave each row once. */
function isDistinct(select: SelectStmt): boolean {
  const { distinctClause = [], groupClause = [], targetList = [] } = select
  const given = targetList.flatMap((target) =>
    'ResTarget' in target ? [target.ResTarget.val] : [],
  )
  const isGiven = (node: SqlNode): boolean => {
    const text = textByNames(namedBy(select, node))
    return given.some((value) => value !== undefined && textByNames(value) === text)
  }
  return (
    (distinctClause.length > 0 && distinctOn(select).length === 0) ||
    (groupClause.length > 0 && groupClause.every(isGiven))
  )
}

/** Rows that are grouped or numbered with others need the others again, but for those of one key. */
function judgeOutputs(
  select: SelectStmt,
  changes: RangeVar,
  keyed: readonly SqlNode[],
  { say, written }: Reading,
): void {
  const { targetList = [], sortClause = [], distinctClause = [], groupClause = [] } = select
  const outputs = [
    ...targetList,
    ...(select.havingClause === undefined ? [] : [select.havingClause]),
  ]
  const isAppended = written.uniqueKey.length === 0
  if (outputs.some(hasAggregate)) say('aggregate', changes)
  else if (groupClause.length > 0 && isAppended) say('distinct', changes)
  // A plain DISTINCT is a list with nothing in it.
  const on = distinctOn(select)
  if (on.length > 0 ? !isOfOneKey(keyed, on) : distinctClause.length > 0 && isAppended)
    say('distinct', changes)
  for (const call of [...outputs, ...sortClause].flatMap(windowCalls))
    if (!isChoice(call, keyed, select)) say('window', changes, call.location)
}

/** Other rows of a key are replaced in any case. */
function isOfOneKey(keyed: readonly SqlNode[], by: readonly SqlNode[]): boolean {
  return keyed.length > 0 && keyed.every((node) => isGivenBy(node, by))
}

function isChoice(call: FuncCall, keyed: readonly SqlNode[], select: SelectStmt): boolean {
  return (
    CHOOSING.has(functionName(call).name) && isOfOneKey(keyed, partitionOf(call.over ?? {}, select))
  )
}

/** What may choose one of several rows. Others compute something of all rows of a key, also of those that were read before. */
const CHOOSING: ReadonlySet<string> = new Set([
  'row_number',
  'rank',
  'dense_rank',
  'first_value',
  'last_value',
  'nth_value',
])

/** Functions that give several rows for one, as far as they are PostgreSQL's own. */
const SET_RETURNING =
  /^(unnest|generate_|jsonb?_(array_elements|each|object_keys|path_query$|populate_recordset)|regexp_(matches|split_to_table)|string_to_table)/

/** Whether each row is one of a single item of FROM. */
function isRowByRow(
  { targetList = [], fromClause = [] }: SelectStmt,
  items: readonly Item[],
): boolean {
  const [item] = items
  const isSingle = fromClause.length === 1 && !fromClause.some((from) => 'JoinExpr' in from)
  const givesSets = (node: SqlNode): boolean =>
    ('FuncCall' in node && SET_RETURNING.test(functionName(node.FuncCall).name)) ||
    childrenOf(Object.values(node)).some(givesSets)
  return isSingle && item?.source.isRowByRow === true && !targetList.some(givesSets)
}

/** Rows that are chosen by changed ones are grouped by what chooses them: others of a group would be missing. */
function judgeGroups(select: SelectStmt, { misses }: Chosen, { say }: Reading): void {
  const { targetList = [], sortClause = [], groupClause = [], havingClause } = select
  const outputs = [...targetList, ...(havingClause === undefined ? [] : [havingClause])]
  const judge = (by: readonly SqlNode[], of: readonly SqlNode[], at?: number): void => {
    for (const changes of misses(by, of)) say('part of a group', changes, at)
  }
  const aggregates = outputs.flatMap(aggregateCalls)
  if (aggregates.length > 0) {
    for (const grouping of groupingsOf(groupClause))
      judge([...grouping, ...grouping.map((node) => namedBy(select, node))], aggregates)
  }
  const on = distinctOn(select)
  if (on.length > 0) judge(on, targetList)
  for (const call of [...outputs, ...sortClause].flatMap(windowCalls)) {
    const by = partitionOf(call.over ?? {}, select)
    judge(by, [{ FuncCall: call }], call.location)
  }
}

function readSetOperation(
  { op, all }: SelectStmt,
  larg: SelectStmt,
  rarg: SelectStmt,
  reading: Reading,
): Source {
  const left = readSelect(larg, reading)
  // Columns are put together by their place.
  const key = renamed(reading.key, outputsOf(larg), outputsOf(rarg))
  const right = readSelect(rarg, { ...reading, key })
  const changes = left.changes ?? right.changes
  if (op === 'SETOP_EXCEPT' && right.changes !== undefined) reading.say('except', right.changes)
  else if (changes !== undefined && reading.use === 'rows') {
    if (op !== 'SETOP_UNION' && (left.hasOther || right.hasOther || right.changes !== undefined))
      reading.say('lookup', changes)
    else if (all !== true && reading.written.uniqueKey.length === 0)
      reading.say('distinct', changes)
  }
  const theirs = renamedParts(right.parts, outputsOf(rarg), outputsOf(larg))
  // Keys beside which there are others choose nothing.
  const isOpen = reading.use === 'keys' && (left.parts.length === 0 || theirs.length === 0)
  const inputs = [left, right].map(({ parts }) => parts.map((part) => part.changes.relname).join())
  const isAlike = areChosenAlike(left.parts, theirs)
  const [chosenThere] = left.parts.length === 0 ? [] : theirs
  if (reading.use === 'rows' && op !== 'SETOP_UNION' && changes === undefined) {
    if (chosenThere !== undefined && !isAlike)
      reading.say('choice of two sides', chosenThere.changes)
    else if (left.parts.length === 0 && theirs[0] !== undefined && op === 'SETOP_EXCEPT')
      reading.say('except', theirs[0].changes)
  }
  const parts = distinctParts(op === 'SETOP_EXCEPT' ? left.parts : [...left.parts, ...theirs])
  // Rows of the two stand in groups together, of which one side may give all and the other none.
  const united = isAlike ? parts : parts.map((part) => ({ ...part, wholeBy: [] }))
  return {
    changes,
    hasOther: left.hasOther || right.hasOther,
    parts: op !== 'SETOP_UNION' ? parts : isOpen ? [] : united,
    isDistinct: all !== true,
    // Of one input, a row may stand in both.
    isRowByRow:
      left.isRowByRow && right.isRowByRow && !inputs.includes('') && inputs[0] !== inputs[1],
  }
}

function withCtes({ withClause }: SelectStmt, outer: Reading): Reading['ctes'] {
  const ctes = new Map(outer.ctes)
  for (const node of withClause?.ctes ?? []) {
    if (!('CommonTableExpr' in node)) continue
    const { ctename = '', ctequery, aliascolnames }: CommonTableExpr = node.CommonTableExpr
    if (ctequery === undefined || !('SelectStmt' in ctequery)) continue
    const query = ctequery.SelectStmt
    // Each sees those before it; a recursive one reads in itself what it begins with.
    const before = new Map(ctes)
    const { larg } = query
    const isRecursive = withClause?.recursive === true && larg !== undefined
    before.set(
      ctename,
      isRecursive
        ? (reading) => readSelect(larg, { ...outer, ...reading, ctes: before })
        : (outer.ctes.get(ctename) ?? (() => OTHER)),
    )
    // Once for all that read it alike: each may be read twice by the next.
    const known = new Map<string, Source>()
    ctes.set(ctename, ({ use, key }) => {
      const name = JSON.stringify([use, key])
      const [outside, inside] = [textsOf(aliascolnames), outputsOf(query)]
      const source =
        known.get(name) ??
        readSelect(query, { ...outer, use, key: renamed(key, outside, inside), ctes: before })
      known.set(name, source)
      return { ...source, parts: renamedParts(source.parts, inside, outside) }
    })
  }
  return ctes
}

function readItem(item: SqlNode, reading: Reading): Source {
  if ('RangeVar' in item || 'RangeSubselect' in item) {
    const source =
      'RangeVar' in item
        ? readTable(item.RangeVar, reading)
        : readSubselect(item.RangeSubselect, reading)
    reading.take({ alias: aliasOf(item), isOptional: false, source, text: textOfItem(item) })
    return source
  }
  if ('RangeTableSample' in item && item.RangeTableSample.relation !== undefined)
    return readItem(item.RangeTableSample.relation, reading)
  if ('JoinExpr' in item) return readJoin(item.JoinExpr, reading)
  readExpression(item, reading, false)
  return NOTHING
}

/** Without the name that it has here. */
function textOfItem(item: SqlNode): string {
  return 'RangeVar' in item
    ? [item.RangeVar.schemaname, item.RangeVar.relname].join('.')
    : textOfTree(item)
}

function readSubselect({ subquery, alias }: RangeSubselect, reading: Reading): Source {
  if (subquery === undefined || !('SelectStmt' in subquery)) return NOTHING
  const [outside, inside] = [textsOf(alias?.colnames), outputsOf(subquery.SelectStmt)]
  const key = renamed(reading.key, outside, inside)
  const source = readSelect(subquery.SelectStmt, { ...reading, key })
  return { ...source, parts: renamedParts(source.parts, inside, outside) }
}

function readTable(table: RangeVar, { use, key, ctes, written }: Reading): Source {
  const { schemaname, relname = '' } = table
  const parts = [{ wholeBy: [], choice: undefined, isKeys: true, changes: table }]
  if (schemaname === CHANGES_SCHEMA) return { ...NOTHING, changes: table, parts }
  if (schemaname === KEYS_SCHEMA) return { ...NOTHING, parts }
  if (schemaname === UNCHECKED_SCHEMA) return NOTHING
  const cte = schemaname === undefined ? ctes.get(relname) : undefined
  if (cte !== undefined) return cte({ use, key })
  // Its own table is changed by nobody else.
  const isOwn = schemaname === written.schema && relname === written.identifier
  return isOwn ? NOTHING : OTHER
}

function readJoin({ jointype, larg, rarg, quals }: JoinExpr, reading: Reading): Source {
  const optional: Reading = {
    ...reading,
    take: (item) => {
      reading.take({ ...item, isOptional: true })
    },
  }
  const [isLeftOptional, isRightOptional] = [
    jointype === 'JOIN_RIGHT' || jointype === 'JOIN_FULL',
    jointype === 'JOIN_LEFT' || jointype === 'JOIN_FULL',
  ]
  const left = larg === undefined ? NOTHING : readItem(larg, isLeftOptional ? optional : reading)
  const right = rarg === undefined ? NOTHING : readItem(rarg, isRightOptional ? optional : reading)
  if (quals !== undefined) readExpression(quals, reading, false)
  if (reading.use === 'rows') {
    const nullable = [
      ...(isRightOptional ? [right.changes] : []),
      ...(isLeftOptional ? [left.changes] : []),
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
  return { ...NOTHING, changes, hasOther: left.hasOther || right.hasOther }
}

/** Looks for subqueries, and whether what they find is negated. */
function readExpression(node: SqlNode, reading: Reading, isNegated: boolean): void {
  if ('SubLink' in node) {
    const { subLinkType, subselect, testexpr } = node.SubLink
    if (testexpr !== undefined) readExpression(testexpr, reading, false)
    if (subselect === undefined || !('SelectStmt' in subselect)) return
    const asked = { ...subselect.SelectStmt }
    // Whether there is one is the same of the first as of all.
    if (subLinkType === 'EXISTS_SUBLINK') delete asked.limitCount
    const read = readSelect(asked, { ...reading, use: 'keys' })
    if (read.changes !== undefined && (isNegated || subLinkType === 'ALL_SUBLINK'))
      reading.say('negation', read.changes)
    reading.ask(read, node.SubLink, reading.isValue)
    return
  }
  const turns = isNegation(node)
  for (const child of childrenOf(Object.values(node)))
    readExpression(child, reading, turns ? !isNegated : isNegated)
}

/** `not …`, `… is not true`, `case when … then false`, and `(select count(*) …) = 0`. */
function isNegation(node: SqlNode): boolean {
  if ('BoolExpr' in node) return node.BoolExpr.boolop === 'NOT_EXPR'
  if ('BooleanTest' in node)
    return ['IS_FALSE', 'IS_NOT_TRUE'].includes(node.BooleanTest.booltesttype ?? '')
  if ('CaseWhen' in node) return isFalse(node.CaseWhen.result)
  if (!('A_Expr' in node)) return false
  const { name, lexpr, rexpr } = node.A_Expr
  const operator = textsOf(name).at(-1) ?? ''
  return isCount(lexpr)
    ? ['=', '<', '<='].includes(operator)
    : isCount(rexpr) && ['=', '>', '>='].includes(operator)
}

function isFalse(node: SqlNode | undefined): boolean {
  return (
    node !== undefined &&
    'A_Const' in node &&
    node.A_Const.boolval !== undefined &&
    node.A_Const.boolval.boolval !== true
  )
}

function isCount(node: SqlNode | undefined): boolean {
  if (node === undefined || !('SubLink' in node)) return false
  const { subselect } = node.SubLink
  const counted = subselect !== undefined && 'SelectStmt' in subselect ? subselect.SelectStmt : {}
  return (counted.targetList ?? []).some(
    (target) =>
      'ResTarget' in target &&
      target.ResTarget.val !== undefined &&
      'FuncCall' in target.ResTarget.val &&
      functionName(target.ResTarget.val.FuncCall).name === 'count',
  )
}

/** What a query gives under a name; a column of that name where it gives it by a star. */
function outputOf({ targetList = [] }: SelectStmt, name: string): SqlNode {
  for (const target of targetList) {
    if (!('ResTarget' in target) || target.ResTarget.val === undefined) continue
    const { name: alias, val } = target.ResTarget
    if ((alias ?? outputName(val)) === name) return val
  }
  return { ColumnRef: { fields: [{ String: { sval: name } }] } }
}

function renamedParts(
  parts: readonly Part[],
  inside: readonly string[],
  outside: readonly string[],
): readonly Part[] {
  return parts.map((part) => ({
    ...part,
    wholeBy: part.wholeBy.map((names) => renamed(names, inside, outside)),
    choice: part.choice && {
      ...part.choice,
      values: renamed(part.choice.values, inside, outside),
    },
  }))
}

function namesIn(node: SqlNode): readonly string[] {
  const name = columnName(node)
  return name === undefined ? childrenOf(Object.values(node)).flatMap(namesIn) : [name]
}

/** Whether rows that are equal in all of `by` are equal in it. */
function isGivenBy(node: SqlNode, by: readonly SqlNode[]): boolean {
  if (by.some((one) => textByNames(one) === textByNames(node))) return true
  const name = columnName(node)
  if (name !== undefined) return by.some((one) => columnName(one) === name)
  return (
    !('SubLink' in node) && childrenOf(Object.values(node)).every((part) => isGivenBy(part, by))
  )
}

/** Columns by their own names alone, as they are compared everywhere here. */
function textByNames(node: SqlNode): string {
  return JSON.stringify(node, (key, value: unknown) => {
    if (key === 'location') return undefined
    return key === 'fields' && Array.isArray(value) ? value.slice(-1) : value
  })
}
