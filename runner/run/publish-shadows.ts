import { GmError } from '../base/error.ts'
import type { RelationState } from '../engine/adapter.ts'
import { GuardFailed } from '../engine/adapter.ts'
import { sqlErrorOf } from '../engine/sql-error.ts'
import type { NodeId } from '../manifest/node.ts'
import { isBuilt } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { ATTACH, copyStatistics } from '../materialize/carry-attached.ts'
import { copyMade, markMade } from '../materialize/carry-made.ts'
import { commentStatements } from '../materialize/comment-statements.ts'
import { RECREATE, refuseForeignDependents } from '../materialize/dependent-views.ts'
import { grantStatements } from '../materialize/grant-statements.ts'
import { createSchema } from '../materialize/materialize-view.ts'
import type { Ready, Together } from '../materialize/publish-together.ts'
import { publishTogether } from '../materialize/publish-together.ts'
import type { Step } from '../plan/plan.ts'
import type { Shadow } from '../plan/shadow.ts'
import type { ShadowNames } from '../state/shadows.ts'
import { VERSIONS_SCHEMA } from '../state/versions.ts'
import type { Atomic } from './atomic.ts'
import { indexesOf, isOurs, KEEPS_ROWS } from './atomic.ts'
import { blameNode, refusedByView, viewMadeBy } from './blame-node.ts'
import { ranOutOfRoom } from './lack-of-room.ts'
import { retryLater } from './retry-later.ts'
import { withLockRetries } from './with-lock-retries.ts'

/** What is there to publish: each shadow beside what it replaces, and the views that must come along. */
export async function together(
  building: readonly Step[],
  shadows: readonly Shadow[],
  copies: ShadowNames,
  on: Atomic,
): Promise<Together> {
  const states = await on.adapter.describe(
    shadows.flatMap(({ target, shadow }) => [target, shadow]),
  )
  const byId = new Map(shadows.map((shadow) => [shadow.id, shadow]))
  const ready = building.flatMap((step): Ready[] => {
    const shadow = byId.get(step.id)
    const state = shadow && states.get(quoted(shadow.shadow))
    if (shadow === undefined || state === undefined) return []
    const name = quoted(shadow.target)
    const create = step.transactions
      .flatMap(({ statements }) => statements)
      .find(({ purpose }) => purpose === 'create view')
    return [
      {
        id: step.id,
        target: shadow.target,
        shadow: state,
        old: states.get(name),
        createView: create?.sql.replace(/^create view /, 'create or replace view '),
        configured: configuredOn(step.id, states.get(name), on),
        isCopy: name in copies,
        indexes: indexesOf(step.id, on),
      },
    ]
  })
  const published = new Set(ready.map(({ target }) => quoted(target)))
  const carried = new Map(
    ready.flatMap(({ old }) =>
      (old?.dependents ?? [])
        .filter(({ relation }) => !published.has(quoted(relation)))
        .filter((view) => isOurs(view, on))
        .map((view) => [quoted(view.relation), view] as const),
    ),
  )
  const own = await on.adapter.describe([...carried.values()].map(({ relation }) => relation))
  const readBy = (name: string): number => own.get(name)?.dependents.length ?? 0
  const codes = Object.fromEntries(
    on.plan.steps.flatMap(({ id, codes: [full = '', increment = full] = [], action }) => {
      if (action === 'reuse' || full === '') return []
      return [[id, KEEPS_ROWS.has(action) ? increment : full]]
    }),
  )
  return {
    runId: on.runId,
    ready,
    carried: [...carried].sort(([a], [b]) => readBy(b) - readBy(a)).map(([, view]) => view),
    codes,
    keeps: on.keepVersions > 0,
    dropsViews: ready.some(({ old, shadow }) => old?.type === 'view' && shadow.type !== 'view'),
  }
}

/** A view is made anew under its name, and a table gets back what the old one had: both need what the shadow had. */
function configuredOn(id: NodeId, old: RelationState | undefined, on: Atomic) {
  const node = on.request.manifest.nodes.get(id)
  if (node === undefined || !isBuilt(node)) return []
  return [...grantStatements(node, old), ...commentStatements(node)]
}

/** Invalid_table_definition, dependent_objects_still_exist and undefined_column: a view that cannot stay in its place. */
const CANNOT_STAY: ReadonlySet<string> = new Set(['42P16', '2BP01', '42703'])

