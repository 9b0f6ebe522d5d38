import type { Compiled } from '../compile/compiled.ts'
import { STORED_FAILURES } from '../engine/adapter.ts'
import { aroundUserSql } from '../engine/around-user-sql.ts'
import type { Statement } from '../engine/statement.ts'
import type { Relation, TestNode } from '../manifest/node.ts'
import { literal, quoted } from '../manifest/quoted.ts'
import { testStatement } from './test-statement.ts'

/** Where failing rows go when no schema is configured; dbt's name. */
export const FAILURES_SCHEMA = 'dbt_test__audit'

/**
 * What a test's failing rows are kept as; undefined when they are only counted.
 * @param isAsked `--store-failures`. What the configuration says decides over it, `store_failures_as` over `store_failures`, as in dbt.
 */
export function storedAs({ config }: TestNode, isAsked: boolean): 'table' | 'view' | undefined {
  const { store_failures_as: form, store_failures } = config
  if (form !== undefined) return form === 'ephemeral' ? undefined : form
  return (store_failures ?? isAsked) ? 'table' : undefined
}

/** Keeps the failing rows, all of them, in place of those of the last time, and counts them there. */
export function storeFailures(
  node: TestNode,
  compiled: Compiled,
  form: 'table' | 'view',
  relation: Relation,
): readonly Statement[] {
  const name = quoted(relation)
  return [
    { purpose: 'drop stored failures', sql: `do ${literal(dropStored(relation))}` },
    aroundUserSql(compiled, { purpose: 'store failures', head: `create ${form} ${name} as\n` }),
    { purpose: 'comment', sql: `comment on ${form} ${name} is ${literal(STORED_FAILURES)}` },
    // Read from what is stored, so that the figure is that of the rows that are there.
    testStatement(node, { ...compiled, sql: `select * from ${name}` }),
  ]
}

/** Outside of the schema that is for nothing else, only what carries gm's note is dropped. */
function dropStored(relation: Relation): string {
  const name = quoted(relation)
  const isOwnSchema = relation.schema.endsWith(FAILURES_SCHEMA)
  return `declare
  stored record;
begin
  select c.relkind, obj_description(c.oid, 'pg_class') as note into stored from pg_class c where c.oid = to_regclass(${literal(name)});
  if not found then
    return;
  end if;
  if not ${String(isOwnSchema)} and stored.note is distinct from ${literal(STORED_FAILURES)} then
    raise exception '% exists already, and holds no failures of a test', ${literal(name)} using errcode = 'duplicate_table';
  end if;
  if stored.relkind = 'v' then
    drop view ${name};
  else
    drop table ${name};
  end if;
end`
}
