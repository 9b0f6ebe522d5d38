import type { Session } from '../engine/adapter.ts'
import { isLockTimeout } from '../engine/sql-error.ts'
import { runLock } from '../state/ledger.ts'
import { dropBeside } from '../state/shadows.ts'

/** Shadows of runs that are no more: nobody holds their lock. Those that somebody reads are left to the next run. */
export async function dropDeadShadows(session: Session): Promise<void> {
  const { rows } = await session.query({
    purpose: 'read shadows',
    sql: 'select run_id, array_agg(relation) as names from gm.shadows group by run_id',
  })
  for (const row of rows) {
    const runId = String(row['run_id'])
    if (!(await session.lock(runLock(runId), false))) continue
    try {
      await dropBeside(session, runId, row['names'] as readonly string[])
    } catch (error) {
      if (!isLockTimeout(error)) throw error
    }
    await session.unlock(runLock(runId))
  }
}
