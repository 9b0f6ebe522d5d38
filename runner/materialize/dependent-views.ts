import { GmError } from '../base/error.ts'
import type { DependentView, RelationState } from '../engine/adapter.ts'
import { STORED_FAILURES } from '../engine/adapter.ts'
import type { Statement } from '../engine/statement.ts'
import type { Relation } from '../manifest/node.ts'
import { literal, quoted } from '../manifest/quoted.ts'
import { attachAgain, givePrivilegesAgain, noteAttached } from './carry-attached.ts'
import type { Materials } from './materialize.ts'

/** Whose statement it is that fails where a view that stays in its place would have to change its columns. */
export const REPLACE_IN_PLACE = 'replace view in place'
/** And of one that was dropped and reads what is not there any more. */
export const RECREATE = 'recreate dependent view'

export function makesDependent({ purpose }: Statement): boolean {
  return purpose === RECREATE || purpose === REPLACE_IN_PLACE
}

/**
 * Takes the views of gm's off the target, the outermost first. Where others have built upon one it stays in its place, with
 * nothing but its columns.
 */
export function dropDependents(materials: Materials): readonly Statement[] {
  const { target } = materials
  if (target === undefined) return []
  refuseForeignDependents(target, materials)
  const views = ownViews(materials)
  const staying = viewsUnderOthers(target, materials.isOurs)
  return [
    noteAttached([target.relation, ...views.map(({ relation }) => relation)]),
    ...rememberViews(views, 'before'),
    ...[...views].reverse().map((view) =>
      staying.has(view.generation)
        ? {
            purpose: 'empty view',
            sql: `create or replace view ${quoted(view.relation)} as select ${view.nulls}`,
          }
        : {
            purpose: 'drop dependent view',
            sql: `drop ${view.type} ${quoted(view.relation)}`,
          },
    ),
  ]
}

/** Makes the views what they were before `dropDependents`, with their grants and comments. */
export function restoreDependents(materials: Materials): readonly Statement[] {
  const { target } = materials
  if (target === undefined) return []
  const staying = viewsUnderOthers(target, materials.isOurs)
  const own = ownViews(materials)
  const dropped = withoutFindings(own.filter(({ generation }) => !staying.has(generation)))
  const views = own.filter((view) => staying.has(view.generation) || dropped.includes(view))
  const again = dropped.map(({ relation }) => relation)
  return [
    ...views.flatMap((view) => {
      const name = quoted(view.relation)
      const stays = staying.has(view.generation)
      const how = stays ? 'create or replace' : 'create'
      const as = createDependent(view, how)
      const definition = view.type === 'view' ? materials.remade.get(name) : undefined
      // What its new SQL reads may be made later in the run: as long as it fits it stays as it is.
      const sql =
        definition === undefined
          ? as
          : unlessRefused(as, createDependent({ ...view, definition }, how))
      if (stays) return [{ purpose: REPLACE_IN_PLACE, sql }]
      return [
        { purpose: RECREATE, sql },
        ...view.indexes.map((index) => ({ purpose: 'index', sql: index })),
        ...commentAgain(view.type === 'view' ? 'view' : 'materialized view', name, view),
      ]
    }),
    ...(again.length === 0 ? [] : [givePrivilegesAgain(again), attachAgain(again)]),
    ...rememberViews(views, 'after'),
  ]
}

/** Without what tests have found in the old rows, and perhaps in columns that there are no more: the tests find it anew. */
export function withoutFindings(dropped: readonly DependentView[]): readonly DependentView[] {
  return dropped.filter(({ comment }) => comment !== STORED_FAILURES)
}

/** A comment may be that of a column which is not there any more. */
function unlessGone({ purpose, sql }: Statement): Statement {
  return { purpose, sql: attempt(sql, 'undefined_column', 'null') }
}

/** The one statement, or where it does not fit what there is, the other. */
function unlessRefused(sql: string, other: string): string {
  const whatever = 'syntax_error_or_access_rule_violation'
  return attempt(sql, whatever, `execute ${literal(other)}`)
}

function attempt(sql: string, condition: string, otherwise: string): string {
  return `do ${literal(`begin\n  execute ${literal(sql)};\nexception when ${condition} then\n  ${otherwise};\nend`)}`
}

/** What gm has made of the target's dependents, innermost first. */
function ownViews({ target, isOurs }: Materials): readonly DependentView[] {
  return (target?.dependents ?? []).filter((view) => !isForeign(view, isOurs))
}

