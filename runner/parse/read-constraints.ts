import { GmError } from '../base/error.ts'
import type { Constraint } from '../manifest/node.ts'
import type { Path } from '../project/explain-issues.ts'
import { inputOfArgument } from './generic-test.ts'
import type { RawConstraint } from './properties-schema.ts'
import type { Reading } from './reading.ts'

/**
 * The entries of `constraints:`. What is wrong with them goes into `reading`.
 * @param column the column that they are of; those of the model name their columns themselves.
 */
export function readConstraints(
  raw: readonly RawConstraint[] | undefined,
  path: Path,
  reading: Reading,
  column?: string,
): readonly Constraint[] {
  return (raw ?? []).map((one, i) => {
    const { type, name, expression, to, to_columns: toColumns } = one
    const columns = column === undefined ? (one.columns ?? []) : [column]
    const at = reading.placeOf([...path, 'constraints', i, 'type'], 'value')
    const refuse = (code: 'GM1003' | 'GM1008', message: string, hint: string): void => {
      reading.errors.push(new GmError(code, message, { at, hint }))
    }
    if (columns.length === 0 && type !== 'check' && type !== 'custom')
      refuse('GM1003', `the constraint ${type} names no columns`, 'Add "columns: [...]".')
    if (expression === undefined && (type === 'check' || type === 'custom'))
      refuse('GM1003', `the constraint ${type} has no expression`, 'Add "expression: ...".')
    if (type === 'foreign_key' && to === undefined && expression === undefined)
      refuse(
        'GM1003',
        'the foreign key refers to nothing',
        "Add \"to: source('source', 'table')\".",
      )
    if (to !== undefined && inputOfArgument(to, at)?.kind !== 'source') {
      refuse(
        'GM1008',
        'a foreign key refers to a source, and to no model',
        'gm puts new tables behind the names of models, and a foreign key would hold on to the old one. Use the data test relationships.',
      )
    }
    return {
      type,
      columns,
      at,
      ...(name !== undefined && { name }),
      ...(expression !== undefined && { expression }),
      ...(to !== undefined && { to }),
      ...(toColumns !== undefined && { toColumns }),
    }
  })
}
