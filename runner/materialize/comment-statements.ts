import type { Statement } from '../engine/statement.ts'
import type { BuiltNode } from '../manifest/node.ts'
import { literal, quoted } from '../manifest/quoted.ts'

/** The descriptions of a node and its columns as comments in the database, as far as `persist_docs` asks for them. */
export function commentStatements(node: BuiltNode): readonly Statement[] {
  const { relation = false, columns = false } = node.config.persist_docs ?? {}
  const statements: Statement[] = []
  if (relation && node.description !== '') {
    statements.push({
      purpose: 'comment',
      sql: `comment on ${kindOf(node)} ${quoted(node.relation)} is ${literal(node.description)}`,
    })
  }
  const own = [...node.columns.values()].filter(({ description }) => description !== '')
  const described = new Map([
    ...(node.inheritedDescriptions ?? []),
    ...own.map(({ name, description }) => [name, description] as const),
  ])
  if (columns && described.size > 0) {
    const texts = Object.fromEntries(described)
    statements.push({
      purpose: 'comment columns',
      sql: `do ${literal(commentColumns(node, texts))}`,
    })
  }
  return statements
}

function kindOf(node: BuiltNode): string {
  if (node.kind !== 'model') return 'table'
  switch (node.config.materialized) {
    case 'table':
    case 'incremental':
      return 'table'
    case 'materialized_view':
      return 'materialized view'
    default:
      return 'view'
  }
}

/** Which columns there are is only known in the database; YAML may describe others, and may fold their case. */
function commentColumns(node: BuiltNode, texts: Readonly<Record<string, string>>): string {
  return `declare
  described record;
begin
  for described in
    select a.attname as name, t.value as description
    from jsonb_each_text(${literal(JSON.stringify(texts))}::jsonb) t
    join pg_attribute a
      on a.attrelid = ${literal(quoted(node.relation))}::regclass and a.attnum > 0 and not a.attisdropped
      and (a.attname = t.key or a.attname = lower(t.key))
  loop
    execute format('comment on column %s.%I is %L', ${literal(quoted(node.relation))}, described.name, described.description);
  end loop;
end`
}
