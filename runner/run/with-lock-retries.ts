import { setTimeout as sleep } from 'node:timers/promises'
import type { Compiled } from '../compile/compiled.ts'
import type { Session } from '../engine/adapter.ts'
import { isLockTimeout } from '../engine/sql-error.ts'
import type { Outcome, Transaction } from '../engine/statement.ts'
import type { NodeId } from '../manifest/node.ts'
import { placeError } from './place-error.ts'
import type { RetryLater } from './retry-later.ts'
import { passingError } from './retry-later.ts'

export interface LockRetries {
  readonly session: Session
  readonly compiled: ReadonlyMap<NodeId, Compiled>
  readonly note: (message: string) => void
  readonly sent: (transaction: Transaction) => void
  readonly retry: RetryLater
  readonly signal: AbortSignal
}

/** While it waits others queue behind it, so it does that rarely. */
const MOST_LONG_WAITS = 2

/**
 * A swap asks for its locks briefly, steps back and asks again, so that readers never queue behind it for long. Autovacuum, which
 * may need minutes, gives way only to who waits for a second: where there is one, that is done, twice at most. A deadlock and a
 * serialization failure undo the whole transaction: it is sent again, and its guard says whether the plan still holds.
 * @param patienceMs how long its short waits may add up to.
 * @param release the key of a lock to give back once it is committed.
 */
export async function withLockRetries(
  transaction: Transaction,
  on: LockRetries,
  patienceMs: number,
  release?: string,
): Promise<Outcome> {
  const begin = performance.now()
  let noted = false
  let longWaits = 0
  let sent = transaction
  for (let attempt = 1; ; attempt++) {
    try {
      on.sent(sent)
      return await on.session.transaction(sent, on.signal, release)
    } catch (error) {
      const waitedMs = performance.now() - begin
      if (
        !isLockTimeout(error) ||
        transaction.lockTimeoutMs === undefined ||
        waitedMs > patienceMs
      ) {
        // Statements that commit one by one may be half done.
        const isUndone = transaction.isolation !== 'none' && isCollision(error)
        if (isUndone && (await on.retry.again(error))) continue
        throw placeError(error, on.compiled)
      }
      if (!noted && waitedMs > 5_000) {
        noted = true
        on.note('waiting for readers that hold the old version')
      }
      await sleep(Math.min(1_000, 5 * 2 ** attempt), undefined, { signal: on.signal })
      const isPatient = attempt % 4 === 0 && longWaits < MOST_LONG_WAITS
      const longWaitMs = isPatient ? await untilVacuumYieldsMs(on) : undefined
      if (longWaitMs !== undefined) longWaits++
      sent = { ...transaction, lockTimeoutMs: longWaitMs ?? transaction.lockTimeoutMs }
    }
  }
}

/** How long one must wait for a vacuum or analyze of this database to yield; undefined where there is none. */
async function untilVacuumYieldsMs({ session, signal }: LockRetries): Promise<number | undefined> {
  const { rows } = await session.query(
    {
      purpose: 'look for vacuum',
      sql: `select s.setting::int + 200 as ms from pg_settings s
where s.name = 'deadlock_timeout' and exists (
  select from (
    select datid from pg_stat_progress_vacuum union all select datid from pg_stat_progress_analyze
  ) as p
  join pg_database d on d.oid = p.datid
  where d.datname = current_database()
)`,
    },
    signal,
  )
  return rows[0] === undefined ? undefined : Number(rows[0]['ms'])
}

function isCollision(error: unknown): boolean {
  const kind = passingError(error)
  return kind === 'deadlock' || kind === 'serialization failure'
}
