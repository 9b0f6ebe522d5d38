import type { RowCounts } from '../../engine/statement.ts'
import type { Manifest } from '../../manifest/node.ts'
import { isCheckingKind } from '../../manifest/node.ts'
import type { Project } from '../../project/project.ts'
import type { RunResult, StepResult } from '../../run/event.ts'
import type { ArtifactMetadata, Invocation } from './artifact-metadata.ts'
import { artifactMetadata } from './artifact-metadata.ts'
import { relationName } from './describe-node.ts'
import { REUSED } from './reused.ts'

/** target/run_results.json by dbt's schema v6: what the last run did, node by node. */
export interface RunResultsArtifact {
  readonly metadata: ArtifactMetadata
  readonly results: readonly NodeResult[]
  /** Seconds. */
  readonly elapsed_time: number
  /** What the command was given: `{which, select, …}`. */
  readonly args: Readonly<Record<string, unknown>>
}

export interface NodeResult {
  readonly status: string
  readonly timing: readonly {
    readonly name: 'compile' | 'execute'
    readonly started_at: string
    readonly completed_at: string
  }[]
  readonly thread_id: string
  /** Seconds. */
  readonly execution_time: number
  readonly adapter_response: Readonly<Record<string, unknown>>
  readonly message: string | null
  readonly failures: number | null
  readonly unique_id: string
  readonly compiled: boolean | null
  readonly compiled_code: string | null
  readonly relation_name: string | null
  /** Microbatch models: the intervals, as moments in UTC, that were done and those that failed. */
  readonly batch_results: {
    readonly successful: readonly (readonly [string, string])[]
    readonly failed: readonly (readonly [string, string])[]
  } | null
}

export interface RunResultsMaterials {
  readonly project: Project
  readonly manifest: Manifest
  readonly result: RunResult
  readonly invocation: Invocation
  readonly now: Date
  readonly args: Readonly<Record<string, unknown>>
  readonly compiledCode: ReadonlyMap<string, string>
  /** The text without passwords: messages come from the database, arguments from a command line. */
  readonly safe: (text: string) => string
}

/** The results of a run as dbt's readers expect them. Pure. */
export function runResultsArtifact(materials: RunResultsMaterials): RunResultsArtifact {
  const { result, invocation, now, args } = materials
  return {
    metadata: artifactMetadata('run-results', invocation, now),
    results: result.steps.map((step) => nodeResult(step, materials)),
    elapsed_time: result.durationMs / 1000,
    args: maskedTexts(args, materials.safe) as RunResultsArtifact['args'],
  }
}

function maskedTexts(value: unknown, safe: (text: string) => string): unknown {
  if (typeof value === 'string') return safe(value)
  if (Array.isArray(value)) return value.map((item) => maskedTexts(item, safe))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, maskedTexts(item, safe)]),
  )
}

function nodeResult(step: StepResult, materials: RunResultsMaterials): NodeResult {
  const node = materials.manifest.nodes.get(step.id)
  const code = materials.compiledCode.get(step.id)
  const message = messageOf(step)
  const isRelation = node !== undefined && 'relation' in node
  return {
    status: statusOf(step),
    timing: timingOf(step),
    thread_id: 'Thread-1 (worker)',
    execution_time: step.durationMs / 1000,
    adapter_response: step.status === 'reused' ? { _message: REUSED } : responseOf(step.counts),
    message: message === null ? null : materials.safe(message),
    // As in dbt: rows that a threshold lets pass are no failures.
    failures: statusOf(step) === 'pass' ? 0 : (step.failures ?? null),
    unique_id: step.id,
    compiled: node?.kind === 'seed' ? null : code !== undefined,
    compiled_code: code ?? null,
    relation_name: isRelation ? relationName(node.relation, materials.project) : null,
    batch_results: batchResults(step),
  }
}

function batchResults({ batches }: StepResult): NodeResult['batch_results'] {
  if (batches === undefined) return null
  const of = (isDone: boolean): (readonly [string, string])[] =>
    batches
      .filter(({ status }) => (status === 'success') === isDone)
      .map(({ start, end }) => [start.toISOString(), end.toISOString()])
  return { successful: of(true), failed: of(false) }
}

/**
 * dbt 1.11, by whose schema readers check this file, knows no cancelled node: what never ran is skipped, what was cut off
 * has failed. Nor does it know a reused one: that stands as its last success left it, and `REUSED` says so.
 */
function statusOf({ status, index, kind }: StepResult): string {
  if (status === 'reused') return isCheckingKind(kind) ? 'pass' : 'success'
  if (status !== 'cancelled') return status
  return index === 0 ? 'skipped' : 'error'
}

function timingOf({ startedAt, durationMs }: StepResult): NodeResult['timing'] {
  if (startedAt === undefined) return []
  const started = startedAt.toISOString()
  // Nodes are compiled together while the run is planned; what is timed for each is its work in the database.
  return [
    { name: 'compile', started_at: started, completed_at: started },
    {
      name: 'execute',
      started_at: started,
      completed_at: new Date(startedAt.getTime() + durationMs).toISOString(),
    },
  ]
}

function responseOf(counts: RowCounts): Readonly<Record<string, unknown>> {
  const { inserted = 0, updated = 0, deleted = 0 } = counts
  if (Object.keys(counts).length === 0) return {}
  const rows = inserted + updated + deleted
  return { _message: `${rows} rows`, rows_affected: rows, ...counts }
}

function messageOf(step: StepResult): string | null {
  if (step.error !== undefined) return step.error.message
  if (step.status === 'skipped')
    return step.because === undefined ? step.reason : `${step.because} failed`
  if (step.failures !== undefined && step.failures > 0) return `Got ${step.failures} failing rows`
  return isCheckingKind(step.kind) ? null : `${step.action}: ${step.reason}`
}
