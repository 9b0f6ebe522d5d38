/**
 * SQL of a subquery: those of some types whose values the server cannot compare, in whatever they are held: a domain over json, an
 * array of points, a composite type with xml in it. They have neither a default btree nor hash operator class, by which the
 * server finds the equality of a type. A box has an `=` without one, by which those of one area are equal: it is none.
 * @param types a query that gives the types' oids.
 */
export function incomparableTypes(types: string): string {
  return `with recursive gm_parts (type, part) as (
  select given.type, given.type from (${types}) as given (type)
  union
  select p.type, made.of
  from gm_parts p
  join pg_type t on t.oid = p.part
  cross join lateral (
    select t.typbasetype where t.typtype = 'd'
    union all select t.typelem where ${IS_ARRAY}
    union all select r.rngsubtype from pg_range r where t.oid in (r.rngtypid, r.rngmultitypid)
    union all select a.atttypid from pg_attribute a
      where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
  ) as made (of)
)
select p.type
from gm_parts p
join pg_type t on t.oid = p.part
where t.typtype = 'p' or t.typtype = 'b' and not ${IS_ARRAY} and not exists (
  select from pg_opclass o
  join pg_am m on m.oid = o.opcmethod and m.amname in ('btree', 'hash')
  where o.opcdefault and o.opcintype in (
    select t.oid
    union all select c.casttarget from pg_cast c where c.castsource = t.oid and c.castmethod = 'b' and c.castcontext = 'i'
  )
)`
}

const IS_ARRAY = `(t.typelem <> 0 and t.typsubscript = 'array_subscript_handler'::regproc)`
