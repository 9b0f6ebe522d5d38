import { setTimeout as sleep } from 'node:timers/promises'
import type { Client, QueryResult } from 'pg'
import type { SnapshotHolder } from '../adapter.ts'
import { abortError } from './abort-error.ts'

interface Row {
  readonly xmax: string
  readonly at: string
  readonly holders: readonly {
    readonly pid: number
    readonly user: string | null
    readonly application: string | null
    readonly age: number
  }[]
}

/**
 * One query for the moment and for who is older; `$1` and `$2` are null at first and then that moment.
 *
 * A pg_snapshot from before the moment has an xmin below the moment's xmax. So has a later one while an older writer
 * is still open, which is why transactions that began after the moment are left out: otherwise a single long writer
 * and a stream of short readers would keep gm waiting for ever. (CREATE INDEX CONCURRENTLY does the same by listing
 * the transactions once.)
 */
const OLDER_SNAPSHOTS = `
with moment as materialized (
  select
    coalesce($1::xid8, pg_snapshot_xmax(pg_current_snapshot())) as xmax,
    coalesce($2::timestamptz, clock_timestamp()) as at
)
select
  m.xmax::text as xmax,
  m.at::text as at,
  coalesce(
    (
      select json_agg(json_build_object(
        'pid', a.pid,
        'user', a.usename,
        'application', a.application_name,
        'age', extract(epoch from clock_timestamp() - a.xact_start)::int
      ) order by a.xact_start)
      from pg_stat_activity a
      where a.datname = current_database()
        and a.backend_type = 'client backend'
        and a.pid <> pg_backend_pid()
        and a.application_name <> 'gm'
        and a.backend_xmin is not null
        and age(a.backend_xmin) > age(m.xmax::xid)
        and a.xact_start <= m.at
    ),
    '[]'
  ) as holders
from moment m`

/**
 * Polls, from every 5 ms to every 50 ms; a single round trip when nobody is older.
 * The server shows sessions of other roles only to members of pg_read_all_stats; without it they are not waited for.
 */
export async function waitForOldSnapshots(
  client: Client,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<{ readonly done: boolean; readonly holders: readonly SnapshotHolder[] }> {
  const deadline = performance.now() + timeoutMs
  let moment: readonly (string | null)[] = [null, null]
  for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 1.5, 50)) {
    if (signal?.aborted === true) throw abortError()
    const result: QueryResult<Row> = await client.query({
      // Prepared: planning costs more than running, and every published table asks.
      name: 'gm older snapshots',
      text: OLDER_SNAPSHOTS,
      values: [...moment],
    })
    const [row] = result.rows
    if (row === undefined) throw new Error('the moment has no row')
    if (row.holders.length === 0) return { done: true, holders: [] }
    if (performance.now() >= deadline) {
      const holders = row.holders.map(({ pid, user, application, age }) => ({
        pid,
        user: user ?? undefined,
        applicationName: application ?? undefined,
        ageSeconds: age,
      }))
      return { done: false, holders }
    }
    moment = [row.xmax, row.at]
    await sleep(Math.min(pauseMs, Math.max(1, deadline - performance.now())))
  }
}
