import type { Node as SqlNode, SubLink } from 'libpg-query'
import { comparedWithQuery, outerColumns, subqueriesIn } from './chosen-parts.ts'
import { columnsIn, conjuncts, valuesOf } from './equal-columns.ts'
import type {
  Alternative,
  ChangedKeys,
  Choice,
  Compared,
  FollowedRows,
  Move,
} from './followed-rows.ts'
import { moved } from './followed-rows.ts'
import { outputsOf } from './output-names.ts'
import { ANY_ITEM, itemsIn, type ReadScope, withColumns } from './read-scope.ts'
import { functionName, textsOf } from './sql-tree.ts'

/** What a subquery of a condition reads. */
export interface Asked {
  readonly rows: FollowedRows
  /** Of what it gives, by place. */
  readonly names: readonly string[]
}

/** Rows for which a condition holds because of changed rows; none where these have no say in it. */
export function choiceBy(
  condition: SqlNode,
  ask: (subquery: SubLink) => Asked,
): Choice | undefined {
  if ('BoolExpr' in condition && condition.BoolExpr.boolop === 'OR_EXPR') {
    const choices = (condition.BoolExpr.args ?? []).flatMap((arg) => {
      const all = conjuncts(arg).flatMap((one) => choiceBy(one, ask) ?? [])
      // What else must hold leaves some of the rows out.
      return conjuncts(arg).length > 1 ? all.map(none) : all
    })
    return choices.length === 0 ? undefined : choices
  }
  const subqueries = subqueriesIn(condition).filter((one) => {
    const { keys, choices } = ask(one).rows
    return keys.length + choices.length > 0
  })
  const [subquery] = subqueries
  if (subquery === undefined) return undefined
  const { rows, names } = ask(subquery)
  const [lifted = []] = moved(rows, compareOutputs(subquery)).choices
  const atLeast = bound(condition, subquery)
  const isBound = atLeast !== undefined
  const compared = atLeast ?? comparedWithQuery(condition)
  const isCompared = compared?.subquery === subquery && subqueries.length === 1
  const byKeys = rows.keys.map((key): Alternative => {
    const nodes = isCompared ? compared.nodes : []
    const pairs = nodes.map((value, i): Compared => {
      const given = key.of(names[i] ?? '')
      return { key: isBound ? argumentOf(given) : given, values: [value] }
    })
    const isVague = outerColumns(subquery).length > key.links.length || !isCompared
    return alternative(key, [...pairs, ...key.links], isVague, itemsIn(condition))
  })
  return rows.choices.length > 1 ? byKeys : [...byKeys, ...lifted]
}

/** `… >= (select min(…))` and `… <= (select max(…))` choose what is equal as well. */
function bound(condition: SqlNode, subquery: SubLink): ReturnType<typeof comparedWithQuery> {
  if (!('A_Expr' in condition)) return undefined
  const { name, lexpr, rexpr } = condition.A_Expr
  const isRight = rexpr !== undefined && 'SubLink' in rexpr && lexpr !== undefined
  const fits = BOUNDS.get(boundOf(subquery)?.name ?? '')
  return isRight && fits !== undefined && fits === textsOf(name).at(-1)
    ? { subquery, nodes: [lexpr] }
    : undefined
}

const BOUNDS: ReadonlyMap<string, string> = new Map([
  ['min', '>='],
  ['max', '<='],
])

/** The only value that a subquery gives, where it is the least or the most of something. */
function boundOf({ subselect }: SubLink): { readonly name: string } | undefined {
  const select = subselect !== undefined && 'SelectStmt' in subselect ? subselect.SelectStmt : {}
  const [target] = select.targetList ?? []
  const value = target !== undefined && 'ResTarget' in target ? target.ResTarget.val : undefined
  return value !== undefined && 'FuncCall' in value ? functionName(value.FuncCall) : undefined
}

function argumentOf(call: SqlNode | undefined): SqlNode | undefined {
  return call !== undefined && 'FuncCall' in call ? call.FuncCall.args?.[0] : call
}

/** By what is compared, where all of that is known to be of the table. */
function alternative(
  { table, place, isLogged }: ChangedKeys,
  pairs: readonly Compared[],
  isVague: boolean,
  items: readonly string[],
): Alternative {
  const isKnown = !isVague && pairs.every(({ key }) => key !== undefined)
  return { table, place, isLogged, pairs, byItems: isKnown ? undefined : items }
}

function none(one: Alternative): Alternative {
  return { ...one, pairs: [{ key: undefined, values: [] }], byItems: undefined }
}

/** What an item of FROM that gives changed rows chooses of the others, by what these are joined with it. */
export function choiceByItem(
  alias: string | undefined,
  keys: readonly ChangedKeys[],
  scope: ReadScope,
): Choice {
  const isOf = (node: SqlNode): boolean => columnsIn(node).some((column) => column.alias === alias)
  const sides = scope.pairs.flatMap(([a, b]) => [[a, b] as const, [b, a] as const])
  const links = sides.filter(
    ([own, other]) =>
      isOf(own) && !isOf(other) && columnsIn(other).length > 0 && !scope.isOuter(other),
  )
  return keys.map((key) => {
    const pairs = links.map(
      ([own, value]): Compared => ({ key: traced(own, key, alias), values: [value] }),
    )
    return alternative(key, pairs, pairs.length === 0, [alias ?? ANY_ITEM])
  })
}

/** What changed rows are compared with in the query around the one that reads them. */
export function linksTo(
  key: ChangedKeys,
  alias: string | undefined,
  scope: ReadScope,
): readonly Compared[] {
  const sides = scope.pairs.flatMap(([a, b]) => [[a, b] as const, [b, a] as const])
  return sides
    .filter(([own, outer]) => scope.isOuter(outer) && !scope.isOuter(own))
    .map(([own, outer]) => {
      const [of] = scope.equalTo(own).flatMap((one) => traced(one, key, alias) ?? [])
      return { key: of, values: [outer] }
    })
}

function traced(
  node: SqlNode,
  { of }: ChangedKeys,
  alias: string | undefined,
): SqlNode | undefined {
  return withColumns(node, (name, item) =>
    item === undefined || item === alias ? of(name) : undefined,
  )
}

/** What a subquery gives stands for what it is compared with. */
export function compareOutputs(subquery: SubLink): Move {
  const { testexpr, operName, subLinkType, subselect } = subquery
  const isCompared =
    testexpr !== undefined &&
    (subLinkType === 'ANY_SUBLINK' || subLinkType === 'ALL_SUBLINK') &&
    (operName === undefined || ['=', '<>'].includes(textsOf(operName).at(-1) ?? ''))
  const names =
    isCompared && subselect !== undefined && 'SelectStmt' in subselect
      ? outputsOf(subselect.SelectStmt)
      : []
  const values = testexpr === undefined ? [] : valuesOf(testexpr)
  return {
    values: (node) => {
      const [column] = 'ColumnRef' in node ? columnsIn(node) : []
      if (column === undefined || column.alias !== undefined) return [node]
      return names.flatMap((name, i) => (name === column.name ? (values[i] ?? []) : []))
    },
    of: () => undefined,
    items: [
      ...new Set([
        ...outerColumns(subquery).flatMap(itemsIn),
        ...(testexpr === undefined ? [] : itemsIn(testexpr)),
      ]),
    ],
  }
}
