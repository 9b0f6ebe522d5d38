import type { Random } from './random.ts'
import { between, itemAt } from './random.ts'
import type { Removable } from './system.ts'

/** What can be wrong with an event's text. The first two cannot be landed; a blank field can. */
export type Flaw = 'bad_json' | 'missing_field' | 'blank_field'

/** The event's text with a flaw. */
export function spoilText(text: string, flaw: Flaw, removable: Removable, random: Random): string {
  switch (flaw) {
    case 'bad_json':
      // Cut off anywhere, as by a producer that died, or written by something that is no JSON writer.
      return random() < 0.7
        ? text.slice(0, between(random, 1, text.length - 1))
        : text.replaceAll('"', "'")
    case 'missing_field':
      return without(text, itemAt(removable.required, random()))
    case 'blank_field':
      return without(text, removable.optional[between(random, 0, removable.optional.length - 1)])
  }
}

function without(text: string, field: string | undefined): string {
  const fields = Object.entries(JSON.parse(text) as Record<string, unknown>)
  return JSON.stringify(Object.fromEntries(fields.filter(([name]) => name !== field)))
}
