import type { Statement } from '../engine/statement.ts'
import { rowsSince } from '../state/event-time.ts'
import type { FollowedBy } from '../state/marks.ts'
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
  followed?: FollowedBy,
): readonly Statement[] {
  const [input] = inputs
  if (input === undefined || inputs.length > 1) return []
  const by = followed?.eventTimes.get(input)
  const rows =
    reader === undefined
      ? input
      : by === undefined
        ? newRows(reader, input, { hasParts: followed?.withParts.has(input) === true })
        : rowsSince(reader, input, by)
  return [
    {
      purpose: 'count extracted',
      sql: `select count(*) as extracted from ${rows} as new_rows`,
      counts: 'columns',
    },
  ]
}
