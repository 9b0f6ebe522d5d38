import { literal } from '../manifest/quoted.ts'
import { callArguments } from '../parse/call-arguments.ts'
import { columnObject } from '../parse/column-object.ts'
import { relationObject } from '../parse/relation-object.ts'
import { textOf } from '../parse/text-of.ts'
import type { Builtin, Call } from '../template/template.ts'
import { TemplateObject } from '../template/template.ts'
import type { CompileState } from './compiled.ts'

type Ask = (
  callee: string,
  call: Call,
  sql: string,
) => ReturnType<NonNullable<CompileState['runQuery']>>

const KINDS = `case c.relkind when 'v' then 'view' when 'm' then 'materialized_view' else 'table' end`

/** The members of `adapter` that read the catalog, and `load_relation`. Names that are not there give none, or nothing. */
export function adapterFunctions(ask: Ask, database: string): Readonly<Record<string, Builtin>> {
  const find = (
    callee: string,
    call: Call,
    schema: string,
    name: string,
  ): TemplateObject | null => {
    const { rows } = ask(
      callee,
      call,
      `select ${KINDS} from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = ${literal(schema)} and c.relname = ${literal(name)} and c.relkind in ('r', 'p', 'v', 'm', 'f')`,
    )
    const [row] = rows
    if (row === undefined) return null
    return relationObject({ schema, identifier: name }, database, undefined, String(row[0]))
  }
  return {
    get_relation: (call) => {
      const names = ['database', 'schema', 'identifier']
      const found = callArguments('adapter.get_relation', call, names, 3)
      return find(
        'adapter.get_relation()',
        call,
        textOf(found['schema']),
        textOf(found['identifier']),
      )
    },
    load_relation: (call) => {
      const { relation } = callArguments('load_relation', call, ['relation'], 1)
      const { schema, identifier: name } = membersOf(relation)
      return find('load_relation()', call, schema, name)
    },
    get_columns_in_relation: (call) => {
      const callee = 'adapter.get_columns_in_relation'
      const { schema, identifier: name } = membersOf(
        callArguments(callee, call, ['relation'], 1)['relation'],
      )
      const { rows } = ask(
        `${callee}()`,
        call,
        `select a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = ${literal(schema)} and c.relname = ${literal(name)}
  and a.attnum > 0 and not a.attisdropped and a.attname not in ('_gm_xid', '_gm_version_xid')
order by a.attnum`,
      )
      return rows.map(([column, type]) => columnObject(String(column), String(type)))
    },
    check_schema_exists: (call) => {
      const names = ['database', 'schema']
      const { schema } = callArguments('adapter.check_schema_exists', call, names, 2)
      const sql = `select from pg_catalog.pg_namespace where nspname = ${literal(textOf(schema))}`
      return ask('adapter.check_schema_exists()', call, sql).rows.length > 0
    },
  }
}

function membersOf(relation: unknown): { schema: string; identifier: string } {
  const values = relation instanceof TemplateObject ? relation.values : {}
  return {
    schema: textOf(values['schema'] ?? ''),
    identifier: textOf(values['identifier'] ?? relation),
  }
}
