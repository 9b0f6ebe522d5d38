import { GmError } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import { locationAt } from '../base/location.ts'
import type { TemplateFile } from './template.ts'

/** `{% docs name %}text{% enddocs %}`, which descriptions take in with `doc('name')`. */
export interface DocsBlock {
  readonly name: string
  readonly at: Location
  /** Markdown, as it stands, without blanks around it. */
  readonly text: string
}

const OPEN = /\{%[-+]?\s*docs\b\s*([^\s%]*)\s*[-+]?%\}/g
const CLOSE = /\{%[-+]?\s*enddocs\s*[-+]?%\}/g

/**
 * The docs blocks of a Markdown file, in order; empty when it has none. Everything else in the file, braces included, is
 * Markdown and nobody's template.
 * @throws GmError GM2001 for a block without a name or without an end.
 */
export function docsBlocks({ file, text }: TemplateFile): DocsBlock[] {
  const blocks: DocsBlock[] = []
  OPEN.lastIndex = 0
  for (let open = OPEN.exec(text); open !== null; open = OPEN.exec(text)) {
    const at = locationAt(text, open.index, file)
    const [tag, name = ''] = open
    if (!/^[A-Za-z_]\w*$/.test(name)) {
      throw new GmError('GM2001', 'the docs block has no name', {
        at,
        hint: 'Write {% docs my_name %}.',
      })
    }
    CLOSE.lastIndex = open.index + tag.length
    const close = CLOSE.exec(text)
    if (close === null) {
      throw new GmError('GM2001', '{% docs %} is never closed', { at, hint: 'Add {% enddocs %}.' })
    }
    blocks.push({ name, at, text: text.slice(open.index + tag.length, close.index).trim() })
    OPEN.lastIndex = CLOSE.lastIndex
  }
  return blocks
}
