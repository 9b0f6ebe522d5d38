import type { Session } from '../engine/adapter.ts'
import { exclusiveLocks } from '../engine/exclusive-locks.ts'
import type { Statement, Transaction } from '../engine/statement.ts'
import type { Relation } from '../manifest/node.ts'
import { literal } from '../manifest/quoted.ts'

/** A relation that the ledger says gm has made, and that is there. */
export interface MadeRelation {
  readonly relation: Relation
  /** Its quoted name. */
  readonly name: string
  /** Which relation it is that has the name. */
  readonly generation: string
  readonly nodeId: string
  readonly kind: 'table' | 'view' | 'materialized view'
  /** As of the last ANALYZE. */
  readonly estimatedRows: number
  /** False where somebody has put another relation behind the name since. */
  readonly isStillOurs: boolean
}

/**
 * What gm has made for a project on a target: what the project has now (`names`), and what runs on that target made and the
 * project no longer has. The same database may hold the relations of other targets and projects.
 */
export async function readMade(
  session: Session,
  project: string,
  target: string,
  names: readonly string[],
): Promise<readonly MadeRelation[]> {
  const there = await session.query({
    purpose: 'find ledger',
    sql: `select to_regclass('gm.shadows') is not null as is_there`,
  })
  if (there.rows[0]?.['is_there'] !== true) return []
  const { rows } = await session.query({
    purpose: 'read made relations',
    sql: `select
  r.relation as name, r.node_id as "nodeId", c.oid::text as generation,
  jsonb_build_object('schema', c.relnamespace::regnamespace::name, 'identifier', c.relname) as relation,
  case c.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end as kind,
  greatest(c.reltuples, 0)::float8 as "estimatedRows",
  (r.kind = 'view') = (c.relkind = 'v')
    and (split_part(r.identity, '/', 1) = c.oid::text) is not false as "isStillOurs"
from gm.relations r
join pg_class c on c.oid = to_regclass(r.relation)
left join gm.runs u on u.run_id = r.run_id
where r.project = $1
  and (r.relation in (select jsonb_array_elements_text($3::jsonb)) or u.target = $2)
  and not exists (select from gm.shadows s where s.relation = r.relation)
order by r.relation`,
    binds: [project, target, JSON.stringify(names)],
  })
  return rows as unknown as readonly MadeRelation[]
}

/**
 * Drops relations and forgets what the ledger knows of them, in one transaction. What depends on one of them and is not among
 * them undoes all of it: nothing is ever dropped with it. So does what has got one of the names since they were read.
 */
export function dropMade(made: readonly MadeRelation[]): Transaction {
  const list = `array[${made.map(({ name }) => literal(name)).join(', ')}]::text[]`
  const generations = `array[${made.map(({ generation }) => literal(generation)).join(', ')}]::oid[]`
  const statements: readonly Statement[] = [
    {
      purpose: 'check',
      sql: `select n.name from unnest(${list}, ${generations}) as n (name, generation)
where to_regclass(n.name)::oid is distinct from n.generation`,
      refusal: {
        code: 'GM4008',
        message: 'nothing was dropped, because somebody else has put something in the place of',
        hint: 'gm drops only what it made. Run gm reset again to see what there is now.',
      },
    },
    {
      purpose: 'forget rows',
      sql: `with gone as (select to_regclass(name)::oid as oid, name from unnest(${list}) as name),
log as (delete from gm.key_log l using gone g where l.generation = g.oid),
touched as (delete from gm.touched t using gone g where t.relation = g.oid)
delete from gm.passes p using gone g where p.reads ? g.name`,
    },
    // Innermost last, each by itself and never with what depends on it.
    { purpose: 'drop', sql: `select gm.drop_shadows(${list})` },
    {
      purpose: 'check',
      sql: `with needed as materialized (
  select n.name, c.oid, c.reltype
  from unnest(${list}) as n (name) join pg_class c on c.oid = to_regclass(n.name)
),
found as materialized (
  select distinct c.name, pg_describe_object(coalesce(case when r.oid is not null then 'pg_class'::regclass end, p.classid), coalesce(r.ev_class, p.objid), 0) as dependent
  from needed c
  left join pg_type t on t.oid = c.reltype
  cross join pg_depend p
  left join pg_rewrite r on p.classid = 'pg_rewrite'::regclass and r.oid = p.objid
  where (p.refclassid = 'pg_class'::regclass and p.refobjid = c.oid or p.refclassid = 'pg_type'::regclass and p.refobjid in (t.oid, t.typarray))
    and p.deptype = 'n'
    and r.ev_class is distinct from c.oid
    and (r.ev_class is null or r.ev_class not in (select oid from needed))
)
select format('%s, which %s depends on', name, dependent) from found
union all
select format('%s, which something depends on', name) from needed where not exists (select from found)`,
      refusal: {
        code: 'GM4008',
        message: 'nothing was dropped, because somebody else needs',
        hint: 'gm never drops what it did not make. Drop that first, or make it a model of this project.',
      },
    },
  ]
  return {
    name: 'write',
    isolation: 'read committed',
    locks: exclusiveLocks(made.map(({ relation, kind }) => ({ relation, type: kind }))),
    lockTimeoutMs: 10_000,
    statements,
  }
}
