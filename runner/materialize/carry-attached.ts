import type { Statement } from '../engine/statement.ts'
import type { Relation } from '../manifest/node.ts'
import { literal, quoted } from '../manifest/quoted.ts'
import { COLUMN_SETTINGS } from './carry-columns.ts'
import { dropCopies, madeByHand, NAME_MADE } from './carry-made.ts'
import { revokingDefaults } from './grant-statements.ts'

/** How the name of statistics begins that are copied and not yet published. */
const COPIED = 'gm_statistics_'

/** Which kinds statistics `s` are of, in SQL: none are written of a single expression. */
const KINDS = `(
      select '(' || string_agg(case k when 'd' then 'ndistinct' when 'f' then 'dependencies' when 'm' then 'mcv' end, ', ') || ')'
      from unnest(s.stxkind) k where k <> 'e'
    )`

/** The purpose of the statement that reads what is attached. */
export const NOTE = 'note what is attached'

/** The purpose of the statement that fails where what others have attached does not fit what takes the relation's place. */
export const ATTACH = 'attach again'

/**
 * Writes down, for the rest of the transaction, what others have attached to relations that are about to be replaced and that
 * would go with them. It is read once the locks are held, so that what came since the plan is not missed.
 */
export function noteAttached(relations: readonly Relation[]): Statement {
  return {
    purpose: NOTE,
    sql: `select set_config('gm.attached', coalesce(jsonb_agg(to_jsonb(a)), '[]')::text, true)
from (
${attachedTo(namesOf(relations))}
) as a`,
  }
}

/**
 * Attaches to what is now behind these names what `noteAttached` found there. What a hook has made or set already is left as it is;
 * statistics that were copied beforehand, with what they know of the rows, get their names.
 */
export function attachAgain(relations: readonly Relation[]): Statement {
  const names = namesOf(relations)
  const attaching = replaying(
    names,
    'a.place > 0',
    NAME_MADE,
    dropCopied(names) + dropCopies(names),
  )
  return { purpose: ATTACH, sql: `do ${literal(attaching)}` }
}

/** Copies that nobody asks for any more: a hook has made such statistics itself, or somebody has dropped them meanwhile. */
function dropCopied(names: string): string {
  return `
  for copied, schema in
    select s.stxname, s.stxnamespace from unnest(${names}) n join pg_statistic_ext s on s.stxrelid = n::regclass
    where starts_with(s.stxname, ${literal(COPIED)})
  loop
    execute format('drop statistics %s.%I', schema, copied);
  end loop;`
}

/** Gives the privileges that `noteAttached` found there, and takes those that the schema gives by default. */
export function givePrivilegesAgain(relations: readonly Relation[]): Statement {
  const giving = replaying(namesOf(relations), 'a.place = 0')
  const body = `begin\n${revokingDefaults(relations.map(quoted))};\n${giving};\nend`
  return { purpose: 'grant', sql: `do ${literal(body)}` }
}

/** A block of PL/pgSQL. */
function replaying(names: string, which: string, nameMade = '', afterwards = ''): string {
  return `declare
  noted jsonb := current_setting('gm.attached');
  attached record;
  made record;
  twin record;
  copied name;
  schema regnamespace;
  is_wanted boolean;
begin
  for attached in
    select * from jsonb_to_recordset(noted)
      as a (relation text, place int, what text, create_sql text, only_if text, comment text, statistics jsonb, made jsonb)
    where a.relation = any (${names}) and ${which}
    order by a.place, a.what
  loop
    copied := null;
    if attached.only_if is not null then
      execute format('select %s from pg_class c where c.oid = %L::regclass', attached.only_if, attached.relation) into is_wanted;
      continue when not is_wanted;
    end if;${
      nameMade &&
      `
    if attached.made is not null then${nameMade}
      continue;
    end if;`
    }
    begin
      if attached.statistics is not null then
        -- A version that is kept would keep the name.
        execute format('drop statistics if exists %I.%I', attached.statistics->>'schema', attached.statistics->>'name');
        select s.stxname, s.stxnamespace into copied, schema from pg_statistic_ext s
        where s.stxrelid = attached.relation::regclass
          and pg_get_statisticsobjdef_columns(s.oid) = attached.statistics->>'columns'
          and s.stxkind::text = attached.statistics->>'kinds'
          and not exists (select from jsonb_array_elements(noted) b where b->'statistics'->>'name' = s.stxname)
        -- A hook's own before the copy, or it would stay beside it under the name that it has got.
        order by starts_with(s.stxname, ${literal(COPIED)})
        limit 1;
      end if;
      if copied is null then
        execute attached.create_sql;
      else
        execute format('alter statistics %s.%I set schema %I', schema, copied, attached.statistics->>'schema');
        execute format('alter statistics %I.%I rename to %I', attached.statistics->>'schema', copied, attached.statistics->>'name');
      end if;
      if attached.comment is not null then
        execute format('comment on %s is %L', attached.what, attached.comment);
      end if;
    exception
      when duplicate_object then null;
      when others then
        -- Privileges go with a column that is dropped, and statistics also where it can have them no more.
        if not (sqlstate = '42703' and attached.place = 0 or (sqlstate like '42%' or sqlstate = '0A000') and attached.statistics is not null or sqlstate = '0A000' and attached.place = 6) then
          raise exception using errcode = sqlstate, message = format('%s: %s', attached.what, sqlerrm);
        end if;
    end;
  end loop;${afterwards}
end`
}

