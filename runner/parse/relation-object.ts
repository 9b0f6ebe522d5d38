import type { Relation } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { TemplateObject } from '../template/template.ts'

/** A relation as templates see it: prints its quoted name; `.schema`, `.identifier`, `.name`, `.database` are plain. */
export function relationObject(
  relation: Relation,
  database: string,
  text?: string,
): TemplateObject {
  return new TemplateObject('relation', {
    text: text ?? quoted(relation),
    values: {
      database,
      schema: relation.schema,
      identifier: relation.identifier,
      name: relation.identifier,
      table: relation.identifier,
    },
  })
}
