import { INDEX_OF_GM } from '../engine/adapter.ts'
import type { Statement } from '../engine/statement.ts'
import { literal } from '../manifest/quoted.ts'

/** How the comments begin on what gm makes itself. */
const BY_GM = 'gm made this'

/** The comment of indexes and constraints that come with a build: the next one makes them again, or its model does not ask for them any more. */
const MADE = `${BY_GM} with the table, as its model says`

/** The purpose of the statement that fails where they do not fit the rows of the new table. */
export const COPY_MADE = 'copy indexes and constraints'

/** How the names begin of indexes and constraints that are copied and not yet published; the old one's oid follows. */
const COPIED = 'gm_copied_'

/** Stands for the name of the table itself in a foreign key from it to itself. */
const ITSELF = ' REFERENCES %itself%('

/**
 * The indexes and constraints of a table, in the order in which they are made: a foreign key to the table itself needs a unique index.
 * @param oid of the table, in SQL.
 * @param isByHand whether only those that somebody has made by hand: nothing is asked of the others.
 */
export function madeOn(oid: string, isByHand = false): string {
  const unmarked = (comment: string): string =>
    isByHand ? `\n    and coalesce(not starts_with(${comment}, ${literal(BY_GM)}), true)` : ''
  const tail = `substr(
      pg_get_indexdef(i.oid),
      length(format('CREATE %sINDEX %I ON %s%I.%I ', case when x.indisunique then 'UNIQUE ' end, i.relname, case t.relkind when 'p' then 'ONLY ' end, s.nspname, t.relname)) + 1
    )`
  return `select m.*, coalesce(starts_with(m.comment, ${literal(BY_GM)}), false) as is_made, ${literal(COPIED)} || m.oid as copy,
  case when m.what = 'index' then 5 else position(m.kind in 'n   puxcf') end as place
from (
  select i.oid, 'index' as what, '' as kind, i.relname::text as name, x.indisunique as is_unique, ${tail} as definition,
    null as tail, obj_description(i.oid, 'pg_class') as comment
  from pg_class t
  join pg_namespace s on s.oid = t.relnamespace
  join pg_index x on x.indrelid = t.oid
  join pg_class i on i.oid = x.indexrelid
  where t.oid = ${oid} and x.indisvalid
    and not exists (select from pg_constraint k where k.conrelid = t.oid and k.conindid = i.oid and k.contype in ('p', 'u', 'x'))${unmarked("obj_description(i.oid, 'pg_class')")}
  union all
  select k.oid, 'constraint', k.contype::text, k.conname::text, coalesce(x.indisunique, false),
    case when k.confrelid = t.oid then replace(d.definition, format(' REFERENCES %s(', t.oid::regclass), ${literal(ITSELF)}) else d.definition end,
    -- Such a key can be made of an index that is there.
    case when i.oid is not null and d.definition !~ 'WITHOUT OVERLAPS' then ${tail} end,
    coalesce(obj_description(k.oid, 'pg_constraint'), obj_description(i.oid, 'pg_class'))
  from pg_class t
  join pg_namespace s on s.oid = t.relnamespace
  join pg_constraint k on k.conrelid = t.oid
  -- A query that began before another transaction has dropped it still finds it, where the server has no definition of its index.
  cross join lateral (select case when k.conindid = 0 or pg_table_is_visible(k.conindid) is not null then pg_get_constraintdef(k.oid) end as definition) as d
  left join pg_index x on x.indexrelid = k.conindid and k.contype in ('p', 'u')
  left join pg_class i on i.oid = x.indexrelid
  where t.oid = ${oid} and k.contype in ('n', 'p', 'u', 'x', 'c', 'f') and k.conparentid = 0${unmarked("coalesce(obj_description(k.oid, 'pg_constraint'), obj_description(i.oid, 'pg_class'))")}
) as m`
}

/** Those without a comment, or without one that gm begins so, by name alone: this is asked of each table that is built. */
function unmarkedOn(oid: string, begin = ''): string {
  const isUnmarked = (name: string, of: string, catalog: string): string =>
    `not starts_with(${name}, ${literal(COPIED)})
      and not exists (select from pg_description d where d.objoid = ${of} and d.classoid = '${catalog}'::regclass and d.objsubid = 0 and starts_with(d.description, ${literal(begin)}))`
  return `select 'constraint' as what, k.conname as name from pg_constraint k
    where k.conrelid = ${oid} and k.contype in ('n', 'p', 'u', 'x', 'c', 'f') and k.conparentid = 0
      and ${isUnmarked('k.conname', 'k.oid', 'pg_constraint')}
    union all
    select 'index', i.relname from pg_index x join pg_class i on i.oid = x.indexrelid
    where x.indrelid = ${oid} and ${isUnmarked('i.relname', 'i.oid', 'pg_class')}
      and not exists (select from pg_constraint k where k.conrelid = x.indrelid and k.conindid = i.oid)`
}

