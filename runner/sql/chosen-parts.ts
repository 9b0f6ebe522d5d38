import type { RangeVar, SelectStmt, Node as SqlNode, SubLink } from 'libpg-query'
import type { EqualColumns } from './equal-columns.ts'
import { columnOf, columnsIn, conjuncts, equalColumns, valuesOf } from './equal-columns.ts'
import { outputName } from './output-name.ts'
import { textsOf } from './sql-tree.ts'

/** Rows that are there because of changed ones, out of those that there would be otherwise. */
export interface Part {
  /** Of rows that are equal in all columns of one of these lists, none is missing. */
  readonly wholeBy: readonly (readonly string[])[]
  /** The rows are changed ones or their keys, and not rows that those choose. */
  readonly isKeys: boolean
  readonly changes: RangeVar
}

interface WithParts {
  readonly parts: readonly Part[]
}

/** An item of FROM. */
export interface FromItem {
  readonly alias: string | undefined
  /** It stands on the side of an outer join that may be empty, and so chooses no rows of the other. */
  readonly isOptional: boolean
  readonly source: WithParts
}

/** What changed rows choose in a query. */
export interface Chosen {
  /** Of the query's own rows, by the names of what it gives. */
  readonly parts: readonly Part[]
  /** What chooses rows so that groups by these expressions are not whole, where `used` is computed of them. */
  readonly misses: (by: readonly SqlNode[], used: readonly SqlNode[]) => readonly RangeVar[]
}

/** A part of the rows that a query reads. */
interface ReadPart {
  /** The item of FROM whose rows are chosen, where the query says so. */
  readonly alias: string | undefined
  readonly wholeBy: readonly (readonly SqlNode[])[]
  readonly isKeys: boolean
  readonly isOptional: boolean
  /** A table, whose rows a condition chooses; a subquery may give keys. */
  readonly isTable: boolean
  readonly changes: RangeVar
}

const NOTHING_CHOSEN: Chosen = { parts: [], misses: () => [] }

/**
 * What changed rows choose of the rows that a query reads: by a condition, or as an item of FROM that the others are joined with.
 * @param asked the subqueries in its expressions.
 */
export function chosenParts(
  select: SelectStmt,
  items: readonly FromItem[],
  asked: readonly { readonly read: WithParts; readonly subquery: SubLink }[],
): Chosen {
  if (![...items.map(({ source }) => source), ...asked.map(({ read }) => read)].some(isChosen))
    return NOTHING_CHOSEN
  const equal = equalColumns(select)
  const partsOf = new Map(asked.map(({ read, subquery }) => [subquery, read.parts]))
  const read: readonly ReadPart[] = [
    ...items.flatMap(({ alias, isOptional, source }) =>
      source.parts.map((part) => ({
        ...part,
        alias,
        isOptional,
        wholeBy: part.wholeBy.map((names) => names.map((name) => columnOf(alias, name))),
        isTable: false,
      })),
    ),
    ...equal.conditions.flatMap((condition) => choicesIn(condition, partsOf)),
  ]
  const isAlone = items.length === 1
  const linksOf = ({ alias, isOptional }: ReadPart): readonly (readonly SqlNode[])[] =>
    isAlone || isOptional || alias === undefined ? [] : equal.linksOf(alias)
  const isOnlyLink = (part: ReadPart, used: readonly SqlNode[]): boolean =>
    part.isKeys || !isUsed(part, linksOf(part).flat(), used, equal)

  const isWhole = (part: ReadPart, by: readonly SqlNode[], used: readonly SqlNode[]): boolean => {
    const isGiven = (nodes: readonly SqlNode[]): boolean =>
      nodes.every((node) => equal.isGivenBy(node, by) || isComputedOf(node, by, equal))
    if (part.wholeBy.some(isGiven)) return true
    const links = linksOf(part)
    // Keys by themselves are grouped to choose by them; what they are joined by otherwise cannot be judged.
    if (links.length === 0)
      return part.isKeys || (!isAlone && !part.isTable && isOnlyLink(part, used))
    return links.some(isGiven) && isOnlyLink(part, used)
  }
  return {
    parts: distinctParts(
      read.flatMap((part): readonly Part[] => {
        const { isKeys, changes } = part
        if (isKeys && isAlone) return [{ wholeBy: [], isKeys, changes }]
        const links = linksOf(part)
        if (isKeys && links.length === 0) return []
        const outputs = outputsOf(select)
        const used = outputs.map(({ node }) => node)
        const keys = [...part.wholeBy, ...(isOnlyLink(part, used) ? links : [])]
        const named = keys.map((key) => key.map((node) => nameOf(node, outputs, equal)))
        const isUnclear = keys.some((key, at) =>
          key.some((node, i) => named[at]?.[i] === undefined && isComputedOf(node, used, equal)),
        )
        if (isUnclear) return []
        return [{ wholeBy: named.filter(isComplete), isKeys: false, changes }]
      }),
    ),
    misses: (by, used) =>
      read.filter((part) => !isWhole(part, by, used)).map(({ changes }) => changes),
  }
}

function isChosen({ parts }: WithParts): boolean {
  return parts.length > 0
}

