import type { Statement } from '../engine/statement.ts'
import type { EventTime } from '../state/event-time.ts'
import { rowsSince } from '../state/event-time.ts'
import { newRows } from '../state/marks.ts'

/**
 * Counts the rows that the step reads through `changes()`, for the report: extracted less written is what was skipped
 * as duplicate. A node that follows several inputs has no such sum.
 * @param inputs quoted names.
 * @param reader the quoted name whose marks bound the rows; left out on a full build, which reads the whole.
 */
export function countExtracted(
  inputs: readonly string[],
  reader?: string,
  eventTimes?: ReadonlyMap<string, EventTime>,
): readonly Statement[] {
  const [input] = inputs
  if (input === undefined || inputs.length > 1) return []
  const by = eventTimes?.get(input)
  const rows =
    reader === undefined
      ? input
      : by === undefined
        ? newRows(reader, input)
        : rowsSince(reader, input, by)
  return [
    {
      purpose: 'count extracted',
      sql: `select count(*) as extracted from ${rows} as new_rows`,
      counts: 'columns',
    },
  ]
}
