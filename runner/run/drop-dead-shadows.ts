import type { Session } from '../engine/adapter.ts'
import { runLock } from '../state/ledger.ts'
import { dropBeside } from '../state/shadows.ts'

/** Shadows of runs that are no more: nobody holds their lock. */
export async function dropDeadShadows(session: Session): Promise<void> {
  const { rows } = await session.query({
    purpose: 'read shadows',
    sql: 'select run_id, array_agg(relation) as names from gm.shadows group by run_id',
  })
  for (const row of rows) {
    const runId = String(row['run_id'])
    if (!(await session.lock(runLock(runId), false))) continue
    await dropBeside(session, runId, row['names'] as readonly string[])
    await session.unlock(runLock(runId))
  }
}
