import type { RangeVar, SelectStmt, Node as SqlNode, SubLink } from 'libpg-query'
import type { Asked } from './choice-by.ts'
import { choiceBy, choiceByItem, compareOutputs, linksTo } from './choice-by.ts'
import { subqueriesIn } from './chosen-parts.ts'
import { aliasOf, columnOf, columnsIn } from './equal-columns.ts'
import type { Choice, FollowedRead, FollowedRows, OfTable } from './followed-rows.ts'
import { isChosenBy, isWithin, moved, NO_ROWS, together } from './followed-rows.ts'
import {
  distinctOn,
  groupingsOf,
  hasAggregate,
  namedBy,
  partitionOf,
  windowCalls,
} from './grouping.ts'
import { outputName } from './output-name.ts'
import { outputsOf, renamed } from './output-names.ts'
import type { ReadScope } from './read-scope.ts'
import { ofItem, readScope, withColumns } from './read-scope.ts'
import { childrenOf, textsOf } from './sql-tree.ts'

/** How a table is read; none where it is not followed. */
export type ReadAs = (
  table: RangeVar,
) => { readonly as: 'whole' | 'changes' | 'keys'; readonly table: string } | undefined

interface Missed {
  readonly kind: 'other read' | 'outer join' | 'value'
  readonly place: RangeVar
}

/**
 * Where a query reads a followed table so that rows which change with it are not among those that changed rows choose: once more, by other
 * columns than those that choose, or in groups and windows of which the choice is made afterwards.
 */
export function missedReads(select: SelectStmt, readAs: ReadAs): readonly Missed[] {
  const missed: Missed[] = []
  readSelect(select, { readAs, ctes: new Map(), miss: (one) => missed.push(one) })
  return missed
}

interface Reading {
  readonly readAs: ReadAs
  readonly ctes: ReadonlyMap<string, () => FollowedRows>
  readonly miss: (missed: Missed) => void
}

interface Item {
  readonly alias: string | undefined
  /** It stands on the side of an outer join that may be empty. */
  readonly isOptional: boolean
  readonly rows: FollowedRows
}

