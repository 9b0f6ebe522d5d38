import type {
  DeleteStmt,
  InsertStmt,
  MergeStmt,
  RangeVar,
  ReturningClause,
  Node as SqlNode,
  UpdateStmt,
} from 'libpg-query'
import type { Contributions } from './contribution.ts'
import { asCondition, merge, NOTHING } from './contribution.ts'
import { resolveTarget } from './resolve-select.ts'
import type { FromResult, Resolver } from './resolver.ts'
import type { Columns, QueryResult, Scope, Source } from './scope.ts'
import { inside, NO_WINDOWS, sideBySide } from './scope.ts'

/** What is written to each column of the target, by its name. */
type Written = ReadonlyMap<string, Contributions>

/** What an INSERT, UPDATE, DELETE or MERGE in a `with` gives back by RETURNING. */
export function resolveWrite(resolver: Resolver, node: SqlNode, outer: Scope): QueryResult {
  if ('InsertStmt' in node) return insert(resolver, node.InsertStmt, outer)
  if ('UpdateStmt' in node) return update(resolver, node.UpdateStmt, outer)
  if ('DeleteStmt' in node) return remove(resolver, node.DeleteStmt, outer)
  if ('MergeStmt' in node) return mergeInto(resolver, node.MergeStmt, outer)
  resolver.problem('a statement that gives no rows', undefined)
  return { columns: [], rest: () => undefined, conditions: NOTHING }
}

function insert(resolver: Resolver, statement: InsertStmt, outer: Scope): QueryResult {
  const scope = resolver.with(statement.withClause, outer)
  const target = targetOf(resolver, statement.relation, scope)
  const given: QueryResult =
    statement.selectStmt === undefined
      ? { columns: [], conditions: NOTHING }
      : resolver.query(statement.selectStmt, inside(scope))
  const named = (statement.cols ?? []).flatMap((one) =>
    'ResTarget' in one ? [one.ResTarget.name ?? ''] : [],
  )
  const names = named.length > 0 ? named : target.columns.map(({ name }) => name)
  const inserted = given.columns.map(({ from }, i) => [names[i] ?? '', from] as const)
  const onConflict = statement.onConflictClause
  const excluded: Source = {
    alias: 'excluded',
    columns: target.columns.map((column) => ({
      ...column,
      from: new Map(inserted).get(column.name) ?? column.from,
    })),
  }
  const conflictScope = { ...withTarget(scope, target, undefined), sources: [target, excluded] }
  const updated = assigned(resolver, onConflict?.targetList, conflictScope)
  const written = new Map(inserted)
  for (const [name, from] of updated) written.set(name, merge(written.get(name) ?? NOTHING, from))
  const decides = resolver.expression(onConflict?.whereClause, conflictScope)
  return returning(resolver, statement.returningClause, target, written, {
    scope,
    from: undefined,
    conditions: merge(given.conditions, asCondition('filter', decides)),
    // A row that was not in conflict has the values given, and else the table's defaults.
    keeps: updated.size > 0,
  })
}

function update(resolver: Resolver, statement: UpdateStmt, outer: Scope): QueryResult {
  const scope = resolver.with(statement.withClause, outer)
  const target = targetOf(resolver, statement.relation, scope)
  const from = resolver.from(statement.fromClause, scope)
  const own = withTarget(scope, target, from)
  const decides = resolver.expression(statement.whereClause, own)
  return returning(
    resolver,
    statement.returningClause,
    target,
    assigned(resolver, statement.targetList, own),
    {
      scope,
      from,
      conditions: merge(from.conditions, asCondition('filter', decides)),
      keeps: false,
    },
  )
}

function remove(resolver: Resolver, statement: DeleteStmt, outer: Scope): QueryResult {
  const scope = resolver.with(statement.withClause, outer)
  const target = targetOf(resolver, statement.relation, scope)
  const from = resolver.from(statement.usingClause, scope)
  const decides = resolver.expression(statement.whereClause, withTarget(scope, target, from))
  return returning(resolver, statement.returningClause, target, new Map(), {
    scope,
    from,
    conditions: merge(from.conditions, asCondition('filter', decides)),
    keeps: false,
  })
}

