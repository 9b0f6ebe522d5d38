import type { DependentView, RelationState } from '../engine/adapter.ts'
import { exclusiveLocks } from '../engine/exclusive-locks.ts'
import type { Statement, Transaction } from '../engine/statement.ts'
import type { IndexConfig, NodeId, Relation } from '../manifest/node.ts'
import { identifier, literal, quoted } from '../manifest/quoted.ts'
import { checkShadowReads, dropShadows, publishShadows } from '../state/shadows.ts'
import { keepVersions, notePublished } from '../state/versions.ts'
import { attachAgain, givePrivilegesAgain, noteAttached } from './carry-attached.ts'
import {
  commentAgain,
  createDependent,
  RECREATE,
  rememberViews,
  withoutFindings,
} from './dependent-views.ts'
import { indexName, replacedName, shadowIndexName } from './hidden-name.ts'
import { nameOn } from './name-on.ts'

/** A relation that is ready out of sight, and what stands behind its name until now. */
export interface Ready {
  readonly id: NodeId
  readonly target: Relation
  /** What was built. */
  readonly shadow: RelationState
  readonly old: RelationState | undefined
  /** Of a view: the statement that creates it under its own name, over the published names. */
  readonly createView: string | undefined
  /** Privileges and comments that configuration asks for, under its own name; after those of the old relation are back. */
  readonly configured: readonly Statement[]
  /** The shadow began as a copy of the old table. */
  readonly isCopy: boolean
  /** Those that configuration asks for. */
  readonly indexes: readonly IndexConfig[]
}

export interface Together {
  readonly runId: string
  /** Parents first. */
  readonly ready: readonly Ready[]
  /** Views of gm's that read a replaced relation and are not built in this run, innermost first. */
  readonly carried: readonly DependentView[]
  readonly codes: Readonly<Record<string, string>>
  /**
   * Views are replaced in place, so that nothing that hangs on them notices; where their columns do not allow it, they are
   * dropped and made again.
   */
  readonly dropsViews: boolean
  /** What is replaced is kept, so that it can be brought back. */
  readonly keeps: boolean
}

const LOCK_TIMEOUT_MS = 100

/**
 * Everything that a run has built gets its name in one short transaction. It holds no lock before it has all of them, in the order of
 * the names, and waits for each only briefly. Replaced tables keep their place under another name until the views on them read the new ones.
 */
export function publishTogether(given: Together): Transaction {
  const { ready, carried, runId } = given
  const tables = ready.filter(({ shadow }) => shadow.type !== 'view')
  const views = ready.filter(({ shadow }) => shadow.type === 'view')
  const shadowNames = Object.fromEntries(
    ready.map(({ target, shadow }) => [quoted(target), quoted(shadow.relation)]),
  )
  const replaced = ready.flatMap(({ old }) =>
    old === undefined || old.type === 'view' ? [] : [old],
  )
  const restored = given.dropsViews ? withoutFindings(carried) : carried
  const again = [
    ...ready
      .flatMap(({ old }) => old ?? [])
      .filter(({ type }) => given.dropsViews || type !== 'view'),
    ...(given.dropsViews ? restored : []),
  ].map(({ relation }) => relation)
  return {
    name: 'publish',
    isolation: 'read committed',
    locks: exclusiveLocks([...ready.flatMap(({ old }) => old ?? []), ...carried]),
    lockTimeoutMs: LOCK_TIMEOUT_MS,
    waitForReaders: true,
    statements: [
      guardTargets(ready),
      checkShadowReads(runId, shadowNames),
      ...(again.length === 0 ? [] : [noteAttached(again)]),
      ...rememberViews(carried, 'before'),
      // What is kept of a view is its text: before it is dropped.
      ...(given.keeps
        ? keepVersions(
            runId,
            ready.map(({ id, target, old }) => ({
              id,
              relation: target,
              isView: old?.type === 'view',
            })),
          )
        : replaced.map(({ relation }) => rename('table', relation, replacedName(relation)))),
      ...(given.keeps && replaced.length > 0 ? [letGo(replaced)] : []),
      ...(given.dropsViews ? dropViews(ready, carried) : []),
      ...tables.map(({ shadow, target }) => rename('table', shadow.relation, target)),
      ...views.flatMap(({ createView }) =>
        createView === undefined ? [] : [{ purpose: 'create view', sql: createView }],
      ),
      ...restored.flatMap((view) => [
        {
          purpose: RECREATE,
          sql: createDependent(view, 'create or replace'),
        },
        ...(given.dropsViews ? commentAgain('view', quoted(view.relation), view) : []),
      ]),
      ...[...views].reverse().map(({ shadow }) => ({
        purpose: 'drop shadow',
        sql: `drop view ${quoted(shadow.relation)}`,
      })),
      // A materialized view before what it reads.
      ...(given.keeps ? [] : [...replaced].reverse()).map((old) => ({
        purpose: 'drop old',
        sql: `drop ${old.type === 'partitioned table' ? 'table' : old.type} ${quoted(replacedName(old.relation))}`,
      })),
      ...tables.flatMap(nameIndexes),
      ...ready.flatMap(({ shadow, target, old }) => {
        if (old === undefined) return []
        const kind =
          shadow.type === 'view' || shadow.type === 'materialized view' ? shadow.type : 'table'
        if (kind === 'view' && old.type === 'view' && !given.dropsViews) return []
        return commentAgain(kind, quoted(target), {
          comment: shadow.comment === undefined ? old.comment : undefined,
          columnComments: shadow.columnComments.length === 0 ? old.columnComments : [],
        })
      }),
      ...(again.length === 0 ? [] : [givePrivilegesAgain(again)]),
      ...ready.flatMap(({ configured }) => configured),
      ...(again.length === 0 ? [] : [attachAgain(again)]),
      ...rememberViews(carried, 'after'),
      publishShadows(
        runId,
        ready.map(({ target, shadow, old, isCopy }) => ({
          target: quoted(target),
          shadow: quoted(shadow.relation),
          was: isCopy ? old?.generation : undefined,
        })),
        given.codes,
      ),
      ...(given.keeps ? [notePublished(runId)] : []),
      dropShadows(Object.values(shadowNames)),
    ],
  }
}