/** Marks what stands on a new table by now as made with it: by the configuration, the contract or a hook. */
export function markMade(table: string): Statement {
  const body = `declare
  made record;
begin
  for made in
    ${unmarkedOn(`${literal(table)}::regclass`)}
  loop
    ${comment('made', literal(table), literal(MADE))}
  end loop;
end`
  return { purpose: 'mark what is made', sql: `do ${literal(body)}` }
}

/**
 * Gives the table that is built in the place of another the indexes and constraints that somebody has made on that one by hand, out of
 * sight and under other names, so that nobody waits for them. What it has already, from its configuration or a hook, is left as it is.
 * @param isCopy whether it began as a copy of that one: it gets the marks that the copy has not.
 */
export function copyMade(from: string, to: string, isCopy = false): Statement {
  const body = `declare
  made record;
  twin record;
  key text;
  target int;
begin
  -- Before the table is analyzed, as nobody does it again after it is published.
  for key, target in
    select o.attname, o.attstattarget from pg_attribute o join pg_attribute a on a.attrelid = ${literal(to)}::regclass and a.attname = o.attname
    where o.attrelid = to_regclass(${literal(from)}) and o.attnum > 0 and o.attstattarget >= 0 and not a.attisdropped
  loop
    execute format('alter table %s alter column %I set statistics %s', ${literal(to)}, key, target);
  end loop;
${
  isCopy
    ? dropSharedDefaults(from, to)
    : `  if not exists (${unmarkedOn(`to_regclass(${literal(from)})`, BY_GM)}) then
    return;
  end if;
`
}  for made in
${madeOn(`to_regclass(${literal(from)})`)}
    order by place, name
  loop
    select m.* into twin from (${madeOn(`${literal(to)}::regclass`)}) m
    where m.name = made.copy
      or m.what = made.what and m.kind = made.kind and m.is_unique = made.is_unique and m.definition = made.definition
      or m.kind = 'p' and made.kind = 'p'
    order by m.name <> made.name
    limit 1;
    if twin.oid is not null then
      -- A copy of an increment gets the comments of checks and indexes, and no others.
      if made.is_made and twin.comment is null then
        ${comment('twin', literal(to), literal(MADE))}
      end if;
      continue;
    end if;
    continue when made.is_made or made.definition is null;
    begin
      if made.what = 'index' or made.tail is not null then
        execute format('create %s index %I on %s %s', case when made.is_unique then 'unique' end, made.copy, ${literal(to)}, coalesce(made.tail, made.definition));
      else
        execute format('alter table %s add constraint %I %s', ${literal(to)}, made.copy, ${ofItself('made.definition', literal(to))});
      end if;
      if made.kind = 'p' then
        for key in
          select a.attname from pg_constraint k join pg_attribute a on a.attrelid = k.conrelid and a.attnum = any (k.conkey)
          where k.oid = made.oid
        loop
          execute format('alter table %s alter column %I set not null', ${literal(to)}, key);
        end loop;
      end if;
    exception when others then
      ${unlessGone('made', literal(from))}
    end;
  end loop;
end`
  return { purpose: COPY_MADE, sql: `do ${literal(body)}` }
}

function dropSharedDefaults(from: string, to: string): string {
  return `  -- A copy of an increment has asked the old table's own sequence, which does not stay.
  for key in
    select a.attname
    from pg_attrdef f
    join pg_attribute a on a.attrelid = f.adrelid and a.attnum = f.adnum
    join pg_depend u on u.classid = 'pg_attrdef'::regclass and u.objid = f.oid
    join pg_depend o on o.classid = 'pg_class'::regclass and o.objid = u.refobjid and o.deptype = 'a'
    where f.adrelid = ${literal(to)}::regclass and u.refclassid = 'pg_class'::regclass and o.refobjid = to_regclass(${literal(from)})
  loop
    execute format('alter table %s alter column %I drop default', ${literal(to)}, key);
  end loop;
`
}

/** What `noteAttached` writes down of them: one row for each that was made by hand, in the columns of `attachedTo`. */
export function madeByHand(names: string): string {
  return `select n.name, 10 + m.place, format('%s %I on %s', m.what, m.name, n.name), null, null, m.comment, null, 'c.relkind <> ''v''', to_jsonb(m)
from unnest(${names}) as n (name)
cross join lateral (
${madeOn('to_regclass(n.name)', true)}
) as m`
}

/**
 * In a block of PL/pgSQL, where `attached` is such a row and `twin` and `made` are records: names the copy. Where there is
 * none, as it came while the table was built, it is made.
 */
