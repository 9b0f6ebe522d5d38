import type { FollowEvent } from '../../run/follow.ts'
import { formatDuration, plural } from './format.ts'
import type { LogLevel } from './json-event.ts'

export function followLevel(event: FollowEvent): LogLevel {
  return event.type === 'follow-failed' ? 'error' : 'info'
}

/** A run of `--follow` in words: what it did, and how long the oldest landing that woke it had waited at its end. */
export function followLine(event: FollowEvent, now: Date): string {
  const clock = now.toTimeString().slice(0, 8)
  const { nodes, rows } = countsOf(event)
  if (event.type === 'followed') {
    const behind = behindMs(event, now)
    const waited = behind === undefined ? '' : `, ${formatDuration(behind)} after the landing`
    return `${clock}  ${plural(nodes, 'node')}, ${plural(rows, 'row')} in ${formatDuration(event.result.durationMs)}${waited}`
  }
  const what = reasonsOf(event).join('; ')
  return `${clock}  failed: ${what}; again in ${formatDuration(event.retryInMs)}`
}

/** The same as one line of JSON. */
export function jsonFollow(event: FollowEvent, now: Date): string {
  return JSON.stringify({
    time: now.toISOString(),
    level: followLevel(event),
    type: event.type,
    run_id: event.result?.runId,
    ...countsOf(event),
    duration_ms: event.result?.durationMs,
    ...(event.type === 'followed'
      ? { behind_ms: behindMs(event, now) }
      : { errors: reasonsOf(event), retry_in_ms: event.retryInMs }),
  })
}

function countsOf({ result }: FollowEvent): { readonly nodes: number; readonly rows: number } {
  const ran = result?.steps.filter(({ status }) => status !== 'reused') ?? []
  const rows = ran.reduce(
    (sum, { counts: { inserted = 0, updated = 0, deleted = 0 } }) =>
      sum + inserted + updated + deleted,
    0,
  )
  return { nodes: ran.length, rows }
}

function behindMs(
  event: Extract<FollowEvent, { type: 'followed' }>,
  now: Date,
): number | undefined {
  return event.heardAt === undefined ? undefined : now.getTime() - event.heardAt.getTime()
}

function reasonsOf(event: Extract<FollowEvent, { type: 'follow-failed' }>): readonly string[] {
  if (event.error !== undefined) return [String(event.error)]
  return (event.result?.steps ?? []).flatMap(({ name, status, error }) =>
    status === 'error' || status === 'fail' ? [`${name}: ${String(error ?? status)}`] : [],
  )
}
