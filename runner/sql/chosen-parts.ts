import type { RangeVar, SelectStmt, Node as SqlNode, SubLink } from 'libpg-query'
import type { EqualColumns } from './equal-columns.ts'
import { aliasOf, columnOf, columnsIn, conjuncts, equalColumns, valuesOf } from './equal-columns.ts'
import { outputName } from './output-name.ts'
import { childrenOf, textOfTree, textsOf } from './sql-tree.ts'

/** Rows that are there because of changed ones, out of those that there would be otherwise. */
export interface Part {
  /** Of rows that are equal in all columns of one of these lists, none is missing. */
  readonly wholeBy: readonly (readonly string[])[]
  /**
   * What they are chosen by, and the columns that give it, if some do: rows that are chosen alike and equal in these are there
   * together.
   */
  readonly choice: { readonly text: string; readonly values: readonly string[] } | undefined
  /** The rows are changed ones or their keys, and not rows that those choose. */
  readonly isKeys: boolean
  readonly changes: RangeVar
}

interface WithParts {
  readonly parts: readonly Part[]
  /** No row of it is there twice. */
  readonly isDistinct: boolean
}

/** An item of FROM. */
export interface FromItem {
  readonly alias: string | undefined
  /** It stands on the side of an outer join that may be empty, and so chooses no rows of the other. */
  readonly isOptional: boolean
  readonly source: WithParts
  /** What it reads, written alike where another reads the same. */
  readonly text: string
}

/** What changed rows choose in a query. */
export interface Chosen {
  /** Of the query's own rows, by the names of what it gives. */
  readonly parts: readonly Part[]
  /** What chooses them by a column that an outer join may leave empty. */
  readonly behindOuterJoins: readonly RangeVar[]
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
  /** Each is there once, so that what is joined with it may be grouped by that alone. */
  readonly isSet: boolean
  /** A condition chooses its rows. */
  readonly isTable: boolean
  readonly chosenBy: { readonly text: string; readonly values: readonly SqlNode[] } | undefined
  readonly changes: RangeVar
}

const NOTHING_CHOSEN: Chosen = { parts: [], behindOuterJoins: [], misses: () => [] }

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
        isSet: part.isKeys || source.isDistinct,
        isTable: false,
        chosenBy: part.choice && {
          ...part.choice,
          values: part.choice.values.map((name) => columnOf(alias, name)),
        },
      })),
    ),
    ...equal.conditions.flatMap((condition) => choicesIn(condition, partsOf)),
  ]
  const isAlone = items.length === 1
  const linksOf = ({ alias, isOptional }: ReadPart): readonly (readonly SqlNode[])[] =>
    isAlone || isOptional || alias === undefined ? [] : equal.linksOf(alias)
  const isOnlyLink = (part: ReadPart, used: readonly SqlNode[]): boolean =>
    part.isSet && (part.isKeys || !isUsed(part, linksOf(part).flat(), used, equal))

  const isWhole = (part: ReadPart, by: readonly SqlNode[], used: readonly SqlNode[]): boolean => {
    const isGiven = (nodes: readonly SqlNode[]): boolean =>
      nodes.every((node) => equal.isGivenBy(node, by))
    // Keys by themselves are grouped to choose by them.
    if (part.wholeBy.some(isGiven) || (part.isKeys && (isAlone || part.isOptional))) return true
    const links = linksOf(part)
    if (!isOnlyLink(part, used)) return false
    // What keys are joined with by more than equality is whole for each of them.
    return links.length === 0
      ? part.isKeys && by.some((node) => columnsIn(node).some(({ alias }) => alias === part.alias))
      : links.some(isGiven)
  }
  /** What keys that stand in FROM are joined by, told by the keys' own columns. */
  const choiceOfKeys = ({ alias, isKeys, isOptional }: ReadPart): ReadPart['chosenBy'] => {
    const text = items.find((item) => item.alias === alias)?.text
    if (!isKeys || isOptional || alias === undefined || text === undefined) return undefined
    const links = equal.linkedTo(alias)
    const columns = links.map(([own]) => columnsIn(own).map(({ name }) => name))
    return { text: JSON.stringify([text, columns]), values: links.map(([own]) => own) }
  }
  const optional = new Set(items.flatMap((item) => (item.isOptional ? [item.alias] : [])))
  const isBehind = (node: SqlNode): boolean =>
    columnsIn(node).some(({ alias }) => alias !== undefined && optional.has(alias))
  const choosersOf = ({ alias, isOptional, isTable, wholeBy }: ReadPart): readonly SqlNode[] => {
    if (isTable) return wholeBy.flat()
    return isAlone || isOptional || alias === undefined
      ? []
      : equal.linkedTo(alias).map(([, other]) => other)
  }
  return {
    behindOuterJoins: read
      .filter((part) => choosersOf(part).some(isBehind))
      .map(({ changes }) => changes),
    parts: distinctParts(
      read.flatMap((part): readonly Part[] => {
        const { isKeys, changes } = part
        if (isKeys && isAlone) return [{ wholeBy: [], choice: undefined, isKeys, changes }]
        const links = linksOf(part)
        if (isKeys && links.length === 0) return []
        const outputs = outputsOf(select)
        const used = outputs.map(({ node }) => node)
        const keys = [...part.wholeBy, ...(isOnlyLink(part, used) ? links : [])]
        const named = keys.map((key) => key.map((node) => nameOf(node, outputs, equal)))
        const chosenBy = part.chosenBy ?? choiceOfKeys(part)
        const values = chosenBy?.values.map(
          (value) => outputs.find(({ node }) => isSame(node, value, equal))?.name,
        )
        const choice =
          chosenBy !== undefined && values !== undefined && isComplete(values)
            ? { text: chosenBy.text, values }
            : undefined
        return [{ wholeBy: named.filter(isComplete), choice, isKeys: false, changes }]
      }),
    ),
    misses: (by, used) =>
      read.filter((part) => !isWhole(part, by, used)).map(({ changes }) => changes),
  }
}