/**
 * Waits for readers whose pg_snapshot is older, then gives all shadows their names in one transaction.
 * @throws GmError GM4016 where readers or somebody else's change stand in the way: nothing was published.
 */
export async function publish(given: Together, on: Atomic): Promise<void> {
  const { done, holders } = await on.control.waitForOldSnapshots(on.publishWaitMs, on.signal)
  if (!done) {
    const who = holders
      .map((h) => `pid ${h.pid} (${h.applicationName || h.user}, ${Math.round(h.ageSeconds)} s)`)
      .join(', ')
    throw new GmError(
      'GM4016',
      `older transactions are open, to which the new tables would be empty: ${who}`,
      {
        hint: 'Nothing was published. Raise publish_wait_seconds, or run again when they have ended.',
      },
    )
  }
  if (given.dropsViews) refuseForeignViews(given, on)
  if (given.keeps) await on.control.query(createSchema(VERSIONS_SCHEMA))
  for (const { id, target, shadow, old, isCopy } of given.ready) {
    if (old === undefined || old.type === 'view' || shadow.type === 'view') continue
    // What stands on what was built anew by now the build or a hook has made.
    if (!isCopy) await on.control.query(markMade(quoted(shadow.relation)), on.signal)
    await on.control
      .query(copyMade(quoted(target), quoted(shadow.relation), isCopy), on.signal)
      .catch((error: unknown) => {
        throw blameNode(error, on.request.manifest.nodes.get(id))
      })
    if (isCopy) continue
    await on.control.query(copyStatistics(quoted(target), quoted(shadow.relation)), on.signal)
  }
  const begin = performance.now()
  try {
    await withLockRetries(
      publishTogether(given),
      { ...on, session: on.control, retry: retryLater({ ...on, limit: on.retries }) },
      Math.max(on.publishWaitMs, 1_000),
    )
  } catch (error) {
    const state = sqlErrorOf(error)?.sqlState ?? ''
    if (CANNOT_STAY.has(state) && !given.dropsViews) {
      await publish({ ...given, dropsViews: true }, on)
      return
    }
    throw explain(error, state, given, on)
  }
  on.note(
    `published ${given.ready.length} relations together in ${Math.round(performance.now() - begin)} ms`,
  )
}

function explain(error: unknown, sqlState: string, given: Together, on: Atomic): unknown {
  if (error instanceof GuardFailed) {
    return new GmError(
      'GM4016',
      'a relation was replaced by hand while this run built its next version',
      {
        hint: 'Nothing was published. Run again.',
      },
    )
  }
  if (sqlState === '53200') return ranOutOfRoom(given.ready.length, error)
  if (sqlErrorOf(error)?.statement.purpose === ATTACH) return notAttached(error, given, on)
  if (sqlState.startsWith('42')) return brokenBy(error, given, on)
  if (sqlState !== '55P03') return error
  return new GmError('GM4016', 'readers held the old versions for too long', {
    hint: 'Nothing was published. Raise publish_wait_seconds, or run again when they have ended.',
    cause: error,
  })
}

/** The error says to which relation. */
function notAttached(error: unknown, { ready }: Together, on: Atomic): unknown {
  const message = error instanceof GmError ? error.message : ''
  const to = ready.find(({ target }) => message.includes(quoted(target)))
  return blameNode(error, to && on.request.manifest.nodes.get(to.id))
}

/** A view that the run does not make may read what its table does not have any more. */
function brokenBy(error: unknown, { ready }: Together, on: Atomic): unknown {
  const statement = sqlErrorOf(error)?.statement
  if (statement?.purpose !== RECREATE || !(error instanceof GmError)) return error
  const view = viewMadeBy(statement)
  const below = ready.find(({ old }) =>
    old?.dependents.some(({ relation }) => quoted(relation) === view),
  )
  const node = below && on.request.manifest.nodes.get(below.id)
  if (node === undefined || !isBuilt(node)) return error
  return refusedByView(node, view, error.message, error)
}

function refuseForeignViews({ ready }: Together, on: Atomic): void {
  for (const { id, old } of ready) {
    const node = on.request.manifest.nodes.get(id)
    if (old === undefined || node === undefined) continue
    refuseForeignDependents(old, { at: node.at, isOurs: (view) => isOurs(view, on) }, false)
  }
}
