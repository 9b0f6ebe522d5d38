import { GmError } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import type { FixtureRow, Overrides } from '../manifest/node.ts'
import type { Path } from '../project/explain-issues.ts'
import { collecting } from './draft.ts'
import { csvRows, fixtureValue } from './fixture-rows.ts'
import type { GivenProperties, RowsProperties, UnitTestProperties } from './properties.ts'
import type { RawFixture, RawUnitTest } from './properties-schema.ts'
import { readConfig } from './read-config.ts'
import type { Reading } from './reading.ts'

/** One entry of `unit_tests:`. Errors go into `reading`. */
export function readUnitTest(raw: RawUnitTest, path: Path, reading: Reading): UnitTestProperties {
  const at = (...below: Path): Location => reading.placeOf([...path, ...below], 'value')
  return {
    name: raw.name,
    at: at('name'),
    model: { name: raw.model, at: at('model') },
    description: raw.description ?? '',
    config: readConfig('unit_test', raw, path, reading),
    given: raw.given.map((given, i): GivenProperties => {
      const here: Path = [...path, 'given', i]
      const rows = readRows(given, here, reading)
      return { input: given.input.trim(), at: at('given', i, 'input'), ...(rows && { rows }) }
    }),
    expect: readRows(raw.expect, [...path, 'expect'], reading) ?? {
      format: 'rows',
      at: at('expect'),
      rows: [],
    },
    overrides: readOverrides(raw.overrides),
    ...(raw.versions !== undefined && { versions: readVersions(raw.versions, at('versions')) }),
  }
}

function readOverrides(raw: RawUnitTest['overrides']): Overrides {
  const env = Object.entries(raw?.env_vars ?? {})
  return {
    macros: raw?.macros ?? {},
    vars: raw?.vars ?? {},
    env_vars: Object.fromEntries(env.map(([name, value]) => [name, String(value)])),
  }
}

function readVersions(
  { include, exclude }: NonNullable<RawUnitTest['versions']>,
  at: Location,
): NonNullable<UnitTestProperties['versions']> {
  return {
    at,
    ...(include !== undefined && { include: include.map(String) }),
    ...(exclude !== undefined && { exclude: exclude.map(String) }),
  }
}

/** Undefined where nothing is given: those of a seed's own file are meant. */
function readRows(raw: RawFixture, path: Path, reading: Reading): RowsProperties | undefined {
  const { format = 'dict', rows, fixture } = raw
  const at = reading.placeOf([...path, fixture === undefined ? 'rows' : 'fixture'], 'value')
  const refuse = (message: string, hint: string): RowsProperties | undefined => {
    reading.errors.push(new GmError('GM1003', message, { at, hint }))
    return undefined
  }
  if (fixture !== undefined) {
    if (rows !== undefined)
      return refuse('both "rows" and "fixture" are given', 'Remove one of the two.')
    if (format === 'dict')
      return refuse(
        'a fixture is a file of format csv or sql',
        'Add "format: csv" or "format: sql".',
      )
    return { format: 'fixture', ending: format, name: fixture, at }
  }
  if (rows === undefined) {
    if (format === 'dict' && path.at(-1) !== 'expect') return undefined
    return refuse('"rows" or "fixture" is missing', '"rows: []" means no row.')
  }
  if (format === 'dict') {
    if (typeof rows === 'string')
      return refuse(
        'rows of format dict are a list',
        'Write "- {column: value}", or add "format: csv".',
      )
    return { format: 'rows', at, rows: dictRows(rows, path, reading) }
  }
  if (typeof rows !== 'string')
    return refuse(`rows of format ${format} are a text`, 'Begin it with "rows: |".')
  if (format === 'sql') return { format: 'sql', at: reading.textPlace(at, 1), sql: rows }
  const read = collecting(reading.errors, () =>
    csvRows(rows, (line) => reading.textPlace(at, line)),
  )
  return { format: 'rows', at, rows: read ?? [] }
}

function dictRows(
  rows: readonly Readonly<Record<string, unknown>>[],
  path: Path,
  reading: Reading,
): readonly FixtureRow[] {
  return rows.map((row, i) => ({
    at: reading.placeOf([...path, 'rows', i], 'value'),
    cells: Object.entries(row).flatMap(([column, value]) => {
      const at = reading.placeOf([...path, 'rows', i, column])
      const read = collecting(reading.errors, () => fixtureValue(value, at))
      return read === undefined ? [] : [{ column, value: read, at }]
    }),
  }))
}
