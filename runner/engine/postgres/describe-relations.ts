import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import type { Relation } from '../../manifest/node.ts'
import { literal } from '../../manifest/quoted.ts'
import type { Column, DependentView, IndexState, RelationState } from '../adapter.ts'
import { INDEX_OF_GM, UNFILLED } from '../adapter.ts'
import { incomparableTypes } from '../incomparable-types.ts'
import { sqlStateOf } from './explain-error.ts'
import { quoteIdentifier, quoteRelation } from './quote-identifier.ts'

/**
 * Everything about many relations in one row of json. `edges` are the direct dependencies among them and all views
 * above them: who depends on whom through others is followed here and not in SQL, where a chain of a thousand views
 * would become half a million rows. A view depends through its rewrite rule; everything else that names a relation by
 * its identity (foreign keys, functions with a parsed body, columns of its row type, parents and children, policies of other tables,
 * publications) is in `others`.
 * What is wanted is asked with `in`, which the server hashes; it takes each list for short and would join it row by row.
 */
const DESCRIBE = `
with recursive wanted as materialized (
  select c.oid
  from unnest($1::text[], $2::text[]) as w (schema, identifier)
  join pg_namespace n on n.nspname = w.schema
  join pg_class c on c.relnamespace = n.oid and c.relname = w.identifier
  where c.relkind in ('r', 'v', 'm', 'p', 'f')
),
reached (oid) as (
  select oid from wanted
  union
  select v.oid
  from reached
  join pg_depend d
    on d.refclassid = 'pg_class'::regclass
    and d.refobjid = reached.oid
    and d.classid = 'pg_rewrite'::regclass
  join pg_rewrite r on r.oid = d.objid
  join pg_class v on v.oid = r.ev_class and v.relkind in ('v', 'm')
),
edges as materialized (
  select distinct d.refobjid as input, v.oid as dependent
  from reached
  join pg_depend d
    on d.refclassid = 'pg_class'::regclass
    and d.refobjid = reached.oid
    and d.classid = 'pg_rewrite'::regclass
  join pg_rewrite r on r.oid = d.objid
  join pg_class v on v.oid = r.ev_class and v.relkind in ('v', 'm')
  where v.oid <> d.refobjid
),
others as (
  select distinct reached.oid as input, d.classid, d.objid, d.objsubid
  from reached
  join pg_class c on c.oid = reached.oid
  left join pg_type t on t.oid = c.reltype
  join pg_depend d
    on (d.deptype = 'n' or d.classid = 'pg_publication_rel'::regclass)
    and (
      (d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid)
      or (d.refclassid = 'pg_type'::regclass and d.refobjid in (c.reltype, t.typarray) and c.reltype <> 0)
    )
  where
    case d.classid
      when 'pg_rewrite'::regclass then exists (
        select from pg_rewrite r
        join pg_class t on t.oid = r.ev_class
        where r.oid = d.objid and t.relkind not in ('v', 'm') and t.oid <> c.oid
      )
      when 'pg_constraint'::regclass then exists (
        select from pg_constraint k where k.oid = d.objid and k.conrelid <> c.oid
      )
      when 'pg_attrdef'::regclass then exists (
        select from pg_attrdef f where f.oid = d.objid and f.adrelid <> c.oid
      )
      when 'pg_policy'::regclass then exists (
        select from pg_policy p where p.oid = d.objid and p.polrelid <> c.oid
      )
      when 'pg_trigger'::regclass then exists (
        select from pg_trigger t where t.oid = d.objid and t.tgrelid <> c.oid
      )
      when 'pg_class'::regclass then d.objid <> c.oid
      else true
    end
  union
  select wanted.oid, 'pg_class'::regclass, h.inhparent, 0
  from wanted
  join pg_inherits h on h.inhrelid = wanted.oid
),
incomparable (type) as materialized (
  ${incomparableTypes(`select distinct a.atttypid
  from pg_attribute a
  where a.attrelid in (select oid from wanted) and a.attnum > 0 and not a.attisdropped`)}
)
select
  (
    select coalesce(json_agg(json_build_object(
      'oid', c.oid,
      'schema', n.nspname,
      'identifier', c.relname,
      'kind', c.relkind,
      'isWanted', c.oid in (select oid from wanted),
      'hasParts', c.relkind = 'p' or c.relkind = 'r' and c.relhassubclass,
      'estimatedRows', greatest(c.reltuples, 0),
      'comment', obj_description(c.oid, 'pg_class'),
      'grants', (
        select json_agg(json_build_object(
          'column', g.attname,
          'grantee', g.grantee,
          'isGrantable', g.is_grantable,
          'privileges', g.privileges
        ) order by g.attnum, g.grantee, g.is_grantable)
        from (
          select a.attnum, a.attname, r.rolname as grantee, x.is_grantable,
            json_agg(lower(x.privilege_type) order by x.privilege_type) as privileges
          from (
            select 0::int2 as attnum, null::name as attname, c.relacl as acl
            union all
            select t.attnum, t.attname, t.attacl
            from pg_attribute t
            where t.attrelid = c.oid and t.attacl is not null and not t.attisdropped
          ) as a
          cross join lateral aclexplode(a.acl) as x
          left join pg_roles r on r.oid = x.grantee
          where x.grantee <> c.relowner
          group by a.attnum, a.attname, r.rolname, x.is_grantable
        ) as g
      ),
      'definition', case
        when c.oid in (select dependent from edges) then rtrim(pg_get_viewdef(c.oid), ';')
      end,
      'options', c.reloptions,
      'columnComments', (
        select json_agg(
          format('comment on column %I.%I.%I is %L', n.nspname, c.relname, a.attname, t.description) order by a.attnum
        )
        from pg_description t
        join pg_attribute a on a.attrelid = c.oid and a.attnum = t.objsubid
        where t.objoid = c.oid and t.classoid = 'pg_class'::regclass and t.objsubid > 0
      ),
      'isBuiltUpon', c.relkind = 'v' and (
        c.relhastriggers
        or exists (select from pg_rewrite w where w.ev_class = c.oid and w.rulename <> '_RETURN')
        or exists (select from pg_attrdef f where f.adrelid = c.oid)
      ),
      'nulls', case when c.relkind = 'v' and c.oid in (select dependent from edges) then (
        select string_agg(
          format('null::%s%s as %I', format_type(a.atttypid, a.atttypmod), o.collation, a.attname),
          ', ' order by a.attnum
        )
        from pg_attribute a
        left join lateral (
          select format(' collate %I.%I', n.nspname, l.collname) as collation
          from pg_collation l
          join pg_namespace n on n.oid = l.collnamespace
          join pg_type t on t.oid = a.atttypid
          where l.oid = a.attcollation and a.attcollation <> t.typcollation
        ) as o on true
        where a.attrelid = c.oid and a.attnum > 0
      ) end,
      'indexDefinitions', case when c.relkind = 'm' then (
        select json_agg(l.line order by x.indexrelid, l.number)
        from pg_index x
        join pg_class i on i.oid = x.indexrelid
        join pg_namespace n on n.oid = i.relnamespace
        cross join lateral (
          select 1 as number, pg_get_indexdef(x.indexrelid) as line
          union all
          select 2, format('comment on index %I.%I is %L', n.nspname, i.relname, d.description)
          from pg_description d where d.objoid = i.oid and d.classoid = 'pg_class'::regclass and d.objsubid = 0
        ) as l
        where x.indrelid = c.oid
      ) end,
      'columns', case when c.oid in (select oid from wanted) then (
        select json_agg(
          case
            when a.attoptions is null and a.atttypid not in (select type from incomparable)
            then json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod))
            else json_strip_nulls(json_build_object(
              'name', a.attname,
              'type', format_type(a.atttypid, a.atttypmod),
              'isIncomparable', case when a.atttypid in (select type from incomparable) then true end,
              'isUnfilled', case when ${literal(`${UNFILLED.name}=${UNFILLED.value}`)} = any(a.attoptions) then true end
            ))
          end
          order by a.attnum
        )
        from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      ) end,
      'indexes', case when c.oid in (select oid from wanted) and c.relhasindex then (
        select json_agg(json_build_object(
          'name', i.relname,
          'type', (select m.amname from pg_am m where m.oid = i.relam),
          'isGms', obj_description(i.oid, 'pg_class') is not distinct from ${literal(INDEX_OF_GM)},
          'unique', x.indisunique and x.indisvalid and x.indimmediate and x.indpred is null,
          'columns', (
            select json_agg(
              coalesce(a.attname::text, pg_get_indexdef(x.indexrelid, k.position::int, true))
              order by k.position
            )
            from unnest(x.indkey::int2[]) with ordinality as k (attnum, position)
            left join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum and k.attnum <> 0
            where k.position <= x.indnkeyatts
          )
        ) order by i.relname)
        from pg_index x
        join pg_class i on i.oid = x.indexrelid
        where x.indrelid = c.oid
      ) end
    )), '[]')
    from reached
    join pg_class c on c.oid = reached.oid
    join pg_namespace n on n.oid = c.relnamespace
  ) as relations,
  (select coalesce(json_agg(json_build_array(input, dependent)), '[]') from edges) as edges,
  (
    select coalesce(json_agg(json_build_object(
      'input', input,
      'oid', objid,
      'what', pg_describe_object(classid, objid, objsubid)
    )), '[]')
    from others
  ) as others`

