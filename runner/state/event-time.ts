import { identifier, literal } from '../manifest/quoted.ts'

/** How an input without tracking is followed: by a column with each row's time. */
export interface EventTime {
  readonly column: string
  /** PostgreSQL's name of its type. */
  readonly type: string
  /** How late a row may come and still be read: `2 hours`. */
  readonly lookback: string
}

/**
 * The rows of `input` from `lookback` before the latest that `relation` has read: some again, and none that comes later than
 * that or has no time. Where it has read none, all.
 */
export function rowsSince(relation: string, input: string, by: EventTime): string {
  const args = `${literal(relation)}, ${literal(input)}`
  return `(
  select * from ${input}
  where ${identifier(by.column)} >= (select coalesce(gm.read_to(${args}), '-infinity')::${by.type} - interval ${literal(by.lookback)})
)`
}

/** The latest time in the input, as text. What lies in the future does not count: one wrong year would hide all that follows. */
export function latestTime(input: string, { column }: EventTime): string {
  const time = identifier(column)
  return `(select max(${time})::text from ${input} where ${time} <= now())`
}