/** Each once: two queries of one may be read together, and those of them again. */
export function distinctParts(parts: readonly Part[]): readonly Part[] {
  return [...new Map(parts.map((part) => [JSON.stringify(part), part])).values()]
}

function isComplete(names: readonly (string | undefined)[]): names is string[] {
  return !names.includes(undefined)
}

/** The columns by which a condition chooses rows: those that it compares with what changed, which are all that it says of them. */
function choicesIn(
  condition: SqlNode,
  partsOf: ReadonlyMap<SubLink, readonly Part[]>,
): readonly ReadPart[] {
  if ('BoolExpr' in condition) {
    const { boolop, args = [] } = condition.BoolExpr
    const choices = args.map((arg) => conjuncts(arg).flatMap((one) => choicesIn(one, partsOf)))
    // Another reason for rows to be there may give all of them.
    return boolop === 'OR_EXPR' && choices.every((some) => some.length > 0) ? choices.flat() : []
  }
  const compared = comparedWithQuery(condition)
  const [part] = compared === undefined ? [] : (partsOf.get(compared.subquery) ?? [])
  if (compared === undefined || part === undefined) return []
  const chosen = [...compared.nodes, ...outerColumns(compared.subquery)]
  const columns = chosen.flatMap(columnsIn)
  if (columns.length === 0) return []
  const aliases = new Set(columns.map(({ alias }) => alias))
  const [alias] = aliases.size === 1 ? aliases : []
  return [
    {
      alias,
      wholeBy: [chosen],
      isKeys: false,
      isOptional: false,
      isTable: true,
      changes: part.changes,
    },
  ]
}

/** `… in (select …)`, `… = any (array(select …))`, `… = (select …)` and `exists (select …)`. */
function comparedWithQuery(
  condition: SqlNode,
): { readonly subquery: SubLink; readonly nodes: readonly SqlNode[] } | undefined {
  if ('SubLink' in condition) {
    const { subLinkType, operName, testexpr } = condition.SubLink
    const isEqual = operName === undefined || textsOf(operName).at(-1) === '='
    const isIn = subLinkType === 'ANY_SUBLINK' && isEqual && testexpr !== undefined
    if (!isIn && subLinkType !== 'EXISTS_SUBLINK') return undefined
    return { subquery: condition.SubLink, nodes: testexpr === undefined ? [] : valuesOf(testexpr) }
  }
  if (!('A_Expr' in condition)) return undefined
  const { name, lexpr, rexpr } = condition.A_Expr
  const isEqual = textsOf(name).at(-1) === '='
  return isEqual && lexpr !== undefined && rexpr !== undefined && 'SubLink' in rexpr
    ? { subquery: rexpr.SubLink, nodes: valuesOf(lexpr) }
    : undefined
}

/** What a subquery's rows must equal of the query around it. */
function outerColumns({ subselect }: SubLink): readonly SqlNode[] {
  if (subselect === undefined || !('SelectStmt' in subselect)) return []
  const { aliases, pairs } = equalColumns(subselect.SelectStmt)
  const isOuter = (node: SqlNode): boolean => {
    const columns = columnsIn(node)
    return (
      columns.length > 0 &&
      columns.every(({ alias }) => alias !== undefined && !aliases.includes(alias))
    )
  }
  return pairs.flat().filter(isOuter)
}

/** Whether something is computed of a node's columns, so that it cannot be told whether it is as good as the node. */
function isComputedOf(node: SqlNode, by: readonly SqlNode[], equal: EqualColumns): boolean {
  return by.some((one) => !('ColumnRef' in one) && equal.shareColumn(one, node))
}

/** Whether other columns of an item are used than those that it is joined by. */
function isUsed(
  { alias, isTable }: ReadPart,
  links: readonly SqlNode[],
  used: readonly SqlNode[],
  equal: EqualColumns,
): boolean {
  return used.some((node) => {
    const columns = columnsIn(node)
    // count(*) counts all that is joined.
    if (columns.length === 0) return isTable && 'FuncCall' in node
    return columns.some(
      (column) =>
        (column.alias === alias || (isTable && column.alias === undefined)) &&
        !equal.isGivenBy(column.node, links),
    )
  })
}

interface Output {
  readonly name: string
  readonly node: SqlNode
}

function outputsOf({ targetList = [] }: SelectStmt): readonly Output[] {
  return targetList.flatMap((target) => {
    if (!('ResTarget' in target) || target.ResTarget.val === undefined) return []
    const { name, val } = target.ResTarget
    return [{ name: name ?? outputName(val), node: val }]
  })
}

/** The name under which a query gives what decides the node. */
function nameOf(
  node: SqlNode,
  outputs: readonly Output[],
  equal: EqualColumns,
): string | undefined {
  for (const output of outputs) {
    const [star] = 'ColumnRef' in output.node ? columnsIn(output.node) : []
    if (star?.name === '') {
      const column = [node, ...equal.sameAs(node)]
        .flatMap((same) => ('ColumnRef' in same ? columnsIn(same) : []))
        .find(({ alias }) => [alias, star.alias].includes(undefined) || alias === star.alias)
      if (column !== undefined) return column.name
    } else if (equal.isGivenBy(node, [output.node])) return output.name
  }
  return undefined
}
