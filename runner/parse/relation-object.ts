import type { Relation } from '../manifest/node.ts'
import { quoted, identifier as quotedName } from '../manifest/quoted.ts'
import { TemplateObject } from '../template/template.ts'
import { callArguments } from './call-arguments.ts'

const INCLUDED = ['database', 'schema', 'identifier']

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
  const values = {
    database,
    schema,
    identifier,
    name: identifier,
    table: identifier,
    type: type ?? null,
    is_table: type === 'table',
    is_view: type === 'view',
    // By this packages tell a relation from its name.
    metadata: { type: 'PostgresRelation' },
  }
  const self: TemplateObject = new TemplateObject('relation', {
    text: text ?? quoted(relation),
    values,
    functions: {
      render: () => rendered ?? self.text,
      // One connection reaches one database, so its name is never printed; quoting is never left away, and of a read in part
      // nothing is.
      include: (call) => {
        const { schema: withSchema } = callArguments('include', call, INCLUDED, 0)
        if (withSchema !== false || text !== undefined) return self
        return relationObject(relation, database, quotedName(identifier), type)
      },
      get: (call) => {
        const { key, default: otherwise = null } = callArguments('get', call, ['key', 'default'], 1)
        const known: Readonly<Record<string, unknown>> = values
        return Object.hasOwn(values, String(key)) ? known[String(key)] : otherwise
      },
      quote: () => self,
    },
  })
  return self
}
