import { identifier, literal } from '../manifest/quoted.ts'

/** A span of event time, half open: from `start` on, before `end`. Without one of them it has no bound on that side. */
export interface EventWindow {
  readonly start?: Date
  readonly end?: Date
}

/**
 * What `ref()` and `source()` print where only the rows of a span of time are read.
 * The bounds are plain literals: they take the type of the column (a timestamp without time zone is taken as UTC), and an
 * index on it serves.
 * @param from what would be printed without a window: a quoted name.
 * @param column the input's `event_time`. A row without a time lies in no window.
 */
export function withinWindow(from: string, column: string, { start, end }: EventWindow): string {
  const time = identifier(column)
  const conditions = [
    ...(start === undefined ? [] : [`${time} >= ${literal(utcText(start))}`]),
    ...(end === undefined ? [] : [`${time} < ${literal(utcText(end))}`]),
  ]
  return conditions.length === 0
    ? from
    : `(select * from ${from} where ${conditions.join(' and ')})`
}

/** As PostgreSQL reads a timestamp of either kind: `2026-01-03 00:00:00+00`. */
export function utcText(moment: Date): string {
  return moment
    .toISOString()
    .replace('T', ' ')
    .replace(/(\.000)?Z$/, '+00')
}
