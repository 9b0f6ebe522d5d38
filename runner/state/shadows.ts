import type { Statement, Transaction } from '../engine/statement.ts'
import type { Relation } from '../manifest/node.ts'
import { identifier, literal, quoted } from '../manifest/quoted.ts'

/** Quoted names of shadows by those of what they are made for. */
export type ShadowNames = Readonly<Record<string, string>>

/** Before the first of them is made, so that a crash leaves nothing that nobody knows. */
export function recordShadows(runId: string, shadows: ShadowNames): Statement {
  return {
    purpose: 'record shadows',
    sql: `insert into gm.shadows (relation, target, run_id)
select s.value, s.key, ${literal(runId)} from jsonb_each_text(${json(shadows)}) s`,
  }
}

/** The old rows under an increment. Returns their count. */
export function copyToShadow(shadow: string, target: string, shadows: ShadowNames): Statement {
  return {
    purpose: `copy ${target}`,
    sql: `select gm.copy_to_shadow(${literal(shadow)}, ${literal(target)}, ${json(shadows)})`,
  }
}

/**
 * The copy's indexes take the names of the old table's with the shadow's in place of its own, by which a step finds them again;
 * the server had made up some.
 */
export function nameCopiedIndexes(shadow: Relation, target: Relation): Statement {
  const [of, from] = [literal(quoted(shadow)), literal(quoted(target))]
  const [next, was] = [literal(shadow.identifier), literal(target.identifier)]
  return {
    purpose: 'name indexes',
    sql: `do $names$
declare
  pair record;
begin
  for pair in
    with found as (
      select i.indrelid, c.oid, c.relname, d.definition,
        row_number() over (partition by i.indrelid, d.definition order by c.oid) as nth
      from pg_index i
      join pg_class c on c.oid = i.indexrelid
      cross join lateral (
        select concat(i.indisunique, regexp_replace(pg_get_indexdef(c.oid), '^.*? USING ', '')) as definition
      ) as d
      where i.indrelid in (to_regclass(${of}), to_regclass(${from}))
    )
    select copied.oid, ${next} || substr(old.relname, length(${was}) + 1) as name
    from found old
    join found copied on copied.definition = old.definition and copied.nth = old.nth and copied.indrelid = to_regclass(${of})
    where old.indrelid = to_regclass(${from}) and starts_with(old.relname, ${was})
      and copied.relname <> ${next} || substr(old.relname, length(${was}) + 1)
  loop
    if octet_length(pair.name) <= 63 and to_regclass(format('%I.%I', ${literal(shadow.schema)}, pair.name)) is null then
      execute format('alter index %s rename to %I', pair.oid::regclass, pair.name);
    end if;
  end loop;
end
$names$`,
  }
}

export function moveMarksToShadows(shadows: ShadowNames, copies: ShadowNames): Statement {
  return {
    purpose: 'move marks',
    sql: `select gm.shadow_marks(${json(shadows)}, ${json(copies)})`,
  }
}

export function checkShadowReads(runId: string, shadows: ShadowNames): Statement {
  return {
    purpose: 'check what was read',
    sql: `select gm.check_shadow_reads(${literal(runId)}, ${json(shadows)})`,
  }
}

export function publishShadows(
  runId: string,
  published: readonly {
    readonly shadow: string
    readonly target: string
    /** The generation of the table that the shadow is a copy of. */
    readonly was: string | undefined
  }[],
  /** Of what was run, under the published names, by node. */
  codes: Readonly<Record<string, string>>,
): Statement {
  return {
    purpose: 'publish in the ledger',
    sql: `select gm.publish_shadows(${literal(runId)}, ${json(published)}, ${json(codes)})`,
  }
}

/** The schema that a comparison builds in; it goes with the last of its tables. */
export function schemaBeside(runId: string): string {
  return `gm_diff_${runId}`
}

/** Drops a run's shadows, and the schema that it may have made for them, together: what is left of a run is always known. */
export function dropBeside(runId: string, names: readonly string[]): Transaction {
  return {
    name: 'publish',
    isolation: 'read committed',
    locks: [],
    statements: [
      dropShadows(names),
      {
        purpose: 'drop schema',
        sql: `drop schema if exists ${identifier(schemaBeside(runId))}`,
      },
    ],
  }
}

export function dropShadows(names: readonly string[]): Statement {
  return {
    purpose: 'drop shadows',
    sql: `select gm.drop_shadows(array[${names.map(literal).join(', ')}]::text[])`,
  }
}

function json(value: unknown): string {
  return `${literal(JSON.stringify(value))}::jsonb`
}
