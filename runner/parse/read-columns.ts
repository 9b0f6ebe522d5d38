import { GmError } from '../base/error.ts'
import type { Path } from '../project/explain-issues.ts'
import type { TestedTable } from './name-test.ts'
import type { ColumnProperties, TestProperties } from './properties.ts'
import type { RawColumn, RawTest } from './properties-schema.ts'
import { readConstraints } from './read-constraints.ts'
import type { TestedPlace } from './read-test-entry.ts'
import { readTestEntry } from './read-test-entry.ts'
import type { Reading } from './reading.ts'

/** The columns of a resource, with their tests. An `undefined` among them only keeps the places of the others right. */
export function readColumns(
  raw: readonly (RawColumn | undefined)[] | undefined,
  on: TestedTable,
  path: Path,
  reading: Reading,
): ColumnProperties[] {
  const seen = new Set<string>()
  return (raw ?? []).flatMap((column, i) => {
    if (column === undefined) return []
    const here = [...path, 'columns', i]
    const at = reading.placeOf([...here, 'name'], 'value')
    if (seen.has(column.name)) {
      reading.errors.push(new GmError('GM2002', `column "${column.name}" is listed twice`, { at }))
    }
    seen.add(column.name)
    return {
      name: column.name,
      at,
      description: column.description ?? '',
      ...(column.data_type !== undefined && { data_type: column.data_type }),
      meta: { ...column.meta, ...column.config?.meta },
      tags: [...new Set([...list(column.tags), ...list(column.config?.tags)])],
      tests: readTests(column, { on, column: column.name }, here, reading),
      constraints: readConstraints(column.constraints, here, reading, column.name),
    }
  })
}

/** The tests under `data_tests:` or `tests:`. */
export function readTests(
  raw: { data_tests?: RawTest[] | undefined; tests?: RawTest[] | undefined },
  tested: TestedPlace,
  path: Path,
  reading: Reading,
): TestProperties[] {
  if (raw.data_tests !== undefined && raw.tests !== undefined) {
    reading.errors.push(
      new GmError('GM1003', 'both "data_tests" and "tests" are given', {
        at: reading.placeOf([...path, 'tests']),
        hint: 'Put all of them under data_tests.',
      }),
    )
  }
  const key = raw.data_tests === undefined ? 'tests' : 'data_tests'
  return (raw[key] ?? []).flatMap((entry, i) =>
    readTestEntry(entry, tested, [...path, key, i], reading),
  )
}

function list(given: string | readonly string[] | undefined): readonly string[] {
  return typeof given === 'string' ? [given] : (given ?? [])
}
