import { VERSION_OF_DBT } from './version-of-dbt.ts'

/** What the files of one command share: which command it was and when. */
export interface Invocation {
  /** The run's id in the ledger; other commands make one up. */
  readonly id: string
  readonly startedAt: Date
  /** gm's own version. */
  readonly version: string
}

const SCHEMAS = {
  manifest: 'https://schemas.getdbt.com/dbt/manifest/v12.json',
  'run-results': 'https://schemas.getdbt.com/dbt/run-results/v6.json',
  catalog: 'https://schemas.getdbt.com/dbt/catalog/v1.json',
  sources: 'https://schemas.getdbt.com/dbt/sources/v3.json',
} as const

/** The head of an artifact, in dbt's keys. */
export interface ArtifactMetadata {
  readonly dbt_schema_version: string
  readonly dbt_version: string
  /** UTC. */
  readonly generated_at: string
  readonly invocation_id: string
  readonly invocation_started_at: string
  readonly env: Readonly<Record<string, string>>
}

/**
 * The head of an artifact. dbt's schemas leave no place for another tool's name; what wrote the file stands in `env`,
 * where dbt keeps what a user adds.
 */
export function artifactMetadata(
  artifact: keyof typeof SCHEMAS,
  invocation: Invocation,
  now: Date,
): ArtifactMetadata {
  return {
    dbt_schema_version: SCHEMAS[artifact],
    dbt_version: VERSION_OF_DBT,
    generated_at: now.toISOString(),
    invocation_id: invocation.id,
    invocation_started_at: invocation.startedAt.toISOString(),
    env: { GM_VERSION: invocation.version },
  }
}
