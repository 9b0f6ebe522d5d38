import type { Session } from '../../engine/adapter.ts'
import type { Statement } from '../../engine/statement.ts'
import type { Relation } from '../../manifest/node.ts'

/** A relation as the database has it now. */
export interface CatalogRelation {
  readonly relation: Relation
  /** `BASE TABLE`, `VIEW`, `MATERIALIZED VIEW`, `FOREIGN TABLE`. */
  readonly type: string
  readonly owner: string
  readonly comment: string | null
  readonly columns: readonly CatalogColumn[]
  /** As of the last ANALYZE; null where there was none, and for views. */
  readonly estimatedRows: number | null
  /** With indexes and long values; null for views. */
  readonly bytes: number | null
}

export interface CatalogColumn {
  readonly name: string
  readonly type: string
  readonly comment: string | null
  readonly isNullable: boolean
}

function catalogStatement(relations: readonly Relation[]): Statement {
  return {
    purpose: 'read catalog',
    sql: `select
  n.nspname as schema,
  c.relname as identifier,
  case c.relkind when 'v' then 'VIEW' when 'm' then 'MATERIALIZED VIEW' when 'f' then 'FOREIGN TABLE' else 'BASE TABLE' end as type,
  pg_get_userbyid(c.relowner) as owner,
  obj_description(c.oid, 'pg_class') as comment,
  case when c.relkind in ('r', 'm', 'p') and c.reltuples >= 0 then c.reltuples::float8 end as estimated_rows,
  case when c.relkind in ('r', 'm') then pg_total_relation_size(c.oid)::float8 end as bytes,
  coalesce((
    select json_agg(json_build_object(
      'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
      'comment', col_description(c.oid, a.attnum), 'isNullable', not a.attnotnull
    ) order by a.attnum)
    from pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  ), '[]') as columns
from unnest(
  (select array_agg(r->>0) from json_array_elements($1::json) r),
  (select array_agg(r->>1) from json_array_elements($1::json) r)
) as w (schema, identifier)
join pg_namespace n on n.nspname = w.schema
join pg_class c on c.relnamespace = n.oid and c.relname = w.identifier
where c.relkind in ('r', 'v', 'm', 'p', 'f')`,
    binds: [JSON.stringify(relations.map(({ schema, identifier }) => [schema, identifier]))],
  }
}

/** Those of the relations that exist, with their columns in order. One round trip; no relations give none. */
export async function readCatalog(
  session: Session,
  relations: readonly Relation[],
  signal?: AbortSignal,
): Promise<readonly CatalogRelation[]> {
  const { rows } = await session.query(catalogStatement(relations), signal)
  return rows.map((row) => ({
    relation: { schema: row['schema'] as string, identifier: row['identifier'] as string },
    type: row['type'] as string,
    owner: row['owner'] as string,
    comment: row['comment'] as string | null,
    columns: row['columns'] as CatalogColumn[],
    estimatedRows: row['estimated_rows'] as number | null,
    bytes: row['bytes'] as number | null,
  }))
}
