import type { Session } from '../engine/adapter.ts'
import type { Statement } from '../engine/statement.ts'
import type { NodeId, Relation } from '../manifest/node.ts'
import { identifier, literal, quoted } from '../manifest/quoted.ts'
import { dropAllShadows, recordShadows } from './shadows.ts'

/** Where tables are kept that a publication replaced. */
export const VERSIONS_SCHEMA = 'gm_versions'

/** A publication that can be taken back. */
export interface Publication {
  readonly runId: string
  readonly publishedAt: string
  /** What it replaced is there; of the one before the oldest such only the name is. */
  readonly isKept: boolean
}

/** What was behind a name before, and comes back. */
export interface Version {
  /** Quoted. */
  readonly relation: string
  readonly nodeId: NodeId
  /** Parents before what reads them. */
  readonly place: number
  /** Undefined: there was nothing. */
  readonly kind: 'table' | 'materialized view' | 'view' | undefined
  /** Quoted name of the kept table. */
  readonly kept: string | undefined
  /** Names of its indexes and sequences, by those that they have while it is kept. */
  readonly names: Readonly<Record<string, unknown>>
  /** Text of a view. */
  readonly definition: string | undefined
}

/** Before anything is renamed: the old tables go aside, and the ledger's word on them is written down. */
export function keepVersions(
  runId: string,
  targets: readonly {
    readonly id: NodeId
    readonly relation: Relation
    readonly isView: boolean
  }[],
): readonly Statement[] {
  const placed = targets.map((target, place) => ({ ...target, place }))
  // The text of a view names what it reads by the name of the moment.
  const ordered = [...placed.filter(({ isView }) => isView), ...placed.filter((t) => !t.isView)]
  return [
    {
      purpose: 'record publication',
      sql: `insert into gm.publications (run_id) values (${literal(runId)})`,
    },
    ...ordered.map(({ id, relation, place }) => ({
      purpose: 'keep version',
      sql: `select gm.keep_version(${literal(runId)}, ${place}, ${literal(quoted(relation))}, ${literal(id)})`,
    })),
  ]
}

/** Once everything has its name: what a rollback must find there. */
export function notePublished(runId: string): Statement {
  return { purpose: 'note published', sql: `select gm.note_published(${literal(runId)})` }
}

/** The youngest first. */
export async function readPublications(session: Session): Promise<readonly Publication[]> {
  const { rows } = await session.query({
    purpose: 'read publications',
    sql: `select run_id, to_char(published_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC' as at,
  exists (select from gm.versions v where v.run_id = p.run_id) as is_kept
from gm.publications p order by published_at desc`,
  })
  return rows.map((row) => ({
    runId: String(row['run_id']),
    publishedAt: String(row['at']),
    isKept: row['is_kept'] === true,
  }))
}

/** What comes back when these publications are undone, parents first. */
export async function readVersions(
  session: Session,
  runs: readonly string[],
): Promise<readonly Version[]> {
  const { rows } = await session.query({
    purpose: 'read versions',
    sql: `select * from gm.versions_back(${array(runs)}) order by place, relation`,
  })
  return rows.map((row) => ({
    relation: String(row['relation']),
    nodeId: String(row['node_id']) as NodeId,
    place: Number(row['place']),
    kind: (row['kind'] ?? undefined) as Version['kind'],
    kept: (row['kept'] ?? undefined) as string | undefined,
    names: row['names'] as Version['names'],
    definition: (row['definition'] ?? undefined) as string | undefined,
  }))
}

/** One row for each reason against it. */
export function againstRollback(runs: readonly string[]): string {
  return `select reason from gm.against_rollback(${array(runs)})`
}

/** Those of the relations whose rows are others than in the version that would come back. */
export function lostByRollback(
  runs: readonly string[],
  relations: readonly string[] | undefined,
): string {
  const isMeant =
    relations === undefined ? `r.kind = 'snapshot'` : `v.relation = any (${array(relations)})`
  return `select v.relation
from gm.versions_back(${array(runs)}) v
join gm.relations r using (relation)
where ${isMeant} and v.entry->>'version' is distinct from r.version::text
order by v.relation`
}

/** Moves a table to where versions are kept; its name there is `keptName`. */
export function putAside(relation: Relation): Statement {
  return { purpose: 'put aside', sql: `select gm.put_aside(${literal(quoted(relation))})` }
}

export function keptName(generation: string): Relation {
  return { schema: VERSIONS_SCHEMA, identifier: `v_${generation}` }
}

export function bringBack(kept: string, target: Relation, names: Version['names']): Statement {
  return {
    purpose: 'bring back',
    sql: `select gm.bring_back(${literal(kept)}, ${literal(target.schema)}, ${literal(target.identifier)}, ${literal(JSON.stringify(names))}::jsonb)`,
  }
}

/** Marks and ledger go back with the tables; the publication before can then be taken back too. */
export function rollBackLedger(runs: readonly string[]): readonly Statement[] {
  return [
    { purpose: 'roll back ledger', sql: `select gm.roll_back_ledger(${array(runs)})` },
    { purpose: 'go back further', sql: 'select gm.go_back_further()' },
  ]
}

/**
 * Drops what publications keep beyond the youngest of them. From the moment that they are forgotten the tables are the
 * run's shadows, which go a part at a time, or with the next run.
 */
export async function forgetVersions(session: Session, runId: string, kept: number): Promise<void> {
  const publications = await readPublications(session)
  const old = publications.slice(kept).map((publication) => publication.runId)
  if (old.length === 0) return
  // The name of one more stays: it is what the oldest that is kept leads back to.
  const unknown = publications.slice(kept + 1).map((publication) => publication.runId)
  const { rows } = await session.query({
    purpose: 'read versions',
    sql: `select kept from gm.versions where run_id = any (${array(old)}) and to_regclass(kept) is not null`,
  })
  const names = rows.map((row) => String(row['kept']))
  await session.transaction({
    name: 'publish',
    isolation: 'read committed',
    locks: [],
    statements: [
      recordShadows(runId, Object.fromEntries(names.map((name) => [name, name]))),
      {
        purpose: 'forget versions',
        sql: `delete from gm.versions where run_id = any (${array(old)})`,
      },
      {
        purpose: 'forget publications',
        sql: `delete from gm.publications where run_id = any (${array(unknown)})`,
      },
    ],
  })
  await dropAllShadows(session, names)
}

export function dropKept(kind: string, generation: string): Statement {
  const { schema, identifier: name } = keptName(generation)
  return { purpose: 'drop version', sql: `drop ${kind} ${identifier(schema)}.${identifier(name)}` }
}

function array(texts: readonly string[]): string {
  return `array[${texts.map(literal).join(', ')}]::text[]`
}
