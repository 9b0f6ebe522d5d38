import type { Compiled } from '../compile/compiled.ts'
import type { Statement } from '../engine/statement.ts'
import { quoted } from '../manifest/quoted.ts'
import { newRows } from '../state/marks.ts'

/**
 * Counts the rows that the step reads through `changes()`, for the report: extracted less written is what was
 * skipped as duplicate. Dimensions that a fact follows are not its events, so histories do not count.
 * @param relation the quoted name whose marks bound the rows, or `whole` on a full build.
 */
export function countExtracted(compiled: Compiled, relation: string): readonly Statement[] {
  const inputs = compiled.inputs.filter(
    (input) => input.viaChanges && !input.id.startsWith('snapshot.'),
  )
  if (inputs.length !== 1) return []
  return inputs.map((input) => {
    const name = quoted(input.relation)
    const rows = relation === 'whole' ? name : newRows(relation, name)
    return {
      purpose: 'count extracted',
      sql: `select count(*) as extracted from ${rows} as new_rows`,
      counts: 'columns',
    }
  })
}