/** Takes off what is attached to a version that is kept: when it comes back it gets what is attached by then. */
export function detach(relation: string): Statement {
  const body = `declare
  attached record;
begin
  for attached in
${attachedTo(`array[${literal(relation)}]`)}
  loop
    if attached.drop_sql is not null then
      execute attached.drop_sql;
    end if;
  end loop;
end`
  return { purpose: 'detach', sql: `do ${literal(body)}` }
}

/**
 * Gives the table that is built in the place of another the statistics that others have made on that one, and fills them: nobody
 * would analyze it again for their sake.
 */
export function copyStatistics(from: string, to: string): Statement {
  const body = `declare
  statistics record;
  is_copied boolean := false;
begin
  for statistics in
    select s.oid, ${KINDS} as kinds, pg_get_statisticsobjdef_columns(s.oid) as columns, c.relnamespace::regnamespace as schema
    from pg_statistic_ext s
    cross join pg_class c
    where s.stxrelid = to_regclass(${literal(from)}) and c.oid = ${literal(to)}::regclass
  loop
    begin
      execute format(
        'create statistics %s.%I %s on %s from %s',
        statistics.schema,
        ${literal(COPIED)} || statistics.oid,
        statistics.kinds,
        statistics.columns,
        ${literal(to)}
      );
      is_copied := true;
    exception when syntax_error_or_access_rule_violation or feature_not_supported then
      null;
    end;
  end loop;
  if is_copied then
    analyze ${to};
  end if;
end`
  return { purpose: 'copy statistics', sql: `do ${literal(body)}` }
}

/**
 * What others have attached to relations and goes with them, in the order in which it is attached again: security first. gm's triggers
 * are made with the table.
 */
