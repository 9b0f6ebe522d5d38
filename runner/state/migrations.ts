/** One numbered change of gm's own schema. Once released, an entry is never edited: add the next one. */
export interface Migration {
  readonly name: string
  readonly up: readonly string[]
}

/** Range types by the type of their bounds. */
const RANGES: Readonly<Record<string, string>> = {
  date: 'daterange',
  timestamp: 'tsrange',
  timestamptz: 'tstzrange',
}

/**
 * gm's own schema: what ran, what stands behind each name, and how far each model has read its inputs.
 * Relations are named by their quoted form (`"warehouse"."fact_sales"`), which no two can share.
 */
export const MIGRATIONS: readonly Migration[] = [
  {
    name: '0001_ledger',
    up: [
      `create table gm.cluster (
  only_row boolean primary key default true check (only_row),
  system_identifier bigint not null,
  database_oid oid not null
)`,
      `comment on table gm.cluster is 'The database that the marks belong to; they mean nothing in a restored or cloned one.'`,
      `insert into gm.cluster (system_identifier, database_oid)
select c.system_identifier, d.oid
from pg_control_system() c, pg_database d
where d.datname = current_database()`,
      `create table gm.runs (
  run_id text primary key,
  command text not null,
  project text not null,
  target text not null,
  gm_version text not null,
  started_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  status text not null default 'running'
    check (status in ('running', 'success', 'warn', 'failed', 'cancelled', 'interrupted'))
)`,
      `create table gm.steps (
  run_id text not null references gm.runs on delete cascade,
  node_id text not null,
  relation text,
  action text not null,
  reason text not null,
  status text not null,
  started_at timestamptz,
  finished_at timestamptz not null default clock_timestamp(),
  duration_ms double precision,
  extracted bigint,
  inserted bigint,
  updated bigint,
  deleted bigint,
  failures bigint,
  message text,
  primary key (run_id, node_id)
)`,
      `create index steps_node_id_finished_at_idx on gm.steps (node_id, finished_at desc)`,
      `create table gm.relations (
  relation text primary key,
  node_id text not null,
  project text not null,
  kind text not null,
  revision bigint not null default 1,
  fingerprint text not null,
  built_at timestamptz not null,
  changed_at timestamptz not null,
  run_id text not null
)`,
      `comment on column gm.relations.revision is 'Counts the steps that changed the relation; a plan made for another revision is made again.'`,
      `comment on column gm.relations.fingerprint is 'Of the code and configuration of the last full build.'`,
      `create table gm.marks (
  relation text not null,
  input text not null,
  generation text not null,
  mark pg_snapshot not null,
  seen xid8[] not null default '{}',
  moved_at timestamptz not null default clock_timestamp(),
  run_id text not null,
  primary key (relation, input)
)`,
      `comment on table gm.marks is 'What of each input a relation has read: all that is visible in mark, and the transactions in seen.'`,
      `create table gm.pending (
  relation text primary key,
  target text not null,
  node_id text not null,
  run_id text not null,
  built_at timestamptz not null default clock_timestamp(),
  snapshot pg_snapshot not null,
  generations jsonb not null
)`,
      `comment on table gm.pending is 'Tables built out of sight and not yet published; what a crash leaves is dropped by the next run.'`,
      // Stable, so that the planner folds it for its row estimate and can use it as an index condition.
      // A missing mark must never read as "nothing new".
      `create function gm.mark(of_relation text, on_input text) returns pg_snapshot
language plpgsql stable as $$
declare
  found_mark pg_snapshot;
begin
  select m.mark into found_mark from gm.marks m where m.relation = of_relation and m.input = on_input;
  if not found then
    raise exception 'no mark of % on %', of_relation, on_input;
  end if;
  return found_mark;
end
$$`,
      `create function gm.seen(of_relation text, on_input text) returns xid8[]
language sql stable as $$
  select m.seen from gm.marks m where m.relation = of_relation and m.input = on_input
$$`,
      `create function gm.record_step(
  counts jsonb, of_run text, of_project text, of_node text, of_kind text, of_relation text, step_action text, step_reason text,
  code_fingerprint text, is_full_build boolean
) returns void
language sql as $$
  insert into gm.relations as r (relation, node_id, project, kind, fingerprint, built_at, changed_at, run_id)
  values (of_relation, of_node, of_project, of_kind, code_fingerprint, clock_timestamp(), clock_timestamp(), of_run)
  on conflict (relation) do update set
    node_id = excluded.node_id,
    project = excluded.project,
    kind = excluded.kind,
    revision = r.revision + 1,
    fingerprint = case when is_full_build then excluded.fingerprint else r.fingerprint end,
    built_at = case when is_full_build then excluded.built_at else r.built_at end,
    changed_at = excluded.changed_at,
    run_id = excluded.run_id;
  insert into gm.steps (run_id, node_id, relation, action, reason, status, extracted, inserted, updated, deleted)
  values (
    of_run, of_node, of_relation, step_action, step_reason, 'success',
    (counts->>'extracted')::bigint, (counts->>'inserted')::bigint, (counts->>'updated')::bigint, (counts->>'deleted')::bigint
  )
  on conflict (run_id, node_id) do update set
    status = excluded.status, finished_at = excluded.finished_at, extracted = excluded.extracted,
    inserted = excluded.inserted, updated = excluded.updated, deleted = excluded.deleted, message = null
$$`,
    ],
  },
  {
    name: '0002_key_log',
    up: [
      `create table gm.key_log (
  generation oid not null,
  columns text not null,
  xid xid8 not null,
  key jsonb not null
)`,
      `comment on table gm.key_log is 'Keys that rows of a followed table had before they were deleted or got other keys.'`,
      `create index key_log_generation_columns_xid_idx on gm.key_log (generation, columns, xid)`,
      `create table gm.key_readers (
  relation text not null,
  input text not null,
  columns text not null,
  generation oid not null,
  since pg_snapshot not null,
  primary key (relation, input, columns)
)`,
      `comment on table gm.key_readers is 'Whose changed_keys() reads the log: keys are written down only while somebody does.'`,
      `create index key_readers_generation_columns_idx on gm.key_readers (generation, columns)`,
      // Security definer: whoever may write the table need not reach gm's schema. The names in the trigger's argument are quoted.
      // A new row with this transaction's _gm_xid is found by its reader anyway.
      `create function gm.log_keys() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from gm.key_readers r where r.generation = tg_relid and r.columns = tg_argv[0]) then
    return null;
  end if;
  if tg_op = 'DELETE' then
    execute format(
      'insert into gm.key_log (generation, columns, xid, key)
       select $1, $2, pg_current_xact_id(), to_jsonb(gone) from (select distinct %s from old_rows) gone',
      tg_argv[0]
    ) using tg_relid, tg_argv[0];
  else
    execute format(
      'insert into gm.key_log (generation, columns, xid, key)
       select $1, $2, pg_current_xact_id(), to_jsonb(touched)
       from (
         (select %1$s from old_rows union select %1$s from new_rows)
         except select %1$s from new_rows where _gm_xid = pg_current_xact_id()
       ) touched',
      tg_argv[0]
    ) using tg_relid, tg_argv[0];
  end if;
  return null;
end
$$`,
      // A truncated table has lost all rows: who follows it builds itself anew.
      `create function gm.forget_marks() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  delete from gm.marks where generation = tg_relid::text;
  return null;
end
$$`,
      `create function gm.is_following(of_relation text, on_input text, key_columns text) returns boolean
language sql stable as $$
  select exists (
    select from gm.key_readers r
    where r.relation = of_relation and r.input = on_input and r.columns = key_columns
      and r.generation = to_regclass(on_input)::oid
      and 2 = (
        select count(*) from pg_trigger t
        where t.tgrelid = r.generation and t.tgenabled in ('O', 'A')
          and t.tgname in ('_gm_deleted_' || md5(key_columns), '_gm_updated_' || md5(key_columns))
      )
  )
$$`,
      `create function gm.follow_keys(of_relation text, on_input text, key_columns text) returns void
language plpgsql as $$
declare
  kind text;
begin
  if gm.is_following(of_relation, on_input, key_columns) then
    return;
  end if;
  foreach kind in array array['deleted', 'updated'] loop
    if not exists (
      select from pg_trigger t
      where t.tgrelid = on_input::regclass and t.tgname = format('_gm_%s_%s', kind, md5(key_columns)) and t.tgenabled in ('O', 'A')
    ) then
      execute format(
        'create or replace trigger %I after %s on %s referencing %s for each statement execute function gm.log_keys(%L)',
        format('_gm_%s_%s', kind, md5(key_columns)),
        case kind when 'deleted' then 'delete' else 'update' end,
        on_input,
        case kind when 'deleted' then 'old table as old_rows' else 'old table as old_rows new table as new_rows' end,
        key_columns
      );
    end if;
  end loop;
  if not exists (select from pg_trigger t where t.tgrelid = on_input::regclass and t.tgname = '_gm_truncated') then
    execute format('create trigger _gm_truncated after truncate on %s for each statement execute function gm.forget_marks()', on_input);
  end if;
  insert into gm.key_readers (relation, input, columns, generation, since)
  values (of_relation, on_input, key_columns, on_input::regclass, pg_current_snapshot())
  on conflict (relation, input, columns) do update set generation = excluded.generation, since = excluded.since;
end
$$`,
    ],
  },
  {
    name: '0003_reuse',
    up: [
      `alter table gm.relations
  add column version bigint not null default 1,
  add column identity text,
  add column code text,
  add column is_stable boolean not null default false,
  add column reads jsonb,
  add column read_at pg_snapshot`,
      `comment on column gm.relations.version is 'Counts the steps that changed a row or the shape; revision counts those that changed nothing as well.'`,
      `comment on column gm.relations.identity is 'What stood behind the name after the last step, see gm.states.'`,
      `comment on column gm.relations.is_stable is 'Whether its SQL gives the same rows on the same inputs.'`,
      `comment on column gm.relations.reads is 'What the last step read, with the state in which it read it; null for a state that cannot be known.'`,
      `comment on column gm.relations.read_at is 'The pg_snapshot of that reading.'`,
      `alter table gm.pending add column reads jsonb`,
      `create table gm.touched (
  relation oid not null,
  xid xid8 not null default pg_current_xact_id()
)`,
      `create index touched_relation_idx on gm.touched (relation, xid)`,
      `comment on table gm.touched is 'Transactions that wrote to a relation and were no step of it.'`,
      `create table gm.passes (
  node_id text not null,
  run_id text not null,
  code text not null,
  reads jsonb not null,
  read_at pg_snapshot not null,
  tested_at timestamptz not null default clock_timestamp(),
  has_passed boolean not null default false,
  primary key (node_id, run_id)
)`,
      `comment on table gm.passes is 'Of each data test the last reading; it counts once the verdict is in has_passed.'`,
      // Whoever writes to the table needs no rights in schema gm: the function runs with those of gm.
      // One row for each transaction, and no row that two transactions would wait for.
      `create function gm.note_touch() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if current_setting('gm.step', true) = tg_relid::text then
    return null;
  end if;
  insert into gm.touched (relation)
  select tg_relid
  where not exists (
    select from gm.touched t where t.relation = tg_relid and t.xid = pg_catalog.pg_current_xact_id()
  );
  return null;
end
$$`,
      `comment on function gm.note_touch() is 'Trigger of the tables that gm follows: notes a transaction that wrote to one.'`,
      // Cheaper ways to see a change by hand all miss some: statistics come late and are lost in a crash, row counts
      // hide updates. A view is known by the transaction that last wrote its rule, as \`create or replace\` keeps the oid.
      `create function gm.states(names text[])
returns table (name text, oid oid, identity text, state text, has_news_by_xid boolean, touches bigint)
language sql stable as $$
  select
    n.name,
    c.oid,
    i.identity,
    case
      when c.relkind = 'v' then (
        select i.identity from gm.relations r where r.relation = n.name and r.is_stable and r.identity = i.identity
      )
      when t.sees_inserts is not null then
        concat_ws('@', i.identity, (select r.version from gm.relations r where r.relation = n.name), k.touches)
    end,
    not coalesce(t.sees_inserts, true),
    k.touches
  from unnest(names) as n (name)
  join pg_class c on c.oid = to_regclass(n.name)
  cross join lateral (
    select concat_ws(
      '/',
      c.oid,
      case c.relkind
        when 'v' then (select r.xmin::text from pg_rewrite r where r.ev_class = c.oid and r.rulename = '_RETURN')
        when 'p' then (
          select md5(string_agg(concat(p.oid, p.relfilenode), ',' order by p.oid))
          from pg_inherits h join pg_class p on p.oid = h.inhrelid where h.inhparent = c.oid
        )
      end,
      (
        select md5(string_agg(concat_ws(' ', a.attname, a.atttypid, a.atttypmod), ',' order by a.attnum))
        from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      )
    ) as identity
  ) as i
  cross join lateral (
    select bool_or(tg.tgtype & 4 > 0) as sees_inserts
    from pg_trigger tg
    where tg.tgrelid = c.oid and tg.tgfoid = to_regprocedure('gm.note_touch()') and tg.tgenabled in ('O', 'A')
  ) as t
  cross join lateral (select count(*) as touches from gm.touched w where w.relation = c.oid) as k
$$`,
      `comment on function gm.states(text[]) is 'What stands behind names now: which relation of which shape, and for those that gm can follow in which state their rows are.'`,
      // The locks of a transaction name every relation that its statements have read, through views and functions as well
      // and whether the template told gm of it or not. What the catalog does not show yet (swapped in since) is unknown.
      `create function gm.reads(but text[]) returns jsonb
language sql stable as $$
  with locked as materialized (
    select distinct l.relation as oid
    from pg_locks l
    where l.pid = pg_backend_pid() and l.locktype = 'relation'
      and l.database = (select d.oid from pg_database d where d.datname = current_database())
  ),
  named as materialized (
    select coalesce(format('"%s"."%s"', replace(n.nspname, '"', '""'), replace(c.relname, '"', '""')), 'oid ' || l.oid) as name
    from locked l
    left join pg_class c on c.oid = l.oid
    left join pg_namespace n on n.oid = c.relnamespace
    where c.oid is null
      or c.relkind in ('r', 'v', 'm', 'p', 'f')
        and c.relpersistence <> 't'
        and n.nspname not in ('gm', 'pg_catalog', 'information_schema', 'pg_toast')
        and not exists (
          select from pg_partition_ancestors(c.oid) a join locked on locked.oid = a.relid where a.relid <> c.oid
        )
  )
  select coalesce(jsonb_object_agg(named.name, s.state), '{}')
  from named
  left join gm.states((select array_agg(named.name) from named where named.name not like 'oid %')) s using (name)
  where named.name <> all (but)
$$`,
      `create function gm.view_reads(of_relation text) returns jsonb
language sql stable as $$
  with named as materialized (
    select distinct format('"%s"."%s"', replace(n.nspname, '"', '""'), replace(c.relname, '"', '""')) as name
    from pg_rewrite r
    join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass
    join pg_class c on c.oid = d.refobjid and c.oid <> r.ev_class
    join pg_namespace n on n.oid = c.relnamespace
    where r.ev_class = to_regclass(of_relation)
  )
  select coalesce(jsonb_object_agg(s.name, s.identity), '{}')
  from gm.states((select array_agg(named.name) from named)) s
$$`,
      `comment on function gm.view_reads(text) is 'A view is as good as new while what it reads keeps its identity; the rows do not matter.'`,
      `create function gm.has_news(of_relation text, since pg_snapshot) returns boolean
language plpgsql stable as $$
declare
  found_news boolean;
begin
  execute format(
    'select exists (select from %s where "_gm_xid" >= pg_snapshot_xmin($1) and not pg_visible_in_snapshot("_gm_xid", $1))',
    of_relation
  ) into found_news using since;
  return found_news;
exception when undefined_column then
  return true;
end
$$`,
      `comment on function gm.has_news(text, pg_snapshot) is 'Whether a landed table has rows that the pg_snapshot did not see.'`,
      // Takes a lock that landing would queue behind: for a moment, once in the life of a table.
      `create function gm.follow_landed(names text[]) returns void
language plpgsql as $$
declare
  landed regclass;
begin
  for landed in
    select c.oid::regclass
    from unnest(names) as n (name)
    join pg_class c on c.oid = to_regclass(n.name) and c.relkind in ('r', 'p')
    join pg_attribute a on a.attrelid = c.oid and a.attname = '_gm_xid' and a.atttypid = 'xid8'::regtype
    where c.relnamespace = to_regnamespace('raw') and pg_has_role(c.relowner, 'usage')
      and not exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgfoid = 'gm.note_touch()'::regprocedure)
  loop
    execute format('create trigger gm_touched_row after update or delete on %s for each row execute function gm.note_touch()', landed);
    execute format('create trigger gm_touched after truncate on %s for each statement execute function gm.note_touch()', landed);
  end loop;
end
$$`,
      `drop function gm.record_step(jsonb, text, text, text, text, text, text, text, text, boolean)`,
      `create function gm.record_step(
  counts jsonb, of_run text, of_project text, of_node text, of_kind text, of_relation text, step_action text, step_reason text,
  code_fingerprint text, run_code text, has_stable_code boolean, is_full_build boolean
) returns void
language plpgsql as $$
declare
  read_states jsonb;
  read_snapshot pg_snapshot;
  touch_count bigint;
  has_changed boolean;
begin
  delete from gm.pending p where p.target = of_relation returning p.reads, p.snapshot into read_states, read_snapshot;
  if not found then
    read_states := case when of_kind = 'view' then gm.view_reads(of_relation) else gm.reads(array[of_relation]) end;
    read_snapshot := pg_current_snapshot();
  end if;
  -- A change by hand to a table that keeps its rows counts as taken note of: what reads it runs once.
  delete from gm.touched t where t.relation = to_regclass(of_relation);
  get diagnostics touch_count = row_count;
  has_changed := is_full_build or touch_count > 0
    or coalesce((counts->>'inserted')::bigint, 0) + coalesce((counts->>'updated')::bigint, 0)
      + coalesce((counts->>'deleted')::bigint, 0) > 0;
  insert into gm.relations as r (
    relation, node_id, project, kind, fingerprint, built_at, changed_at, run_id, code, is_stable, reads,
    read_at
  )
  values (
    of_relation, of_node, of_project, of_kind, code_fingerprint, clock_timestamp(), clock_timestamp(), of_run,
    run_code, has_stable_code, read_states, read_snapshot
  )
  on conflict (relation) do update set
    node_id = excluded.node_id,
    project = excluded.project,
    kind = excluded.kind,
    revision = r.revision + 1,
    version = r.version + has_changed::int,
    fingerprint = case when is_full_build then excluded.fingerprint else r.fingerprint end,
    built_at = case when is_full_build then excluded.built_at else r.built_at end,
    changed_at = excluded.changed_at,
    run_id = excluded.run_id,
    code = excluded.code,
    is_stable = excluded.is_stable,
    reads = excluded.reads,
    read_at = excluded.read_at;
  update gm.relations r set identity = (select s.identity from gm.states(array[of_relation]) s) where r.relation = of_relation;
  insert into gm.steps (run_id, node_id, relation, action, reason, status, extracted, inserted, updated, deleted)
  values (
    of_run, of_node, of_relation, step_action, step_reason, 'success',
    (counts->>'extracted')::bigint, (counts->>'inserted')::bigint, (counts->>'updated')::bigint, (counts->>'deleted')::bigint
  )
  on conflict (run_id, node_id) do update set
    status = excluded.status, finished_at = excluded.finished_at, extracted = excluded.extracted,
    inserted = excluded.inserted, updated = excluded.updated, deleted = excluded.deleted, message = null;
end
$$`,
    ],
  },
  {
    name: '0004_version_range',
    up: ['date', 'timestamp', 'timestamptz'].map(
      (
        type,
      ) => `create function gm.version_range(valid_from ${type}, valid_to ${type}) returns ${RANGES[type] ?? ''}
language sql immutable as $$ select ${RANGES[type] ?? ''}(valid_from, valid_to) $$`,
    ),
  },
  {
    name: '0005_event_time_marks',
    up: [
      `alter table gm.marks add column event_time text, add column read_to text`,
      `comment on column gm.marks.read_to is 'For an input without tracking: the latest value of its column event_time that was read.'`,
      `alter table gm.pending add column read_to jsonb`,
      `create function gm.read_to(of_relation text, on_input text) returns text
language sql stable as $$
  select m.read_to from gm.marks m where m.relation = of_relation and m.input = on_input
$$`,
    ],
  },
  {
    name: '0006_shadows',
    up: [
      `create table gm.shadows (
  relation text primary key,
  target text not null,
  run_id text not null,
  made_at timestamptz not null default clock_timestamp()
)`,
      `comment on table gm.shadows is 'Relations of runs that publish all or nothing; what a crash leaves is dropped by the next run.'`,
      // They depend on each other alone. Each round drops those that nothing depends on.
      `create function gm.drop_shadows(names text[]) returns void
language plpgsql as $$
declare
  shadow record;
  left_over text[] := names;
  dropped boolean := true;
begin
  while dropped loop
    dropped := false;
    for shadow in
      select n.name, case c.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end as kind
      from unnest(left_over) as n (name) join pg_class c on c.oid = to_regclass(n.name)
      order by c.relkind = 'v' desc, c.oid desc
    loop
      begin
        execute format('drop %s %s', shadow.kind, shadow.name);
        dropped := true;
      exception when dependent_objects_still_exist then
        null;
      end;
    end loop;
  end loop;
  delete from gm.relations r where r.relation = any (names);
  delete from gm.marks m where m.relation = any (names) or m.input = any (names);
  delete from gm.key_readers k where k.relation = any (names) or k.input = any (names);
  delete from gm.shadows s where s.relation = any (names) and to_regclass(s.relation) is null;
end
$$`,
      // An increment needs the old rows under it. The rows keep the transactions that wrote them, so what has been read of
      // the old table counts as read of the new one; keys that were lost and not yet read go along.
      `create function gm.copy_to_shadow(shadow text, target text, shadows jsonb) returns bigint
language plpgsql as $$
declare
  columns text;
  copied bigint;
  was oid := to_regclass(target);
  reader record;
begin
  execute format('create table %s (like %s including all)', shadow, target);
  select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into columns
  from pg_attribute a
  where a.attrelid = was and a.attnum > 0 and not a.attisdropped and a.attgenerated = '';
  execute format('insert into %s (%s) overriding system value select %2$s from %s', shadow, columns, target);
  get diagnostics copied = row_count;
  execute format(
    'create trigger gm_touched after insert or update or delete or truncate on %s for each statement execute function gm.note_touch()',
    shadow
  );
  execute format('analyze %s', shadow);
  insert into gm.relations
  select (jsonb_populate_record(r, jsonb_build_object('relation', shadow))).*
  from gm.relations r where r.relation = target;
  update gm.relations r set identity = (select s.identity from gm.states(array[shadow]) s) where r.relation = shadow;
  insert into gm.marks
  select (jsonb_populate_record(m, jsonb_build_object('relation', shadow))).* from gm.marks m where m.relation = target;
  insert into gm.key_log (generation, columns, xid, key)
  select to_regclass(shadow)::oid, k.columns, k.xid, k.key from gm.key_log k where k.generation = was;
  for reader in select * from gm.key_readers k where k.input = target and k.generation = was loop
    perform gm.follow_keys(coalesce(shadows->>reader.relation, reader.relation), shadow, reader.columns);
  end loop;
  return copied;
end
$$`,
      // A copied input is another table under another name, with the same rows: marks on it hold. Called once all copies are made.
      `create function gm.shadow_marks(shadows jsonb, copies jsonb) returns void
language sql as $$
  update gm.marks m set input = c.value, generation = to_regclass(c.value)::oid::text
  from jsonb_each_text(copies) c, jsonb_each_text(shadows) s
  where m.relation = s.value and m.input = c.key and m.generation = to_regclass(c.key)::oid::text;
  insert into gm.key_readers (relation, input, columns, generation, since)
  select s.value, coalesce(c.value, k.input), k.columns, to_regclass(coalesce(c.value, k.input))::oid, k.since
  from gm.key_readers k
  join jsonb_each_text(shadows) s on s.key = k.relation
  left join jsonb_each_text(copies) c on c.key = k.input
  on conflict (relation, input, columns) do update set generation = excluded.generation, since = excluded.since
$$`,
      // What a shadow has read of another is only as good as that one still is.
      `create function gm.check_shadow_reads(of_run text, shadows jsonb) returns void
language sql as $$
  with states as materialized (
    select s.* from gm.states((select array_agg(e.value) from jsonb_each_text(shadows) e)) s
  ),
  checked as materialized (
    select r.relation as key, jsonb_object_agg(
      e.key,
      case when s.name is null or s.state = e.value then e.value end
    ) as reads
    from (
      select r.relation, r.reads from gm.relations r
      where r.kind <> 'view' and r.relation in (select x.value from jsonb_each_text(shadows) x)
      union all
      select p.node_id, p.reads from gm.passes p where p.run_id = of_run
    ) r
    cross join jsonb_each_text(r.reads) e
    left join states s on s.name = e.key
    group by r.relation
  ),
  of_relations as (
    update gm.relations r set reads = c.reads from checked c where r.relation = c.key
  )
  update gm.passes p set reads = c.reads from checked c where p.node_id = c.key and p.run_id = of_run
$$`,
      // The ledger of the shadows becomes that of the published relations, whose names they have by now.
      // The key \`was\` is the oid of a table that the shadow is a copy of: who has read it goes on from there.
      `create function gm.publish_shadows(of_run text, published jsonb, codes jsonb) returns void
language plpgsql as $$
begin
  create temporary table _gm_published on commit drop as
  select * from jsonb_to_recordset(published) as p (shadow text, target text, was text);
  update gm.marks m set generation = to_regclass(p.target)::oid::text
  from _gm_published p where m.input = p.target and m.generation = p.was;
  update gm.key_readers k set generation = to_regclass(p.target)::oid
  from _gm_published p where k.input = p.target and k.generation = p.was::oid;
  delete from gm.marks m using _gm_published p where m.relation = p.target;
  delete from gm.key_readers k using _gm_published p where k.relation = p.target;
  update gm.marks m set relation = p.target from _gm_published p where m.relation = p.shadow;
  update gm.marks m set input = p.target from _gm_published p where m.input = p.shadow;
  update gm.key_readers k set relation = p.target from _gm_published p where k.relation = p.shadow;
  delete from gm.key_readers k using _gm_published p, gm.key_readers other
  where k.input = p.shadow and other.relation = k.relation and other.input = p.target and other.columns = k.columns;
  update gm.key_readers k set input = p.target from _gm_published p where k.input = p.shadow;
  update gm.relations s set revision = s.revision + r.revision
  from _gm_published p, gm.relations r where s.relation = p.shadow and r.relation = p.target;
  delete from gm.relations r using _gm_published p where r.relation = p.target;
  update gm.relations r set
    relation = p.target,
    run_id = of_run,
    code = coalesce(codes->>r.node_id, r.code),
    identity = s.identity
  from _gm_published p
  join gm.states((select array_agg(x.target) from _gm_published x)) s on s.name = p.target
  where r.relation = p.shadow;
  update gm.relations r set reads = gm.view_reads(r.relation)
  from _gm_published p where r.relation = p.target and r.kind = 'view';
  with states as materialized (
    select p.shadow, s.name, s.state
    from gm.states((select array_agg(x.target) from _gm_published x)) s join _gm_published p on p.target = s.name
  ),
  renamed as materialized (
    select r.key, jsonb_object_agg(coalesce(s.name, e.key), case when s.name is null then e.value when e.value is not null then s.state end) as reads
    from (
      select r.relation as key, r.reads from gm.relations r join _gm_published p on p.target = r.relation where r.kind <> 'view'
      union all
      select p.node_id, p.reads from gm.passes p where p.run_id = of_run
    ) r
    cross join jsonb_each_text(r.reads) e
    left join states s on s.shadow = e.key
    group by r.key
  ),
  of_relations as (
    update gm.relations r set reads = n.reads from renamed n where r.relation = n.key
  )
  update gm.passes p set reads = n.reads from renamed n where p.node_id = n.key and p.run_id = of_run;
  update gm.passes p set code = codes->>p.node_id where p.run_id = of_run and codes ? p.node_id;
  update gm.steps t set relation = p.target from _gm_published p where t.run_id = of_run and t.relation = p.shadow;
  delete from gm.shadows s using _gm_published p where s.relation = p.shadow;
end
$$`,
    ],
  },
  {
    name: '0007_requests_of_runs',
    up: [
      `alter table gm.runs add column request jsonb`,
      `comment on column gm.runs.request is 'What was asked for, so that gm retry can go on with it: flags, variables, selected nodes. Null where nothing can be gone on with.'`,
      `alter table gm.steps add column retries int`,
      `comment on column gm.steps.retries is 'How often it was tried again after a deadlock, a serialization failure or a lost connection.'`,
      `create index runs_started_at_idx on gm.runs (started_at)`,
    ],
  },
  {
    name: '0008_batches',
    up: [
      // It goes and is renamed with its relation, also when a run that publishes all or nothing gives a copy its name.
      `create table gm.batches (
  relation text not null references gm.relations on update cascade on delete cascade,
  batch_start timestamptz not null,
  batch_end timestamptz not null,
  code text not null,
  is_due boolean not null default false,
  read_at pg_snapshot not null,
  run_id text not null,
  inserted bigint,
  deleted bigint,
  done_at timestamptz not null default clock_timestamp(),
  primary key (relation, batch_start),
  check (batch_start < batch_end)
)`,
      `comment on table gm.batches is 'The intervals of microbatch models that are done; one that is not here was never done.'`,
      `comment on column gm.batches.is_due is 'It is to be done again: it got rows since, a run was to do it and did not, or nobody can tell.'`,
      `comment on column gm.batches.code is 'The fingerprint of the code that made its rows.'`,
      `comment on column gm.batches.read_at is 'The pg_snapshot that it was made with.'`,
      `create function gm.begin_batches(of_relation text, of_run text, run_code text, has_stable_code boolean) returns void
language sql as $$
  update gm.relations r set
    revision = r.revision + 1,
    changed_at = clock_timestamp(),
    run_id = of_run,
    code = run_code,
    is_stable = has_stable_code,
    reads = gm.reads(array[of_relation]),
    read_at = pg_current_snapshot()
  where r.relation = of_relation
$$`,
      // Each batch has noted by itself that it wrote: side by side they could not all count up one row. Here these notes become one
      // version of the relation.
      `create function gm.end_batches(of_relation text, of_run text) returns void
language plpgsql as $$
declare
  touch_count bigint;
begin
  delete from gm.touched t where t.relation = to_regclass(of_relation);
  get diagnostics touch_count = row_count;
  update gm.relations r set
    revision = r.revision + 1,
    version = r.version + (touch_count > 0)::int,
    changed_at = clock_timestamp(),
    run_id = of_run,
    identity = (select s.identity from gm.states(array[of_relation]) s)
  where r.relation = of_relation;
end
$$`,
    ],
  },
  {
    name: '0009_versions',
    up: [
      `create table gm.publications (
  run_id text primary key,
  published_at timestamptz not null default clock_timestamp()
)`,
      `comment on table gm.publications is 'Runs that published all or nothing and whose versions before are kept.'`,
      `create table gm.versions (
  run_id text not null references gm.publications on delete cascade,
  relation text not null,
  node_id text not null,
  place int not null,
  kind text,
  kept text,
  names jsonb not null default '{}',
  definition text,
  entry jsonb,
  marks jsonb not null default '[]',
  batches jsonb not null default '[]',
  published text,
  revision bigint,
  primary key (run_id, relation)
)`,
      `comment on table gm.versions is 'What stood behind a name before a run published another: a kept table, the text of a view, or nothing.'`,
      `comment on column gm.versions.entry is 'Its row of gm.relations; its marks are beside it, so that a run after a rollback goes on from there.'`,
      `comment on column gm.versions.published is 'Which relation the run put there, at which revision: anything else has been changed since.'`,
      // Indexes and owned sequences share the names of the schema with tables: they get names that nothing else has.
      `create function gm.put_aside(target text) returns jsonb
language plpgsql as $$
declare
  was oid := to_regclass(target);
  schema_name text;
  part record;
  names jsonb := '{}';
begin
  select n.nspname into schema_name from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = was;
  for part in
    select c.oid, c.relname, case c.relkind when 'S' then 'sequence' else 'index' end as kind
    from pg_class c
    where c.oid in (select i.indexrelid from pg_index i where i.indrelid = was)
      or c.relkind = 'S' and c.oid in (
        select d.objid from pg_depend d
        where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = was and d.deptype in ('a', 'i')
      )
  loop
    execute format('alter %s %I.%I rename to %I', part.kind, schema_name, part.relname, 'v_' || part.oid);
    names := names || jsonb_build_object('v_' || part.oid, jsonb_build_array(part.kind, part.relname));
  end loop;
  execute format('alter table %s rename to %I', target, 'v_' || was);
  execute format('alter table %I.%I set schema gm_versions', schema_name, 'v_' || was);
  return names;
end
$$`,
      `create function gm.bring_back(kept text, target_schema text, target_name text, names jsonb) returns void
language plpgsql as $$
declare
  part record;
  was oid := to_regclass(kept);
begin
  execute format('alter table %s set schema %I', kept, target_schema);
  execute format('alter table %I.%I rename to %I', target_schema, 'v_' || was, target_name);
  for part in select e.key, e.value->>0 as kind, e.value->>1 as name from jsonb_each(names) e loop
    execute format('alter %s %I.%I rename to %I', part.kind, target_schema, part.key, part.name);
  end loop;
end
$$`,
      `create function gm.keep_version(of_run text, of_place int, target text, of_node text) returns void
language plpgsql as $$
declare
  was pg_class;
  kept_names jsonb := '{}';
  text_of text;
begin
  select * into was from pg_class c where c.oid = to_regclass(target);
  if was.relkind = 'v' then
    text_of := pg_get_viewdef(was.oid);
  elsif was.oid is not null then
    kept_names := gm.put_aside(target);
  end if;
  insert into gm.versions (run_id, relation, node_id, place, kind, kept, names, definition, entry, marks, batches)
  values (
    of_run, target, of_node, of_place,
    case was.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'r' then 'table' when 'p' then 'table' end,
    case when was.relkind <> 'v' then format('"gm_versions"."v_%s"', was.oid) end,
    kept_names, text_of,
    (select to_jsonb(r) from gm.relations r where r.relation = target),
    (select coalesce(jsonb_agg(to_jsonb(m)), '[]') from gm.marks m where m.relation = target),
    (select coalesce(jsonb_agg(to_jsonb(b)), '[]') from gm.batches b where b.relation = target)
  );
end
$$`,
      `create function gm.note_published(of_run text) returns void
language sql as $$
  update gm.versions v set published = to_regclass(v.relation)::oid::text, revision = r.revision
  from gm.relations r where v.run_id = of_run and r.relation = v.relation
$$`,
      // Of several publications that are undone the oldest has what was there before all of them; what stands there now is the youngest's.
      `create function gm.versions_back(runs text[]) returns table (
  relation text, node_id text, place int, kind text, kept text, names jsonb, definition text, entry jsonb, marks jsonb,
  batches jsonb, published text, revision bigint, published_at timestamptz
)
language sql stable as $$
  select distinct on (v.relation) v.relation, v.node_id, v.place, v.kind, v.kept, v.names, v.definition, v.entry, v.marks,
    v.batches, l.published, l.revision, p.published_at
  from gm.versions v
  join gm.publications p using (run_id)
  cross join lateral (
    select n.published, n.revision from gm.versions n join gm.publications q using (run_id)
    where n.relation = v.relation and n.run_id = any (runs) order by q.published_at desc limit 1
  ) as l
  where v.run_id = any (runs)
  order by v.relation, p.published_at
$$`,
      `create function gm.against_rollback(runs text[]) returns table (reason text)
language sql stable as $$
  select v.relation || ' ' || case
    when to_regclass(v.relation) is null then 'is gone'
    when to_regclass(v.relation)::oid::text is distinct from v.published then 'was replaced since'
    when r.revision is distinct from v.revision then 'was changed in place since, by run ' || r.run_id
    when exists (select from gm.touched t where t.relation = to_regclass(v.relation)) then 'has rows that were changed by hand since'
    else 'has lost its kept version'
  end
  from gm.versions_back(runs) v
  left join gm.relations r on r.relation = v.relation
  where to_regclass(v.relation)::oid::text is distinct from v.published
    or r.revision is distinct from v.revision
    or exists (select from gm.touched t where t.relation = to_regclass(v.relation))
    or v.kept is not null and to_regclass(v.kept) is null
$$`,
      `create function gm.roll_back_ledger(runs text[]) returns void
language plpgsql as $$
begin
  create temporary table _gm_back on commit drop as select * from gm.versions_back(runs);
  delete from gm.marks m using _gm_back b where m.relation = b.relation;
  insert into gm.marks select m.* from _gm_back b, jsonb_populate_recordset(null::gm.marks, b.marks) m;
  -- Keys that were lost before may be logged no longer: who reads them builds itself anew.
  delete from gm.key_readers k using _gm_back b where k.relation = b.relation;
  -- Whoever has read nothing since the publication has read the version that is back. All others build themselves anew.
  update gm.marks m set generation = to_regclass(b.relation)::oid::text
  from _gm_back b
  where m.input = b.relation and m.generation = b.published and m.moved_at <= b.published_at
    and m.relation not in (select o.relation from _gm_back o);
  create temporary table _gm_revisions on commit drop as
  select r.relation, r.revision from gm.relations r join _gm_back b using (relation);
  delete from gm.relations r using _gm_back b where r.relation = b.relation;
  insert into gm.relations
  select (jsonb_populate_record(null::gm.relations, b.entry)).* from _gm_back b where b.entry is not null;
  insert into gm.batches select a.* from _gm_back b, jsonb_populate_recordset(null::gm.batches, b.batches) a;
  update gm.relations r set
    revision = v.revision + 1,
    identity = (select s.identity from gm.states(array[r.relation]) s),
    reads = case when r.kind = 'view' then gm.view_reads(r.relation) else r.reads end
  from _gm_revisions v where v.relation = r.relation;
  delete from gm.publications p where p.run_id = any (runs);
end
$$`,
    ],
  },
  {
    name: '0010_index_names_of_copies',
    up: [
      // The server makes up names for the indexes of a copy. `names` has those to give, by name of the index that each is a copy of.
      `create function gm.name_copied_indexes(shadow text, target text, names jsonb) returns void
language plpgsql as $$
declare
  pair record;
begin
  for pair in
    with found as (
      select i.indrelid, c.oid, c.relname, c.relnamespace, d.definition,
        row_number() over (partition by i.indrelid, d.definition order by c.oid) as nth
      from pg_index i
      join pg_class c on c.oid = i.indexrelid
      cross join lateral (
        select concat(i.indisunique, regexp_replace(pg_get_indexdef(c.oid), '^.*? USING ', '')) as definition
      ) as d
      where i.indrelid in (to_regclass(shadow), to_regclass(target))
    )
    select copied.oid, copied.relnamespace, n.value as name
    from found old
    join found copied on copied.definition = old.definition and copied.nth = old.nth and copied.indrelid = to_regclass(shadow)
    join jsonb_each_text(names) n on n.key = old.relname
    where old.indrelid = to_regclass(target) and copied.relname <> n.value
  loop
    if not exists (select from pg_class c where c.relnamespace = pair.relnamespace and c.relname = pair.name) then
      execute format('alter index %s rename to %I', pair.oid::regclass, pair.name);
    end if;
  end loop;
end
$$`,
    ],
  },
  {
    name: '0011_one_rollback_after_another',
    up: [
      // What came back is what the publication before has put there, unless that had been changed before it was replaced. It has another
      // revision by now, and a view may be another relation. Called after gm.roll_back_ledger, in its transaction.
      `create function gm.go_back_further() returns void
language plpgsql as $$
begin
  update gm.versions v set revision = r.revision, published = to_regclass(v.relation)::oid::text
  from _gm_back b
  join gm.relations r using (relation)
  cross join lateral (
    select o.run_id, o.revision
    from gm.versions o
    join gm.publications p using (run_id)
    where o.relation = b.relation
    order by p.published_at desc
    limit 1
  ) as last
  where v.relation = b.relation and v.run_id = last.run_id and last.revision = (b.entry->>'revision')::bigint;
end
$$`,
    ],
  },
  {
    name: '0012_rewritten_tables',
    up: [
      // `alter table … using …` makes rows other rows in a new file, and no trigger hears of it; the expression of a virtual
      // column changes them without one. So the file and the expression are part of what stands behind a name.
      `create or replace function gm.states(names text[])
returns table (name text, oid oid, identity text, state text, has_news_by_xid boolean, touches bigint)
language sql stable as $$
  select
    n.name,
    c.oid,
    i.identity,
    case
      when c.relkind = 'v' then (
        select i.identity from gm.relations r where r.relation = n.name and r.is_stable and r.identity = i.identity
      )
      when t.sees_inserts is not null then
        concat_ws('@', i.identity, (select r.version from gm.relations r where r.relation = n.name), k.touches)
    end,
    not coalesce(t.sees_inserts, true),
    k.touches
  from unnest(names) as n (name)
  join pg_class c on c.oid = to_regclass(n.name)
  cross join lateral (
    select concat_ws(
      '/',
      c.oid,
      case c.relkind
        when 'r' then c.relfilenode::text
        when 'v' then (select r.xmin::text from pg_rewrite r where r.ev_class = c.oid and r.rulename = '_RETURN')
        when 'p' then (
          select md5(string_agg(concat(p.oid, p.relfilenode), ',' order by p.oid))
          from pg_inherits h join pg_class p on p.oid = h.inhrelid where h.inhparent = c.oid
        )
      end,
      (
        select md5(string_agg(concat_ws(
          ' ', a.attname, a.atttypid, a.atttypmod,
          case a.attgenerated when 'v' then (select g.adbin::text from pg_attrdef g where g.adrelid = c.oid and g.adnum = a.attnum) end
        ), ',' order by a.attnum))
        from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      )
    ) as identity
  ) as i
  cross join lateral (
    select bool_or(tg.tgtype & 4 > 0) as sees_inserts
    from pg_trigger tg
    where tg.tgrelid = c.oid and tg.tgfoid = to_regprocedure('gm.note_touch()') and tg.tgenabled in ('O', 'A')
  ) as t
  cross join lateral (select count(*) as touches from gm.touched w where w.relation = c.oid) as k
$$`,
    ],
  },
  {
    name: '0013_reads_of_materialized_views',
    up: [
      // Making a materialized view leaves a lock on a table that the same transaction has dropped. What a regclass is written as
      // comes from the catalog of now and not of the pg_snapshot: a bare number there means that it is gone for good.
      `create or replace function gm.reads(but text[]) returns jsonb
language sql stable as $$
  with locked as materialized (
    select distinct l.relation as oid
    from pg_locks l
    where l.pid = pg_backend_pid() and l.locktype = 'relation'
      and l.database = (select d.oid from pg_database d where d.datname = current_database())
      and l.relation::regclass::text <> l.relation::text
  ),
  named as materialized (
    select case
        when c.oid is null then 'oid ' || l.oid
        else format('"%s"."%s"', replace(n.nspname, '"', '""'), replace(c.relname, '"', '""'))
      end as name
    from locked l
    left join pg_class c on c.oid = l.oid
    left join pg_namespace n on n.oid = c.relnamespace
    where c.oid is null
      or c.relkind in ('r', 'v', 'm', 'p', 'f')
        and c.relpersistence <> 't'
        and n.nspname not in ('gm', 'pg_catalog', 'information_schema', 'pg_toast')
        and not exists (
          select from pg_partition_ancestors(c.oid) a join locked on locked.oid = a.relid where a.relid <> c.oid
        )
  )
  select coalesce(jsonb_object_agg(named.name, s.state), '{}')
  from named
  left join gm.states((select array_agg(named.name) from named where named.name not like 'oid %')) s using (name)
  where named.name <> all (but)
$$`,
    ],
  },
  {
    name: '0014_foreign_keys_of_copies',
    up: [
      // A copy that is made like its table has all of it but these. Those to what gm publishes would hold on to an old table.
      `create function gm.copy_foreign_keys(shadow text, target text) returns void
language plpgsql as $$
declare
  key record;
begin
  for key in
    select c.conname as name, pg_get_constraintdef(c.oid) as definition
    from pg_constraint c
    where c.conrelid = to_regclass(target) and c.contype = 'f'
      and not exists (select from gm.relations r where to_regclass(r.relation) = c.confrelid)
  loop
    execute format('alter table %s add constraint %I %s', shadow, key.name, key.definition);
  end loop;
end
$$`,
    ],
  },
  {
    name: '0015_long_transactions',
    up: [
      `create function gm.under_way(of_relation text, on_input text) returns xid8[]
language sql stable as $$
  select array(select pg_snapshot_xip(m.mark)) from gm.marks m where m.relation = of_relation and m.input = on_input
$$`,
      `comment on function gm.under_way(text, text) is 'The transactions that had not ended at the mark, whatever they have written.'`,
      // Each look uses the index for what it asks: neither reads again what came since the oldest writer began.
      `create or replace function gm.has_news(of_relation text, since pg_snapshot) returns boolean
language plpgsql stable as $$
declare
  found_news boolean;
begin
  execute format(
    'select exists (select from %1$s where "_gm_xid" >= pg_snapshot_xmax($1))
      or exists (select from %1$s where "_gm_xid" = any (array(select pg_snapshot_xip($1))))',
    of_relation
  ) into found_news using since;
  return found_news;
exception when undefined_column then
  return true;
end
$$`,
      // A table that keeps its identity is written once and not twice: none of its row's versions can go while a transaction stays open.
      // Its plans depend on no argument: made once in a session they take a quarter of the time.
      `create or replace function gm.record_step(
  counts jsonb, of_run text, of_project text, of_node text, of_kind text, of_relation text, step_action text, step_reason text,
  code_fingerprint text, run_code text, has_stable_code boolean, is_full_build boolean
) returns void
language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  read_states jsonb;
  read_snapshot pg_snapshot;
  touch_count bigint;
  has_changed boolean;
  identity_now text;
begin
  delete from gm.pending p where p.target = of_relation returning p.reads, p.snapshot into read_states, read_snapshot;
  if not found then
    read_states := case when of_kind = 'view' then gm.view_reads(of_relation) else gm.reads(array[of_relation]) end;
    read_snapshot := pg_current_snapshot();
  end if;
  -- A change by hand to a table that keeps its rows counts as taken note of: what reads it runs once.
  delete from gm.touched t where t.relation = to_regclass(of_relation);
  get diagnostics touch_count = row_count;
  has_changed := is_full_build or touch_count > 0
    or coalesce((counts->>'inserted')::bigint, 0) + coalesce((counts->>'updated')::bigint, 0)
      + coalesce((counts->>'deleted')::bigint, 0) > 0;
  insert into gm.relations as r (
    relation, node_id, project, kind, fingerprint, built_at, changed_at, run_id, code, is_stable, reads,
    read_at
  )
  values (
    of_relation, of_node, of_project, of_kind, code_fingerprint, clock_timestamp(), clock_timestamp(), of_run,
    run_code, has_stable_code, read_states, read_snapshot
  )
  on conflict (relation) do update set
    node_id = excluded.node_id,
    project = excluded.project,
    kind = excluded.kind,
    revision = r.revision + 1,
    version = r.version + has_changed::int,
    fingerprint = case when is_full_build then excluded.fingerprint else r.fingerprint end,
    built_at = case when is_full_build then excluded.built_at else r.built_at end,
    changed_at = excluded.changed_at,
    run_id = excluded.run_id,
    code = excluded.code,
    is_stable = excluded.is_stable,
    reads = excluded.reads,
    read_at = excluded.read_at;
  select s.identity into identity_now from gm.states(array[of_relation]) s;
  update gm.relations r set identity = identity_now where r.relation = of_relation and r.identity is distinct from identity_now;
  insert into gm.steps (run_id, node_id, relation, action, reason, status, extracted, inserted, updated, deleted)
  values (
    of_run, of_node, of_relation, step_action, step_reason, 'success',
    (counts->>'extracted')::bigint, (counts->>'inserted')::bigint, (counts->>'updated')::bigint, (counts->>'deleted')::bigint
  )
  on conflict (run_id, node_id) do update set
    status = excluded.status, finished_at = excluded.finished_at, extracted = excluded.extracted,
    inserted = excluded.inserted, updated = excluded.updated, deleted = excluded.deleted, message = null;
end
$$`,
    ],
  },
  {
    name: '0016_looks',
    up: [
      // A column that is dropped and added again under its name can have other values in the same file: it has another number. Another
      // collation finds other values equal. Triggers on a table are not fired by statements that name its parent or child, and
      // policies show other rows to whom they hold for.
      `create or replace function gm.states(names text[])
returns table (name text, oid oid, identity text, state text, has_news_by_xid boolean, touches bigint)
language sql stable as $$
  select
    n.name,
    c.oid,
    i.identity,
    case
      when c.relkind = 'v' then (
        select i.identity from gm.relations r where r.relation = n.name and r.is_stable and r.identity = i.identity
      )
      when t.sees_inserts is not null and not row_security_active(c.oid) and not p.is_also_another then
        concat_ws('@', i.identity, (select r.version from gm.relations r where r.relation = n.name), k.touches)
    end,
    not coalesce(t.sees_inserts, true),
    k.touches
  from unnest(names) as n (name)
  join pg_class c on c.oid = to_regclass(n.name)
  cross join lateral (
    select concat_ws(
      '/',
      c.oid,
      case c.relkind
        when 'r' then c.relfilenode::text
        when 'v' then (select r.xmin::text from pg_rewrite r where r.ev_class = c.oid and r.rulename = '_RETURN')
        when 'p' then (
          select md5(string_agg(concat(p.oid, p.relfilenode), ',' order by p.oid))
          from pg_inherits h join pg_class p on p.oid = h.inhrelid where h.inhparent = c.oid
        )
      end,
      (
        select md5(string_agg(concat_ws(' ', a.attname, a.atttypid, a.atttypmod, a.expression, nullif(a.attnum, a.place), a.sorting), ',' order by a.attnum))
        from (
          select a.*, row_number() over (order by a.attnum) as place,
            (select 'sorted by ' || a.attcollation from pg_type t where t.oid = a.atttypid and t.typcollation <> a.attcollation) as sorting,
            case a.attgenerated when 'v' then (select g.adbin::text from pg_attrdef g where g.adrelid = c.oid and g.adnum = a.attnum) end as expression
          from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        ) as a
      )
    ) as identity
  ) as i
  cross join lateral (
    select bool_or(tg.tgtype & 4 > 0) as sees_inserts
    from pg_trigger tg
    where tg.tgrelid = c.oid and tg.tgfoid = to_regprocedure('gm.note_touch()') and tg.tgenabled in ('O', 'A')
  ) as t
  cross join lateral (select count(*) as touches from gm.touched w where w.relation = c.oid) as k
  cross join lateral (
    select exists (select from pg_inherits h where h.inhrelid = c.oid or c.relkind = 'r' and h.inhparent = c.oid) as is_also_another
  ) as p
$$`,
      // A row is as it was looked at if the server has written it nowhere since: its xmin is older than all that was under way then. Subtransactions
      // are younger than what they belong to, and stand in no pg_snapshot; so nothing but its xmin tells of them.
      `create function gm.tells_by_xmin(input text) returns boolean
language sql stable as $$
  select exists (
    select from pg_class c
    where c.oid = to_regclass(input) and not row_security_active(c.oid)
      and c.relam = (select a.oid from pg_am a where a.amname = 'heap')
      and not exists (select from pg_inherits h where h.inhparent = c.oid)
      and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attgenerated = 'v')
      -- Rows of a distributed table come from other servers, which count their own transactions.
      and not exists (select from pg_extension e where e.extname = 'citus')
  )
$$`,
      `comment on function gm.tells_by_xmin(text) is 'Whether all rows of a table are seen, and the xmin of each says when it became what it is.'`,
      // Nobody changes the history unnoticed: the trigger fires for replicas as well, and was neither switched off nor made anew since;
      // nothing of the users' changes what a step writes; and no crash empties the table.
      `create function gm.watched_as(history text) returns text
language sql stable as $$
  select concat_ws('/', s.state, t.oid, t.xmin)
  from gm.states(array[history]) s
  join pg_class c on c.oid = s.oid
  join pg_trigger t on t.tgrelid = c.oid and t.tgfoid = to_regprocedure('gm.note_touch()')
  where s.state is not null and s.touches = 0 and c.relpersistence = 'p' and not c.relhasrules
    -- Of each insert, delete, update and truncate, for whomever.
    and t.tgtype = 4 + 8 + 16 + 32 and t.tgenabled = 'A'
    and not exists (
      select from pg_trigger o join pg_proc p on p.oid = o.tgfoid
      where o.tgrelid = c.oid and not o.tgisinternal and o.oid <> t.oid and p.pronamespace <> 'gm'::regnamespace
    )
$$`,
      `comment on function gm.watched_as(text) is 'The state of a history of which gm knows that nobody else has changed it; null where that cannot be known.'`,
      // A history of dbt's has no such trigger, and that of a copy or of older versions of gm is silent for replicas.
      // Who writes to it just now goes first: the next look tries again.
      `create function gm.watch(history text) returns void
language plpgsql as $$
begin
  if exists (
    select from pg_trigger t
    where t.tgrelid = to_regclass(history) and t.tgfoid = to_regprocedure('gm.note_touch()') and t.tgenabled = 'A' and t.tgtype = 60
  ) or not exists (
    select from pg_class c where c.oid = to_regclass(history) and c.relkind = 'r' and pg_has_role(c.relowner, 'usage')
  ) then
    return;
  end if;
  execute format('lock table %s in share row exclusive mode nowait', history);
  execute format(
    'create or replace trigger gm_touched after insert or update or delete or truncate on %s for each statement execute function gm.note_touch()',
    history
  );
  execute format('alter table %s enable always trigger gm_touched', history);
exception when lock_not_available then
  null;
end
$$`,
      // It goes and is renamed with the history. A copy that is published under its name is another table.
      `create table gm.looks (
  relation text primary key references gm.relations on update cascade on delete cascade,
  input text not null,
  identity text not null,
  watched text not null,
  code text not null,
  revision bigint not null,
  looked_at pg_snapshot not null
)`,
      `comment on table gm.looks is 'Of histories that look at the rows of one table: the last look, which saw that no row was other than the version that holds.'`,
      `comment on column gm.looks.identity is 'Of the input, see gm.states.'`,
      `comment on column gm.looks.watched is 'Of the history, see gm.watched_as.'`,
      `comment on column gm.looks.code is 'Names how the rows were compared.'`,
      `comment on column gm.looks.revision is 'Of the history, once the look was written down.'`,
      // An xmin has 32 bits: it can be told from one of an older round for two billion transactions.
      `create function gm.looked_to(of_relation text, on_input text) returns xid8
language plpgsql stable as $$
declare
  look record;
begin
  select pg_snapshot_xmin(l.looked_at) as since, l.identity, l.watched into look
  from gm.looks l join gm.relations r using (relation, revision)
  where l.relation = of_relation and l.input = on_input;
  if not found
    or pg_snapshot_xmax(pg_current_snapshot())::text::bigint - look.since::text::bigint >= 2000000000
    or not gm.tells_by_xmin(on_input)
    or look.watched is distinct from gm.watched_as(of_relation)
    or look.identity is distinct from (select s.identity from gm.states(array[on_input]) s)
  then
    return null;
  end if;
  return look.since;
end
$$`,
      `comment on function gm.looked_to(text, text) is 'The transaction from which on rows of the input may be other than the last look has seen them; null where any may.'`,
      `create function gm.note_look(of_relation text, on_input text, compared text) returns void
language plpgsql as $$
begin
  delete from gm.looks l where l.relation = of_relation;
  insert into gm.looks (relation, input, identity, watched, code, revision, looked_at)
  select of_relation, on_input, s.identity, w.watched, compared, r.revision, pg_current_snapshot()
  from gm.relations r, gm.states(array[on_input]) s, gm.watched_as(of_relation) as w (watched)
  where r.relation = of_relation and w.watched is not null and gm.tells_by_xmin(on_input);
  if not found then
    perform gm.watch(of_relation);
  end if;
end
$$`,
    ],
  },
  {
    name: '0017_followed_keys_and_parts',
    up: [
      // A row trigger on a partitioned table is one of each partition: what is noted is the table that they are parts of.
      `create or replace function gm.note_touch() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  whole oid := coalesce(pg_catalog.pg_partition_root(tg_relid)::oid, tg_relid);
begin
  if current_setting('gm.step', true) = whole::text then
    return null;
  end if;
  insert into gm.touched (relation)
  select whole
  where not exists (
    select from gm.touched t where t.relation = whole and t.xid = pg_catalog.pg_current_xact_id()
  );
  return null;
end
$$`,
      `alter table gm.key_readers add column followed xid8 not null default '3'`,
      `comment on column gm.key_readers.followed is 'The transaction since whose end all lost keys are logged.'`,
      `create or replace function gm.log_keys() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from gm.key_readers r where r.generation = tg_relid and r.columns = tg_argv[0]) then
    return null;
  end if;
  if tg_op = 'DELETE' then
    execute format(
      'insert into gm.key_log (generation, columns, xid, key)
       select $1, $2, pg_current_xact_id(), to_jsonb(gone) from (select distinct %s from old_rows) gone',
      tg_argv[0]
    ) using tg_relid, tg_argv[0];
  else
    execute format(
      'insert into gm.key_log (generation, columns, xid, key)
       select $1, $2, pg_current_xact_id(), to_jsonb(touched)
       from (
         (select %1$s from old_rows union select %1$s from new_rows)
         except select %1$s from new_rows where _gm_xid = pg_current_xact_id()
       ) touched',
      tg_argv[0]
    ) using tg_relid, tg_argv[0];
  end if;
  return null;
exception when undefined_column then
  -- A key that is gone or has another name must not stop who writes: its readers build themselves anew.
  delete from gm.marks m using gm.key_readers r
  where r.generation = tg_relid and r.columns = tg_argv[0]
    and m.relation = r.relation and m.input = r.input and m.generation = tg_relid::text;
  delete from gm.key_readers r where r.generation = tg_relid and r.columns = tg_argv[0];
  return null;
end
$$`,
      `create or replace function gm.is_following(of_relation text, on_input text, key_columns text) returns boolean
language sql stable as $$
  select exists (
    select from gm.key_readers r
    where r.relation = of_relation and r.input = on_input and r.columns = key_columns
      and r.generation = to_regclass(on_input)::oid
      -- A build that failed after it had begun to follow has left a mark from before.
      and not exists (
        select from gm.marks m
        where m.relation = of_relation and m.input = on_input and m.generation = r.generation::text
          and not pg_visible_in_snapshot(r.followed, m.mark)
      )
      and 2 = (
        select count(*) from pg_trigger t
        where t.tgrelid = r.generation and t.tgenabled in ('O', 'A')
          and t.tgname in ('_gm_deleted_' || md5(key_columns), '_gm_updated_' || md5(key_columns))
      )
  )
$$`,
      `create or replace function gm.follow_keys(of_relation text, on_input text, key_columns text) returns void
language plpgsql as $$
declare
  kind text;
begin
  if gm.is_following(of_relation, on_input, key_columns) then
    return;
  end if;
  -- A column that is not there is an error here and not in the statements of who writes the table.
  begin
    execute format('select %s from %s limit 0', key_columns, on_input);
  exception when undefined_column then
    raise exception 'changed_keys() follows what % does not have: %', on_input, sqlerrm;
  end;
  foreach kind in array array['deleted', 'updated'] loop
    if not exists (
      select from pg_trigger t
      where t.tgrelid = on_input::regclass and t.tgname = format('_gm_%s_%s', kind, md5(key_columns)) and t.tgenabled in ('O', 'A')
    ) then
      execute format(
        'create or replace trigger %I after %s on %s referencing %s for each statement execute function gm.log_keys(%L)',
        format('_gm_%s_%s', kind, md5(key_columns)),
        case kind when 'deleted' then 'delete' else 'update' end,
        on_input,
        case kind when 'deleted' then 'old table as old_rows' else 'old table as old_rows new table as new_rows' end,
        key_columns
      );
    end if;
  end loop;
  if not exists (select from pg_trigger t where t.tgrelid = on_input::regclass and t.tgname = '_gm_truncated') then
    execute format('create trigger _gm_truncated after truncate on %s for each statement execute function gm.forget_marks()', on_input);
  end if;
  insert into gm.key_readers (relation, input, columns, generation, since, followed)
  values (of_relation, on_input, key_columns, on_input::regclass, pg_current_snapshot(), pg_current_xact_id())
  on conflict (relation, input, columns) do update set
    generation = excluded.generation, since = excluded.since, followed = excluded.followed;
end
$$`,
      `create or replace function gm.shadow_marks(shadows jsonb, copies jsonb) returns void
language sql as $$
  update gm.marks m set input = c.value, generation = to_regclass(c.value)::oid::text
  from jsonb_each_text(copies) c, jsonb_each_text(shadows) s
  where m.relation = s.value and m.input = c.key and m.generation = to_regclass(c.key)::oid::text;
  insert into gm.key_readers (relation, input, columns, generation, since, followed)
  select s.value, coalesce(c.value, k.input), k.columns, to_regclass(coalesce(c.value, k.input))::oid, k.since, k.followed
  from gm.key_readers k
  join jsonb_each_text(shadows) s on s.key = k.relation
  left join jsonb_each_text(copies) c on c.key = k.input
  on conflict (relation, input, columns) do update set generation = excluded.generation, since = excluded.since,
    followed = excluded.followed
$$`,
      // The revision of what is published only has to be a new one: to add both up is to double it each time.
      `create or replace function gm.publish_shadows(of_run text, published jsonb, codes jsonb) returns void
language plpgsql as $$
begin
  create temporary table _gm_published on commit drop as
  select * from jsonb_to_recordset(published) as p (shadow text, target text, was text);
  update gm.marks m set generation = to_regclass(p.target)::oid::text
  from _gm_published p where m.input = p.target and m.generation = p.was;
  update gm.key_readers k set generation = to_regclass(p.target)::oid
  from _gm_published p where k.input = p.target and k.generation = p.was::oid;
  delete from gm.marks m using _gm_published p where m.relation = p.target;
  delete from gm.key_readers k using _gm_published p where k.relation = p.target;
  update gm.marks m set relation = p.target from _gm_published p where m.relation = p.shadow;
  -- Who has read both the old table and its shadow goes on from the shadow.
  delete from gm.marks m using _gm_published p, gm.marks other
  where m.input = p.target and other.relation = m.relation and other.input = p.shadow;
  update gm.marks m set input = p.target from _gm_published p where m.input = p.shadow;
  update gm.key_readers k set relation = p.target from _gm_published p where k.relation = p.shadow;
  delete from gm.key_readers k using _gm_published p, gm.key_readers other
  where k.input = p.shadow and other.relation = k.relation and other.input = p.target and other.columns = k.columns;
  update gm.key_readers k set input = p.target from _gm_published p where k.input = p.shadow;
  update gm.relations s set revision = greatest(s.revision, r.revision) + 1
  from _gm_published p, gm.relations r where s.relation = p.shadow and r.relation = p.target;
  delete from gm.relations r using _gm_published p where r.relation = p.target;
  update gm.relations r set
    relation = p.target,
    run_id = of_run,
    code = coalesce(codes->>r.node_id, r.code),
    identity = s.identity
  from _gm_published p
  join gm.states((select array_agg(x.target) from _gm_published x)) s on s.name = p.target
  where r.relation = p.shadow;
  update gm.relations r set reads = gm.view_reads(r.relation)
  from _gm_published p where r.relation = p.target and r.kind = 'view';
  with states as materialized (
    select p.shadow, s.name, s.state
    from gm.states((select array_agg(x.target) from _gm_published x)) s join _gm_published p on p.target = s.name
  ),
  renamed as materialized (
    select r.key, jsonb_object_agg(coalesce(s.name, e.key), case when s.name is null then e.value when e.value is not null then s.state end) as reads
    from (
      select r.relation as key, r.reads from gm.relations r join _gm_published p on p.target = r.relation where r.kind <> 'view'
      union all
      select p.node_id, p.reads from gm.passes p where p.run_id = of_run
    ) r
    cross join jsonb_each_text(r.reads) e
    left join states s on s.shadow = e.key
    group by r.key
  ),
  of_relations as (
    update gm.relations r set reads = n.reads from renamed n where r.relation = n.key
  )
  update gm.passes p set reads = n.reads from renamed n where p.node_id = n.key and p.run_id = of_run;
  update gm.passes p set code = codes->>p.node_id where p.run_id = of_run and codes ? p.node_id;
  update gm.steps t set relation = p.target from _gm_published p where t.run_id = of_run and t.relation = p.shadow;
  delete from gm.shadows s using _gm_published p where s.relation = p.shadow;
end
$$`,
    ],
  },
  {
    name: '0018_parts',
    up: [
      // A trigger with transition tables is not fired by a statement that names a part of its table, which has its own.
      `create function gm.parts(whole oid) returns table (oid oid)
language sql stable as $$
  with recursive part as (
    select h.inhrelid from pg_inherits h where h.inhparent = whole
    union
    select h.inhrelid from part join pg_inherits h on h.inhparent = part.inhrelid
  )
  select part.inhrelid from part
$$`,
      `comment on function gm.parts(oid) is 'The partitions and children of a table, at any depth.'`,
      `create function gm.wholes(part oid) returns table (oid oid)
language sql stable as $$
  with recursive whole as (
    select part as inhparent
    union
    select h.inhparent from whole join pg_inherits h on h.inhrelid = whole.inhparent
  )
  select whole.inhparent from whole
$$`,
      `comment on function gm.wholes(oid) is 'A table and all that it is a part of.'`,
      `alter table gm.key_readers add column parts oid[] not null default '{}'`,
      `comment on column gm.key_readers.parts is 'The parts of the input whose lost keys are logged; those that came later were not read yet.'`,
      `alter table gm.key_readers add column detached oid[] not null default '{}'`,
      `comment on column gm.key_readers.detached is 'What were its parts, and lose keys that nobody logs until they are attached again.'`,
      // Nobody knows what their parts have lost: who follows them builds itself anew.
      `delete from gm.key_readers r where exists (select from pg_inherits h where r.generation in (h.inhparent, h.inhrelid))`,
      `create or replace function gm.log_keys() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  wholes oid[] := array(select w.oid from gm.wholes(tg_relid) w);
  generations oid[];
begin
  if current_setting('transaction_isolation') = 'read committed' then
    generations := array(select distinct r.generation from gm.key_readers r where r.columns = tg_argv[0] and r.generation = any (wholes));
  else
    -- Who began to read after this transaction's pg_snapshot is not seen by it.
    generations := wholes;
  end if;
  if exists (select from gm.key_readers r where tg_relid = any (r.parts) and r.generation <> all (wholes) and tg_relid <> all (r.detached)) then
    update gm.key_readers r set detached = r.detached || tg_relid
    where tg_relid = any (r.parts) and r.generation <> all (wholes) and tg_relid <> all (r.detached);
  end if;
  if generations = '{}' then
    return null;
  end if;
  if tg_op = 'DELETE' then
    execute format(
      'insert into gm.key_log (generation, columns, xid, key)
       select log.generation, $2, pg_current_xact_id(), to_jsonb(gone.*)
       from (select distinct %s from old_rows) gone, unnest($1) log (generation)',
      tg_argv[0]
    ) using generations, tg_argv[0];
  else
    execute format(
      'insert into gm.key_log (generation, columns, xid, key)
       select log.generation, $2, pg_current_xact_id(), to_jsonb(touched.*)
       from (
         (select %1$s from old_rows union select %1$s from new_rows)
         except select %1$s from new_rows where _gm_xid = pg_current_xact_id()
       ) touched, unnest($1) log (generation)',
      tg_argv[0]
    ) using generations, tg_argv[0];
  end if;
  return null;
exception when undefined_column then
  -- A key that is gone or has another name must not stop who writes: its readers build themselves anew.
  delete from gm.marks m using gm.key_readers r
  where r.generation = any (generations) and r.columns = tg_argv[0]
    and m.relation = r.relation and m.input = r.input and m.generation = r.generation::text;
  delete from gm.key_readers r where r.generation = any (generations) and r.columns = tg_argv[0];
  return null;
end
$$`,
      `create or replace function gm.forget_marks() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  delete from gm.marks where generation in (select w.oid::text from gm.wholes(tg_relid) w);
  update gm.key_readers r set detached = r.detached || tg_relid
  where tg_relid = any (r.parts) and r.generation not in (select w.oid from gm.wholes(tg_relid) w) and tg_relid <> all (r.detached);
  return null;
end
$$`,
      `create or replace function gm.is_following(of_relation text, on_input text, key_columns text) returns boolean
language sql stable as $$
  select exists (
    select from gm.key_readers r
    where r.relation = of_relation and r.input = on_input and r.columns = key_columns
      and r.generation = to_regclass(on_input)::oid
      -- A build that failed after it had begun to follow has left a mark from before.
      and not exists (
        select from gm.marks m
        where m.relation = of_relation and m.input = on_input and m.generation = r.generation::text
          and not pg_visible_in_snapshot(r.followed, m.mark)
      )
      and not exists (select from pg_inherits h where h.inhrelid = r.generation)
      -- Nobody knows what a part lost while it was none.
      and not exists (select from gm.parts(r.generation) p where p.oid = any (r.detached))
      and not exists (
        select from (select r.generation as oid union all select p.oid from gm.parts(r.generation) p where p.oid = any (r.parts)) followed
        where 3 <> (
          select count(*) from pg_trigger t
          where t.tgrelid = followed.oid and t.tgenabled in ('O', 'A')
            and t.tgname in ('_gm_deleted_' || md5(key_columns), '_gm_updated_' || md5(key_columns), '_gm_truncated')
        )
      )
  )
$$`,
      `create function gm.has_other_parts(of_relation text, on_input text, key_columns text) returns boolean
language sql stable as $$
  select exists (
    select from gm.key_readers r cross join lateral (select array(select p.oid from gm.parts(r.generation) p) as oids) as now
    where r.relation = of_relation and r.input = on_input and r.columns = key_columns
      and not (now.oids <@ r.parts and r.parts <@ now.oids)
  )
$$`,
      `create or replace function gm.follow_keys(of_relation text, on_input text, key_columns text) returns void
language plpgsql as $$
declare
  whole regclass := on_input;
  part regclass;
  kind text;
  remote regclass;
  computed text;
  has_followed boolean := gm.is_following(of_relation, on_input, key_columns);
begin
  if has_followed and not gm.has_other_parts(of_relation, on_input, key_columns) then
    return;
  end if;
  -- A column that is not there is an error here and not in the statements of who writes the table.
  begin
    execute format('select distinct %s from %s limit 0', key_columns, on_input);
  exception when undefined_column then
    raise exception 'changed_keys() follows what % does not have: %', on_input, sqlerrm;
  end;
  if exists (select from pg_inherits h where h.inhrelid = whole) then
    raise exception 'changed_keys() cannot follow %: its rows are written through % as well, whose part it is. Follow that table',
      on_input, (select h.inhparent::regclass from pg_inherits h where h.inhrelid = whole limit 1);
  end if;
  select c.oid into remote from pg_class c where c.relkind = 'f' and (c.oid = whole or c.oid in (select p.oid from gm.parts(whole) p)) limit 1;
  if found then
    raise exception 'changed_keys() cannot follow %: rows of %, a foreign table, are changed elsewhere', on_input, remote;
  end if;
  -- Of the rows that a trigger is given it is null.
  select a.attname into computed from pg_attribute a
  where a.attrelid = whole and a.attgenerated = 'v'
    and format('"%s"', replace(a.attname, '"', '""')) = any (string_to_array(key_columns, ', '))
  limit 1;
  if found then
    raise exception 'changed_keys() cannot follow the virtual column "%" of %. Follow what it is computed of, or make it a stored one',
      computed, on_input;
  end if;
  for part in select whole union all select p.oid from gm.parts(whole) p loop
    foreach kind in array array['deleted', 'updated'] loop
      if not exists (
        select from pg_trigger t
        where t.tgrelid = part and t.tgname = format('_gm_%s_%s', kind, md5(key_columns)) and t.tgenabled in ('O', 'A')
      ) then
        execute format(
          'create or replace trigger %I after %s on %s referencing %s for each statement execute function gm.log_keys(%L)',
          format('_gm_%s_%s', kind, md5(key_columns)),
          case kind when 'deleted' then 'delete' else 'update' end,
          part,
          case kind when 'deleted' then 'old table as old_rows' else 'old table as old_rows new table as new_rows' end,
          key_columns
        );
      end if;
    end loop;
    if not exists (select from pg_trigger t where t.tgrelid = part and t.tgname = '_gm_truncated' and t.tgenabled in ('O', 'A')) then
      execute format('create or replace trigger _gm_truncated after truncate on %s for each statement execute function gm.forget_marks()', part);
    end if;
  end loop;
  if has_followed then
    -- Rows that were written before their table became a part look as if they had been read: their keys are computed again.
    for part in
      select p.oid from gm.parts(whole) p
      where p.oid <> all (
        select unnest(r.parts) from gm.key_readers r where r.relation = of_relation and r.input = on_input and r.columns = key_columns
      )
    loop
      execute format(
        'insert into gm.key_log (generation, columns, xid, key)
         select $1, $2, pg_current_xact_id(), to_jsonb(attached.*)
         from (
           select distinct %s from only %s
           where pg_visible_in_snapshot(_gm_xid, (select m.mark from gm.marks m where m.relation = $3 and m.input = $4))
         ) attached',
        key_columns, part
      ) using whole::oid, key_columns, of_relation, on_input;
    end loop;
    update gm.key_readers r set
      parts = array(select p.oid from gm.parts(whole) p),
      detached = array(
        select c.oid from pg_class c
        where c.oid = any (r.parts || r.detached) and c.oid not in (select p.oid from gm.parts(whole) p)
      )
    where r.relation = of_relation and r.input = on_input and r.columns = key_columns;
    return;
  end if;
  insert into gm.key_readers (relation, input, columns, generation, since, followed, parts)
  values (
    of_relation, on_input, key_columns, whole, pg_current_snapshot(), pg_current_xact_id(), array(select p.oid from gm.parts(whole) p)
  )
  on conflict (relation, input, columns) do update set
    generation = excluded.generation, since = excluded.since, followed = excluded.followed, parts = excluded.parts, detached = '{}';
end
$$`,
      // Of an input that is built anew in the same run there is nothing to go on from: who reads it follows what is built.
      `create or replace function gm.shadow_marks(shadows jsonb, copies jsonb) returns void
language sql as $$
  update gm.marks m set input = c.value, generation = to_regclass(c.value)::oid::text
  from jsonb_each_text(copies) c, jsonb_each_text(shadows) s
  where m.relation = s.value and m.input = c.key and m.generation = to_regclass(c.key)::oid::text;
  insert into gm.key_readers (relation, input, columns, generation, since, followed, parts, detached)
  select s.value, coalesce(c.value, k.input), k.columns, to_regclass(coalesce(c.value, k.input))::oid, k.since, k.followed, k.parts, k.detached
  from gm.key_readers k
  join jsonb_each_text(shadows) s on s.key = k.relation
  left join jsonb_each_text(copies) c on c.key = k.input
  where c.key is not null or not shadows ? k.input
  on conflict (relation, input, columns) do update set generation = excluded.generation, since = excluded.since,
    followed = excluded.followed, parts = excluded.parts, detached = excluded.detached
$$`,
      // The trigger of a partitioned table is one of each partition, which cannot have two of the name. A partition by itself is
      // never taken for unchanged, and needs none.
      `create or replace function gm.follow_landed(names text[]) returns void
language plpgsql as $$
declare
  landed regclass;
  part regclass;
begin
  for landed in
    select c.oid::regclass
    from unnest(names) as n (name)
    join pg_class c on c.oid = to_regclass(n.name) and c.relkind in ('r', 'p') and not c.relispartition
    join pg_attribute a on a.attrelid = c.oid and a.attname = '_gm_xid' and a.atttypid = 'xid8'::regtype
    where c.relnamespace = to_regnamespace('raw') and pg_has_role(c.relowner, 'usage')
      and not exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgfoid = 'gm.note_touch()'::regprocedure)
  loop
    for part in
      select t.tgrelid from gm.parts(landed) p join pg_trigger t on t.tgrelid = p.oid
      where t.tgname = 'gm_touched_row' and t.tgfoid = 'gm.note_touch()'::regprocedure and t.tgparentid = 0
    loop
      execute format('drop trigger gm_touched_row on %s', part);
    end loop;
    execute format('create trigger gm_touched_row after update or delete on %s for each row execute function gm.note_touch()', landed);
    execute format('create trigger gm_touched after truncate on %s for each statement execute function gm.note_touch()', landed);
  end loop;
end
$$`,
      // An alter type changes what stands in a table without writing to it.
      `create function gm.made_of(of_type oid) returns text
language sql stable as $$
  with recursive part (oid) as (
    select of_type
    union
    select i.oid
    from part
    join pg_type t on t.oid = part.oid
    cross join lateral (
      select t.typelem
      union all select t.typbasetype
      union all select a.atttypid from pg_attribute a where t.typrelid <> 0 and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
      union all select r.rngsubtype from pg_range r where t.oid in (r.rngtypid, r.rngmultitypid)
    ) as i (oid)
    where i.oid >= 16384
  )
  select md5(string_agg(concat(part.oid, e.labels, f.fields), ',' order by part.oid))
  from part
  join pg_type t on t.oid = part.oid
  cross join lateral (
    select string_agg(concat_ws(' ', l.oid, l.enumlabel), ',' order by l.enumsortorder) as labels from pg_enum l where l.enumtypid = t.oid
  ) as e
  cross join lateral (
    select string_agg(concat_ws(' ', a.attname, a.atttypid, a.atttypmod), ',' order by a.attnum) as fields
    from pg_attribute a where t.typrelid <> 0 and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
  ) as f
  where e.labels is not null or f.fields is not null
$$`,
      `comment on function gm.made_of(oid) is 'The values of the enums and the fields of the composites in a type; null where it has none.'`,
      // Targets, servers, databases and roles may set them. Whoever logs in is not part of it, as a team is of many; a role that they take on is.
      `create function gm.settings() returns text
language sql stable as $$
  select md5(concat_ws(
    '|',
    (
      select string_agg(concat(name, '=', current_setting(name, true)), ',')
      from unnest(array[
        'array_nulls', 'bytea_output', 'DateStyle', 'default_text_search_config', 'extra_float_digits', 'IntervalStyle', 'lc_monetary',
        'lc_numeric', 'lc_time', 'TimeZone', 'timezone_abbreviations', 'transform_null_equals', 'xmlbinary', 'xmloption'
      ]) as name
    ),
    current_schemas(false),
    (select 'as ' || current_user where current_user <> session_user),
    (
      select string_agg(setting, ',' order by setting)
      from pg_db_role_setting d
      cross join unnest(d.setconfig) as setting
      where d.setdatabase in (0, (select b.oid from pg_database b where b.datname = current_database()))
        and d.setrole in (0, (select r.oid from pg_roles r where r.rolname = session_user))
        and split_part(setting, '=', 1) like '%.%'
    ),
    -- Operators and casts of an extension change with it alone.
    (
      select string_agg(concat_ws(' ', e.extname, e.extversion), ',' order by e.extname)
      from pg_extension e
      where exists (
        select from pg_depend d
        where d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid and d.deptype = 'e'
          and d.classid in ('pg_operator'::regclass, 'pg_cast'::regclass)
      )
    ),
    -- What words are made of; a lower oid came with the server.
    (select string_agg(d::text, ',' order by d.oid) from pg_ts_dict d where d.oid >= 16384),
    (
      select string_agg(m::text, ',' order by m.mapcfg, m.maptokentype, m.mapseqno)
      from pg_ts_config_map m where m.mapcfg >= 16384 or m.mapdict >= 16384
    )
  ))
$$`,
      `comment on function gm.settings() is 'What the same SQL may give other rows under: settings of the session, its search_path and role, extensions, text search.'`,
      `create or replace function gm.reads(but text[]) returns jsonb
language sql stable as $$
  with locked as materialized (
    select distinct l.relation as oid
    from pg_locks l
    where l.pid = pg_backend_pid() and l.locktype = 'relation'
      and l.database = (select d.oid from pg_database d where d.datname = current_database())
      and l.relation::regclass::text <> l.relation::text
  ),
  named as materialized (
    select case
        when c.oid is null then 'oid ' || l.oid
        else format('"%s"."%s"', replace(n.nspname, '"', '""'), replace(c.relname, '"', '""'))
      end as name
    from locked l
    left join pg_class c on c.oid = l.oid
    left join pg_namespace n on n.oid = c.relnamespace
    where c.oid is null
      or c.relkind in ('r', 'v', 'm', 'p', 'f', 'S')
        and c.relpersistence <> 't'
        and n.nspname not in ('gm', 'pg_catalog', 'information_schema', 'pg_toast')
        and not exists (
          select from pg_partition_ancestors(c.oid) a join locked on locked.oid = a.relid where a.relid <> c.oid
        )
    union all
    select '"gm"."settings"'
  )
  select jsonb_object_agg(named.name, s.state)
  from named
  left join gm.states((select array_agg(named.name) from named where named.name not like 'oid %')) s using (name)
  where named.name <> all (but)
$$`,
      `create or replace function gm.view_reads(of_relation text) returns jsonb
language sql stable as $$
  with named as materialized (
    select format('"%s"."%s"', replace(n.nspname, '"', '""'), replace(c.relname, '"', '""')) as name
    from pg_rewrite r
    join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass
    join pg_class c on c.oid = d.refobjid and c.oid <> r.ev_class
    join pg_namespace n on n.oid = c.relnamespace
    where r.ev_class = to_regclass(of_relation)
    union
    select '"gm"."settings"'
  )
  select jsonb_object_agg(s.name, s.identity)
  from gm.states((select array_agg(named.name) from named)) s
$$`,
      // Parts of parts count as well. What a partitioned table notes by a statement is not noted of its partitions. A policy is asked
      // through a view for whom the view belongs to. The server empties an unlogged table when it comes up after a crash, and tells nobody.
      `create or replace function gm.states(names text[])
returns table (name text, oid oid, identity text, state text, has_news_by_xid boolean, touches bigint)
language sql stable as $$
  select
    n.name,
    c.oid,
    i.identity,
    case
      when c.relkind = 'v' then (
        select i.identity from gm.relations r where r.relation = n.name and r.is_stable and r.identity = i.identity
      )
      when t.sees_inserts is not null and c.relpersistence <> 'u' and not row_security_active(c.oid) and not p.is_also_another and not y.call then
        concat_ws('@', i.identity, (select r.version from gm.relations r where r.relation = n.name), k.touches, y.policies)
    end,
    not coalesce(t.sees_inserts, true),
    k.touches
  from unnest(names) as n (name)
  join pg_class c on c.oid = to_regclass(n.name)
  cross join lateral (
    select concat_ws(
      '/',
      c.oid,
      case c.relkind
        when 'r' then c.relfilenode::text
        when 'v' then concat_ws(
          ' ',
          (select r.xmin from pg_rewrite r where r.ev_class = c.oid and r.rulename = '_RETURN'),
          -- Whose policies it asks.
          c.reloptions,
          (select 'of ' || w.rolname from pg_roles w where w.oid = c.relowner and w.rolname <> current_user)
        )
        when 'p' then (
          select md5(string_agg(concat(p.oid, p.relfilenode), ',' order by p.oid))
          from gm.parts(c.oid) part join pg_class p on p.oid = part.oid
        )
      end,
      (
        select md5(string_agg(concat_ws(' ', a.attname, a.atttypid, a.atttypmod, a.expression, nullif(a.attnum, a.place), a.sorting, a.made_of), ',' order by a.attnum))
        from (
          select a.*, row_number() over (order by a.attnum) as place,
            -- What the users' types are made of; a lower oid came with the server.
            case when a.atttypid >= 16384 then gm.made_of(a.atttypid) end as made_of,
            (select 'sorted by ' || a.attcollation from pg_type t where t.oid = a.atttypid and t.typcollation <> a.attcollation) as sorting,
            case a.attgenerated when 'v' then (select g.adbin::text from pg_attrdef g where g.adrelid = c.oid and g.adnum = a.attnum) end as expression
          from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        ) as a
      ),
      -- Without its schema its name means another one.
      (select 'hidden' where c.relnamespace::regnamespace::name = any (current_schemas(false)) and not pg_table_is_visible(c.oid))
    ) as identity
  ) as i
  cross join lateral (
    select bool_or(tg.tgtype & 4 > 0) as sees_inserts
    from pg_trigger tg
    where tg.tgrelid = c.oid and tg.tgfoid = to_regprocedure('gm.note_touch()') and tg.tgenabled in ('O', 'A')
      and (c.relkind <> 'p' or tg.tgtype & 1 = 1)
  ) as t
  cross join lateral (
    select
      case when c.relrowsecurity then
        concat('policies ', c.relforcerowsecurity, md5(string_agg(concat_ws(' ', l.polcmd, l.polpermissive, l.polroles, l.polqual, l.polwithcheck), ',' order by l.oid)))
      end as policies,
      -- Who asks, what is set, or a function or operator of the users'.
      c.relrowsecurity and coalesce(bool_or(
        l.polqual::text ~ '[{](FUNCEXPR|SQLVALUEFUNCTION) ' or exists (
          select from pg_depend d
          where d.classid = 'pg_policy'::regclass and d.objid = l.oid and d.refclassid in ('pg_proc'::regclass, 'pg_operator'::regclass)
        )
      ), false) as call
    from pg_policy l where l.polrelid = c.oid
  ) as y
  cross join lateral (select count(*) as touches from gm.touched w where w.relation = c.oid) as k
  cross join lateral (
    select exists (select from pg_inherits h where h.inhrelid = c.oid or c.relkind = 'r' and h.inhparent = c.oid)
      or c.relkind = 'p' and exists (
        select from gm.parts(c.oid) part join pg_class f on f.oid = part.oid
        where f.relkind = 'f' or exists (
          select from pg_trigger tg
          where tg.tgrelid = part.oid and tg.tgfoid = to_regprocedure('gm.note_touch()') and tg.tgenabled not in ('O', 'A')
        )
      ) as is_also_another
  ) as p
  union all
  select '"gm"."settings"', null, now.settings, now.settings, false, 0
  from (select gm.settings() as settings) as now
  where '"gm"."settings"' = any (names)
$$`,
    ],
  },
  {
    name: '0019_parts_of_marks',
    up: [
      `alter table gm.marks add column parts jsonb`,
      `comment on column gm.marks.parts is 'Each partition and child of the input, by oid: null where the mark is of its rows too, or the mark from when it was a part last. Null where that is not known.'`,
      `alter table gm.pending add column parts jsonb`,
      // No query sees a part any more whose detachment is under way, or was interrupted and waits to be finished.
      `create or replace function gm.parts(whole oid) returns table (oid oid)
language sql stable as $$
  with recursive part as (
    select h.inhrelid from pg_inherits h where h.inhparent = whole and not h.inhdetachpending
    union
    select h.inhrelid from part join pg_inherits h on h.inhparent = part.inhrelid and not h.inhdetachpending
  )
  select part.inhrelid from part
$$`,
      // What was attached before this migration counts as read: nobody knows any more.
      `update gm.marks m set parts = (select coalesce(jsonb_object_agg(p.oid, null), '{}') from gm.parts(to_regclass(m.input)) p)
where m.generation = to_regclass(m.input)::oid::text`,
      // A query sees the parts of the moment when it is planned, and a look at pg_inherits those of the pg_snapshot.
      `create function gm.parts_read(input oid, with_parts boolean) returns jsonb
language plpgsql stable as $$
declare
  seen oid[] := array(select p.oid from gm.parts(input) p order by 1);
begin
  if exists (select from pg_class c where c.oid = input and c.relkind = 'p')
    and seen <> array(select t.relid::oid from pg_partition_tree(input) t where t.relid <> input order by 1)
    or seen <> '{}' and not with_parts
  then
    raise serialization_failure using message = format('tables were attached to %s or detached while it was read', input::regclass);
  end if;
  return (select coalesce(jsonb_object_agg(p, null), '{}') from unnest(seen) p);
end
$$`,
      `comment on function gm.parts_read(oid, boolean) is 'What gm.marks.parts has of an input that this transaction has read; fails where its query may have seen other parts.'`,
      `create function gm.parts_left(was jsonb, mark pg_snapshot, now jsonb) returns jsonb
language sql stable as $$
  select now || coalesce(jsonb_object_agg(left_part.key, coalesce(left_part.value, mark::text)), '{}')
  from jsonb_each_text(was) left_part
  where not now ? left_part.key and exists (select from pg_class c where c.oid = left_part.key::oid)
$$`,
      `comment on function gm.parts_left(jsonb, pg_snapshot, jsonb) is 'The parts of an input at a new mark, with those that have left it as long as their tables are there.'`,
      `create function gm.new_parts(of_relation text, on_input text) returns oid[]
language sql stable as $$
  select array(
    select p.oid from gm.parts(to_regclass(on_input)) p
    where not m.parts ? p.oid::text or m.parts ->> p.oid::text is not null
  )
  from gm.marks m where m.relation = of_relation and m.input = on_input
$$`,
      `comment on function gm.new_parts(text, text) is 'Parts of the input that it did not have at the relation''s mark.'`,
      `create function gm.left_at(of_relation text, on_input text, part oid) returns pg_snapshot
language sql stable as $$
  select (m.parts ->> part::text)::pg_snapshot from gm.marks m where m.relation = of_relation and m.input = on_input
$$`,
      `comment on function gm.left_at(text, text, oid) is 'The relation''s mark when the table was a part of the input last; null where it never was.'`,
      // A transaction does not see, and so does not delete, marks that are younger than its pg_snapshot.
      `create or replace function gm.forget_marks() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  delete from gm.marks where generation in (select w.oid::text from gm.wholes(tg_relid) w);
  if current_setting('transaction_isolation') <> 'read committed' then
    insert into gm.key_log (generation, columns, xid, key) select w.oid, '*', pg_current_xact_id(), '{}' from gm.wholes(tg_relid) w;
  end if;
  update gm.key_readers r set detached = r.detached || tg_relid
  where tg_relid = any (r.parts) and r.generation not in (select w.oid from gm.wholes(tg_relid) w) and tg_relid <> all (r.detached);
  return null;
end
$$`,
      `comment on column gm.key_log.columns is 'Quoted names of the key''s columns; * for all keys that there were, which makes readers build themselves anew.'`,
      `create or replace function gm.is_following(of_relation text, on_input text, key_columns text) returns boolean
language sql stable as $$
  select exists (
    select from gm.key_readers r
    where r.relation = of_relation and r.input = on_input and r.columns = key_columns
      and r.generation = to_regclass(on_input)::oid
      -- A build that failed after it had begun to follow has left a mark from before.
      and not exists (
        select from gm.marks m
        where m.relation = of_relation and m.input = on_input and m.generation = r.generation::text
          and not pg_visible_in_snapshot(r.followed, m.mark)
      )
      and not exists (
        select from gm.key_log l
        left join gm.marks m on m.relation = of_relation and m.input = on_input and m.generation = r.generation::text
        where l.generation = r.generation and l.columns = '*' and not pg_visible_in_snapshot(l.xid, coalesce(m.mark, r.since))
      )
      and not exists (select from pg_inherits h where h.inhrelid = r.generation)
      -- Nobody knows what a part lost while it was none.
      and not exists (select from gm.parts(r.generation) p where p.oid = any (r.detached))
      and not exists (
        select from (select r.generation as oid union all select p.oid from gm.parts(r.generation) p where p.oid = any (r.parts)) followed
        where 3 <> (
          select count(*) from pg_trigger t
          where t.tgrelid = followed.oid and t.tgenabled in ('O', 'A')
            and t.tgname in ('_gm_deleted_' || md5(key_columns), '_gm_updated_' || md5(key_columns), '_gm_truncated')
        )
      )
  )
$$`,
    ],
  },
  {
    name: '0020_hooks_left',
    up: [
      `alter table gm.steps add column hooks_left int`,
      `comment on column gm.steps.hooks_left is 'Hooks outside of transactions that were still to come when its rows were committed, less those that are done.'`,
    ],
  },
  {
    name: '0021_names_of_parts',
    up: [
      `alter table gm.marks add column part_names text[]`,
      `comment on column gm.marks.part_names is 'The names, at the mark, of the parts whose rows it is of: on another server their oids say nothing.'`,
      `create function gm.name_parts() returns trigger
language plpgsql as $$
begin
  new.part_names := gm.names_of(array(select p.key::oid from jsonb_each_text(new.parts) p where p.value is null));
  return new;
end
$$`,
      `create function gm.names_of(oids oid[]) returns text[]
language sql stable as $$
  select array(
    select format('%I.%I', n.nspname, c.relname) as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.oid = any (oids)
    order by name
  )
$$`,
      `create trigger gm_part_names before insert or update of parts on gm.marks
for each row when (new.parts <> '{}') execute function gm.name_parts()`,
      `update gm.marks set parts = parts where parts <> '{}' and generation = to_regclass(input)::oid::text`,
    ],
  },
  {
    name: '0022_plans_that_stay',
    up: [
      // The same queries. To plan them took the server several times as long as to run them, and a function in SQL is planned
      // by each statement that calls it; one in plpgsql by each session once.
      `do $do$
declare
  f record;
begin
  for f in
    select p.proname, p.proretset, p.prosrc, pg_get_function_arguments(p.oid) as arguments, pg_get_function_result(p.oid) as result
    from pg_proc p
    where p.oid in ('gm.states(text[])'::regprocedure, 'gm.reads(text[])'::regprocedure, 'gm.view_reads(text)'::regprocedure)
  loop
    execute format(
      'create or replace function gm.%I(%s) returns %s language plpgsql stable set plan_cache_mode = force_generic_plan as %L',
      f.proname, f.arguments, f.result,
      format(
        case when f.proretset then E'#variable_conflict use_column\nbegin\n  return query %s;\nend' else E'#variable_conflict use_column\nbegin\n  return (%s);\nend' end,
        f.prosrc
      )
    );
  end loop;
end
$do$`,
    ],
  },
]
