import type { Manifest } from '../../manifest/node.ts'
import { isBuilt } from '../../manifest/node.ts'
import { quoted } from '../../manifest/quoted.ts'
import type { Project } from '../../project/project.ts'
import type { ArtifactMetadata, Invocation } from './artifact-metadata.ts'
import { artifactMetadata } from './artifact-metadata.ts'
import type { CatalogRelation } from './read-catalog.ts'

/** target/catalog.json by dbt's schema v1: what stands in the database for each node. */
export interface CatalogArtifact {
  readonly metadata: ArtifactMetadata
  readonly nodes: Readonly<Record<string, CatalogTable>>
  readonly sources: Readonly<Record<string, CatalogTable>>
  readonly errors: readonly string[] | null
}

export interface CatalogTable {
  readonly unique_id: string
  readonly metadata: {
    readonly type: string
    readonly schema: string
    readonly name: string
    readonly database: string
    readonly comment: string | null
    readonly owner: string
  }
  readonly columns: Readonly<
    Record<
      string,
      {
        readonly type: string
        /** From 1. */
        readonly index: number
        readonly name: string
        readonly comment: string | null
      }
    >
  >
  readonly stats: Readonly<Record<string, CatalogStat>>
}

export interface CatalogStat {
  readonly id: string
  readonly label: string
  readonly value: boolean | string | number | null
  readonly include: boolean
  readonly description: string
}

export interface CatalogMaterials {
  readonly project: Project
  readonly manifest: Manifest
  readonly relations: readonly CatalogRelation[]
  readonly invocation: Invocation
  readonly now: Date
}

/** The catalog as dbt's readers expect it; nodes that are not built are left out. Pure. */
export function catalogArtifact(materials: CatalogMaterials): CatalogArtifact {
  const { project, manifest, relations, invocation, now } = materials
  const byName = new Map(relations.map((found) => [quoted(found.relation), found]))
  const nodes: Record<string, CatalogTable> = {}
  const sources: Record<string, CatalogTable> = {}
  for (const node of manifest.nodes.values()) {
    if (node.kind !== 'source' && !isBuilt(node)) continue
    const found = byName.get(quoted(node.relation))
    if (found === undefined) continue
    const section = node.kind === 'source' ? sources : nodes
    section[node.id] = tableOf(node.id, found, project)
  }
  return { metadata: artifactMetadata('catalog', invocation, now), nodes, sources, errors: null }
}

function tableOf(id: string, found: CatalogRelation, { target }: Project): CatalogTable {
  return {
    unique_id: id,
    metadata: {
      type: found.type,
      schema: found.relation.schema,
      name: found.relation.identifier,
      database: target.database,
      comment: found.comment,
      owner: found.owner,
    },
    columns: Object.fromEntries(
      found.columns.map(({ name, type, comment }, i) => [
        name,
        { type, index: i + 1, name, comment },
      ]),
    ),
    stats: statsOf(found),
  }
}

function statsOf({ estimatedRows, bytes }: CatalogRelation): CatalogTable['stats'] {
  const stats: Record<string, CatalogStat> = {
    has_stats: {
      id: 'has_stats',
      label: 'Has Stats?',
      value: estimatedRows !== null,
      include: false,
      description: 'Whether the database has statistics of this table.',
    },
  }
  if (estimatedRows !== null) {
    stats['num_rows'] = {
      id: 'num_rows',
      label: 'Approximate row count',
      value: estimatedRows,
      include: true,
      description: 'As of the last ANALYZE.',
    }
  }
  if (bytes !== null) {
    stats['bytes'] = {
      id: 'bytes',
      label: 'Approximate size',
      value: bytes,
      include: true,
      description: 'Bytes on disk, with indexes.',
    }
  }
  return stats
}
