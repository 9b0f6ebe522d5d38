import { CsvError, parse } from 'csv-parse/sync'
import { GmError } from '../base/error.ts'
import { locationAt } from '../base/location.ts'

export interface SeedField {
  readonly name: string
  readonly type: string
}

/** From narrow to wide; the first that every value of a column fits without loss is its type. */
const TYPES: readonly { readonly type: string; readonly fits: (value: string) => boolean }[] = [
  { type: 'boolean', fits: (value) => /^(true|false)$/i.test(value) },
  { type: 'integer', fits: (value) => isWhole(value) && isBetween(value, 31n) },
  { type: 'bigint', fits: (value) => isWhole(value) && isBetween(value, 63n) },
  { type: 'numeric', fits: (value) => /^(?!-0(\.0+)?$)-?(0|[1-9]\d*)(\.\d+)?$/.test(value) },
  { type: 'date', fits: isDate },
  // A moment without a zone stays one: another session's zone would make it another moment.
  { type: 'timestamp', fits: (value) => isTimestamp(value) && !ZONE.test(value) },
  { type: 'timestamptz', fits: isTimestamp },
]

/**
 * The columns of a seed with the type that holds every value without loss; text where none does (`007` stays text).
 * Empty fields are null and say nothing; a column of nothing else is text.
 * @throws GmError GM7003 for a file that is no CSV: a broken quote, rows of different lengths, a header with an empty
 *   or repeated name.
 */
export function seedFields(file: string, text: string, delimiter = ','): readonly SeedField[] {
  const rows = readRows(file, text, delimiter)
  const header = rows[0] ?? []
  const place = { file, line: 1, column: 1 }
  for (const [i, name] of header.entries()) {
    if (name.trim() === '') {
      throw new GmError('GM7003', `column ${i + 1} of the header has no name`, {
        at: place,
        hint: 'Give each column of the first line a name.',
      })
    }
    if (header.indexOf(name) !== i) {
      throw new GmError('GM7003', `the header names "${name}" twice`, {
        at: place,
        hint: 'Rename one of the two columns.',
      })
    }
  }
  if (header.length === 0) {
    throw new GmError('GM7003', 'the seed is empty', {
      at: place,
      hint: 'The first line must hold the names of the columns.',
    })
  }
  return header.map((name, column) => ({ name, type: typeOf(rows, column) }))
}

function readRows(file: string, text: string, delimiter: string): string[][] {
  try {
    return parse(text, { bom: true, delimiter, skip_empty_lines: true })
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw explainCsv(error, file, text)
  }
}

const QUOTING =
  'A field with a quote, a comma or a line end in it stands in double quotes, and a quote inside is doubled.'

function explainCsv(error: CsvError, file: string, text: string): GmError {
  const reported: unknown = error.lines
  const line = typeof reported === 'number' ? reported : 1
  const at = { file, line, column: 1 }
  if (error.code === 'CSV_QUOTE_NOT_CLOSED') {
    // Reported at the end of the file. Every quote before the one that stays open has its partner.
    const opens = openQuote(text)
    return new GmError('GM7003', 'the quote that opens here is never closed', {
      at: opens === undefined ? at : locationAt(text, opens, file),
      hint: QUOTING,
      cause: error,
    })
  }
  if (error.code === 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH') {
    const [, expected = 'other', given = 'others'] =
      /expect (\d+), got (\d+)/.exec(error.message) ?? []
    return new GmError('GM7003', `the header has ${expected} fields and this line ${given}`, {
      at,
      hint: QUOTING,
      cause: error,
    })
  }
  return new GmError('GM7003', error.message.replace(/\s*\n\s*/g, ' '), {
    at,
    hint: QUOTING,
    cause: error,
  })
}

/** The offset of the last quote that opens a field; a doubled quote inside a field is passed over. */
function openQuote(text: string): number | undefined {
  let opened: number | undefined
  let isInside = false
  for (let i = text.indexOf('"'); i !== -1; i = text.indexOf('"', i + 1)) {
    if (isInside && text[i + 1] === '"') i += 1
    else {
      isInside = !isInside
      if (isInside) opened = i
    }
  }
  return isInside ? opened : undefined
}

function typeOf(rows: readonly (readonly string[])[], column: number): string {
  let candidates = TYPES
  let hasValue = false
  for (let i = 1; i < rows.length && candidates.length > 0; i++) {
    const value = rows[i]?.[column] ?? ''
    if (value === '') continue
    hasValue = true
    if (candidates[0]?.fits(value) !== true || candidates.length > 1) {
      candidates = candidates.filter((candidate) => candidate.fits(value))
    }
  }
  return (hasValue ? candidates[0]?.type : undefined) ?? 'text'
}

function isWhole(value: string): boolean {
  return /^(0|-?[1-9]\d{0,18})$/.test(value)
}

function isBetween(value: string, bits: bigint): boolean {
  const number = BigInt(value)
  return number >= -(1n << bits) && number < 1n << bits
}

/** A day that exists: `2023-02-30` is text, not an error while loading. */
function isDate(value: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(value)) return false
  const time = Date.parse(`${value}T00:00:00Z`)
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(value) && value > '0001'
}

const ZONE = /:\S*(Z|[+-]\d\d(:?\d\d)?)$/

function isTimestamp(value: string): boolean {
  const parts =
    /^(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d)(:(\d\d)(\.\d{1,6})?)?(Z|[+-]\d\d(:?\d\d)?)?$/.exec(value)
  if (parts === null) return false
  const [, day = '', hour = '', minute = '', , second = '0'] = parts
  return isDate(day) && Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60
}