/** Somebody may have put something in a table's place since the plan; what gm itself does there is held off by its locks. */
function guardTargets(ready: readonly Ready[]): Statement {
  const values = ready.map(
    ({ target, old }) =>
      `(${literal(quoted(target))}, ${old === undefined ? 'null' : literal(old.generation)})`,
  )
  return {
    purpose: 'guard',
    guard: 'all published relations are as planned',
    sql: `select bool_and(to_regclass(t.name)::oid::text is not distinct from t.generation) as ok
from (values ${values.join(', ')}) as t (name, generation)`,
  }
}

/** A foreign key of a version that is kept would hold on to the table of gm's that it leads to. It gets those of then when it comes back. */
function letGo(replaced: readonly RelationState[]): Statement {
  const body = `declare
  key record;
begin
  for key in
    select k.conrelid::regclass as kept, k.conname
    from pg_constraint k
    join pg_class c on c.oid = k.confrelid
    join pg_namespace n on n.oid = c.relnamespace
    where k.contype = 'f' and k.conrelid = any (array[${replaced.map(({ generation }) => generation).join(', ')}]::oid[]) and k.confrelid <> k.conrelid
      and exists (select from gm.relations r where r.relation = format('"%s"."%s"', replace(n.nspname, '"', '""'), replace(c.relname, '"', '""')))
  loop
    execute format('alter table %s drop constraint %I', key.kept, key.conname);
  end loop;
end`
  return { purpose: 'let go', sql: `do ${literal(body)}` }
}

/** The outermost first: whoever is read by more stands further in. */
function dropViews(
  ready: readonly Ready[],
  carried: readonly DependentView[],
): readonly Statement[] {
  const drop = (relation: Relation): Statement => ({
    purpose: 'drop view',
    sql: `drop view ${quoted(relation)}`,
  })
  const old = ready.flatMap((item) => (item.old?.type === 'view' ? [item.old] : []))
  return [
    ...[...carried].reverse().map(({ relation }) => drop(relation)),
    ...old
      .sort((a, b) => a.dependents.length - b.dependents.length)
      .map(({ relation }) => drop(relation)),
  ]
}

function rename(kind: 'table', from: Relation, to: Relation): Statement {
  return {
    purpose: 'rename',
    sql: `alter ${kind} ${quoted(from)} rename to ${identifier(to.identifier)}`,
  }
}

/**
 * The names of a copy's indexes, by those of the table that it copies: by them a step finds them again. What somebody
 * made by hand has one as well, so that it gets its own back.
 */
export function namesOnCopy(
  old: RelationState,
  shadow: Relation,
  configured: readonly IndexConfig[],
): ReadonlyMap<string, string> {
  return new Map(
    old.indexes.map((index) => [
      index.name,
      nameOn(index, old.relation.identifier, shadow.identifier, configured) ??
        shadowIndexName(index.name),
    ]),
  )
}

/** Indexes carry the shadow's name in theirs. */
function nameIndexes({ shadow, target, old, isCopy, indexes }: Ready): readonly Statement[] {
  const copied = isCopy && old !== undefined ? [...namesOnCopy(old, shadow.relation, indexes)] : []
  const before = new Map(copied.map(([name, onCopy]) => [onCopy, name]))
  const taken = new Set<string>()
  return shadow.indexes.flatMap((index) => {
    const wanted =
      before.get(index.name) ??
      nameOn(index, shadow.relation.identifier, target.identifier, indexes) ??
      indexName(target.identifier, index.columns, index.unique)
    if (wanted === index.name || taken.has(wanted)) return []
    taken.add(wanted)
    return [
      {
        purpose: 'name index',
        sql: `alter index ${identifier(target.schema)}.${identifier(index.name)} rename to ${identifier(wanted)}`,
      },
    ]
  })
}
