import { GmError } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import { didYouMean } from '../base/nearest.ts'
import type { Token } from './lexer.ts'

const TAGS = [
  'if',
  'for',
  'set',
  'do',
  'macro',
  'test',
  'call',
  'filter',
  'with',
  'raw',
  'snapshot',
  'docs',
  'break',
  'continue',
]
const REFUSED: Readonly<Record<string, string>> = {
  include: 'Macros of all files are visible everywhere by name; write a macro.',
  import: 'Macros of all files are visible everywhere by name; call it directly.',
  from: 'Macros of all files are visible everywhere by name; call it directly.',
  extends: 'Templates have no inheritance; write a macro and use {% call %}.',
  block: 'Templates have no inheritance; write a macro and use {% call %}.',
  autoescape: 'gm never escapes output.',
  trans: 'gm has no translations.',
  materialization:
    'Write it as a module: materializations: of the project file names one, see docs/materializations.md.',
  switch: 'Use {% if %} and {% elif %}.',
  asyncEach: 'Use {% for %}.',
  asyncAll: 'Use {% for %}.',
  ifAsync: 'Use {% if %}.',
  verbatim: 'Use {% raw %}.',
}

/** A block whose end tag has not been read: its tag's name and where it starts. */
export interface OpenBlock {
  readonly name: string
  readonly start: number
}

/**
 * Why a tag cannot stand here: GM2010 for one of other tools that gm leaves out, else GM2001.
 * @param open the innermost open block.
 */
export function unknownTag(
  name: Token,
  open: OpenBlock | undefined,
  at: (offset: number) => Location,
): GmError {
  const wrong = (message: string, hint?: string): GmError =>
    new GmError('GM2001', message, { at: at(name.start), hint })
  const hint = Object.hasOwn(REFUSED, name.value) ? REFUSED[name.value] : undefined
  if (hint !== undefined) {
    return new GmError('GM2010', `gm has no tag "${name.value}"`, {
      at: at(name.start),
      hint,
    })
  }
  if (/^end|^else$|^elif$/.test(name.value)) {
    if (open === undefined) {
      return wrong(
        `{% ${name.value} %} closes nothing`,
        'Remove it, or write the tag that it should close before it.',
      )
    }
    const { line } = at(open.start)
    return wrong(
      `{% ${name.value} %} stands inside {% ${open.name} %} of line ${line}`,
      `Close it first with {% end${open.name} %}.`,
    )
  }
  return wrong(`there is no tag "${name.value}"`, didYouMean(name.value, TAGS))
}
