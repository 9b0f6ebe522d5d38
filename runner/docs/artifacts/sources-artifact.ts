import type { Age, Freshness, NodeId } from '../../manifest/node.ts'
import type { ArtifactMetadata, Invocation } from './artifact-metadata.ts'
import { artifactMetadata } from './artifact-metadata.ts'

export type FreshnessStatus = 'pass' | 'warn' | 'error' | 'runtime error'

/** What was found for one source. */
export interface SourceFreshness {
  readonly id: NodeId
  readonly freshness: Freshness
  /** Milliseconds since 1970; undefined where the table has no row or the query failed. */
  readonly maxLoadedAt: number | undefined
  readonly snapshottedAt: number
  readonly durationMs: number
  /** Why there is no time. */
  readonly problem?: string
}

/** target/sources.json by dbt's schema v3. */
export interface SourcesArtifact {
  readonly metadata: ArtifactMetadata
  readonly results: readonly Readonly<Record<string, unknown>>[]
  /** Seconds. */
  readonly elapsed_time: number
}

const PERIOD_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const

/** Whether the newest row is young enough. Exactly as old as the limit still passes, as in dbt. */
export function freshnessStatus(found: SourceFreshness): FreshnessStatus {
  const { maxLoadedAt, snapshottedAt, freshness } = found
  if (maxLoadedAt === undefined) return 'runtime error'
  const ageMs = snapshottedAt - maxLoadedAt
  const exceeds = (limit: Age | undefined): boolean =>
    limit !== undefined && ageMs > limit.count * PERIOD_MS[limit.period]
  if (exceeds(freshness.error_after)) return 'error'
  return exceeds(freshness.warn_after) ? 'warn' : 'pass'
}

export function sourcesArtifact(
  found: readonly SourceFreshness[],
  invocation: Invocation,
  now: Date,
): SourcesArtifact {
  return {
    metadata: artifactMetadata('sources', invocation, now),
    results: found.map(resultOf),
    elapsed_time: (now.getTime() - invocation.startedAt.getTime()) / 1000,
  }
}

function resultOf(found: SourceFreshness): Readonly<Record<string, unknown>> {
  const { id, maxLoadedAt, snapshottedAt, freshness, durationMs, problem } = found
  const status = freshnessStatus(found)
  if (maxLoadedAt === undefined) return { unique_id: id, error: problem ?? null, status }
  const nothing = { count: null, period: null }
  return {
    unique_id: id,
    max_loaded_at: new Date(maxLoadedAt).toISOString(),
    snapshotted_at: new Date(snapshottedAt).toISOString(),
    max_loaded_at_time_ago_in_s: (snapshottedAt - maxLoadedAt) / 1000,
    status,
    criteria: {
      warn_after: freshness.warn_after ?? nothing,
      error_after: freshness.error_after ?? nothing,
      filter: freshness.filter ?? null,
    },
    adapter_response: {},
    timing: [],
    thread_id: 'Thread-1 (worker)',
    execution_time: durationMs / 1000,
  }
}