interface Found {
  readonly relations: readonly FoundRelation[]
  readonly edges: readonly (readonly [input: number, dependent: number])[]
  readonly others: readonly {
    readonly input: number
    readonly oid: number
    readonly what: string
  }[]
}

interface FoundRelation {
  readonly oid: number
  readonly schema: string
  readonly identifier: string
  readonly kind: keyof typeof TYPES
  readonly isWanted: boolean
  readonly hasParts: boolean
  readonly estimatedRows: number
  readonly comment: string | null
  readonly grants: readonly Grant[] | null
  readonly definition: string | null
  readonly options: readonly string[] | null
  readonly columnComments: readonly string[] | null
  readonly isBuiltUpon: boolean
  readonly nulls: string | null
  readonly indexDefinitions: readonly string[] | null
  readonly columns: readonly Column[] | null
  readonly indexes: readonly IndexState[] | null
}

interface Grant {
  readonly column: string | null
  /** Null is everybody. */
  readonly grantee: string | null
  readonly isGrantable: boolean
  readonly privileges: readonly string[]
}

const TYPES = {
  r: 'table',
  v: 'view',
  m: 'materialized view',
  p: 'partitioned table',
  f: 'foreign table',
} as const

/**
 * Swaps are short and seldom meet even one of the attempts. Where they follow one another closely or the machine is
 * busy, many short waits find the gap that few long ones miss: two seconds in all.
 */
