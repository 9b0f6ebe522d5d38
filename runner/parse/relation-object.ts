import type { Relation } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { TemplateObject } from '../template/template.ts'

/**
 * A relation as templates see it: prints its quoted name; `.schema`, `.identifier`, `.name`, `.database` are plain.
 * @param text what it prints in place of the quoted name.
 * @param type `table`, `view` …, where it is known.
 * @param rendered what `.render()` gives: the relation itself, where `text` is only a part of its rows.
 */
export function relationObject(
  relation: Relation,
  database: string,
  text?: string,
  type?: string,
  rendered?: string,
): TemplateObject {
  const { schema, identifier } = relation
  const self: TemplateObject = new TemplateObject('relation', {
    text: text ?? quoted(relation),
    values: {
      database,
      schema,
      identifier,
      name: identifier,
      table: identifier,
      type: type ?? null,
      is_table: type === 'table',
      is_view: type === 'view',
    },
    functions: {
      render: () => rendered ?? self.text,
      // One connection reaches one database, so its name is never printed; quoting is never left away.
      include: () => self,
      quote: () => self,
    },
  })
  return self
}
