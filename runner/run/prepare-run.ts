import { GmError } from '../base/error.ts'
import type { Session } from '../engine/adapter.ts'
import { isLockTimeout, sqlErrorOf } from '../engine/sql-error.ts'
import type { Manifest } from '../manifest/node.ts'
import { isBuilt } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { createSchema } from '../materialize/materialize-view.ts'
import type { Plan } from '../plan/plan.ts'
import { forgetGone, PRUNE_KEY_LOG } from '../state/key-log.ts'
import { followTables, MARK_DEAD_RUNS, runLock, startRun } from '../state/ledger.ts'
import { pruneRuns } from '../state/prune-runs.ts'
import { dropDeadShadows } from './drop-dead-shadows.ts'
import { dropPending } from './drop-pending.ts'
import type { PlannedRun } from './plan-project.ts'
import type { RunRequest } from './run-request.ts'

/**
 * What a run does before it plans: takes the lock that says that it lives, marks runs that died, and removes what they and
 * old runs have left.
 */
export async function prepareRun(control: Session, request: RunRequest): Promise<void> {
  const { runId, manifest, signal } = request
  await control.lock(runLock(runId), true)
  await claimResumed(control, request)
  await control.query(MARK_DEAD_RUNS, signal)
  const built = [...manifest.nodes.values()].filter(isBuilt).map(({ relation }) => relation)
  await control.query(forgetGone(manifest.project, built), signal)
  await control.query(PRUNE_KEY_LOG, signal)
  await control.query(pruneRuns(manifest.project, request.historyRetentionDays), signal)
  await followLanded(control, manifest)
  await dropPending(control, undefined)
  await dropDeadShadows(control)
}

/** The run's record, and the schemas that its plan writes to. */
export async function beginRun(
  control: Session,
  request: RunRequest,
  { plan, selected }: Pick<PlannedRun, 'plan' | 'selected'>,
): Promise<void> {
  await control.query(
    startRun({
      runId: request.runId,
      command: request.command,
      project: request.manifest.project,
      target: request.targetName,
      version: request.version,
      request: request.asked && { ...request.asked, selected: [...selected].sort() },
    }),
  )
  const last = request.resumes?.at(-1)
  if (last !== undefined) await control.unlock(runLock(last))
  await createSchemas(control, plan, request.signal)
}

/** Of several runs that begin to go on with the same one, one does: with its lock until the record says so. */
async function claimResumed(control: Session, { resumes, signal }: RunRequest): Promise<void> {
  const last = resumes?.at(-1)
  if (last === undefined) return
  await control.lock(runLock(last), true, signal)
  const { rows } = await control.query(
    {
      purpose: 'look for another retry',
      sql: `select run_id from gm.runs where request -> 'resumes' ->> -1 = $1 limit 1`,
      binds: [last],
    },
    signal,
  )
  if (rows[0] === undefined) return
  throw new GmError(
    'GM4017',
    `run ${last} has been gone on with by run ${String(rows[0]['run_id'])}`,
    { hint: 'Another gm retry was faster. `gm history` shows what has become of it.' },
  )
}

/** From then on a row of theirs that somebody changes or deletes is noticed. In a busy moment the next run does it. */
async function followLanded(session: Session, manifest: Manifest): Promise<void> {
  const names = [...manifest.nodes.values()]
    .filter((node) => node.kind === 'source')
    .map((node) => quoted(node.relation))
  if (names.length === 0) return
  const follow = { locks: [], lockTimeoutMs: 100, statements: [followTables(names)] }
  for (;;) {
    try {
      await session.transaction({ name: 'write', isolation: 'read committed', ...follow })
      return
    } catch (error) {
      if (isLockTimeout(error)) return
      // Another run has begun to follow one of them in the meantime; those that are left come next.
      if (sqlErrorOf(error)?.sqlState !== '42710') throw error
    }
  }
}

async function createSchemas(session: Session, plan: Plan, signal: AbortSignal): Promise<void> {
  const wanted = [
    ...new Set(
      plan.steps.flatMap(({ relation, stores }) =>
        [relation, stores].flatMap((made) => (made === undefined ? [] : [made.schema])),
      ),
    ),
  ]
  const { rows } = await session.query({
    purpose: 'read schemas',
    sql: 'select nspname as name from pg_namespace',
  })
  const existing = new Set(rows.map((row) => row['name']))
  for (const schema of wanted.filter((name) => !existing.has(name)).sort()) {
    await session.query(createSchema(schema), signal).catch(async (error: unknown) => {
      // Two runs that begin at once may both try; the second finds it there.
      const again = await session.query({
        purpose: 'read schemas',
        sql: 'select 1 from pg_namespace where nspname = $1',
        binds: [schema],
      })
      if (again.rows.length === 0) throw error
    })
  }
}