function mergeInto(resolver: Resolver, statement: MergeStmt, outer: Scope): QueryResult {
  const scope = resolver.with(statement.withClause, outer)
  const target = targetOf(resolver, statement.relation, scope)
  const from = resolver.from(
    statement.sourceRelation === undefined ? [] : [statement.sourceRelation],
    scope,
  )
  const own = withTarget(scope, target, from)
  const written = new Map<string, Contributions>()
  const decides: Contributions[] = []
  for (const node of statement.mergeWhenClauses ?? []) {
    if (!('MergeWhenClause' in node)) continue
    const { condition, targetList, values, commandType } = node.MergeWhenClause
    decides.push(resolver.expression(condition, own))
    const sets =
      commandType === 'CMD_INSERT'
        ? insertedBy(resolver, targetList, values ?? [], target, own)
        : assigned(resolver, targetList, own)
    for (const [name, set] of sets) written.set(name, merge(written.get(name) ?? NOTHING, set))
  }
  const on = resolver.expression(statement.joinCondition, own)
  return returning(resolver, statement.returningClause, target, written, {
    scope,
    from,
    conditions: merge(
      from.conditions,
      asCondition('join', on),
      asCondition('filter', merge(...decides)),
    ),
    keeps: true,
  })
}

function insertedBy(
  resolver: Resolver,
  targetList: readonly SqlNode[] = [],
  values: readonly SqlNode[],
  target: Source,
  scope: Scope,
): Written {
  const named = targetList.flatMap((one) => ('ResTarget' in one ? [one.ResTarget.name ?? ''] : []))
  const names = named.length > 0 ? named : target.columns.map(({ name }) => name)
  return new Map(values.map((one, i) => [names[i] ?? '', resolver.expression(one, scope)]))
}

/** `set a = 1, (b, c) = (select …)` */
function assigned(
  resolver: Resolver,
  targetList: readonly SqlNode[] = [],
  scope: Scope,
): Map<string, Contributions> {
  const sets = new Map<string, Contributions>()
  for (const target of targetList) {
    if (!('ResTarget' in target)) continue
    const { name = '', val } = target.ResTarget
    sets.set(
      name,
      resolver.expression(
        val !== undefined && 'MultiAssignRef' in val ? val.MultiAssignRef.source : val,
        scope,
      ),
    )
  }
  return sets
}

/** The table that is written to, under its alias. */
function targetOf(resolver: Resolver, relation: RangeVar | undefined, scope: Scope): Source {
  const none: Source = { alias: '', columns: [] }
  if (relation === undefined) return none
  // A write never means a CTE.
  return resolver.from([{ RangeVar: relation }], { ...scope, ctes: [] }).sources[0] ?? none
}

function withTarget(scope: Scope, target: Source, from: FromResult | undefined): Scope {
  return {
    sources: [target, ...(from?.sources ?? [])],
    bare: [target, ...(from?.bare ?? [])],
    windows: NO_WINDOWS,
    ctes: scope.ctes,
    parent: scope,
  }
}

interface Around {
  readonly scope: Scope
  readonly from: FromResult | undefined
  readonly conditions: Contributions
  /** A written column may keep what it had before. */
  readonly keeps: boolean
}

/** RETURNING shows the target's rows as written; `old` and `new` name both states. */
function returning(
  resolver: Resolver,
  clause: ReturningClause | undefined,
  target: Source,
  written: Written,
  { scope, from, conditions, keeps }: Around,
): QueryResult {
  const after = (alias: string): Source => ({
    ...target,
    alias,
    columns: target.columns.map((column) => {
      const set = written.get(column.name)
      if (set === undefined) return column
      return { ...column, from: keeps ? merge(set, column.from) : set }
    }),
  })
  const names = new Map([
    ['RETURNING_OPTION_OLD', 'old'],
    ['RETURNING_OPTION_NEW', 'new'],
  ])
  for (const option of clause?.options ?? []) {
    if (!('ReturningOption' in option)) continue
    names.set(option.ReturningOption.option ?? '', option.ReturningOption.value ?? '')
  }
  const shown = after(target.alias)
  const own = withTarget(scope, shown, from)
  const states: readonly Source[] = [
    { ...target, alias: names.get('RETURNING_OPTION_OLD') ?? 'old' },
    after(names.get('RETURNING_OPTION_NEW') ?? 'new'),
  ]
  const inner: Scope = { ...own, sources: [...own.sources, ...states] }
  const columns: Columns = sideBySide(
    (clause?.exprs ?? []).map((one) => resolveTarget(resolver, one, inner)),
  )
  return { ...columns, conditions }
}
