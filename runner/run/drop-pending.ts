import type { Session } from '../engine/adapter.ts'
import { isLockTimeout } from '../engine/sql-error.ts'
import { LEAVINGS_LOCK_MS } from '../state/shadows.ts'

/**
 * Drops tables that a dead run built and never published.
 * @param target the quoted name whose leavings to drop, when its lock is held already; undefined for those of every
 *   node that nobody works on now; what somebody reads is left to the next run.
 */
export async function dropPending(session: Session, target: string | undefined): Promise<void> {
  const { rows } = await session.query({
    purpose: 'read pending',
    sql: `select p.relation, p.target, coalesce(c.relkind = 'm', false) as is_view
from gm.pending p left join pg_class c on c.oid = to_regclass(p.relation)
where $1::text is null or p.target = $1`,
    binds: [target ?? null],
  })
  for (const row of rows) {
    const relation = String(row['relation'])
    const of = String(row['target'])
    const kind = row['is_view'] === true ? 'materialized view' : 'table'
    if (target === undefined && !(await session.lock(of, false))) continue
    try {
      await session.transaction({
        name: 'write',
        isolation: 'read committed',
        locks: [],
        ...(target === undefined && { lockTimeoutMs: LEAVINGS_LOCK_MS }),
        statements: [
          { purpose: 'drop leavings', sql: `drop ${kind} if exists ${relation}` },
          {
            purpose: 'forget leavings',
            sql: 'delete from gm.pending where relation = $1',
            binds: [relation],
          },
        ],
      })
    } catch (error) {
      if (target !== undefined || !isLockTimeout(error)) throw error
    } finally {
      if (target === undefined) await session.unlock(of)
    }
  }
}
