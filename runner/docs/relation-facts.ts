import type { Session } from '../engine/adapter.ts'
import type { Relation } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'

/** What the database's catalog says of a relation. */
export interface RelationFacts {
  readonly schema: string
  readonly identifier: string
  readonly type: string
  readonly owner: string
  readonly comment: string | null
  /** As of the last ANALYZE; null where there was none, and for views. */
  readonly estimatedRows: number | null
  /** With indexes and TOAST; null for views. */
  readonly sizeBytes: number | null
  readonly analyzedAt: string | null
  readonly columns: readonly {
    readonly name: string
    readonly type: string
    readonly isRequired: boolean
    readonly comment: string | null
  }[]
  readonly constraints: readonly { readonly name: string; readonly definition: string }[]
  readonly indexes: readonly { readonly name: string; readonly definition: string }[]
}

const FACTS = `select
  n.nspname as schema,
  c.relname as identifier,
  case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table'
    when 'p' then 'partitioned table' else 'table' end as type,
  pg_get_userbyid(c.relowner) as owner,
  obj_description(c.oid, 'pg_class') as comment,
  case when c.relkind <> 'v' and c.reltuples >= 0 then c.reltuples::float8 end as "estimatedRows",
  case when c.relkind in ('r', 'm') then pg_total_relation_size(c.oid)::float8 end as "sizeBytes",
  (
    select to_json(greatest(s.last_analyze, s.last_autoanalyze) at time zone 'UTC') #>> '{}' || 'Z'
    from pg_stat_all_tables s
    where s.relid = c.oid
  ) as "analyzedAt",
  (
    select coalesce(json_agg(json_build_object(
      'name', a.attname,
      'type', format_type(a.atttypid, a.atttypmod),
      'isRequired', a.attnotnull,
      'comment', col_description(c.oid, a.attnum)
    ) order by a.attnum), '[]')
    from pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  ) as columns,
  (
    select coalesce(json_agg(json_build_object(
      'name', k.conname, 'definition', pg_get_constraintdef(k.oid)
    ) order by k.contype, k.conname), '[]')
    from pg_constraint k
    where k.conrelid = c.oid and k.contype <> 'n'
  ) as constraints,
  (
    select coalesce(json_agg(json_build_object(
      'name', i.relname,
      'definition', regexp_replace(pg_get_indexdef(i.oid), '^CREATE (UNIQUE )?INDEX .* USING ', '\\1')
    ) order by i.relname), '[]')
    from pg_index x
    join pg_class i on i.oid = x.indexrelid
    where x.indrelid = c.oid
  ) as indexes
from jsonb_to_recordset($1::jsonb) as wanted (schema text, identifier text)
join pg_namespace n on n.nspname = wanted.schema
join pg_class c on c.relnamespace = n.oid and c.relname = wanted.identifier
where c.relkind in ('r', 'v', 'm', 'p', 'f')`

/** Facts of those of the relations that exist, by quoted name. One round trip, none for an empty list. */
export async function relationFacts(
  session: Session,
  relations: readonly Relation[],
): Promise<ReadonlyMap<string, RelationFacts>> {
  if (relations.length === 0) return new Map()
  const { rows } = await session.query({
    purpose: 'read catalog',
    sql: FACTS,
    binds: [JSON.stringify(relations)],
  })
  const found = rows as unknown as readonly RelationFacts[]
  return new Map(found.map((facts) => [quoted(facts), facts]))
}