export function createDependent(
  { type, relation, options, definition }: DependentView,
  create: 'create' | 'create or replace',
): string {
  return `${create} ${type} ${quoted(relation)}${withOptions(options)} as\n${definition.replace(/;\s*$/, '')}`
}

export function withOptions(options: readonly string[]): string {
  return options.length === 0 ? '' : ` with (${options.join(', ')})`
}

/** Views that are dropped and made again as they were stay what the ledger knows, unless somebody had changed them. */
export function rememberViews(
  views: readonly { readonly relation: Relation }[],
  when: 'before' | 'after',
): readonly Statement[] {
  if (views.length === 0) return []
  const names = views.map((view) => literal(quoted(view.relation))).join(', ')
  const [is, becomes] = when === 'before' ? ['s.identity', `'kept'`] : [`'kept'`, 's.identity']
  return [
    {
      purpose: 'remember views',
      sql: `update gm.relations r set identity = ${becomes}
from gm.states(array[${names}]) s where s.name = r.relation and r.identity = ${is}`,
    },
  ]
}

/** The comments of what was made again. */
export function commentAgain(
  kind: 'table' | 'view' | 'materialized view',
  relationQuoted: string,
  { comment, columnComments }: Pick<DependentView, 'comment' | 'columnComments'>,
): readonly Statement[] {
  return [
    ...(comment === undefined
      ? []
      : [
          {
            purpose: 'comment',
            sql: `comment on ${kind} ${relationQuoted} is ${literal(comment)}`,
          },
        ]),
    ...columnComments.map((sql) => unlessGone({ purpose: 'comment', sql })),
  ]
}

export function nameOf({ type, relation }: DependentView): string {
  return type === 'other' ? relation.identifier : `${type} ${quoted(relation)}`
}

type IsOurs = Materials['isOurs']

function isForeign(view: DependentView, isOurs: IsOurs): boolean {
  return view.type === 'other' || !isOurs(view)
}

/**
 * Whether gm has made a view: the ledger knows it, or it shows what a test has found.
 * @param known the quoted names in the ledger.
 */
export function isOurView(
  { relation, comment }: DependentView,
  known: Pick<ReadonlySet<string>, 'has'>,
): boolean {
  return known.has(quoted(relation)) || comment === STORED_FAILURES
}

/** Views of gm's that something of others reads, however far above them, or hangs on. By their generations. */
function viewsUnderOthers({ dependents }: RelationState, isOurs: IsOurs): ReadonlySet<string> {
  const under = new Set<string>()
  // The outermost first: what a view reads comes after it.
  for (const view of [...dependents].reverse()) {
    if (view.isBuiltUpon) under.add(view.generation)
    if (!isForeign(view, isOurs) && !under.has(view.generation)) continue
    for (const input of view.reads) under.add(input)
  }
  return new Set(
    dependents
      .filter((view) => view.type === 'view' && !isForeign(view, isOurs))
      .map(({ generation }) => generation)
      .filter((generation) => under.has(generation)),
  )
}

/**
 * What others have built on a relation that is replaced, or on a materialized view of gm's that is filled again with it. On a
 * view of gm's, which keeps its place, they stay.
 */
export function foreignReaders(state: RelationState, isOurs: IsOurs): readonly DependentView[] {
  const replaced = new Set([
    state.generation,
    ...state.dependents
      .filter((view) => view.type === 'materialized view' && !isForeign(view, isOurs))
      .map(({ generation }) => generation),
  ])
  return state.dependents.filter(
    (view) => isForeign(view, isOurs) && view.reads.some((input) => replaced.has(input)),
  )
}

/**
 * @param keepsViews whether the views of gm's on it stay in their places.
 * @throws GmError GM4008 that names what gm did not make.
 */
export function refuseForeignDependents(
  state: RelationState,
  { at, isOurs }: Pick<Materials, 'isOurs' | 'at'>,
  keepsViews = true,
): void {
  const foreign = keepsViews
    ? foreignReaders(state, isOurs)
    : state.dependents.filter((view) => isForeign(view, isOurs))
  if (foreign.length === 0) return
  const names = foreign.map(nameOf).join(', ')
  throw new GmError(
    'GM4008',
    `${quoted(state.relation)} must be replaced, but ${names} depends on it and is not gm's`,
    {
      at,
      hint: 'gm never drops what it did not make. Make it a model of this project, or drop it yourself before the run and create it again after.',
    },
  )
}
