import { expect } from 'vitest'
import { test } from '../testing/sql-fixture.ts'
import { incomparableTypes } from './incomparable-types.ts'

test('of every type that a column can have the catalog tells whether the server can compare its values, and those of what is made of it', async ({
  sql,
}) => {
  await sql(`create schema made;
do $$
declare
  one record;
begin
  for one in
    select t.oid, format_type(t.oid, null) as name, row_number() over () as n
    from pg_type t
    where t.typnamespace = 'pg_catalog'::regnamespace and t.typtype in ('b', 'r', 'm') and t.typisdefined
  loop
    begin
      execute format('create domain made.domain_%s as %s', one.n, one.name);
      execute format('create type made.row_%s as (a int, b %s)', one.n, one.name);
      execute format('create type made.rows_%s as (a made.row_%s[])', one.n, one.n);
      execute format('create domain made.rows_domain_%s as made.rows_%s', one.n, one.n);
    exception when others then null; -- no column may have it
    end;
  end loop;
end
$$`)
  // What a grouping finds is what the server itself knows of a type, without any values.
  await sql(`create function made.can_be_grouped(type oid) returns boolean language plpgsql as $$
begin
  execute format('select from (select null::%s as value) as one group by value', format_type(type, null));
  return true;
exception when undefined_function then return false;
end
$$`)
  const types = `select t.oid from pg_type t
where (t.typnamespace = 'made'::regnamespace or t.typnamespace = 'pg_catalog'::regnamespace and t.typrelid = 0)
  and t.typtype <> 'p' and t.typisdefined`
  const found =
    await sql(`select format_type(t.oid, null) as type, made.can_be_grouped(t.oid) as can_be_grouped
from pg_type t
where t.oid in (${types}) and made.can_be_grouped(t.oid) = (t.oid in (${incomparableTypes(types)}))`)
  expect(found).toEqual([])
  const [counts] =
    await sql(`select count(*)::int as all, count(*) filter (where t.oid in (${incomparableTypes(types)}))::int as incomparable
from pg_type t where t.oid in (${types})`)
  expect(Number(counts?.['all'])).toBeGreaterThan(400)
  expect(Number(counts?.['incomparable'])).toBeGreaterThan(50)
})