function isSame(output: SqlNode, value: SqlNode, equal: EqualColumns): boolean {
  return [value, ...equal.sameAs(value)].some((same) => textOfTree(same) === textOfTree(output))
}

/** Whether rows of two queries that are put together by their values are whole together: both are chosen by the same values. */
export function areChosenAlike(left: readonly Part[], right: readonly Part[]): boolean {
  const [first] = left
  if (first === undefined || right.length === 0) return left.length === right.length
  const choice = JSON.stringify(first.choice)
  return (
    first.choice !== undefined &&
    [...left, ...right].every((part) => JSON.stringify(part.choice) === choice)
  )
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

/**
 * What a condition chooses rows by, if changed rows have a say in it: of rows that are equal in that, it chooses all or none. Each
 * of several that are enough for themselves is one; what else stands beside them in an OR counts with them.
 */
function choicesIn(
  condition: SqlNode,
  partsOf: ReadonlyMap<SubLink, readonly Part[]>,
): readonly ReadPart[] {
  if ('BoolExpr' in condition && condition.BoolExpr.boolop === 'OR_EXPR') {
    const choices = (condition.BoolExpr.args ?? []).map((arg) =>
      conjuncts(arg).length > 1 ? [] : choicesIn(arg, partsOf),
    )
    if (choices.every((some) => some.length > 0)) return choices.flat()
  }
  const [changes] = subqueriesIn(condition).flatMap((one) =>
    (partsOf.get(one) ?? []).map((part) => part.changes),
  )
  if (changes === undefined) return []
  const chosen = decidersOf(condition)
  const aliases = new Set(chosen.flatMap(columnsIn).map(({ alias }) => alias))
  if (aliases.size === 0) return []
  const [alias] = aliases.size === 1 ? aliases : []
  const part = { alias, wholeBy: [chosen], isKeys: false, isOptional: false }
  const keys = comparedWithQuery(condition)
  const text = keys?.nodes.length === 0 ? undefined : keys?.subquery.subselect
  const chosenBy = text && { text: textOfTree(text), values: keys?.nodes ?? [] }
  return [{ ...part, isSet: false, isTable: true, chosenBy, changes }]
}

/** What a condition is true or false by, beside what its subqueries read. */
function decidersOf(condition: SqlNode): readonly SqlNode[] {
  if ('BoolExpr' in condition) return (condition.BoolExpr.args ?? []).flatMap(decidersOf)
  const compared = comparedWithQuery(condition)
  return compared === undefined
    ? [
        ...columnsIn(condition).map(({ node }) => node),
        ...subqueriesIn(condition).flatMap(outerColumns),
      ]
    : [...compared.nodes, ...outerColumns(compared.subquery)]
}

function subqueriesIn(node: SqlNode): readonly SubLink[] {
  return 'SubLink' in node
    ? [node.SubLink, ...childrenOf(node.SubLink.testexpr).flatMap(subqueriesIn)]
    : childrenOf(Object.values(node)).flatMap(subqueriesIn)
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

/** What a subquery reads of the query around it: what its rows must equal, and columns that it uses otherwise. */
function outerColumns({ subselect }: SubLink): readonly SqlNode[] {
  if (subselect === undefined || !('SelectStmt' in subselect)) return []
  const inside = aliasesIn(subselect)
  const isOuter = (node: SqlNode): boolean => {
    const columns = columnsIn(node)
    return (
      columns.length > 0 &&
      columns.every(({ alias }) => alias !== undefined && !inside.includes(alias))
    )
  }
  const equal = equalColumns(subselect.SelectStmt).pairs.flat().filter(isOuter)
  const columnsBelow = (node: SqlNode): readonly SqlNode[] => {
    if (equal.includes(node)) return [node]
    return 'ColumnRef' in node
      ? [node].filter(isOuter)
      : childrenOf(Object.values(node)).flatMap(columnsBelow)
  }
  return columnsBelow(subselect)
}

/** The names that the items of FROM have, in subqueries as well. */
function aliasesIn(node: SqlNode): readonly string[] {
  const inside = childrenOf(Object.values(node)).flatMap(aliasesIn)
  const own = aliasOf(node)
  return own === undefined ? inside : [own, ...inside]
}

/** Whether other columns of an item are used than those that it is joined by. */
function isUsed(
  { alias }: ReadPart,
  links: readonly SqlNode[],
  used: readonly SqlNode[],
  equal: EqualColumns,
): boolean {
  return used
    .flatMap(columnsIn)
    .some((column) => column.alias === alias && !equal.isGivenBy(column.node, links))
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
