import type { RunEvent } from '../../run/event.ts'
import { eventLines } from './event-lines.ts'
import { levelOf } from './json-event.ts'
import { totalsLine } from './report.ts'
import { styleFor } from './style.ts'

/**
 * The lines of a run's log file. SQL stands as it was sent; every other line is an SQL comment, so that the whole file,
 * or the lines of one session, can be given to `psql -f`:
 *
 *     -- 10:16:28.123 info   3 of 12 START build table warehouse.fact_sales
 *     -- 10:16:28.130 sql    session 2, model.globalmart.fact_sales
 *     begin;
 */
export function logLines(event: RunEvent, now: Date, stepCount: number): readonly string[] {
  const time = now.toISOString().slice(11, 23)
  if (event.type === 'sql') {
    const about = `session ${event.session}${event.id === undefined ? '' : `, ${event.id}`}`
    return [`-- ${time} sql    ${about}`, endStatement(event.sql)]
  }
  const lines =
    event.type === 'run-end'
      ? [
          `${event.result.status} in ${event.result.durationMs} ms. ${totalsLine(event.result.steps)}`,
        ]
      : eventLines(event, { width: 100, style: styleFor(false), clock: '', stepCount })
  const error = event.type === 'step-end' ? event.result.error : undefined
  return [...lines, ...(error === undefined ? [] : String(error).split('\n'))]
    .filter((line) => line.trim() !== '')
    .map((line) => `-- ${time} ${levelOf(event).padEnd(6)} ${line.trim()}`)
}

/** A semicolon after the statement, on a line of its own after a trailing comment; psql's own commands need none. */
function endStatement(sql: string): string {
  const text = sql.trimEnd()
  if (text.startsWith('\\') || text.endsWith(';') || text.endsWith('\\.')) return text
  const lastLine = text.slice(text.lastIndexOf('\n') + 1)
  return lastLine.includes('--') ? `${text}\n;` : `${text};`
}
