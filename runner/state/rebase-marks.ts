import type { Transaction } from '../engine/statement.ts'

/**
 * Makes the marks of a restored or cloned database its own: they hold transaction ids and oids of the server they came from.
 *
 * What each mark has read can still be told from the restored rows. Rows that a relation has not read get the transaction
 * of this rebase; rows that all have read get one from before all others. Where that cannot tell two relations apart which
 * have read different parts, or where the input was rebuilt after the mark, the mark goes and the relation is rebuilt.
 * A clone made inside the same server keeps its transaction ids and oids, and its marks as they are.
 *
 * Gives the rows of what became of each mark: relation, input, outcome (`kept`, `unread`, `rebuild`).
 */
export const REBASE_MARKS: Transaction = {
  name: 'write',
  // Its pg_snapshot must be older than its transaction id, which PostgreSQL leaves out of it: else the rows that this
  // transaction marks as unread would count as seen where a later one has ended meanwhile. So the first query only reads.
  isolation: 'repeatable read',
  locks: [],
  statements: [
    { purpose: 'take pg_snapshot', sql: 'select pg_current_snapshot()' },
    {
      purpose: 'note outcomes',
      sql: `create temporary table _gm_rebased (relation text, input text, outcome text) on commit drop`,
    },
    { purpose: 'rebase', sql: rebase() },
    {
      purpose: 'outcomes',
      sql: 'select relation, input, outcome from _gm_rebased order by relation, input',
      returnsRows: true,
    },
  ],
}

function rebase(): string {
  return `do $rebase$
declare
  here record;
  tracked record;
  reader record;
  unread text;
  unread_any text;
  xid text := pg_current_xact_id()::text;
  total bigint;
  mine bigint;
begin
  select s.system_identifier, d.oid as database_oid, c.system_identifier = s.system_identifier as is_same_server
  into here
  from gm.cluster c, pg_control_system() s, pg_database d where d.datname = current_database();

  if here.is_same_server then
    insert into _gm_rebased select m.relation, m.input, 'kept' from gm.marks m;
    update gm.cluster set database_oid = here.database_oid;
    return;
  end if;

  -- A mark from before its input's last rebuild belongs to a table that is gone; so does one whose input is.
  with gone as (
    delete from gm.marks m
    where to_regclass(m.input) is null
      or exists (select from gm.relations r where r.relation = m.input and r.built_at > m.moved_at)
      or exists (
        -- Keys that it has not read yet cannot be carried over.
        select from gm.key_readers k
        join gm.key_log l on l.generation = k.generation and l.columns = k.columns
        where k.relation = m.relation and k.input = m.input and not pg_visible_in_snapshot(l.xid, m.mark)
      )
      or exists (
        -- Nor which parts have come since, and which were parts before.
        select from gm.key_readers k
        where k.relation = m.relation and k.input = m.input
          and (k.detached <> '{}' or cardinality(k.parts) <> (select count(*) from gm.parts(to_regclass(k.input))))
      )
      or (select count(*) from jsonb_each_text(m.parts)) <> (select count(*) from gm.parts(to_regclass(m.input)))
      or exists (select from jsonb_each_text(m.parts) p where p.value is not null)
      or m.parts <> '{}' and m.part_names is distinct from gm.names_of(array(select p.oid from gm.parts(to_regclass(m.input)) p))
    returning m.relation, m.input
  )
  insert into _gm_rebased select relation, input, 'rebuild' from gone;
  truncate gm.key_log;

  for tracked in
    select format('"%s"."%s"', replace(n.nspname, '"', '""'), replace(c.relname, '"', '""')) as name,
      array_agg(a.attname::text order by a.attname) as columns
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attname in ('_gm_xid', '_gm_version_xid') and not a.attisdropped
    where c.relkind in ('r', 'p') and not c.relispartition and n.nspname not like 'pg\\_temp%'
    group by 1
    order by 1
  loop
    execute format('lock table %s in share row exclusive mode', tracked.name);
    select string_agg(format('not pg_visible_in_snapshot(%%1$I, %L) and %%1$I <> all(%L::xid8[])', m.mark, m.seen), ' or ')
    into unread_any
    from gm.marks m where m.input = tracked.name;
    unread_any := coalesce(unread_any, 'false');

    for reader in select * from gm.marks m where m.input = tracked.name order by m.relation loop
      unread := format('not pg_visible_in_snapshot(%%1$I, %L) and %%1$I <> all(%L::xid8[])', reader.mark, reader.seen);
      total := 0;
      mine := 0;
      for i in 1 .. array_length(tracked.columns, 1) loop
        declare
          counted record;
        begin
          execute format(
            'select count(*) filter (where %s) as mine, count(*) filter (where %s) as total from %s',
            format(unread, tracked.columns[i]), format(unread_any, tracked.columns[i]), tracked.name
          ) into counted;
          mine := mine + counted.mine;
          total := total + counted.total;
        end;
      end loop;
      insert into _gm_rebased
      select reader.relation, tracked.name, case when mine = 0 then 'kept' when mine = total then 'unread' else 'rebuild' end;
      update gm.marks m
      set mark = pg_current_snapshot(), seen = case when mine = 0 then array[pg_current_xact_id()] else '{}' end
      where m.relation = reader.relation and m.input = tracked.name;
      delete from gm.marks m
      where m.relation = reader.relation and m.input = tracked.name and mine not in (0, total);
    end loop;

    for i in 1 .. array_length(tracked.columns, 1) loop
      execute format(
        'update %1$s set %2$I = case when %3$s then %4$L::xid8 else ''3'' end where %3$s or %2$I >= %4$L::xid8',
        tracked.name, tracked.columns[i], '(' || format(unread_any, tracked.columns[i]) || ')', xid
      );
    end loop;
  end loop;

  insert into _gm_rebased select relation, input, 'kept' from gm.marks m where m.event_time is not null;
  update gm.marks set generation = to_regclass(input)::oid::text, parts = gm.parts_read(to_regclass(input), true);
  update gm.key_readers set generation = to_regclass(input)::oid, since = pg_current_snapshot(), followed = '3',
    parts = array(select p.oid from gm.parts(to_regclass(input)) p), detached = '{}'
  where to_regclass(input) is not null;
  -- What was noted for reuse speaks of the other server's tables: the next run does all its work.
  update gm.relations set identity = null, code = null, reads = null, read_at = null;
  delete from gm.looks;
  delete from gm.passes;
  delete from gm.touched;
  update gm.cluster set system_identifier = here.system_identifier, database_oid = here.database_oid;
end
$rebase$`
}
