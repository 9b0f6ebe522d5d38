import type { DeadLetter } from '../land/fault.ts'
import type { Line } from './read-lines.ts'

/** One record of a CSV file. */
export interface CsvRecord {
  /** Physical line where it begins, from 1. */
  readonly line: number
  readonly cells: readonly string[]
  /** The record as it stands in the file, its lines joined by `\n`. */
  readonly text: string
}

/** A quoted cell may hold line breaks, but a record over this many lines has lost its quote. */
export const MAX_RECORD_LINES = 50

/**
 * Reads CSV (RFC 4180) a block of lines at a time. csv-parse is not used here, because a quote that
 * is never closed must cost one line and not the rest of the file:
 *
 * - A quote opens a quoted cell only at the cell's beginning; elsewhere it is a character like others.
 * - A record whose quote is not closed within `MAX_RECORD_LINES` lines, at the end of the file, or
 *   not followed by a delimiter, and one of several lines with the wrong number of cells: the line
 *   where it begins is a dead letter, and reading goes on at the next line.
 * - Blank lines are skipped.
 */
export class CsvReader {
  readonly #delimiter: string
  #columnCount: number | undefined
  /** Lines of a record whose quote is still open. */
  #open: Line[] = []

  constructor(delimiter: string) {
    this.#delimiter = delimiter
  }

  /** The records and dead letters that these lines complete. The first record sets the width. */
  read(lines: readonly Line[]): (CsvRecord | DeadLetter)[] {
    const found: (CsvRecord | DeadLetter)[] = []
    let work = lines
    for (let i = 0; i < work.length; i++) {
      const again = this.#take(work[i] as Line, found)
      if (again.length === 0) continue
      work = [...again, ...work.slice(i + 1)]
      i = -1
    }
    return found
  }

  /** What is left at the end of the file. */
  end(): (CsvRecord | DeadLetter)[] {
    const found: (CsvRecord | DeadLetter)[] = []
    while (this.#open.length > 0) found.push(...this.read(this.#breakOff(found)))
    return found
  }

  /** Takes one line; gives the lines that have to be read again. */
  #take(line: Line, found: (CsvRecord | DeadLetter)[]): readonly Line[] {
    if (line.bad !== undefined) {
      if (this.#open.length > 0) return [...this.#breakOff(found), line]
      found.push({ line: line.number, ...line.bad })
      return []
    }
    const isOpen = this.#open.length > 0
    if (!isOpen && line.text.trim() === '') return []
    if (!isOpen && !line.text.includes('"')) {
      this.#finish(line, line.text, line.text.split(this.#delimiter), found)
      return []
    }
    this.#open.push(line)
    // Nothing can have closed without a quote in the line, so the record is only read when there is.
    if (isOpen && !line.text.includes('"')) {
      return this.#open.length > MAX_RECORD_LINES ? this.#breakOff(found) : []
    }
    const text = this.#open.map((part) => part.text).join('\n')
    const cells = splitQuoted(text, this.#delimiter)
    if (cells === 'broken') return this.#breakOff(found)
    if (cells === 'open') return this.#open.length > MAX_RECORD_LINES ? this.#breakOff(found) : []
    const isWide = cells.length === (this.#columnCount ?? cells.length)
    if (this.#open.length > 1 && !isWide) return this.#breakOff(found)
    const [first = line] = this.#open
    this.#open = []
    this.#finish(first, text, cells, found)
    return []
  }

  #finish(
    line: Line,
    text: string,
    cells: readonly string[],
    found: (CsvRecord | DeadLetter)[],
  ): void {
    this.#columnCount ??= cells.length
    if (cells.length === this.#columnCount) {
      found.push({ line: line.number, cells, text })
      return
    }
    const message = `has ${cells.length} cells where the header has ${this.#columnCount}`
    const rawBytes = Buffer.from(text)
    found.push({ line: line.number, reason: 'wrong_column_count', message, rawBytes })
  }

  /** Gives up the line where the open record began; gives the lines after it. */
  #breakOff(found: (CsvRecord | DeadLetter)[]): readonly Line[] {
    const [first, ...after] = this.#open
    this.#open = []
    if (first === undefined) return after
    const column = first.text.indexOf('"') + 1
    const message = `a quote from column ${column} on is not closed as it should be`
    const rawBytes = Buffer.from(first.text)
    found.push({ line: first.number, reason: 'broken_quote', message, rawBytes })
    return after
  }
}

/** The cells; `open` where the text ends inside quotes, `broken` where a cell goes on behind them. */
function splitQuoted(text: string, delimiter: string): readonly string[] | 'open' | 'broken' {
  const cells: string[] = []
  let at = 0
  for (;;) {
    if (text[at] !== '"') {
      const end = text.indexOf(delimiter, at)
      if (end === -1) return [...cells, text.slice(at)]
      cells.push(text.slice(at, end))
      at = end + 1
      continue
    }
    let close = text.indexOf('"', at + 1)
    while (close !== -1 && text[close + 1] === '"') close = text.indexOf('"', close + 2)
    if (close === -1) return 'open'
    cells.push(text.slice(at + 1, close).replaceAll('""', '"'))
    if (close + 1 === text.length) return cells
    if (text[close + 1] !== delimiter) return 'broken'
    at = close + 2
  }
}
