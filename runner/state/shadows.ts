import type { Session } from '../engine/adapter.ts'
import type { Statement } from '../engine/statement.ts'
import { identifier, literal } from '../manifest/quoted.ts'

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

/** The copy has identities of its own: they go on where those of the table are. */
export function copyIdentities(shadow: string, target: string): Statement {
  return {
    purpose: 'copy identities',
    sql: `select setval(pg_get_serial_sequence(${literal(shadow)}, a.attname), pg_sequence_last_value(pg_get_serial_sequence(${literal(target)}, a.attname)::regclass))
from pg_attribute a
where a.attrelid = ${literal(target)}::regclass and a.attidentity <> ''
  and pg_sequence_last_value(pg_get_serial_sequence(${literal(target)}, a.attname)::regclass) is not null`,
  }
}

/** Once the copy has its rows, so that each key is looked up once. */
export function copyForeignKeys(shadow: string, target: string): Statement {
  return {
    purpose: 'copy foreign keys',
    sql: `select gm.copy_foreign_keys(${literal(shadow)}, ${literal(target)})`,
  }
}

/** Gives the indexes of a copy names of their own, by name of the index that each is a copy of. */
export function nameCopiedIndexes(
  shadow: string,
  target: string,
  names: ReadonlyMap<string, string>,
): Statement {
  return {
    purpose: 'name indexes',
    sql: `select gm.name_copied_indexes(${literal(shadow)}, ${literal(target)}, ${json(Object.fromEntries(names))})`,
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

/** A backup may read what a run has left for hours; a vacuum yields after a second. */
export const LEAVINGS_LOCK_MS = 1_200

/** The server keeps a lock of everything that a transaction drops, some seven of a table, and has room for a few hundred at the least. */
const AT_ONCE = 25

/**
 * Drops a run's shadows, however many there are, and the schema that it may have made for them together with the last:
 * what is left of a run is always known.
 */
export async function dropBeside(
  session: Session,
  runId: string,
  names: readonly string[],
): Promise<void> {
  const parts = await partsToDrop(session, names)
  const schema = {
    purpose: 'drop schema',
    sql: `drop schema if exists ${identifier(schemaBeside(runId))}`,
  }
  for (const [i, part] of parts.entries()) {
    await session.transaction({
      name: 'publish',
      isolation: 'read committed',
      locks: [],
      lockTimeoutMs: LEAVINGS_LOCK_MS,
      statements: [dropShadows(part), ...(i === parts.length - 1 ? [schema] : [])],
    })
  }
}

/** Drops shadows, however many there are. */
export async function dropAllShadows(
  session: Session,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  for (const part of await partsToDrop(session, names))
    await session.query(dropShadows(part), signal)
}

/** What reads others comes before them, as `gm.drop_shadows` has it within a part. */
async function partsToDrop(
  session: Session,
  names: readonly string[],
): Promise<readonly (readonly string[])[]> {
  if (names.length <= AT_ONCE) return [names]
  const { rows } = await session.query({
    purpose: 'order shadows',
    sql: `select n.name from unnest(array[${names.map(literal).join(', ')}]::text[]) as n (name)
left join pg_class c on c.oid = to_regclass(n.name)
order by c.relkind = 'v' desc nulls last, c.oid desc`,
  })
  const ordered = rows.map(({ name }) => String(name))
  return Array.from({ length: Math.ceil(ordered.length / AT_ONCE) }, (_, i) =>
    ordered.slice(i * AT_ONCE, (i + 1) * AT_ONCE),
  )
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
