import { GmError } from '../base/error.ts'
import { locationAt } from '../base/location.ts'
import { StatementParser } from './statement-parser.ts'
import type { Syntax } from './syntax.ts'
import type { TemplateFile } from './template.ts'

/**
 * The tree of a template.
 * @param checksNames whether a filter, test or method that there is not is an error also where it is never reached. In
 *   packages it is none until it is used: they are somebody else's, and may hold code for tools of other kinds.
 * @throws GmError GM2001 for a syntax error, GM2005 for an unknown name, GM2010 for a tag that gm does not have.
 */
export function parseTemplate(file: TemplateFile, checksNames = true): Syntax {
  const { start, end } = file.span ?? { start: 0, end: withoutLastNewline(file.text) }
  const parser = new StatementParser(file, start, end, checksNames)
  try {
    return parser.parseFile()
  } catch (error) {
    if (error instanceof RangeError) {
      throw new GmError('GM2001', 'the template is nested too deep', {
        at: locationAt(file.text, parser.position, file.file),
        cause: error,
      })
    }
    throw error
  }
}

/** Jinja2 drops one line end at the end of a file. */
function withoutLastNewline(text: string): number {
  if (text.endsWith('\r\n')) return text.length - 2
  return text.endsWith('\n') ? text.length - 1 : text.length
}
