import { GmError } from '../base/error.ts'
import type { Session } from '../engine/adapter.ts'
import { quoted } from '../manifest/quoted.ts'
import type { Step } from '../plan/plan.ts'
import type { Warehouse } from '../plan/plan-request.ts'

/** The server's locks that a relation needs at the least, its node's included; counted in pg_locks. */
const NEW = 2
const REPLACED = 6
const KEPT = 3

/** The fewest that a server can be set to have room for. */
const ALWAYS = 200

const WAYS = 'Publish fewer together (--select, or publish: model), or have the server started with'

interface Standing {
  readonly warehouse: Pick<Warehouse, 'relations'>
  readonly keepVersions: number
}

/** GM4016 where what is published together needs more locks than the server has room for: before anything is built. */
export async function lackOfRoom(
  building: readonly Step[],
  session: Session,
  on: Standing,
): Promise<GmError | undefined> {
  const needed = building.reduce((sum, step) => sum + locksOf(step, on), 0)
  if (needed <= ALWAYS) return undefined
  const { rows } = await session.query({
    purpose: 'read room for locks',
    sql: `select current_setting('max_locks_per_transaction')::int as each, current_setting('max_connections')::int
  + current_setting('max_prepared_transactions')::int + coalesce(current_setting('autovacuum_worker_slots', true), current_setting('autovacuum_max_workers'))::int
  + current_setting('max_worker_processes')::int + current_setting('max_wal_senders')::int + 1 as holders`,
  })
  const holders = Number(rows[0]?.['holders'])
  const room = Number(rows[0]?.['each']) * holders
  if (needed <= room) return undefined
  const enough = 2 ** Math.ceil(Math.log2((1.5 * needed) / holders))
  return new GmError(
    'GM4016',
    `publishing ${building.length} relations together needs at least ${needed} locks, and the server has room for ${room}`,
    { hint: `Nothing was built. ${WAYS} max_locks_per_transaction = ${enough}.` },
  )
}

/** The same, found by the server while it published. */
export function ranOutOfRoom(relations: number, cause: unknown): GmError {
  return new GmError(
    'GM4016',
    `the server has no room for the locks of ${relations} relations that are published together`,
    { hint: `Nothing was published. ${WAYS} a higher max_locks_per_transaction.`, cause },
  )
}

function locksOf({ relation }: Step, { warehouse, keepVersions }: Standing): number {
  const old = relation && warehouse.relations.get(quoted(relation))
  if (old === undefined) return NEW
  return keepVersions > 0 ? KEPT : REPLACED
}