export const NAME_MADE = `
      select * into made from jsonb_to_record(attached.made)
        as m (what text, kind text, name text, copy text, definition text, tail text, is_unique boolean);
      select m.* into twin from (${madeOn('attached.relation::regclass')}) m
      where not starts_with(m.name, ${literal(COPIED)})
        and (
          -- Names of indexes are those of their constraints as well.
          m.name = made.name and (m.what = made.what or m.kind in ('', 'p', 'u', 'x') and made.kind in ('', 'p', 'u', 'x'))
          or m.what = made.what and m.kind = made.kind and m.is_unique = made.is_unique and m.definition = made.definition
          or m.kind = 'p' and made.kind = 'p'
        )
      order by m.definition <> made.definition
      limit 1;
      -- gm has chosen this name, and both are asked for. A key that somebody has made may be such an index.
      if twin.comment = ${literal(INDEX_OF_GM)} and (twin.definition, twin.is_unique) <> (coalesce(made.tail, made.definition), made.is_unique) then
        raise exception using errcode = 'duplicate_object',
          message = format('%s %I on %s has the name of an index of the configuration, and is another: rename it', made.what, made.name, attached.relation);
      end if;
      -- What the model says or a hook makes holds; the copy goes.
      continue when twin.oid is not null;
      select m.* into twin from (${madeOn('attached.relation::regclass')}) m where m.name = made.copy;
      begin
        if twin.oid is null and made.what = 'index' then
          execute format('create %s index %I on %s %s', case when made.is_unique then 'unique' end, made.name, attached.relation, made.definition);
        elsif twin.oid is null then
          execute format('alter table %s add constraint %I %s', attached.relation, made.name, ${ofItself('made.definition', 'attached.relation')});
        elsif made.what = 'index' then
          execute format('alter index %s rename to %I', twin.oid::regclass, made.name);
        elsif made.tail is not null then
          execute format(
            'alter table %s add constraint %I %s using index %I%s',
            attached.relation, made.name, case made.kind when 'p' then 'primary key' else 'unique' end, made.copy,
            substring(made.definition from ' DEFERRABLE.*')
          );
        else
          execute format('alter table %s rename constraint %I to %I', attached.relation, made.copy, made.name);
        end if;
        if attached.comment is not null then
          ${comment('made', 'attached.relation', 'attached.comment')}
        end if;
      exception when others then
        ${unlessGone('made', 'attached.relation')}
      end;`

/** What hooks outside of the transaction make they would meet: such a table has what its model and they give it. */
export const FORGET_MADE: Statement = {
  purpose: 'leave to hooks',
  sql: `select set_config('gm.attached', coalesce(jsonb_agg(a) filter (where a->'made' = 'null'), '[]')::text, true)
from jsonb_array_elements(nullif(current_setting('gm.attached', true), '')::jsonb) a`,
}

/** Copies that nobody asks for any more. */
export function dropCopies(names: string): string {
  return `
  for attached in
    select n.name as relation, 'constraint' as what, k.conname as name, k.oid
    from unnest(${names}) as n (name)
    join pg_constraint k on k.conrelid = to_regclass(n.name) and starts_with(k.conname, ${literal(COPIED)})
    union all
    select n.name, 'index', i.relname, i.oid
    from unnest(${names}) as n (name)
    join pg_index x on x.indrelid = to_regclass(n.name)
    join pg_class i on i.oid = x.indexrelid and starts_with(i.relname, ${literal(COPIED)})
    where not exists (select from pg_constraint k where k.conrelid = x.indrelid and k.conname = i.relname)
    order by what
  loop
    if attached.what = 'index' then
      execute format('drop index %s', attached.oid::regclass);
    else
      execute format('alter table %s drop constraint %I', attached.relation, attached.name);
    end if;
  end loop;`
}

function ofItself(definition: string, table: string): string {
  return `replace(${definition}, ${literal(ITSELF)}, format(' REFERENCES %s(', ${table}))`
}

function comment(record: string, table: string, text: string): string {
  return `if ${record}.what = 'index' then
      execute format('comment on index %I.%I is %L', (select s.nspname from pg_class c join pg_namespace s on s.oid = c.relnamespace where c.oid = ${table}::regclass), ${record}.name, ${text});
    else
      execute format('comment on constraint %I on %s is %L', ${record}.name, ${table}, ${text});
    end if;`
}

/** As where a column is dropped: what is on it goes, and so does an index that does not fit what the column becomes. It refuses no row. */
function unlessGone(record: string, on: string): string {
  return `if sqlstate <> '42703' and not (${record}.what = 'index' and not ${record}.is_unique and (sqlstate like '42%' or sqlstate = '0A000')) then
        raise exception using errcode = sqlstate, message = format('%s %I on %s: %s', ${record}.what, ${record}.name, ${on}, sqlerrm);
      end if;`
}