/** Of a query's rows: columns without an item are what it gives, and others are of a query around it. */
function readSelect(select: SelectStmt, outer: Reading): FollowedRows {
  const reading = { ...outer, ctes: withCtes(select, outer) }
  const { larg, rarg } = select
  if (larg !== undefined && rarg !== undefined) return readSetOperation(select, larg, rarg, reading)
  const scope = readScope(select)
  const items = (select.fromClause ?? []).flatMap((item) => readItem(item, false, reading))
  const known = new Map<SubLink, Asked>()
  const ask = (subquery: SubLink): Asked => {
    const asked = known.get(subquery) ?? readSubquery(subquery, reading)
    known.set(subquery, asked)
    return asked
  }
  const chosen = scope.conditions.flatMap((condition) => {
    const choice = choiceBy(condition, ask)
    return choice === undefined ? [] : [{ condition, choice }]
  })
  const choosing = new Set(chosen.flatMap(({ condition }) => subqueriesIn(condition)))
  const beside = expressionsOf(select)
    .flatMap(subqueriesIn)
    .filter((subquery) => !choosing.has(subquery))
    .map((subquery) => moved(ask(subquery).rows, compareOutputs(subquery)))

  const byItem = items
    .filter(({ isOptional, rows }) => !isOptional && rows.choices.length + rows.keys.length > 0)
    .map((item) => ({ item, byKeys: choiceByItem(item.alias, item.rows.keys, scope) }))
  const isKept = (read: FollowedRead, own?: Item): boolean => {
    const isBy = (choice: Choice): boolean => isChosenBy(read, choice, scope)
    return (
      chosen.every(({ choice }) => isBy(choice)) &&
      byItem.every(({ item: { rows, ...item }, byKeys }) =>
        item.alias === own?.alias && own !== undefined
          ? true
          : (rows.choices.length > 0 && rows.choices.every(isBy)) || isBy(byKeys),
      )
    )
  }
  const keep = (rows: FollowedRows, own?: Item): FollowedRows => {
    const reads = rows.reads.filter((read) => isKept(read, own))
    for (const read of rows.reads)
      if (!reads.includes(read)) reading.miss({ kind: 'other read', place: read.place })
    return { ...rows, reads }
  }
  // What stands on the side that may be empty, or gives a value, is chosen no more narrowly than the rows themselves.
  const all = [
    ...chosen.map(({ choice }) => choice),
    ...byItem.flatMap(({ item, byKeys }) => [...item.rows.choices, byKeys]),
  ]
  const judgePart = ({ choices }: FollowedRows, kind: Missed['kind']): void => {
    for (const choice of choices) {
      const [first] = choice
      if (first !== undefined && !all.some((one) => isWithin(one, choice, scope)))
        reading.miss({ kind, place: first.place })
    }
  }
  for (const { isOptional, rows } of items) if (isOptional) judgePart(rows, 'outer join')
  for (const rows of beside) judgePart(rows, 'value')

  const isOfNew = all.some((choice) => choice.some(({ isLogged }) => !isLogged))
  const toOutputs = givenBy(select, scope)
  const fromItems = items.map((item): FollowedRows => {
    const { reads, choices, keys } = keep(item.rows, item)
    // New rows are among the rows that they choose; rows that are gone are not.
    const chosenKeys = isOfNew ? reads.map((read) => ({ ...read, isLogged: false, links: [] })) : []
    const linked = [...keys, ...chosenKeys].map((key) => ({
      ...key,
      of: tracedFrom(select, key, item, items, scope),
      links: [...key.links, ...linksTo(key, item.alias, scope)],
    }))
    const rows = moved({ reads, choices: item.isOptional ? [] : choices, keys: [] }, toOutputs)
    return {
      ...rows,
      reads: rows.reads.map((read, i) => ({
        ...read,
        of: tracedFrom(select, reads[i] ?? read, item, items, scope),
      })),
      keys: linked,
    }
  })
  const others = beside.map((rows) => ({ ...moved(keep(rows), toOutputs), choices: [], keys: [] }))
  const ownChoices = moved({ ...NO_ROWS, choices: chosen.map(({ choice }) => choice) }, toOutputs)
  return [...fromItems, ...others, ownChoices].reduce(together, NO_ROWS)
}

/** What an output is of the columns of a table that an item of FROM reads. */
function tracedFrom(
  select: SelectStmt,
  { of }: OfTable,
  { alias }: Item,
  items: readonly Item[],
  scope: ReadScope,
): OfTable['of'] {
  return (name) => {
    const output = outputNamed(select, name, alias, items.length === 1)
    if (output === undefined || windowCalls(output).length > 0) return undefined
    for (const equal of scope.equalTo(output)) {
      const traced = withColumns(equal, (column, from) =>
        from === alias || (from === undefined && items.length === 1) ? of(column) : undefined,
      )
      if (traced !== undefined) return traced
    }
    return undefined
  }
}

function outputNamed(
  { targetList = [] }: SelectStmt,
  name: string,
  alias: string | undefined,
  isAlone: boolean,
): SqlNode | undefined {
  for (const target of targetList) {
    if (!('ResTarget' in target) || target.ResTarget.val === undefined) continue
    const { name: as, val } = target.ResTarget
    const [column] = 'ColumnRef' in val ? columnsIn(val) : []
    const isStar = column?.name === ''
    if (isStar && (column.alias === alias || (column.alias === undefined && isAlone)))
      return columnOf(alias, name)
    if (!isStar && (as ?? outputName(val)) === name) return val
  }
  return undefined
}

