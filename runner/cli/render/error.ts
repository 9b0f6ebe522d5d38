import { inspect } from 'node:util'
import { codeFrame } from '../../base/code-frame.ts'
import type { GmError } from '../../base/error.ts'
import { gmErrorsOf } from '../../base/error.ts'
import { formatLocation } from '../../base/location.ts'
import { plural } from './format.ts'
import type { Style } from './style.ts'

export interface ErrorContext {
  readonly style: Style
  /** The text of a file of the project; undefined for one that cannot be read, built-in macros among them. */
  readText(file: string): string | undefined
}

/**
 * The screen for whatever was thrown: place, code and message, the source line, the calls that led there, and what
 * to do. Several errors follow each other by file and line. What is not a GmError is a bug of gm and says so.
 */
export function renderError(thrown: unknown, context: ErrorContext): string {
  const errors = gmErrorsOf(thrown)
  if (errors === undefined) return renderBug(thrown, context.style)
  const screens = sortByPlace(errors).map((error) => renderGmError(error, context))
  if (errors.length > 1) screens.push(context.style.bold(plural(errors.length, 'error')))
  return `${screens.join('\n\n')}\n`
}

/** One error, without a newline at the end. */
export function renderGmError(error: GmError, context: ErrorContext): string {
  const { style } = context
  const place = error.at === undefined ? '' : `${style.bold(formatLocation(error.at))}  `
  const rows = [`${place}${style.red(error.code)}  ${error.message}`]
  const text = error.at === undefined ? undefined : context.readText(error.at.file)
  if (error.at !== undefined && text !== undefined) {
    const frame = codeFrame(text, error.at)
    if (frame !== '') rows.push('', indent(paintFrame(frame, style)), '')
  }
  for (const caller of error.calledFrom) rows.push(`  called from ${formatLocation(caller)}`)
  if (error.table.length > 0) {
    if (rows.length > 1 && rows.at(-1) !== '') rows.push('')
    rows.push(...error.table.map((line) => `  ${paintSide(line, style)}`), '')
  }
  if (error.hint !== undefined) rows.push(`  ${style.cyan('hint:')} ${error.hint}`)
  while (rows.at(-1) === '') rows.pop()
  return rows.join('\n')
}

export const REPORT_IT = 'This is a bug in gm, please report it with the lines below.'

function renderBug(thrown: unknown, style: Style): string {
  const rows = [style.red(REPORT_IT), '']
  // inspect() adds the chain of causes to the stack.
  rows.push(inspect(thrown))
  return `${rows.join('\n')}\n`
}

/** By file, line and column; those without a place first, because they tend to be the reason for the others. */
export function sortByPlace(errors: readonly GmError[]): readonly GmError[] {
  return [...errors].sort((a, b) => {
    if (a.at === undefined || b.at === undefined) {
      return Number(a.at !== undefined) - Number(b.at !== undefined)
    }
    if (a.at.file !== b.at.file) return a.at.file < b.at.file ? -1 : 1
    return a.at.line - b.at.line || a.at.column - b.at.column
  })
}

function paintFrame(frame: string, style: Style): string {
  return frame
    .split('\n')
    .map((row) =>
      row.replace(/^(\s*\d* \| )(\s*\^)?/, (_all, gutter: string, caret?: string) => {
        return style.dim(gutter) + (caret === undefined ? '' : style.red(caret))
      }),
    )
    .join('\n')
}

function paintSide(line: string, style: Style): string {
  if (line.startsWith('+')) return style.green(line)
  return line.startsWith('-') ? style.red(line) : line
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((row) => `  ${row}`)
    .join('\n')
}
