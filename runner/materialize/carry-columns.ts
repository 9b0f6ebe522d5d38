import { UNFILLED } from '../engine/adapter.ts'
import { literal } from '../manifest/quoted.ts'

/** A column of the relation that takes the place, in the condition of what is set on it. */
const isStill = (condition: string): string =>
  `format('exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = %L and not a.attisdropped and %s)', a.attname, ${condition})`

/** How a sequence counts, and its last value in another one; where it was never asked there is none. */
const COUNTS = `format('increment by %s minvalue %s maxvalue %s start with %s cache %s %s cycle',
      q.seqincrement, q.seqmin, q.seqmax, q.seqstart, q.seqcache, case when q.seqcycle then '' else 'no' end)`
const goOn = (sequence: string): string =>
  `coalesce(format('; select setval(%s, %s)', ${sequence}, pg_sequence_last_value(q.seqrelid)), '')`

/**
 * How somebody has set the columns of relation `c` named `n.name`, in the columns of `attachedTo`. What columns are in the relation
 * that takes the place, as its model or a hook says, holds; gm's own have their defaults. A sequence goes with the table that owns it
 * and is made again.
 */
export const COLUMN_SETTINGS = `select 6, format('%s of %I of %s', o.what, a.attname, n.name),
    coalesce(o.before, '') || format('alter table %s alter column %I %s', n.name, a.attname, o.sets) || coalesce(o.after, ''),
    null, null, null, ${isStill('o.only_if')}
  from pg_attribute a
  cross join lateral (
    select 'default' as what, s.before, 'set default ' || pg_get_expr(f.adbin, c.oid) as sets, s.after, 'not a.atthasdef' as only_if
    from pg_attrdef f
    left join lateral (
      select format('create sequence %I.%I as %s %s; ', h.nspname, w.relname, format_type(q.seqtypid, null), ${COUNTS}) as before,
        format('; alter sequence %I.%I owned by %s.%I', h.nspname, w.relname, n.name, a.attname) || ${goOn(`quote_literal(format('%I.%I', h.nspname, w.relname))`)} as after
      from pg_depend d
      join pg_sequence q on q.seqrelid = d.objid
      join pg_class w on w.oid = d.objid
      join pg_namespace h on h.oid = w.relnamespace
      where d.classid = 'pg_class'::regclass and d.deptype = 'a'
        and d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid and d.refobjsubid = a.attnum
        and exists (select from pg_depend u where u.classid = 'pg_attrdef'::regclass and u.objid = f.oid and u.refobjid = d.objid)
    ) as s on true
    where a.atthasdef and a.attgenerated = '' and f.adrelid = c.oid and f.adnum = a.attnum and not starts_with(a.attname, '_gm_')
    union all
    select 'identity', null,
      format('set not null, alter column %I add generated %s as identity (%s)', a.attname, case a.attidentity when 'a' then 'always' else 'by default' end, ${COUNTS}),
      ${goOn(`format('pg_get_serial_sequence(%L, %L)', n.name, a.attname)`)}, 'a.attidentity = '''' and not a.atthasdef'
    from pg_depend d
    join pg_sequence q on q.seqrelid = d.objid
    where a.attidentity <> '' and d.classid = 'pg_class'::regclass and d.deptype = 'i'
      and d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid and d.refobjsubid = a.attnum
    union all
    select 'statistics target', null, format('set statistics %s', a.attstattarget), null, 'c.relkind <> ''v'' and coalesce(a.attstattarget, -1) < 0'
    where c.relkind <> 'v' and a.attstattarget >= 0
    union all
    select 'storage', null,
      'set storage ' || case a.attstorage when 'p' then 'plain' when 'e' then 'external' when 'm' then 'main' else 'extended' end, null,
      'c.relkind <> ''v'' and a.attstorage = (select t.typstorage from pg_type t where t.oid = a.atttypid)'
    from pg_type t where c.relkind <> 'v' and t.oid = a.atttypid and a.attstorage <> t.typstorage
    union all
    select 'compression', null, 'set compression ' || case a.attcompression when 'l' then 'lz4' else 'pglz' end, null,
      'c.relkind <> ''v'' and a.attcompression = '''''
    where a.attcompression <> ''
    union all
    select 'options', null, format('set (%s)', array_to_string(a.attoptions, ', ')), null, 'c.relkind <> ''v'' and a.attoptions is null'
    where a.attoptions <> array[${literal(`${UNFILLED.name}=${UNFILLED.value}`)}]
  ) as o
  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped`