/** Under which names a query gives a value, if its rows are made of rows that are equal in it alone. */
function givenBy(select: SelectStmt, scope: ReadScope): Parameters<typeof moved>[1] {
  const { targetList = [], limitCount, limitOffset } = select
  const groups = rowsMadeOf(select)
  const values = (node: SqlNode): readonly SqlNode[] => {
    const equal = scope.equalTo(node)
    const outer = equal.filter(scope.isOuter)
    const isIn = (by: readonly SqlNode[]): boolean =>
      by.some((one) => equal.some((same) => scope.isSame(same, one)))
    if (limitCount !== undefined || limitOffset !== undefined || !groups.every(isIn)) return outer
    const outputs = targetList.flatMap((target): readonly SqlNode[] => {
      if (!('ResTarget' in target) || target.ResTarget.val === undefined) return []
      const { name, val } = target.ResTarget
      const [star] = 'ColumnRef' in val ? columnsIn(val) : []
      if (star?.name !== '')
        return equal.some((same) => scope.isSame(same, val))
          ? [columnOf(undefined, name ?? outputName(val))]
          : []
      return equal.flatMap((same) => {
        const [column] = 'ColumnRef' in same && !scope.isOuter(same) ? columnsIn(same) : []
        const isGiven =
          [star.alias, column?.alias].includes(undefined) || star.alias === column?.alias
        return column !== undefined && isGiven ? [columnOf(undefined, column.name)] : []
      })
    })
    return [...outer, ...outputs]
  }
  return { values, of: () => undefined, items: [] }
}

/** The lists of expressions of which all rows that are equal in them make one, or are looked at for each other. */
function rowsMadeOf(select: SelectStmt): readonly (readonly SqlNode[])[] {
  const { targetList = [], groupClause = [], sortClause = [], havingClause } = select
  const outputs = [...targetList, ...(havingClause === undefined ? [] : [havingClause])]
  const isGrouped = groupClause.length > 0 || outputs.some(hasAggregate)
  const groups = isGrouped
    ? groupingsOf(groupClause).map((by) => [...by, ...by.map((node) => namedBy(select, node))])
    : []
  const on = distinctOn(select)
  const windows = [...outputs, ...sortClause].flatMap(windowCalls)
  return [
    ...groups,
    ...(on.length > 0 ? [on] : []),
    ...windows.map(({ over = {} }) => partitionOf(over, select)),
  ]
}

function expressionsOf(select: SelectStmt): readonly SqlNode[] {
  return Object.entries(select).flatMap(([clause, parts]) =>
    clause === 'withClause'
      ? []
      : clause === 'fromClause'
        ? joinConditions(childrenOf(parts))
        : childrenOf(parts),
  )
}

function joinConditions(items: readonly SqlNode[]): readonly SqlNode[] {
  return items.flatMap((item) => {
    if ('RangeFunction' in item) return [item]
    if (!('JoinExpr' in item)) return []
    const { larg, rarg, quals } = item.JoinExpr
    const parts = [larg, rarg].filter((side) => side !== undefined)
    return [...(quals === undefined ? [] : [quals]), ...joinConditions(parts)]
  })
}

function readItem(item: SqlNode, isOptional: boolean, reading: Reading): readonly Item[] {
  if ('JoinExpr' in item) {
    const { jointype, larg, rarg } = item.JoinExpr
    const [isLeft, isRight] = [
      jointype !== 'JOIN_INNER' && jointype !== 'JOIN_LEFT',
      jointype !== 'JOIN_INNER' && jointype !== 'JOIN_RIGHT',
    ]
    return [
      ...(larg === undefined ? [] : readItem(larg, isOptional || isLeft, reading)),
      ...(rarg === undefined ? [] : readItem(rarg, isOptional || isRight, reading)),
    ]
  }
  if ('RangeTableSample' in item && item.RangeTableSample.relation !== undefined)
    return readItem(item.RangeTableSample.relation, isOptional, reading)
  const alias = aliasOf(item)
  if ('RangeVar' in item)
    return [{ alias, isOptional, rows: readTable(item.RangeVar, alias, reading) }]
  if (!('RangeSubselect' in item)) return [{ alias, isOptional, rows: NO_ROWS }]
  const { subquery, alias: names } = item.RangeSubselect
  if (subquery === undefined || !('SelectStmt' in subquery)) return []
  const inside = readSelect(subquery.SelectStmt, reading)
  const rows = renamedRows(inside, outputsOf(subquery.SelectStmt), textsOf(names?.colnames), alias)
  return [{ alias, isOptional, rows }]
}

