/** One numbered change of gm's own schema. Once released, an entry is never edited: add the next one. */
export interface Migration {
  readonly name: string
  readonly up: readonly string[]
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
]
