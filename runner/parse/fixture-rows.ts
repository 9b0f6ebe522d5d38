import { CsvError, parse } from 'csv-parse/sync'
import { GmError } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import type { FixtureCell, FixtureRow, FixtureValue } from '../manifest/node.ts'

interface Line {
  readonly record: readonly string[]
  readonly info: { readonly lines: number }
}

/**
 * The rows of a CSV text, by the names of its first line. An empty field is null, as in dbt. An empty text has no rows.
 * @param placeOf the place of a line, counted from 1.
 * @throws GmError GM7003 for what is no CSV.
 */
export function csvRows(text: string, placeOf: (line: number) => Location): readonly FixtureRow[] {
  let lines: readonly Line[]
  try {
    lines = parse(text, {
      bom: true,
      skip_empty_lines: true,
      info: true,
      trim: true,
    }) as unknown as readonly Line[]
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const line = typeof error.lines === 'number' ? error.lines : 1
    throw new GmError('GM7003', error.message.replace(/\s*\n\s*/g, ' '), {
      at: placeOf(line),
      hint: 'The first line names the columns; a field with a comma or a quote in it stands in double quotes.',
      cause: error,
    })
  }
  const [header, ...rows] = lines
  const names = header?.record ?? []
  return rows.map(({ record, info }) => {
    const at = placeOf(info.lines)
    const cells = names.map((column, i): FixtureCell => {
      const value = record[i] ?? ''
      return { column, value: value === '' ? null : value, at }
    })
    return { at, cells }
  })
}

/**
 * A value of YAML as the text that the database reads.
 * @throws GmError GM1003 for a number that YAML has rounded.
 */
export function fixtureValue(value: unknown, at: Location): FixtureValue {
  if (value === null || value === undefined) return null
  if (typeof value === 'number') {
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
      throw new GmError('GM1003', 'the number has too many digits to be read exactly', {
        at,
        hint: 'Put it in quotes: the database reads it as it stands.',
      })
    }
    return String(value)
  }
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return String(value)
  return value as FixtureValue
}