const MAX_ATTEMPTS = 40
const LONGEST_WAIT_MS = 50

/** States by quoted name of those of the relations that exist; one round trip, none for an empty list. */
export async function describeRelations(
  client: Client,
  relations: readonly Relation[],
): Promise<ReadonlyMap<string, RelationState>> {
  if (relations.length === 0) return new Map()
  const binds = [
    relations.map(({ schema }) => schema),
    relations.map(({ identifier }) => identifier),
  ]
  for (let attempt = 1; ; attempt++) {
    try {
      const [found] = (await client.query<Found>(DESCRIBE, binds)).rows
      return found === undefined ? new Map() : statesOf(found)
    } catch (error) {
      // pg_get_viewdef() and its like look at the catalog of this moment, not of the query's beginning. Where another
      // run swaps a table in between they find nothing (XX000, `could not open relation with OID …`), and the locks
      // that they take on the way can cross those of the swap (40P01).
      const isMet = ['XX000', '40P01'].includes(sqlStateOf(error) ?? '')
      if (!isMet || attempt === MAX_ATTEMPTS) throw error
      await sleep(Math.min(2 ** attempt, LONGEST_WAIT_MS))
    }
  }
}

function statesOf(found: Found): ReadonlyMap<string, RelationState> {
  const dependentsOf = groupEdges(found.edges)
  const inputsOf = groupEdges(found.edges.map(([input, dependent]) => [dependent, input]))
  const views = new Map<number, DependentView>()
  for (const relation of found.relations) {
    if (relation.definition === null) continue
    views.set(relation.oid, dependentView(relation, inputsOf.get(relation.oid) ?? []))
  }
  const others = new Map<number, DependentView[]>()
  for (const { input, oid, what } of found.others) {
    const list = others.get(input) ?? []
    others.set(input, list)
    list.push({
      relation: { schema: '', identifier: what },
      generation: String(oid),
      type: 'other',
      reads: [String(input)],
      definition: '',
      options: [],
      isBuiltUpon: false,
      nulls: '',
      indexes: [],
      comment: undefined,
      columnComments: [],
    })
  }
  const states = new Map<string, RelationState>()
  for (const relation of found.relations) {
    if (!relation.isWanted) continue
    const above = innermostFirst(relation.oid, dependentsOf)
    const columns = relation.columns ?? []
    states.set(quoteRelation(relation), {
      relation: { schema: relation.schema, identifier: relation.identifier },
      type: TYPES[relation.kind],
      generation: String(relation.oid),
      columns,
      estimatedRows: relation.estimatedRows,
      indexes: relation.indexes ?? [],
      dependents: [
        ...above.flatMap((oid) => views.get(oid) ?? []),
        ...[relation.oid, ...above].flatMap((oid) => others.get(oid) ?? []),
      ],
      comment: relation.comment ?? undefined,
      columnComments: relation.columnComments ?? [],
      options: relation.kind === 'v' ? (relation.options ?? []) : [],
      grants: grantsOf(relation),
      isTracked: columns.some(({ name, type }) => name === '_gm_xid' && type === 'xid8'),
      hasParts: relation.hasParts,
    })
  }
  return states
}