function readTable(
  table: RangeVar,
  alias: string | undefined,
  { readAs, ctes }: Reading,
): FollowedRows {
  const cte = table.schemaname === undefined ? ctes.get(table.relname ?? '') : undefined
  if (cte !== undefined) return renamedRows(cte(), [], [], alias)
  const read = readAs(table)
  if (read === undefined) return NO_ROWS
  const own = { table: read.table, place: table, of: (name: string) => columnOf(undefined, name) }
  if (read.as !== 'whole')
    return { ...NO_ROWS, keys: [{ ...own, isLogged: read.as === 'keys', links: [] }] }
  const items = alias === undefined ? [] : [alias]
  return { ...NO_ROWS, reads: [{ ...own, items, at: (key) => [ofItem(key, alias)] }] }
}

function renamedRows(
  rows: FollowedRows,
  inside: readonly string[],
  outside: readonly string[],
  alias?: string,
): FollowedRows {
  return moved(rows, {
    values: (node) => {
      const [column] = 'ColumnRef' in node ? columnsIn(node) : []
      return column?.alias === undefined && column !== undefined
        ? renamed([column.name], inside, outside).map((name) => columnOf(alias, name))
        : [node]
    },
    of: (name) => columnOf(undefined, renamed([name], outside, inside)[0] ?? name),
    items: alias === undefined ? [] : [alias],
  })
}

function readSubquery(subquery: SubLink, reading: Reading): Asked {
  const { subselect } = subquery
  if (subselect === undefined || !('SelectStmt' in subselect)) return { rows: NO_ROWS, names: [] }
  const select = { ...subselect.SelectStmt }
  // Whether there is one is the same of the first as of all.
  if (subquery.subLinkType === 'EXISTS_SUBLINK') {
    delete select.limitCount
    delete select.limitOffset
  }
  return { rows: readSelect(select, reading), names: outputsOf(select) }
}

function readSetOperation(
  { op, limitCount, limitOffset }: SelectStmt,
  larg: SelectStmt,
  rarg: SelectStmt,
  reading: Reading,
): FollowedRows {
  const left = readSelect(larg, reading)
  const right = renamedRows(readSelect(rarg, reading), outputsOf(rarg), outputsOf(larg))
  const scope = readScope({})
  const judge = (rows: FollowedRows, by: FollowedRows): void => {
    for (const read of rows.reads)
      if (!by.choices.every((choice) => isChosenBy(read, choice, scope)))
        reading.miss({ kind: 'other read', place: read.place })
  }
  if (op !== 'SETOP_UNION') {
    judge(left, right)
    judge(right, left)
  }
  const rows = together(left, op === 'SETOP_UNION' ? right : { ...NO_ROWS, reads: right.reads })
  return limitCount === undefined && limitOffset === undefined ? rows : unplaced(rows)
}

/** Each row of a table may have a say in all of these. */
function unplaced(rows: FollowedRows): FollowedRows {
  return { ...rows, reads: rows.reads.map((read) => ({ ...read, at: () => [], items: [] })) }
}

function withCtes({ withClause }: SelectStmt, outer: Reading): Reading['ctes'] {
  const ctes = new Map(outer.ctes)
  for (const node of withClause?.ctes ?? []) {
    if (!('CommonTableExpr' in node)) continue
    const { ctename = '', ctequery, aliascolnames } = node.CommonTableExpr
    if (ctequery === undefined || !('SelectStmt' in ctequery)) continue
    const query = ctequery.SelectStmt
    const before = new Map(ctes)
    let known: FollowedRows | undefined
    const read = (): FollowedRows => {
      const { larg, rarg } = query
      const isRecursive = withClause?.recursive === true && readsItself(rarg, ctename)
      if (!isRecursive || larg === undefined || rarg === undefined)
        return readSelect(query, { ...outer, ctes: before })
      const first = readSelect(larg, { ...outer, ctes: before })
      const names = (rows: FollowedRows): FollowedRows =>
        renamedRows(rows, outputsOf(larg), textsOf(aliascolnames))
      const again = new Map(before).set(ctename, () => names(first))
      const more = readSelect(rarg, { ...outer, ctes: again })
      return unplaced({ ...first, reads: [...first.reads, ...more.reads] })
    }
    ctes.set(ctename, () => {
      known ??= renamedRows(read(), outputsOf(query), textsOf(aliascolnames))
      return known
    })
  }
  return ctes
}

function readsItself(query: SelectStmt | undefined, name: string): boolean {
  return JSON.stringify(query ?? {}).includes(`"relname":${JSON.stringify(name)}`)
}