function attachedTo(names: string): string {
  return `select n.name as relation, x.*, null::jsonb as made
from unnest(${names}) as n (name)
join pg_class c on c.oid = to_regclass(n.name)
cross join lateral (
  select 0 as place, format('privileges of %s on %s', g.grantee, n.name) as what,
    format('grant %s on %s to %s%s', g.privileges, n.name, g.grantee, case when g.is_grantable then ' with grant option' end) as create_sql,
    null as drop_sql, null as comment, null::jsonb as statistics, null as only_if
  from (
    select x.is_grantable,
      case x.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(x.grantee)) end as grantee,
      string_agg(x.privilege_type || case when k.attname is null then '' else format(' (%I)', k.attname) end, ', ') as privileges
    from (
      select null::name as attname, c.relacl as acl
      union all
      select a.attname, a.attacl from pg_attribute a where a.attrelid = c.oid and a.attacl is not null and not a.attisdropped
    ) as k
    cross join lateral aclexplode(k.acl) x
    where x.grantee <> c.relowner
    group by k.attname, x.grantee, x.is_grantable
  ) as g
  union all
  select 1, 'row level security of ' || n.name,
    format('alter table %s enable row level security', n.name) || case when c.relforcerowsecurity then ', force row level security' else '' end,
    format('alter table %s disable row level security, no force row level security', n.name), null, null, null
  where c.relrowsecurity
  union all
  select 2, format('policy %I on %s', p.polname, n.name),
    format(
      'create policy %I on %s as %s for %s to %s',
      p.polname,
      n.name,
      case when p.polpermissive then 'permissive' else 'restrictive' end,
      case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
      (select string_agg(case r when 0 then 'public' else quote_ident(pg_get_userbyid(r)) end, ', ') from unnest(p.polroles) r)
    ) || coalesce(' using (' || pg_get_expr(p.polqual, c.oid) || ')', '')
      || coalesce(' with check (' || pg_get_expr(p.polwithcheck, c.oid) || ')', ''),
    format('drop policy %I on %s', p.polname, n.name), obj_description(p.oid, 'pg_policy'), null, null
  from pg_policy p where p.polrelid = c.oid
  union all
  select 3, format('rule %I on %s', r.rulename, n.name),
    pg_get_ruledef(r.oid) || coalesce(format('alter table %s ', n.name) || ${enabled('r.ev_enabled')} || format(' rule %I', r.rulename), ''),
    format('drop rule %I on %s', r.rulename, n.name), obj_description(r.oid, 'pg_rewrite'), null, null
  from pg_rewrite r where r.ev_class = c.oid and r.rulename <> '_RETURN'
  union all
  select 4, format('trigger %I on %s', t.tgname, n.name),
    pg_get_triggerdef(t.oid) || coalesce(format('; alter table %s ', n.name) || ${enabled('t.tgenabled')} || format(' trigger %I', t.tgname), ''),
    format('drop trigger %I on %s', t.tgname, n.name), obj_description(t.oid, 'pg_trigger'), null, null
  from pg_trigger t
  join pg_proc f on f.oid = t.tgfoid
  where t.tgrelid = c.oid and not t.tgisinternal and f.pronamespace <> 'gm'::regnamespace
  union all
  select 5, format('statistics %I.%I', home.schema, s.stxname),
    format('create statistics %I.%I %s on %s from %s', home.schema, s.stxname, ${KINDS}, pg_get_statisticsobjdef_columns(s.oid), n.name),
    format('drop statistics %s.%I', s.stxnamespace::regnamespace, s.stxname), obj_description(s.oid, 'pg_statistic_ext'),
    jsonb_build_object('schema', home.schema, 'name', s.stxname, 'columns', pg_get_statisticsobjdef_columns(s.oid), 'kinds', s.stxkind::text),
    format('c.relkind <> ''v'' and not exists (select from pg_statistic_ext s where s.stxrelid = c.oid and s.stxnamespace = %s and s.stxname = %L)', home.oid, s.stxname)
  from pg_statistic_ext s
  -- Where gm may make nothing in their schema they go to the relation's: without a name of a schema they are made in public.
  join pg_namespace home (oid, schema) on home.oid = case when has_schema_privilege(s.stxnamespace, 'create') then s.stxnamespace else c.relnamespace end
  where s.stxrelid = c.oid and not starts_with(s.stxname, ${literal(COPIED)})
  union all
  ${COLUMN_SETTINGS}
  union all
  select 7, 'replica identity of ' || n.name,
    format('alter table %s replica identity %s', n.name, case c.relreplident when 'f' then 'full' else 'nothing' end), null, null, null,
    'c.relreplident = ''d'''
  where c.relkind in ('r', 'p') and c.relreplident in ('f', 'n')
  union all
  select 8, 'storage parameters of ' || n.name, format('alter table %s set (%s)', n.name, array_to_string(c.reloptions, ', ')), null, null, null,
    'c.reloptions is null and c.relkind <> ''v'''
  where c.relkind in ('r', 'm') and c.reloptions is not null
  union all
  select 20, 'cluster order of ' || n.name, format('alter table %s cluster on %I', n.name, i.relname), null, null, null, ${hasIndex('i.relname')}
  from pg_index x join pg_class i on i.oid = x.indexrelid
  where x.indrelid = c.oid and x.indisclustered
  union all
  select 21, 'replica identity of ' || n.name, format('alter table %s replica identity using index %I', n.name, i.relname), null, null, null,
    'c.relreplident = ''d'' and ' || ${hasIndex('i.relname')}
  from pg_index x join pg_class i on i.oid = x.indexrelid
  where c.relreplident = 'i' and x.indrelid = c.oid and x.indisreplident
  union all
  -- Where gm may give it away; a view reads with the privileges of its owner.
  select 30, 'owner of ' || n.name, format('alter table %s owner to %I', n.name, o.rolname), null, null, null,
    'pg_get_userbyid(c.relowner) = current_user'
  from pg_roles o
  where o.oid = c.relowner and o.rolname <> current_user
    and pg_has_role(o.oid, case when current_setting('server_version_num')::int >= 160000 then 'set' else 'member' end)
    and (has_schema_privilege(o.oid, c.relnamespace, 'create') or (select u.rolsuper from pg_roles u where u.rolname = current_user))
) as x
union all
${madeByHand(names)}`
}

/** How a rule or trigger is set that is not simply enabled. */
function enabled(column: string): string {
  return `case ${column} when 'A' then 'enable always' when 'R' then 'enable replica' when 'D' then 'disable' end`
}

function hasIndex(name: string): string {
  return `format('exists (select from pg_index x join pg_class i on i.oid = x.indexrelid where x.indrelid = c.oid and i.relname = %L)', ${name})`
}

function namesOf(relations: readonly Relation[]): string {
  return `array[${relations.map((relation) => literal(quoted(relation))).join(', ')}]::text[]`
}