function dependentView(relation: FoundRelation, inputs: readonly number[]): DependentView {
  return {
    relation: { schema: relation.schema, identifier: relation.identifier },
    generation: String(relation.oid),
    type: relation.kind === 'm' ? 'materialized view' : 'view',
    reads: inputs.map(String),
    definition: relation.definition ?? '',
    options: relation.options ?? [],
    isBuiltUpon: relation.isBuiltUpon,
    nulls: relation.nulls ?? '',
    indexes: relation.indexDefinitions ?? [],
    comment: relation.comment ?? undefined,
    columnComments: relation.columnComments ?? [],
  }
}

function grantsOf(relation: FoundRelation): string[] {
  const target = quoteRelation(relation)
  return (relation.grants ?? []).map(({ column, grantee, isGrantable, privileges }) => {
    const columns = column === null ? '' : ` (${quoteIdentifier(column)})`
    const what = privileges.map((privilege) => `${privilege}${columns}`).join(', ')
    const whom = grantee === null ? 'public' : quoteIdentifier(grantee)
    return `grant ${what} on ${target} to ${whom}${isGrantable ? ' with grant option' : ''}`
  })
}

function groupEdges(edges: Found['edges']): ReadonlyMap<number, readonly number[]> {
  const grouped = new Map<number, number[]>()
  for (const [input, dependent] of edges) {
    const list = grouped.get(input)
    if (list === undefined) grouped.set(input, [dependent])
    else list.push(dependent)
  }
  return grouped
}

/**
 * All that depend on a relation, each after everything of them that it reads itself: the order in which they can be
 * created. The reverse of a depth-first post-order; iterative, because chains of views can be long.
 */
function innermostFirst(
  root: number,
  dependentsOf: ReadonlyMap<number, readonly number[]>,
): number[] {
  const finished: number[] = []
  const seen = new Set([root])
  const stack = [{ oid: root, next: 0 }]
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const dependent = dependentsOf.get(top.oid)?.[top.next]
    top.next += 1
    if (dependent === undefined) {
      stack.pop()
      if (top.oid !== root) finished.push(top.oid)
    } else if (!seen.has(dependent)) {
      seen.add(dependent)
      stack.push({ oid: dependent, next: 0 })
    }
  }
  return finished.reverse()
}
