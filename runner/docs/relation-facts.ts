import type { Session } from '../engine/adapter.ts'
import type { Relation } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import type { CatalogRelation } from './artifacts/read-catalog.ts'
import { readCatalog } from './artifacts/read-catalog.ts'

/** What the database says of a relation: its entry in the catalog, and how it is kept. */
export interface RelationFacts extends CatalogRelation {
  readonly analyzedAt: string | null
  readonly constraints: readonly NamedDefinition[]
  readonly indexes: readonly NamedDefinition[]
}

interface NamedDefinition {
  readonly name: string
  readonly definition: string
}

interface Storage {
  readonly schema: string
  readonly identifier: string
  readonly analyzedAt: string | null
  readonly constraints: readonly NamedDefinition[]
  readonly indexes: readonly NamedDefinition[]
}

const STORAGE = `select
  n.nspname as schema,
  c.relname as identifier,
  (
    select to_json(greatest(s.last_analyze, s.last_autoanalyze) at time zone 'UTC') #>> '{}' || 'Z'
    from pg_stat_all_tables s
    where s.relid = c.oid
  ) as "analyzedAt",
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

/** Facts of those of the relations that exist, by quoted name. Two round trips, none for an empty list. */
export async function relationFacts(
  session: Session,
  relations: readonly Relation[],
): Promise<ReadonlyMap<string, RelationFacts>> {
  if (relations.length === 0) return new Map()
  const catalog = await readCatalog(session, relations)
  const { rows } = await session.query({
    purpose: 'read storage',
    sql: STORAGE,
    binds: [JSON.stringify(relations)],
  })
  const found = rows as unknown as readonly Storage[]
  const storage = new Map(found.map((one) => [quoted(one), one]))
  return new Map(
    catalog.map((entry) => {
      const name = quoted(entry.relation)
      const { analyzedAt = null, constraints = [], indexes = [] } = storage.get(name) ?? {}
      return [name, { ...entry, analyzedAt, constraints, indexes }]
    }),
  )
}
